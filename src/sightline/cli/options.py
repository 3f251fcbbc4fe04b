"""Kinds of options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

Json = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
File = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
Folder = Annotated[Path, tyro.conf.arg(metavar="DIR")]
Folders = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="DIR..")]
Overrides = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set", metavar="KEY=VALUE", help_behavior_hint="")
]
