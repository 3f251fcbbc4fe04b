"""How long it takes to open a dataset for training and to normalise it, without decoding any video.

    python benchmarks/dataset_statistics.py --frames 100000

Two synthetic datasets are written: v2.1 as GR00T writes it (a parquet file an episode, 24 columns of numbers, 10 of
bytes), and v3.0 with few large files. Both are opened, read, indexed and measured as training does it.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tyro

from sightline.core.console import table, write_json
from sightline.data import load_dataset
from sightline.data.embodiments import find_embodiment
from sightline.data.recordings import Recordings
from sightline.data.statistics import dataset_statistics

CAMERAS = ("video.base_view", "video.ego_view")
COLUMNS = {"action.delta_joints": 7, "action.gripper_close": 1, "state.joints": 7, "action.delta_eef_position": 3}
OTHERS = {f"state.other_{i}": 7 for i in range(20)}
BYTES = [f"annotation.blob_{i}" for i in range(10)]


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    frames: int = 100_000
    episode: int = 250
    """Frames in an episode."""
    files: int = 4
    """Data files of the v3.0 dataset."""
    json: Path | None = None
    """Write the figures here."""


def made_columns(count: int, episode: int, seed: int, first: int) -> dict:
    """The table of ``count`` frames, from the beginning of episode ``first`` on."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, size in {**COLUMNS, **OTHERS}.items():
        values = rng.normal(size=(count, size)) if size > 1 else rng.choice([-1.0, 1.0], (count, 1))
        found[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), size).cast(pa.list_(pa.float64()))
    found |= {name: pa.array([b"x" * 400] * count) for name in BYTES}
    found["timestamp"] = pa.array((np.arange(count) % episode / 30).astype(np.float32))
    frames = np.arange(count)
    found |= {"frame_index": frames % episode, "episode_index": first + frames // episode}
    found["index"] = first * episode + frames
    found["task_index"] = pa.array(np.zeros(count, np.int64))
    return found


def information(version: str) -> dict:
    """info.json."""
    features = {name: {"dtype": "float64", "shape": [size]} for name, size in {**COLUMNS, **OTHERS}.items()}
    features |= {name: {"dtype": "video", "shape": [480, 640, 3]} for name in CAMERAS}  # type: ignore[dict-item]
    features |= {"timestamp": {"dtype": "float32", "shape": [1]}, "task_index": {"dtype": "int64", "shape": [1]}}
    return {"codebase_version": version, "fps": 30, "features": features, "chunks_size": 1000}


def write_v21(root: Path, settings: Settings) -> None:
    """A file an episode; its videos are empty files, which nothing opens."""
    info = information("v2.1")
    info["data_path"] = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
    info["video_path"] = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
    lines = []
    for i in range(settings.frames // settings.episode):
        numbers = {"episode_chunk": i // 1000, "episode_index": i}
        path = root / info["data_path"].format(**numbers)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(made_columns(settings.episode, settings.episode, i, i)), path)
        for camera in CAMERAS:
            video = root / info["video_path"].format(video_key=camera, **numbers)
            video.parent.mkdir(parents=True, exist_ok=True)
            video.touch()
        lines.append(json.dumps({"episode_index": i, "tasks": ["stir"], "length": settings.episode}))
    (root / "meta").mkdir()
    (root / "meta/info.json").write_text(json.dumps(info))
    (root / "meta/episodes.jsonl").write_text("\n".join(lines))
    (root / "meta/tasks.jsonl").write_text(json.dumps({"task_index": 0, "task": "stir"}))


def write_v30(root: Path, settings: Settings) -> None:
    """Many episodes in a file."""
    info = information("v3.0")
    info["data_path"] = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    info["video_path"] = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
    for folder in ("meta/episodes/chunk-000", "data/chunk-000", *(f"videos/{name}/chunk-000" for name in CAMERAS)):
        (root / folder).mkdir(parents=True)
    episodes = settings.frames // settings.episode
    rows = []
    for file, members in enumerate(np.array_split(np.arange(episodes), settings.files)):
        path = root / info["data_path"].format(chunk_index=0, file_index=file)
        count = len(members) * settings.episode
        pq.write_table(pa.table(made_columns(count, settings.episode, file, int(members[0]))), path)
        for camera in CAMERAS:
            (root / info["video_path"].format(video_key=camera, chunk_index=0, file_index=file)).touch()
        for at, number in enumerate(members.tolist()):
            row = {"episode_index": number, "tasks": ["stir"], "length": settings.episode}
            row |= {"data/chunk_index": 0, "data/file_index": file}
            for camera in CAMERAS:
                row |= {f"videos/{camera}/chunk_index": 0, f"videos/{camera}/file_index": file}
                row |= {f"videos/{camera}/from_timestamp": at * settings.episode / 30}
            rows.append(row)
    pq.write_table(pa.Table.from_pylist(rows), root / "meta/episodes/chunk-000/file-000.parquet")
    pq.write_table(pa.table({"task_index": [0], "task": ["stir"]}), root / "meta/tasks.parquet")
    (root / "meta/info.json").write_text(json.dumps(info))


def measure(root: Path) -> dict[str, float]:
    """Seconds of wall time for each step between a folder and the statistics of its states and actions."""
    clock = [time.perf_counter()]
    dataset = load_dataset(root)
    clock.append(time.perf_counter())
    recordings = Recordings(dataset, find_embodiment("demo_sim_franka_delta_joints"), 16)
    clock.append(time.perf_counter())
    recordings.statistics()
    clock.append(time.perf_counter())
    dataset_statistics(dataset)
    clock.append(time.perf_counter())
    opening, reading, summing, every = np.diff(clock).tolist()
    return {
        "frames": dataset.frames, "episodes": len(dataset), "open, s": opening, "read, s": reading,
        "statistics, s": summing, "together, s": opening + reading + summing, "of all columns, s": every,
    }  # fmt: skip


def main(settings: Settings) -> None:
    """Write, read, print."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("v2.1", write_v21), ("v3.0", write_v30)):
            root = Path(folder) / name
            root.mkdir()
            write(root, settings)
            figures[name] = measure(root)
    columns = ["dataset", *next(iter(figures.values()))]
    table("From a folder to statistics", columns, [[name, *row.values()] for name, row in figures.items()])
    if settings.json:
        write_json(settings.json, figures)


if __name__ == "__main__":
    main(tyro.cli(Settings))
