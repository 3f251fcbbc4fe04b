"""The command that brings recordings of other formats into ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from sightline.cli.options import Folder, Json, either
from sightline.data.convert import FORMATS


@dataclass(frozen=True)
class Convert:
    """Write recordings of another format as a LeRobot v3.0 dataset with an interface card."""

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PATH")]
    """A file, or a folder of files."""
    out: Folder
    """Dataset folder. An interrupted conversion is continued."""
    format: Annotated[str, tyro.conf.arg(help=f"Format of the recordings: {either(FORMATS)}.")] = "hdf5"
    robot: str = ""
    """Name of the robot, for the card. Left out: what the files say."""
    instruction: str = ""
    """What was to be done, for recordings that do not say it."""
    hz: int = 0
    """Actions per second. Left out: what the files say."""
    flip: bool = False
    """Pictures are stored upside down, as robosuite renders them."""
    cameras: tuple[str, ...] = ()
    """Pictures to take, in this order. Left out: all."""
    state: tuple[str, ...] = ()
    """Observations that make up the state, in this order. Left out: all numbers, by name."""
    json: Json = None
    """Write the result here: episodes, frames, cameras, state_names, action_names."""

    def run(self) -> dict:
        from sightline.core.console import table
        from sightline.data.convert import Asked, convert

        asked = Asked(self.instruction, self.hz, self.flip, self.cameras, self.state)
        result = convert(self.source, self.out, self.format, asked, self.robot)
        table(f"Dataset {self.out}", ["", "value"], [[key, str(value)] for key, value in result.items()])
        return result
