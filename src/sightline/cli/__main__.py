"""``python -m sightline.cli``: the command without the script."""

from sightline.cli.commands import main

main()
