"""Writing LeRobot v3.0, one file triple an episode, so that a finished episode survives whatever comes after it.

Two steps: :func:`stage_episode` encodes everything that does not depend on the episode's number into a staging folder
(any process may do that); :meth:`DatasetWriter.commit` moves it into place. The row in meta/episodes is written last
and is the commit point: what it names is complete and on the disk.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.folder_lock import FolderLock
from sightline.core.outputs import reporting_full_disk
from sightline.core.types import Episode, Recording
from sightline.data import layout
from sightline.data.episode_index import EpisodeMeta, read_index
from sightline.data.labels import column_array, labels_table, vector_column
from sightline.data.statistics import NAMES as STATISTICS
from sightline.data.statistics import Statistics, array_statistics, image_statistics, pooled_statistics, to_lists
from sightline.data.video import CODEC, PIXEL_FORMAT, encode_video

NO_TASK = "no task"
LABELS = "labels.parquet"
STAGING = ".staging"
REFRESH_SECONDS = 20.0
REFRESH_SHARE = 0.05  # of the time may go into summaries, whose cost grows with the dataset
KINDS = ("episodes", "scenes", "crowds")


@dataclass
class StagedEpisode:
    """An encoded episode waiting for its number; picklable, light (pictures and labels are in ``folder``).

    Attributes:
        own: what the engine knows about an episode of its own; empty for recordings, which have no labels either.
    """

    folder: Path
    text: str
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    images: dict[str, Statistics]
    own: dict[str, Any]


def stage_episode(episode: Episode, folder: Path, card: Card, kind: str = "episodes") -> StagedEpisode:
    """Encode ``episode`` into ``folder`` (created): one video a camera and the labels, forced to the disk.

    Raises SightlineError when the episode has no frames, lacks one of the card's cameras or holds NaN.
    """
    if not episode.frames:
        raise SightlineError(f"Candidate {episode.candidate} has no frames: only finished episodes can be written.")
    missing = [name for name in card.cameras if any(name not in frame.views for frame in episode.frames)]
    if missing:
        raise SightlineError(
            f"Candidate {episode.candidate} has no pictures of the camera '{missing[0]}' named by the card."
        )
    recording = Recording(
        instruction=episode.task.instruction if episode.task else NO_TASK,
        images={name: np.stack([frame.views[name].image for frame in episode.frames]) for name in card.cameras},
        state=np.stack([frame.state for frame in episode.frames]).astype(np.float32),
        action=np.stack([frame.action for frame in episode.frames]).astype(np.float32),
    )
    staged = stage_recording(recording, folder, card, f"Candidate {episode.candidate}", 2 if kind == "episodes" else 1)
    layout.write_durably(folder / LABELS, layout.parquet_bytes(labels_table(episode, card.cameras)))
    staged.own = {
        "seed": episode.seed,
        "candidate": episode.candidate,
        "kind": kind,
        "objects": json.dumps([item.stored() for item in episode.frames[0].scene.objects]),
        "task": json.dumps(episode.task and dataclasses.asdict(episode.task)),
    }
    if episode.start is not None:
        staged.own["start"] = json.dumps(episode.start)
    return staged


def stage_recording(
    recording: Recording, folder: Path, card: Card, name: str = "The recording", key_every: int = 2
) -> StagedEpisode:
    """Encode what somebody else recorded into ``folder`` (created): one video a camera, no labels.

    Args:
        name: what messages call it.
        key_every: pictures from one that stands for itself to the next; fewer are faster to reach and larger.

    Raises SightlineError when a camera of the card is missing, lengths or sizes differ, or numbers are not finite.
    """
    length = len(recording.action)
    for what, values, names in (
        ("state", recording.state, card.state_names),
        ("action", recording.action, card.action_names),
    ):
        if values.shape != (length, len(names)):
            raise SightlineError(
                f"{name} has a {what} of shape {values.shape}; {length} steps of the card's {len(names)} are expected."
            )
        if not np.isfinite(values).all():
            raise SightlineError(f"{name} has NaN or infinity in its {what}s.")
    for camera in card.cameras:
        pictures = recording.images.get(camera)
        if pictures is None:
            raise SightlineError(f"{name} has no pictures of the camera '{camera}' named by the card.")
        if pictures.shape != (length, *card.image_size, 3) or pictures.dtype != np.uint8:
            raise SightlineError(
                f"{name} has pictures of {camera} of shape {pictures.shape} and type {pictures.dtype}; "
                f"{(length, *card.image_size, 3)} of uint8 are expected."
            )
    folder.mkdir(parents=True)
    images = {}
    for camera in card.cameras:
        video = encode_video(recording.images[camera], card.control_hz, key_every=key_every)
        layout.write_durably(folder / f"{camera}.mp4", video)
        images[camera] = image_statistics(recording.images[camera])
    return StagedEpisode(folder, recording.instruction or NO_TASK, recording.state, recording.action, images, {})


class DatasetWriter:
    """Appends staged episodes to a dataset folder; opens an existing one, however it was left, and goes on.

    Attributes:
        root: the dataset's folder.
        staging: an empty folder for this writer's staged episodes.
        episodes: what has been committed so far.
    """

    def __init__(self, root: Path | str, card: Card):
        self.root, self.card = Path(root), card
        self._lock = FolderLock(self.root)
        shutil.rmtree(self.root / STAGING, ignore_errors=True)
        self.staging = self.root / STAGING
        self.staging.mkdir()
        self.episodes: list[EpisodeMeta] = []
        self._refresh_at = time.monotonic() + REFRESH_SECONDS
        self._tasks: dict[str, int] = {}
        self._tables: dict[str, list[NDArray]] = {layout.STATE: [], layout.ACTION: []}
        self._images: dict[str, list[Statistics]] = {name: [] for name in card.cameras}
        if (self.root / layout.INFO).exists():
            self._recover()
        else:
            layout.write_durably(self.root / layout.CARD, layout.json_bytes(card.to_dict()))
            self.refresh()

    def __enter__(self) -> DatasetWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def frames(self) -> int:
        """Number of frames committed so far."""
        return sum(meta.length for meta in self.episodes)

    def _recover(self) -> None:
        """Learn from the disk what is committed and remove what a dead writer left half done."""
        existing = Card.from_dict(layout.read_json(self.root / layout.CARD))
        existing.require_match(self.card, f"the dataset at {self.root}", "the new episodes")
        _, self.episodes, _ = read_index(self.root)
        if [meta.index for meta in self.episodes] != list(range(len(self.episodes))):
            raise SightlineError(
                f"{self.root} lacks some of its first {self.episodes[-1].index + 1} episodes, so that no others can be "
                "appended; choose another folder."
            )
        for meta in self.episodes:
            self._tasks.setdefault(meta.text or NO_TASK, len(self._tasks))
            table = layout.read_parquet(meta.table, list(self._tables))
            for name, parts in self._tables.items():
                parts.append(column_array(table, name))
            row = layout.read_parquet(self._files(meta.index)["meta"]).to_pylist()[0]
            for name, images in self._images.items():
                prefix = f"stats/{layout.image_key(name)}/"
                images.append({key: np.array(row[prefix + key]) for key in STATISTICS})
        for path in self._files(len(self.episodes)).values():
            path.unlink(missing_ok=True)

    def _files(self, episode: int) -> dict[str, Path]:
        """Every file of an episode: one a camera by its name, and ``labels``, ``data``, ``meta``."""
        place = layout.place_of(episode)
        files = {
            name: self.root / layout.VIDEO_PATH.format(video_key=layout.image_key(name), **place)
            for name in self.card.cameras
        }
        patterns = {"labels": layout.LABELS_PATH, "data": layout.DATA_PATH, "meta": layout.EPISODES_PATH}
        return files | {name: self.root / pattern.format(**place) for name, pattern in patterns.items()}

    def write(self, episode: Episode, kind: str = "episodes") -> int:
        """Stage and commit one episode; its number."""
        folder = self.staging / f"{episode.candidate}-{len(self.episodes)}"
        with reporting_full_disk(self.root):
            staged = stage_episode(episode, folder, self.card, kind)
        return self.commit(staged)

    def record(self, recording: Recording) -> int:
        """Stage and commit what somebody else recorded; its number. Raises SightlineError as stage_recording."""
        folder = self.staging / f"recording-{len(self.episodes)}"
        with reporting_full_disk(self.root):
            staged = stage_recording(recording, folder, self.card)
        return self.commit(staged)

    def commit(self, staged: StagedEpisode, failures: dict[str, int] | None = None) -> int:
        """Make a staged episode the next one of the dataset; its number.

        Args:
            failures: reason -> number of candidates that failed since the episode before.
        Raises SightlineError when the disk is full; what was committed before stays readable.
        """
        number, first = len(self.episodes), self.frames
        files = self._files(number)
        task = self._tasks.setdefault(staged.text, len(self._tasks))
        table = self._data_table(staged, number, first, task)
        row = self._meta_row(staged, number, first, failures or {})
        with reporting_full_disk(self.root):
            for name in self.card.cameras:
                layout.move_durably(staged.folder / f"{name}.mp4", files[name])
            if staged.own:
                layout.move_durably(staged.folder / LABELS, files["labels"])
            layout.write_durably(files["data"], layout.parquet_bytes(table))
            layout.write_durably(files["meta"], layout.parquet_bytes(row, arrow_schema=False))
        shutil.rmtree(staged.folder, ignore_errors=True)
        self._tables[layout.STATE].append(staged.state)
        self._tables[layout.ACTION].append(staged.action)
        for name, parts in self._images.items():
            parts.append(staged.images[name])
        candidate = staged.own.get("candidate", -1)
        self.episodes.append(EpisodeMeta(number, len(staged.state), staged.text, files["data"], candidate=candidate))
        if time.monotonic() > self._refresh_at:
            self.refresh()
        return number

    def _data_table(self, staged: StagedEpisode, number: int, first: int, task: int) -> pa.Table:
        """The rows of data/: what LeRobot calls the frames of an episode."""
        length = len(staged.state)
        frame = np.arange(length, dtype=np.int64)
        return pa.table(
            {
                layout.STATE: vector_column(staged.state),
                layout.ACTION: vector_column(staged.action),
                "timestamp": pa.array((frame / self.card.control_hz).astype(np.float32)),
                "frame_index": pa.array(frame),
                "episode_index": pa.array(np.full(length, number, np.int64)),
                "index": pa.array(frame + first),
                "task_index": pa.array(np.full(length, task, np.int64)),
            }
        )

    def _meta_row(self, staged: StagedEpisode, number: int, first: int, failures: dict[str, int]) -> pa.Table:
        """The row of meta/episodes: LeRobot's keys and our own."""
        length, place = len(staged.state), layout.place_of(number)
        row: dict[str, Any] = {"episode_index": number, "tasks": [staged.text], "length": length}
        row |= {f"data/{key}": value for key, value in place.items()}
        row |= {"dataset_from_index": first, "dataset_to_index": first + length}
        for name in self.card.cameras:
            prefix = f"videos/{layout.image_key(name)}/"
            row |= {prefix + key: value for key, value in place.items()}
            row |= {prefix + "from_timestamp": 0.0, prefix + "to_timestamp": length / self.card.control_hz}
        statistics = {layout.STATE: array_statistics(staged.state), layout.ACTION: array_statistics(staged.action)}
        statistics |= {layout.image_key(name): found for name, found in staged.images.items()}
        for feature, found in to_lists(statistics).items():
            row |= {f"stats/{feature}/{name}": value for name, value in found.items()}
        row |= {f"meta/episodes/{key}": value for key, value in place.items()}
        if staged.own:
            row |= {f"sightline/{key}": value for key, value in staged.own.items()}
            row["sightline/failures"] = json.dumps(failures)
        return pa.Table.from_pylist([row])

    def refresh(self) -> None:
        """Bring info.json, tasks.parquet and stats.json up to date (readers do not depend on it)."""
        started = time.monotonic()
        with reporting_full_disk(self.root):
            layout.write_durably(self.root / layout.INFO, layout.json_bytes(self._info()))
            layout.write_durably(self.root / layout.TASKS, layout.parquet_bytes(tasks_table(self._tasks)))
            if self.episodes:
                statistics = {name: array_statistics(np.concatenate(parts)) for name, parts in self._tables.items()}
                statistics |= {layout.image_key(name): pooled_statistics(parts) for name, parts in self._images.items()}
                layout.write_durably(self.root / layout.STATS, layout.json_bytes(to_lists(statistics)))
        now = time.monotonic()
        self._refresh_at = now + max(REFRESH_SECONDS, (now - started) / REFRESH_SHARE)

    def _info(self) -> dict[str, Any]:
        card, count = self.card, len(self.episodes)
        height, width = card.image_size
        video = {"video.height": height, "video.width": width, "video.codec": CODEC, "video.pix_fmt": PIXEL_FORMAT}
        video |= {"video.is_depth_map": False, "video.fps": card.control_hz, "video.channels": 3, "has_audio": False}
        features: dict[str, Any] = {
            layout.STATE: {"dtype": "float32", "shape": [len(card.state_names)], "names": list(card.state_names)},
            layout.ACTION: {"dtype": "float32", "shape": [len(card.action_names)], "names": list(card.action_names)},
        }
        for name in card.cameras:
            names = ["height", "width", "channels"]
            features[layout.image_key(name)] = {
                "dtype": "video",
                "shape": [height, width, 3],
                "names": names,
                "info": video,
            }
        features["timestamp"] = {"dtype": "float32", "shape": [1], "names": None}
        for name in ("frame_index", "episode_index", "index", "task_index"):
            features[name] = {"dtype": "int64", "shape": [1], "names": None}
        return {
            "codebase_version": layout.VERSION,
            "robot_type": card.robot,
            "total_episodes": count,
            "total_frames": self.frames,
            "total_tasks": len(self._tasks),
            "chunks_size": layout.FILES_PER_CHUNK,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "fps": card.control_hz,
            "splits": {"train": f"0:{count}"},
            "data_path": layout.DATA_PATH,
            "video_path": layout.VIDEO_PATH,
            "annotations_path": layout.LABELS_PATH,
            "features": features,
        }

    def close(self) -> None:
        """Bring the summary files up to date, remove the staging folder, let other writers in."""
        if not self._lock.held:
            return
        try:
            self.refresh()
        finally:
            shutil.rmtree(self.staging, ignore_errors=True)
            self._lock.release()


def tasks_table(tasks: dict[str, int]) -> pa.Table:
    """meta/tasks.parquet as pandas would write it: the task text is the index of the frame."""
    index = "__index_level_0__"
    columns = [("task_index", "task_index", "int64", "int64"), (None, index, "unicode", "object")]
    names = ("name", "field_name", "pandas_type", "numpy_type")
    described = [dict(zip(names, column, strict=True)) | {"metadata": None} for column in columns]
    header = {
        "name": None,
        "field_name": None,
        "pandas_type": "unicode",
        "numpy_type": "object",
        "metadata": {"encoding": "UTF-8"},
    }
    pandas = {"index_columns": [index], "column_indexes": [header], "columns": described, "pandas_version": "2.2.0"}
    table = pa.table({"task_index": pa.array(tasks.values(), pa.int64()), index: pa.array(tasks.keys(), pa.string())})
    return table.replace_schema_metadata({b"pandas": json.dumps(pandas).encode()})
