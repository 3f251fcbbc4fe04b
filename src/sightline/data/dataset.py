"""Reading LeRobot datasets: our own (v3.0 with dense labels) and those from elsewhere (v3.0, v2.x)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError, did_you_mean
from sightline.data import layout
from sightline.data.episode_index import EpisodeMeta, listed, read_index
from sightline.data.info import camera_features
from sightline.data.instructions import Instructions
from sightline.data.labels import (
    CAMERA_COLUMNS,
    DEPTH,
    DOING,
    DRAWN,
    JOINTS,
    SCENE_COLUMNS,
    EpisodeLabels,
    column_array,
    decompress_depth,
    decompress_ids,
    labels_from_table,
)
from sightline.data.rows import CLOCK, KEYS, TASK_INDEX, FileRows, Place, checked_clock
from sightline.data.table_pictures import TablePictures
from sightline.data.video import decode_frame, stream_video

SHORT_NAMES = {layout.STATE: "state", layout.ACTION: "action"}
BOOKKEEPING = (CLOCK, *KEYS, TASK_INDEX)


class Paired(NamedTuple):
    """Where an episode's rows are in its data file, and the seconds [T] at which they were recorded."""

    place: Place
    clock: NDArray[np.float64]


class Dataset:
    """A LeRobot dataset on disk, read on demand. ``len(dataset)`` is the number of episodes.

    Attributes:
        root: its folder.
        info: the contents of meta/info.json.
        episodes: one EpisodeMeta an episode.
        cameras: camera names, in the card's order.
        fps: frames per second.
        card: the interface card; None for datasets from elsewhere.
        problems: what is wrong but not fatal, one sentence each.
    """

    def __init__(self, root: Path | str):
        self.root = Path(root)
        self.info, self.episodes, self.problems = read_index(self.root)
        self.fps: float = self.info["fps"]
        self.cameras: tuple[str, ...] = tuple(camera_features(self.info))
        self._numbered = {meta.index: meta for meta in self.episodes}
        self._pairs: dict[int, Paired | SightlineError] = {}
        self.card: Card | None = None
        if (self.root / layout.CARD).exists():
            self.card = Card.from_dict(layout.read_json(self.root / layout.CARD))
            if set(self.card.cameras) != set(self.cameras):
                raise SightlineError(
                    f"{self.root}: the interface card names the cameras {list(self.card.cameras)} but "
                    f"{layout.INFO} has {list(self.cameras)}; the folder mixes two datasets, generate it again."
                )
            self.cameras = self.card.cameras

    def __len__(self) -> int:
        return len(self.episodes)

    @cached_property
    def frames(self) -> int:
        """Total number of frames."""
        return sum(meta.length for meta in self.episodes)

    def meta(self, episode: int) -> EpisodeMeta:
        """The episode of that number. Numbers may have gaps: places in ``episodes`` are none."""
        if episode not in self._numbered:
            gaps = sorted(self._numbered) != list(range(len(self)))
            held = f"{len(self)}, numbered {listed(list(self._numbered))}" if gaps else f"{len(self)}, counted from 0"
            raise SightlineError(f"{self.root} has no episode {episode}: it holds {held}.")
        return self._numbered[episode]

    @cached_property
    def _sharing(self) -> dict[Path, list[EpisodeMeta]]:
        """Data file -> its episodes."""
        found: dict[Path, list[EpisodeMeta]] = {}
        for meta in self.episodes:
            found.setdefault(meta.table, []).append(meta)
        return found

    def alone(self, meta: EpisodeMeta) -> bool:
        """Whether no other episode lies in the same data file."""
        return len(self._sharing[meta.table]) == 1

    def _rows(self, meta: EpisodeMeta, columns: list[str], optional: Sequence[str] = ()) -> pa.Table:
        """Columns of the episode's rows of its data file, in the order of its frames."""
        table = layout.read_parquet(meta.table, columns, [*optional, *KEYS])
        place = FileRows(meta.table, table, self.alone(meta)).of(meta)
        if isinstance(place, slice):
            return table.slice(place.start, meta.length)
        return table.take(pa.array(place))

    def _paired(self, meta: EpisodeMeta) -> Paired:
        """Where an episode's rows are and when they were recorded: all of a file's episodes are looked up at once."""
        if meta.index not in self._pairs:
            table = layout.read_parquet(meta.table, [], [CLOCK, *KEYS])
            rows = FileRows(meta.table, table, self.alone(meta))
            stamps = column_array(table, CLOCK) if CLOCK in table.column_names else None
            for other in self._sharing[meta.table]:
                try:
                    self.remember(other, rows.of(other), stamps)
                except SightlineError as error:
                    self._pairs[other.index] = error
        found = self._pairs[meta.index]
        if isinstance(found, SightlineError):
            raise SightlineError(str(found))
        return found

    def remember(self, meta: EpisodeMeta, place: Place, stamps: NDArray | None) -> None:
        """Note where an episode's rows are in its file, and the file's column ``timestamp`` where it has one.

        Raises SightlineError as :meth:`clock` does.
        """
        try:
            clock = checked_clock(None if stamps is None else stamps[place], meta.length, self.fps)
        except SightlineError as error:
            raise SightlineError(f"{meta.table}: episode {meta.index} cannot be used: {error}.") from None
        self._pairs[meta.index] = Paired(place, clock)

    def clock(self, episode: int) -> NDArray[np.float64]:
        """[T] seconds at which its frames were recorded, from its beginning on: its pictures are looked up by them.

        Raises SightlineError when they are not regular to a quarter of a frame.
        """
        return self._paired(self.meta(episode)).clock

    def instruction(self, episode: int) -> str:
        """What the robot was told: the text of the index, or where that has none, of the first row's task number."""
        meta = self.meta(episode)
        if meta.text or meta.labels is not None or not meta.length:
            return meta.text
        table = self._rows(meta, [], [TASK_INDEX])
        if TASK_INDEX not in table.column_names:
            return ""
        words = Instructions(self.root)
        return words.texts[words.encode(column_array(table, TASK_INDEX)[:1])[0]]

    def columns(self, episode: int) -> dict[str, NDArray]:
        """Every numeric column of an episode but the bookkeeping, under its own name: [T,d] or [T].

        Raises SightlineError when the file is damaged or holds NaN or infinity.
        """
        meta = self.meta(episode)
        return self._numbers(meta, self._rows(meta, numeric_columns(meta.table)))

    def _numbers(self, meta: EpisodeMeta, table: pa.Table) -> dict[str, NDArray]:
        found = {}
        for field in table.schema:
            if field.name in BOOKKEEPING or not is_numeric(field.type):
                continue
            values = column_array(table, field.name)
            require_finite(meta, field.name, values)
            found[field.name] = values
        return found

    def table(self, episode: int) -> dict[str, NDArray]:
        """The numbers of an episode: ``timestamp`` [T] in seconds, ``state`` [T,12] and ``action`` [T,7] float32.

        In datasets from elsewhere, columns other than observation.state and action keep their own names.
        """
        meta = self.meta(episode)
        rows = self._rows(meta, numeric_columns(meta.table), [CLOCK])
        found = {SHORT_NAMES.get(name, name): values for name, values in self._numbers(meta, rows).items()}
        regular = (np.arange(meta.length) / self.fps).astype(np.float32)
        return found | {CLOCK: column_array(rows, CLOCK) if CLOCK in rows.column_names else regular}

    def _label_table(
        self, meta: EpisodeMeta, columns: list[str] | None = None, optional: list[str] | None = None
    ) -> pa.Table:
        if meta.labels is None:
            raise SightlineError(f"{self.root} has no dense labels: only those made by 'sightline generate' do.")
        table = layout.read_parquet(meta.labels, columns, optional)
        if table.num_rows != meta.length:
            raise SightlineError(
                f"{meta.labels} holds {table.num_rows} frames but the index says {meta.length}; "
                "it was cut short, generate the dataset again."
            )
        return table

    def labels(self, episode: int) -> EpisodeLabels:
        """Labels of every frame and camera (instance maps apart: :meth:`ids`)."""
        meta = self.meta(episode)
        names = [*SCENE_COLUMNS, "subtask"]
        names += [f"{part}.{camera}" for camera in self.cameras for part in CAMERA_COLUMNS]
        return labels_from_table(self._label_table(meta, names, [JOINTS, DOING, DRAWN]), meta.objects, self.cameras)

    def drawn(self, episode: int) -> NDArray[np.bool_]:
        """[T] whether a frame's pictures are of its own moment: datasets can be drawn at every n-th step only."""
        meta = self.meta(episode)
        if meta.labels is not None:
            table = self._label_table(meta, ["subtask"], [DRAWN])
            if DRAWN in table.column_names:
                return column_array(table, DRAWN)
        return np.ones(meta.length, bool)

    def calibrations(self, episode: int) -> dict[str, NDArray[np.float32]]:
        """Camera -> [T,15] calibration of every frame (core.geometry.Camera.to_vector)."""
        names = {camera: f"camera.{camera}" for camera in self.cameras}
        table = self._label_table(self.meta(episode), list(names.values()))
        return {camera: column_array(table, name).astype(np.float32) for camera, name in names.items()}

    def ids(self, episode: int, camera: str, frames: Sequence[int] | None = None) -> NDArray[np.uint8]:
        """[T,H,W] instance maps of all frames, or of those asked for: 0 = nothing named, i + 1 = object i."""
        meta = self.meta(episode)
        self._require_camera(camera)
        table = self._label_table(meta, [f"ids.{camera}", f"camera.{camera}"])
        width, height = column_array(table, f"camera.{camera}")[0, :2].astype(int)
        blobs = table.column(f"ids.{camera}")
        chosen = range(meta.length) if frames is None else frames
        return np.stack([decompress_ids(blobs[t].as_py(), height, width) for t in chosen])

    def depth(self, episode: int, camera: str, frames: Sequence[int] | None = None) -> NDArray[np.float32]:
        """[T,H,W] depth in metres along the camera's axis, to the millimetre, of all frames or of those asked for.

        0 where nothing is. Raises SightlineError when the dataset was made without depth, or a map is damaged.
        """
        meta = self.meta(episode)
        self._require_camera(camera)
        name = f"{DEPTH}.{camera}"
        table = self._label_table(meta, ["subtask"], [name])
        if name not in table.column_names:
            raise SightlineError(f"{self.root} has no depth: generate a dataset with --depth.")
        chosen = range(meta.length) if frames is None else frames
        return np.stack([decompress_depth(table.column(name)[t].as_py()) for t in chosen])

    def _require_camera(self, camera: str) -> None:
        if camera not in self.cameras:
            raise SightlineError(
                f"{self.root} has no camera '{camera}'{did_you_mean(camera, self.cameras)}; it has {self.cameras}."
            )

    def video(self, episode: int, camera: str) -> NDArray[np.uint8]:
        """All pictures of an episode [T,H,W,3] uint8 RGB."""
        return np.stack(list(self.stream(episode, camera)))

    def stream(self, episode: int, camera: str) -> Iterator[NDArray[np.uint8]]:
        """The pictures [H,W,3] uint8 RGB of an episode, one after the other: those that :meth:`frame` gives.

        Raises SightlineError where a picture is missing or damaged, or a film shows none at the time of a frame.
        """
        meta = self._with_camera(episode, camera)
        if camera in meta.pictures:
            return self.stored_pictures(meta, camera).pictures(self.row_numbers(meta))
        place = meta.videos[camera]
        return stream_video(place.path, meta.length, self.fps, place.start, self.clock(episode))

    def frame(self, episode: int, t: int, camera: str) -> NDArray[np.uint8]:
        """The picture [H,W,3] uint8 RGB at frame ``t``: that of its row, or the one that the film shows at its time."""
        meta = self.meta(episode)
        if not 0 <= t < meta.length:
            raise SightlineError(f"{self.root}: episode {episode} has no frame {t}: it holds {meta.length}.")
        self._with_camera(episode, camera)
        if camera in meta.pictures:
            return next(self.stored_pictures(meta, camera).pictures(self.row_numbers(meta)[t : t + 1]))
        place = meta.videos[camera]
        return decode_frame(place.path, place.start + float(self.clock(episode)[t]), self.fps)

    def stored_pictures(self, meta: EpisodeMeta, camera: str) -> TablePictures:
        """The column of the tables that holds a camera's pictures."""
        return TablePictures(self.root, meta.table, meta.pictures[camera])

    def row_numbers(self, meta: EpisodeMeta) -> NDArray[np.int64]:
        """[T] places of the episode's rows in its data file."""
        place = self._paired(meta).place
        return np.arange(place.start, place.stop) if isinstance(place, slice) else place

    def _with_camera(self, episode: int, camera: str) -> EpisodeMeta:
        """The episode, if it has pictures of that camera."""
        meta = self.meta(episode)
        self._require_camera(camera)
        if camera not in meta.cameras:
            raise SightlineError(
                f"{self.root}: episode {meta.index} has no video of the camera '{camera}', "
                f"only of {sorted(meta.cameras)}; "
                "leave that camera or that episode out."
            )
        return meta


def numeric_columns(path: Path) -> list[str]:
    """Names of the columns of a data file that hold numbers, but for the bookkeeping."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        return []  # reading the file will say what is wrong with it
    return [field.name for field in schema if field.name not in BOOKKEEPING and is_numeric(field.type)]


def require_finite(meta: EpisodeMeta, name: str, values: NDArray) -> None:
    """Raise SightlineError that names the frame unless a column [T,...] of an episode is finite."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values.reshape(len(values), -1)).all(1)))
        raise SightlineError(
            f"{meta.table} has NaN or infinity in '{name}' at frame {row} of episode {meta.index}; "
            "repair or drop that episode before training."
        )


def is_numeric(kind: pa.DataType) -> bool:
    """Whether a column is made of numbers or of (nested) lists of numbers."""
    while pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)


def load_dataset(path: Path | str) -> Dataset:
    """Open a LeRobot dataset (v3.0 or v2.x; finished, growing or left by a killed writer).

    Raises SightlineError when there is none, its index is damaged or its parts do not belong together.
    """
    return Dataset(path)
