"""Which rows of a data file are an episode's: looked up by the columns that number them, never counted off.

LeRobot's tables carry ``episode_index``, ``frame_index``, ``index`` and ``timestamp``. A row belongs to the episode
that its ``episode_index`` names (without that column: whose stretch of ``index`` it lies in); ``frame_index`` puts the
rows of an episode in order. What two of these say must agree with each other and with the index of episodes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.data.episode_index import EpisodeMeta

EPISODE, FRAME, INDEX, CLOCK, TASK_INDEX = "episode_index", "frame_index", "index", "timestamp", "task_index"
KEYS = (EPISODE, FRAME, INDEX)
REACH = 0.25  # of a frame: as far as a picture or a stored time may be from the time of its row
Place = slice | NDArray[np.int64]


class FileRows:
    """The rows of one data file by episode.

    Args:
        path: of the file, for messages.
        table: holds those of the columns KEYS that the file has.
        alone: whether the index names one episode only for this file.
    """

    def __init__(self, path: Path, table: pa.Table, alone: bool) -> None:
        self.path, self.count, self.alone = path, table.num_rows, alone
        self._keys = {name: table.column(name) for name in KEYS if name in table.column_names}
        self._numbers: dict[str, NDArray[np.int64]] = {}
        self._owner: NDArray[np.int64] | None = None

    def of(self, meta: EpisodeMeta) -> Place:
        """Where the rows of an episode are, in the order of its frames.

        Raises SightlineError naming the file and what disagrees when they cannot be told, are not as many as the index
        says, or are numbered otherwise.
        """
        rows = self._owned(meta)
        if len(rows) != meta.length:
            raise SightlineError(
                f"{self.path} holds {len(rows)} frames of episode {meta.index} but the index says {meta.length}; it "
                f"was cut short, copy or generate the dataset again.{self._others(rows)}"
            )
        rows = self._ordered(meta, rows)
        if meta.span is not None and INDEX in self._keys and len(rows):
            first, last = meta.span
            found = self._column(INDEX)[rows]
            if last - first != meta.length or (found != np.arange(first, last)).any():
                at = int(np.argmax(found != first + np.arange(meta.length)))
                raise SightlineError(
                    f"{self.path}: frame {at} of episode {meta.index} has the index {found[at]}, but meta/episodes "
                    f"gives {first} to {last - 1} to it and {meta.length} frames (dataset_from_index); "
                    "repair it."
                )
        if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
            return slice(int(rows[0]), int(rows[-1]) + 1)
        return rows

    def _owned(self, meta: EpisodeMeta) -> NDArray[np.int64]:
        """Rows of an episode, as they lie in the file."""
        if EPISODE in self._keys:
            key, low, high = EPISODE, meta.index, meta.index + 1
        elif INDEX in self._keys and meta.span is not None:
            key, (low, high) = INDEX, meta.span
        elif self.alone:
            return np.arange(self.count)
        else:
            raise SightlineError(
                f"{self.path} holds several episodes but no column {EPISODE} that tells whose its rows are; add that "
                "column."
            )
        numbers = self._column(key)
        if self._owner is None:
            self._owner = np.argsort(numbers, kind="stable")
        first, last = np.searchsorted(numbers, [low, high], sorter=self._owner)
        return np.sort(self._owner[first:last])

    def _others(self, rows: NDArray[np.int64]) -> str:
        """What a file says instead that has no row of an episode."""
        if len(rows) or not self.count or EPISODE not in self._keys:
            return ""
        found = np.unique(self._column(EPISODE)).tolist()
        return f" Its rows carry the {EPISODE} {', '.join(map(str, found[:8]))}{', ...' if len(found) > 8 else ''}."

    def _ordered(self, meta: EpisodeMeta, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of an episode in the order of its frames."""
        key = next((name for name in (FRAME, INDEX) if name in self._keys), None)
        if key is None or not len(rows):
            return rows
        numbers = self._column(key)[rows]
        order = np.argsort(numbers, kind="stable")
        found = numbers[order]
        first = 0 if key == FRAME else found[0]
        if not np.array_equal(found, np.arange(first, first + len(rows))):
            at = int(np.argmax(found != np.arange(first, first + len(rows))))
            raise SightlineError(
                f"{self.path} does not number the frames of episode {meta.index} one after the other: where "
                f"{first + at} should stand, its {key} is {found[at]}; repair or drop that episode."
            )
        return rows[order]

    def _column(self, name: str) -> NDArray[np.int64]:
        if name not in self._numbers:
            column = self._keys[name]
            if pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
                column = pc.list_flatten(column)  # some write each number as a list of one
            if not pa.types.is_integer(column.type) or column.null_count or len(column) != self.count:
                raise SightlineError(
                    f"{self.path} has no whole number in every row of '{name}' ({self._keys[name].type}); repair the "
                    "dataset."
                )
            self._numbers[name] = column.to_numpy().astype(np.int64)
        return self._numbers[name]


def checked_clock(values: NDArray | None, length: int, fps: float) -> NDArray[np.float64]:
    """[T] seconds at which the frames of an episode were recorded: ``timestamp``, or without it frame / fps.

    Raises SightlineError when a time is missing or off by more than a quarter of a frame.
    """
    regular = np.arange(length) / fps
    if values is None:
        return regular
    if values.dtype.kind not in "fiu" or values.size != length:
        raise SightlineError(f"its column {CLOCK} holds no number of seconds in each row")
    clock = values.reshape(-1).astype(np.float64)
    off = np.nan_to_num(np.abs(clock - regular) * fps, nan=np.inf)
    if length and off.max() > REACH:
        worst = int(off.argmax())
        raise SightlineError(
            f"its frame {worst} is stamped {clock[worst]:.3f} s, not {regular[worst]:.3f} s, so that pictures and "
            "numbers cannot be matched"
        )
    return clock
