"""Which episodes a dataset holds and where each one's files are: LeRobot v3.0 and v2.1."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightline.core.errors import SightlineError
from sightline.core.types import ObjectInfo, Task
from sightline.data import layout
from sightline.data.info import VIDEO, camera_features, place, read_info, wrong

OWN = ("seed", "candidate", "kind", "objects", "task", "failures", "start")
SHOWN = 8  # episodes that a problem lists


@dataclass(frozen=True)
class VideoPlace:
    """An episode's stretch of a video file, from ``start`` seconds to ``end`` (None: nobody says)."""

    path: Path
    start: float = 0.0
    end: float | None = None


@dataclass(frozen=True)
class EpisodeMeta:
    """One episode as the index knows it.

    Attributes:
        index, length: its number in the dataset (numbers may have gaps), frames.
        text: the instruction; empty where the index does not say.
        task, objects, seed, candidate: only in datasets made by this package.
        kind: ``episodes`` (rollouts) or ``scenes`` (slide shows).
        failures: reason -> number of candidates that failed since the episode before.
        start: how the scene of an environment that is not ours was set up.
        table: parquet file with the episode's rows, which the columns of keys tell from those of others.
        span: numbers of its rows in the column ``index`` (first, last exclusive); None: the index does not say.
        labels: parquet file with dense labels, None in datasets from elsewhere.
        videos: camera -> where its film is; cameras that were not recorded are absent.
        pictures: camera -> column of ``table`` that holds its pictures.
    """

    index: int
    length: int
    text: str
    table: Path
    span: tuple[int, int] | None = None
    labels: Path | None = None
    videos: dict[str, VideoPlace] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    task: Task | None = None
    objects: tuple[ObjectInfo, ...] = ()
    seed: int = -1
    candidate: int = -1
    kind: str = "episodes"
    failures: dict[str, int] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Cameras that have pictures of this episode."""
        return (*self.videos, *self.pictures)


def listed(episodes: list[int]) -> str:
    """Numbers of episodes for a message, the first few."""
    return ", ".join(map(str, episodes[:SHOWN])) + (", ..." if len(episodes) > SHOWN else "")


def read_index(root: Path) -> tuple[dict, list[EpisodeMeta], list[str]]:
    """The contents of info.json, the episodes in order, and problems worth telling (never fatal ones).

    Raises SightlineError when the folder is no dataset, its version is unknown or its index is damaged.
    """
    info = read_info(root)
    episodes = (_read_v3 if str(info["codebase_version"]).startswith("v3.") else _read_v2)(root, info)
    problems, promised = [], info.get("total_episodes")
    if type(promised) is int and promised > len(episodes):
        problems.append(f"{layout.INFO} promises {promised} episodes, but the index has {len(episodes)}")
    return info, episodes, problems + _missing_videos(info, episodes)


def _missing_videos(info: dict, episodes: list[EpisodeMeta]) -> list[str]:
    """One line a camera that some episodes lack; such videos are dropped from the episodes."""
    problems = []
    for camera in camera_features(info):
        absent = [meta for meta in episodes if camera in meta.videos and not meta.videos[camera].path.exists()]
        for meta in absent:
            del meta.videos[camera]
        if absent:
            numbers = listed([meta.index for meta in absent])
            problems.append(f"camera '{camera}' is missing in {len(absent)} of {len(episodes)} episodes ({numbers})")
    return problems


def _cameras(info: dict) -> tuple[dict[str, str], dict[str, str]]:
    """Camera -> feature: those with films, those with pictures in the tables."""
    films: dict[str, str] = {}
    pictures: dict[str, str] = {}
    for camera, feature in camera_features(info).items():
        (films if info["features"][feature]["dtype"] == VIDEO else pictures)[camera] = feature
    return films, pictures


@dataclass(frozen=True)
class _Row:
    """A line of the index, read strictly: whatever is missing or of another type is named with its file."""

    path: Path
    values: dict[str, Any]

    def get(self, key: str, expected: str, fits: Callable[[Any], bool], default: Any = None) -> Any:
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if not fits(value):
            number = self.values.get("episode_index")
            where = f" of episode {number}" if key != "episode_index" and number is not None else ""
            raise wrong(self.path, f"{key}{where}", expected, value)
        return value

    def whole(self, key: str) -> int:
        return self.get(key, "a whole number from 0 on", lambda value: type(value) is int and value >= 0)

    def seconds(self, key: str) -> float:
        value = self.get(key, "a number of seconds from 0 on", lambda v: type(v) in (int, float) and 0 <= v < 1e12)
        return float(value)

    def has(self, key: str) -> bool:
        return self.values.get(key) is not None

    def text(self) -> str:
        tasks = self.get("tasks", "a list of texts", lambda value: isinstance(value, list) and all(
            isinstance(task, str) for task in value), default=[])  # fmt: skip
        return "; ".join(tasks)


def _in_order(where: Path, rows: list[_Row]) -> list[_Row]:
    """Rows by their numbers, which may have gaps but not come twice."""
    numbers = [row.whole("episode_index") for row in rows]
    if twice := sorted(number for number, count in Counter(numbers).items() if count > 1):
        raise SightlineError(f"{where} lists the episodes {listed(twice)} more than once; repair the dataset.")
    return [row for _, row in sorted(zip(numbers, rows, strict=True), key=lambda pair: pair[0])]


def _read_v3(root: Path, info: dict) -> list[EpisodeMeta]:
    films, pictures = _cameras(info)
    wanted = ["episode_index", "length", "data/chunk_index", "data/file_index"]
    optional = ["tasks", "dataset_from_index", "dataset_to_index", *(f"sightline/{name}" for name in OWN)]
    parts = ("chunk_index", "file_index", "from_timestamp", "to_timestamp")
    optional += [f"videos/{key}/{part}" for key in films.values() for part in parts]
    rows: list[_Row] = []
    folder = root / "meta" / "episodes"
    for path in sorted(folder.glob("chunk-*/file-*.parquet")):
        rows += [_Row(path, row) for row in layout.read_parquet(path, wanted, optional).to_pylist()]
    return [_v3_episode(root, info, films, pictures, row) for row in _in_order(folder, rows)]


def _v3_episode(
    root: Path, info: dict, films: dict[str, str], pictures: dict[str, str], row: _Row
) -> EpisodeMeta:  # fmt: skip
    where = {key: row.whole(f"data/{key}") for key in ("chunk_index", "file_index")}
    videos = {}
    for camera, key in films.items():
        prefix = f"videos/{key}/"
        if not row.has(f"{prefix}chunk_index"):
            continue
        numbers = {part: row.whole(prefix + part) for part in ("chunk_index", "file_index")}
        end = row.seconds(f"{prefix}to_timestamp") if row.has(f"{prefix}to_timestamp") else None
        path = place(root, info, "video_path", video_key=key, **numbers)
        videos[camera] = VideoPlace(path, row.seconds(f"{prefix}from_timestamp"), end)
    length, span = row.whole("length"), None
    if row.has("dataset_from_index"):
        first = row.whole("dataset_from_index")
        last = row.whole("dataset_to_index") if row.has("dataset_to_index") else first + length
        span = first, last
    meta = EpisodeMeta(
        index=row.whole("episode_index"),
        length=length,
        text=row.text(),
        table=place(root, info, "data_path", **where),
        span=span,
        videos=videos,
        pictures=dict(pictures),
    )
    return meta if row.values.get("sightline/kind") is None else _own(root, meta, row, where)


def _own(root: Path, meta: EpisodeMeta, row: _Row, where: dict[str, int]) -> EpisodeMeta:
    """The episode with what ``sightline generate`` has stored about it."""
    own: dict[str, Any] = {name: row.values.get(f"sightline/{name}") for name in OWN}
    try:
        task = json.loads(own["task"])
        return dataclasses.replace(
            meta,
            text=meta.text if task else "",
            labels=root / layout.LABELS_PATH.format(**where),
            task=Task(**task) if task else None,
            objects=tuple(ObjectInfo(**item) for item in json.loads(own["objects"])),
            seed=own["seed"],
            candidate=own["candidate"],
            kind=own["kind"],
            failures=json.loads(own["failures"]),
            start=json.loads(own["start"] or "{}"),
        )
    except (TypeError, ValueError) as error:
        raise SightlineError(
            f"{row.path}: what 'sightline generate' stored about episode {meta.index} is damaged ({error}); generate "
            "the dataset again."
        ) from None


def _read_v2(root: Path, info: dict) -> list[EpisodeMeta]:
    path = root / "meta" / "episodes.jsonl"
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except FileNotFoundError:
        raise SightlineError(f"{path} is missing: the dataset is incomplete; copy it again.") from None
    except ValueError as error:
        raise SightlineError(f"{path} is not valid JSON lines ({error}); copy the dataset again.") from None
    for number, line in enumerate(lines, 1):
        if not isinstance(line, dict):
            raise wrong(path, f"line {number}", "an object", line)
    films, pictures = _cameras(info)
    episodes = []
    for row in _in_order(path, [_Row(path, line) for line in lines]):
        index = row.whole("episode_index")
        numbers = {"episode_index": index, "episode_chunk": index // info["chunks_size"]}
        videos = {
            camera: VideoPlace(place(root, info, "video_path", video_key=key, **numbers))
            for camera, key in films.items()
        }
        table = place(root, info, "data_path", **numbers)
        length = row.whole("length")
        episodes.append(EpisodeMeta(index, length, row.text(), table, videos=videos, pictures=dict(pictures)))
    return episodes
