"""``python -m sightline.cli``: the command without the script."""

from sightline.cli import main

main()
