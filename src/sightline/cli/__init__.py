"""The command ``sightline``."""

from sightline.cli.commands import main

__all__ = ["main"]
