"""Recordings in other formats, written as LeRobot v3.0: behind this door there is one format.

A format is a file in this folder with a function ``read(source, asked) -> Source``; its name is that of the file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from sightline.core import console
from sightline.core.card import Card
from sightline.core.errors import SightlineError, require_known
from sightline.core.types import Recording
from sightline.data.writer import DatasetWriter

FORMATS = tuple(sorted(name for _, name, _ in pkgutil.iter_modules(__path__)))


@dataclass(frozen=True)
class Asked:
    """What the files do not say.

    Attributes:
        instruction: for demonstrations that bring none.
        hz: actions per second; 0: as the files say.
        flip: whether pictures are stored upside down, as robosuite renders them.
        cameras, state: names of what is taken, in this order; empty: all that there is.
    """

    instruction: str = ""
    hz: int = 0
    flip: bool = False
    cameras: tuple[str, ...] = ()
    state: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What a format's ``read`` gives: the card of the robot, how many episodes there are, and they one by one."""

    card: Card
    count: int
    recordings: Iterable[Recording]


def convert(source: Path | str, out: Path | str, form: str = "hdf5", asked: Asked = Asked(), robot: str = "") -> dict:
    """Write the recordings at ``source`` (a file, or a folder of them) as a LeRobot v3.0 dataset; goes on where an
    earlier call was stopped.

    Returns:
        ``episodes``, ``frames``, ``cameras``, ``state_names``, ``action_names``.

    Raises SightlineError on an unknown format, files that are damaged or of another one, or a full disk.
    """
    require_known("format", form, FORMATS)
    read: Callable[[Path, Asked], Source] = import_module(f"{__name__}.{form}").read
    found = read(Path(source), asked)
    card = replace(found.card, robot=robot) if robot else found.card
    if not found.count:
        raise SightlineError(f"{source} holds no demonstrations.")
    with DatasetWriter(out, card) as writer, console.progress(found.count, f"episodes for {out}", "episode") as bar:
        done = len(writer.episodes)
        for number, recording in enumerate(found.recordings):
            if number >= done:  # what an earlier call has written is not written again
                writer.record(recording)
            bar.update()
        frames = writer.frames
    return {
        "episodes": found.count,
        "frames": frames,
        "cameras": list(card.cameras),
        "state_names": list(card.state_names),
        "action_names": list(card.action_names),
    }
