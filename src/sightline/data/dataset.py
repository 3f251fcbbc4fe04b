"""Reading LeRobot datasets: our own (v3.0 with dense labels) and those from elsewhere (v3.0, v2.x)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError, did_you_mean
from sightline.data import layout
from sightline.data.episode_index import EpisodeMeta, VideoPlace, read_index, video_features
from sightline.data.labels import (
    CAMERA_COLUMNS,
    DEPTH,
    JOINTS,
    SCENE_COLUMNS,
    EpisodeLabels,
    column_array,
    decompress_depth,
    decompress_ids,
    labels_from_table,
)
from sightline.data.video import decode_frame, decode_video, stream_video

SHORT_NAMES = {layout.STATE: "state", layout.ACTION: "action"}
BOOKKEEPING = ("timestamp", "frame_index", "episode_index", "index", "task_index")


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
        self.cameras: tuple[str, ...] = tuple(video_features(self.info))
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

    def _meta(self, episode: int) -> EpisodeMeta:
        if not 0 <= episode < len(self.episodes):
            raise SightlineError(
                f"{self.root} has no episode {episode}: it holds {len(self.episodes)}, counted from 0."
            )
        return self.episodes[episode]

    def _rows(self, meta: EpisodeMeta) -> pa.Table:
        """The episode's rows of its data file."""
        table = layout.read_parquet(meta.table)
        if meta.rows is not None:
            table = table.slice(meta.rows[0], meta.length)
        if table.num_rows != meta.length:
            raise SightlineError(
                f"{meta.table} holds {table.num_rows} frames of episode {meta.index} but the index says {meta.length}; "
                "it was cut short, copy or generate the dataset again."
            )
        return table

    def columns(self, episode: int) -> dict[str, NDArray]:
        """Every numeric column of an episode but the bookkeeping, under its own name: [T,d] or [T].

        Raises SightlineError when the file is damaged or holds NaN or infinity.
        """
        meta = self._meta(episode)
        return self._numbers(meta, self._rows(meta))

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
        meta = self._meta(episode)
        rows = self._rows(meta)
        found = {SHORT_NAMES.get(name, name): values for name, values in self._numbers(meta, rows).items()}
        return found | {"timestamp": column_array(rows, "timestamp")}

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
        meta = self._meta(episode)
        names = [*SCENE_COLUMNS, "subtask"]
        names += [f"{part}.{camera}" for camera in self.cameras for part in CAMERA_COLUMNS]
        return labels_from_table(self._label_table(meta, names, [JOINTS]), meta.objects, self.cameras)

    def calibrations(self, episode: int) -> dict[str, NDArray[np.float32]]:
        """Camera -> [T,15] calibration of every frame (core.geometry.Camera.to_vector)."""
        names = {camera: f"camera.{camera}" for camera in self.cameras}
        table = self._label_table(self._meta(episode), list(names.values()))
        return {camera: column_array(table, name).astype(np.float32) for camera, name in names.items()}

    def ids(self, episode: int, camera: str, frames: Sequence[int] | None = None) -> NDArray[np.uint8]:
        """[T,H,W] instance maps of all frames, or of those asked for: 0 = nothing named, i + 1 = object i."""
        meta = self._meta(episode)
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
        meta = self._meta(episode)
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

    def _video_place(self, meta: EpisodeMeta, camera: str) -> VideoPlace:
        self._require_camera(camera)
        if camera not in meta.videos:
            raise SightlineError(
                f"{self.root}: episode {meta.index} has no video of the camera '{camera}', "
                f"only of {sorted(meta.videos)}; "
                "leave that camera or that episode out."
            )
        return meta.videos[camera]

    def video(self, episode: int, camera: str) -> NDArray[np.uint8]:
        """All pictures of an episode [T,H,W,3] uint8 RGB."""
        meta = self._meta(episode)
        place = self._video_place(meta, camera)
        return decode_video(place.path, meta.length, self.fps, place.start)

    def stream(self, episode: int, camera: str) -> Iterator[NDArray[np.uint8]]:
        """The pictures [H,W,3] uint8 RGB of an episode, one after the other."""
        meta = self._meta(episode)
        place = self._video_place(meta, camera)
        return stream_video(place.path, meta.length, self.fps, place.start)

    def frame(self, episode: int, t: int, camera: str) -> NDArray[np.uint8]:
        """The picture [H,W,3] uint8 RGB at frame ``t``, found by its exact time."""
        meta = self._meta(episode)
        if not 0 <= t < meta.length:
            raise SightlineError(f"{self.root}: episode {episode} has no frame {t}: it holds {meta.length}.")
        place = self._video_place(meta, camera)
        return decode_frame(place.path, place.start + t / self.fps, self.fps)


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
