"""Which episodes a dataset holds and where each one's files are: LeRobot v3.0 and v2.1."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightline.core.errors import SightlineError
from sightline.core.types import ObjectInfo, Task
from sightline.data import layout


@dataclass(frozen=True)
class VideoPlace:
    """An episode's stretch of a video file, from ``start`` seconds on."""

    path: Path
    start: float = 0.0


@dataclass(frozen=True)
class EpisodeMeta:
    """One episode as the index knows it.

    Attributes:
        index, length: number in the dataset, frames.
        text: the instruction.
        task, objects, seed, candidate: only in datasets made by this package.
        kind: ``episodes`` (rollouts) or ``scenes`` (slide shows).
        failures: reason -> number of candidates that failed since the episode before.
        table: parquet file with the episode's rows; ``rows`` = (first, last exclusive) within the whole file.
        labels: parquet file with dense labels, None in datasets from elsewhere.
        videos: camera -> where its pictures are; cameras that were not recorded are absent.
    """

    index: int
    length: int
    text: str
    table: Path
    rows: tuple[int, int] | None = None
    labels: Path | None = None
    videos: dict[str, VideoPlace] = field(default_factory=dict)
    task: Task | None = None
    objects: tuple[ObjectInfo, ...] = ()
    seed: int = -1
    candidate: int = -1
    kind: str = "episodes"
    failures: dict[str, int] = field(default_factory=dict)


def camera_name(feature: str) -> str:
    """``observation.images.front`` -> ``front``, ``video.ego_view`` -> ``ego_view``."""
    for prefix in (layout.IMAGE_PREFIX, "observation.image.", "video.", "observation."):
        if feature.startswith(prefix):
            return feature[len(prefix) :]
    return feature


def video_features(info: dict) -> dict[str, str]:
    """Camera -> feature name, of all video features."""
    return {camera_name(name): name for name, spec in info["features"].items() if spec.get("dtype") == "video"}


def read_index(root: Path) -> tuple[dict, list[EpisodeMeta], list[str]]:
    """The contents of info.json, the episodes in order, and problems worth telling (never fatal ones).

    Raises SightlineError when the folder is no dataset, its version is unknown or its index is damaged.
    """
    if not root.is_dir():
        raise SightlineError(
            f"There is no dataset at {root}: the folder does not exist; make one with 'sightline generate'."
        )
    if not (root / layout.INFO).exists():
        raise SightlineError(f"{root} is not a dataset: it has no {layout.INFO}; give the folder that contains 'meta'.")
    info = layout.read_json(root / layout.INFO)
    missing = {"codebase_version", "features", "fps"} - set(info)
    if missing:
        raise SightlineError(f"{root / layout.INFO} lacks the keys {sorted(missing)}: it is not a LeRobot dataset.")
    version = str(info["codebase_version"])
    if version.startswith("v3."):
        episodes = _read_v3(root, info)
    elif version.startswith("v2."):
        episodes = _read_v2(root, info)
    else:
        raise SightlineError(f"{root} is a LeRobot {version} dataset; versions 2.x and 3.x can be read.")
    return info, episodes, _missing_videos(root, info, episodes)


def _missing_videos(root: Path, info: dict, episodes: list[EpisodeMeta]) -> list[str]:
    """One line a camera that some episodes lack; such videos are dropped from the episodes."""
    problems = []
    for camera in video_features(info):
        absent = [meta.index for meta in episodes if camera in meta.videos and not meta.videos[camera].path.exists()]
        for index in absent:
            del episodes[index].videos[camera]
        if absent:
            shown = ", ".join(map(str, absent[:8])) + (", ..." if len(absent) > 8 else "")
            problems.append(f"camera '{camera}' is missing in {len(absent)} of {len(episodes)} episodes ({shown})")
    return problems


def _read_v3(root: Path, info: dict) -> list[EpisodeMeta]:
    cameras = video_features(info)
    wanted = ["episode_index", "tasks", "length", "data/chunk_index", "data/file_index"]
    optional = ["dataset_from_index", "dataset_to_index"]
    optional += [f"sightline/{name}" for name in ("seed", "candidate", "kind", "objects", "task", "failures")]
    optional += [
        f"videos/{key}/{part}" for key in cameras.values() for part in ("chunk_index", "file_index", "from_timestamp")
    ]
    rows: list[dict[str, Any]] = []
    for path in sorted((root / "meta" / "episodes").glob("chunk-*/file-*.parquet")):
        rows += layout.read_parquet(path, wanted, optional).to_pylist()
    rows.sort(key=lambda row: row["episode_index"])
    if [row["episode_index"] for row in rows] != list(range(len(rows))):
        raise SightlineError(f"{root}/meta/episodes does not number its episodes 0, 1, 2, ...: files are missing.")
    firsts: dict[tuple[int, int], int] = {}
    return [_v3_episode(root, info, cameras, row, firsts) for row in rows]


def _v3_episode(
    root: Path, info: dict, cameras: dict[str, str], row: dict, firsts: dict[tuple[int, int], int]
) -> EpisodeMeta:
    """``firsts`` collects rows already given out of each data file, as files may hold many episodes."""
    place = (row["data/chunk_index"], row["data/file_index"])
    first = firsts.get(place, 0)
    firsts[place] = first + row["length"]
    where = {"chunk_index": place[0], "file_index": place[1]}
    videos = {}
    for camera, key in cameras.items():
        if row.get(f"videos/{key}/chunk_index") is None:
            continue
        numbers = {part: row[f"videos/{key}/{part}"] for part in ("chunk_index", "file_index")}
        path = root / info["video_path"].format(video_key=key, **numbers)
        videos[camera] = VideoPlace(path, row[f"videos/{key}/from_timestamp"])
    own: dict[str, Any] = {
        name: row.get(f"sightline/{name}") for name in ("seed", "candidate", "kind", "objects", "task", "failures")
    }
    meta = EpisodeMeta(
        index=row["episode_index"],
        length=row["length"],
        text="; ".join(row["tasks"]),
        table=root / info["data_path"].format(**where),
        rows=(first, first + row["length"]),
        videos=videos,
    )
    if own["kind"] is None:
        return meta
    task = json.loads(own["task"])
    return EpisodeMeta(
        **{name: getattr(meta, name) for name in ("index", "length", "table", "rows", "videos")},
        text=meta.text if task else "",
        labels=root / layout.LABELS_PATH.format(**where),
        task=Task(**task) if task else None,
        objects=tuple(ObjectInfo(**item) for item in json.loads(own["objects"])),
        seed=own["seed"],
        candidate=own["candidate"],
        kind=own["kind"],
        failures=json.loads(own["failures"]),
    )


def _read_v2(root: Path, info: dict) -> list[EpisodeMeta]:
    path = root / "meta" / "episodes.jsonl"
    try:
        rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    except FileNotFoundError:
        raise SightlineError(f"{path} is missing: the dataset is incomplete; copy it again.") from None
    except ValueError as error:
        raise SightlineError(f"{path} is not valid JSON lines ({error}); copy the dataset again.") from None
    rows.sort(key=lambda row: row["episode_index"])
    if [row["episode_index"] for row in rows] != list(range(len(rows))):
        raise SightlineError(f"{path} does not number its episodes 0, 1, 2, ...: lines are missing.")
    episodes = []
    for row in rows:
        numbers = {"episode_index": row["episode_index"], "episode_chunk": row["episode_index"] // info["chunks_size"]}
        episodes.append(
            EpisodeMeta(
                index=row["episode_index"],
                length=row["length"],
                text="; ".join(row["tasks"]),
                table=root / info["data_path"].format(**numbers),
                videos={
                    camera: VideoPlace(root / info["video_path"].format(video_key=key, **numbers))
                    for camera, key in video_features(info).items()
                },
            )
        )
    return episodes
