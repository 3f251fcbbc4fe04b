"""Episodes that a person wants to keep: films to look at again, and a LeRobot dataset for each robot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import Episode, Recording
from sightline.data.writer import DatasetWriter
from sightline.serve.refusal import Refusal

FILMS = 24  # kept in memory; datasets have no limit
EXPORT = 512 * 2**20  # bytes of a dataset that is sent to a browser, at most


@dataclass(frozen=True)
class Kept:
    """An episode of the gallery: what is told of it, and the JPEG files of its steps by camera."""

    about: dict[str, Any]
    film: Sequence[tuple[bytes, ...]]


class Gallery:
    """Kept episodes of all persons of a playground; used by one thread.

    Args:
        folder: of the datasets, one below it for each robot.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[int, Kept] = {}
        self._count = 0

    def keep(self, episode: Episode, card: Card, film: Sequence[tuple[bytes, ...]], about: dict[str, Any]) -> None:
        """Write an episode into its robot's dataset and show it. One whose task nobody can judge has no labels of it.

        Raises SightlineError where it cannot be written.
        """
        with DatasetWriter(self.folder / card.robot, card) as writer:
            if episode.task is not None:
                place = writer.write(episode)
            else:
                place = writer.record(recorded(episode, card, about["instruction"]))
        self._count += 1
        told = about | {"number": self._count, "robot": card.robot, "episode": place, "steps": len(film)}
        self._kept[self._count] = Kept(told, list(film))
        while len(self._kept) > FILMS:
            del self._kept[next(iter(self._kept))]

    def listed(self) -> dict[str, Any]:
        """What the page shows, the newest first."""
        return {
            "type": "gallery",
            "folder": str(self.folder),
            "episodes": [kept.about for kept in reversed(self._kept.values())],
        }

    def find(self, number: int) -> Kept:
        """An episode. Raises Refusal where it is not there (any more)."""
        if number not in self._kept:
            raise Refusal(f"There is no film {number} in the gallery; the {FILMS} newest are there.", "number")
        return self._kept[number]


def recorded(episode: Episode, card: Card, instruction: str) -> Recording:
    """An episode without what the simulator knows."""
    return Recording(
        instruction,
        {name: np.stack([frame.views[name].image for frame in episode.frames]) for name in card.cameras},
        np.stack([frame.state for frame in episode.frames]).astype(np.float32),
        np.stack([frame.action for frame in episode.frames]).astype(np.float32),
    )


def zipped(folder: Path) -> bytes:
    """A dataset as one file. Raises SightlineError where there is none, or where it is too large to be sent."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    if not files:
        raise SightlineError("No episode has been kept yet.")
    if sum(path.stat().st_size for path in files) > EXPORT:
        raise SightlineError(f"The dataset is too large to be sent; it lies at {folder}.")
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # films are compressed already
        for path in files:
            archive.write(path, path.relative_to(folder.parent))
    return sink.getvalue()
