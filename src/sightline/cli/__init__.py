"""The command ``sightline``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sightline.core.interrupts import hearing_interrupts, quiet_end

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the command line; Ctrl-C is heard from here on, before the commands themselves are imported."""
    with hearing_interrupts():
        try:
            from sightline.cli import commands

            commands.main(arguments)
        except KeyboardInterrupt:
            sys.exit(quiet_end())
