"""Small datasets as others write them: GR00T's v2.1 with modality.json, an IPEC-like v3.0 without."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sightline.data.rotations import poses
from sightline.data.video import encode_video

REAL = Path(os.environ.get("SIGHTLINE_SAMPLE_DATA", Path(__file__).parents[3] / "shared/data")) / "sim_pick_place"
needs_real = pytest.mark.skipif(not REAL.exists(), reason="the sample recording is not on this machine")
FPS, SIDE = 10, 32
CAMERAS = ("base_view", "ego_view")
COLUMNS = {
    "action.joints": 7, "action.eef_position": 3, "action.eef_rotation": 3, "action.gripper_close": 1,
    "state.joints": 7, "state.eef_position": 3, "state.eef_rotation": 3,
}  # fmt: skip


def commands(length: int, seed: int) -> dict[str, np.ndarray]:
    """Smooth commands of an arm, a gripper that closes half-way, and a rest (a pause) at the end."""
    rng = np.random.default_rng([seed, length])
    steps = rng.uniform(0.001, 0.02, (length, 13)) * rng.choice([-1, 1], 13)
    steps[0] = steps[-2:] = 0
    walk = steps.cumsum(0)
    grip = np.where(np.arange(length) < length // 2, -1.0, 1.0)[:, None]
    named = {"joints": walk[:, :7], "eef_position": walk[:, 7:10] + 0.4, "eef_rotation": walk[:, 10:] + [3.1, 0, 0.7]}
    return {
        **{f"action.{name}": values for name, values in named.items()},
        "action.gripper_close": grip,
        **{f"state.{name}": values + 1e-3 for name, values in named.items()},
    }


def commanded_poses(columns: dict[str, np.ndarray]) -> np.ndarray:
    return poses(columns["action.eef_position"], columns["action.eef_rotation"], "euler_angles_rpy")


def film(length: int, seed: int, side: int = SIDE) -> list[np.ndarray]:
    """Pictures that differ from frame to frame: a grey level and a bar that say which it is."""
    frames = []
    for t in range(length):
        picture = np.full((side, side, 3), 40 + (37 * seed) % 60, np.uint8)
        picture[:, : 2 + (3 * t) % (side - 2)] = (200, 90, 20 + 10 * (t % 20))
        frames.append(picture)
    return frames


def video_spec() -> dict:
    return {"dtype": "video", "shape": [SIDE, SIDE, 3], "names": ["height", "width", "channels"]}


def write_groot(
    root: Path, lengths: tuple[int, ...] = (12, 9, 15), missing: tuple[tuple[int, str], ...] = (),
    tasks: tuple[str, ...] = ("stir the soup",),
) -> Path:  # fmt: skip
    """v2.1 as GR00T and InternData write it: many columns, modality.json, scalar lists, bytes; no delta columns."""
    for folder in ("meta", "data/chunk-000", *(f"videos/chunk-000/video.{camera}" for camera in CAMERAS)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    features: dict = {name: {"dtype": "float64", "shape": [size]} for name, size in COLUMNS.items()}
    features |= {f"video.{camera}": video_spec() for camera in CAMERAS}
    features |= {"annotation.raw": {"dtype": "binary", "shape": [1]}, "timestamp": {"dtype": "float32", "shape": [1]}}
    features |= {"task_index": {"dtype": "int64", "shape": [1]}}
    info = {
        "codebase_version": "v2.1", "fps": FPS, "chunks_size": 1000, "features": features,
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    }  # fmt: skip
    groups: dict = {group: {} for group in ("state", "action")}
    for name, size in COLUMNS.items():
        group, key = name.split(".")
        groups[group][key] = {"start": 0, "end": size, "original_key": name}
    groups["video"] = {camera: {"original_key": f"video.{camera}"} for camera in CAMERAS}
    groups["annotation"] = {"human.action.task_description": {"original_key": "task_index"}}
    (root / "meta/info.json").write_text(json.dumps(info))
    (root / "meta/modality.json").write_text(json.dumps(groups))
    numbered = [{"task_index": i, "task": task} for i, task in enumerate(tasks)]
    (root / "meta/tasks.jsonl").write_text("\n".join(map(json.dumps, numbered)))
    rows = [{"episode_index": i, "tasks": [tasks[i % len(tasks)]], "length": n} for i, n in enumerate(lengths)]
    (root / "meta/episodes.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for i, length in enumerate(lengths):
        columns: dict = {name: list(values) for name, values in commands(length, i).items()}
        columns["annotation.raw"] = [b"\x80\x04N."] * length
        columns["timestamp"] = np.arange(length, dtype=np.float32) / FPS
        columns["task_index"] = np.full(length, i % len(tasks))
        pq.write_table(pa.table(columns), root / f"data/chunk-000/episode_{i:06d}.parquet")
        for number, camera in enumerate(CAMERAS):
            if (i, camera) not in missing:
                path = root / f"videos/chunk-000/video.{camera}/episode_{i:06d}.mp4"
                path.write_bytes(encode_video(film(length, 10 * number + i), FPS))
    return root


def write_ipec(root: Path, lengths: tuple[int, ...] = (10, 14), camera: str = "image_0", seed: int = 0) -> Path:
    """v3.0 as converted from Open X-Embodiment: one state, one 7-D action, two episodes in a file, no modality.json."""
    key = f"observation.images.{camera}"
    for folder in ("meta/episodes/chunk-000", "data/chunk-000", f"videos/{key}/chunk-000"):
        (root / folder).mkdir(parents=True)
    names = {
        "state": ["x", "y", "z", "roll", "pitch", "yaw", "pad", "gripper"],
        "action": ["x", "y", "z", "roll", "pitch", "yaw", "gripper"],
    }
    features = {
        "observation.state": {"dtype": "float32", "shape": [8], "names": {"motors": names["state"]}},
        "action": {"dtype": "float32", "shape": [7], "names": {"motors": names["action"]}},
        key: video_spec(), "timestamp": {"dtype": "float32", "shape": [1]},
        "task_index": {"dtype": "int64", "shape": [1]},
    }  # fmt: skip
    info = {
        "codebase_version": "v3.0", "fps": FPS, "features": features,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }  # fmt: skip
    (root / "meta/info.json").write_text(json.dumps(info))
    tasks = pa.table({"task_index": [0, 1], "__index_level_0__": ["open the drawer", "close the drawer"]})
    pq.write_table(tasks, root / "meta/tasks.parquet")
    rng = np.random.default_rng(seed)
    count = sum(lengths)
    action = rng.normal(0, 0.01, (count, 7)).astype(np.float32)
    action[:, 6] = rng.random(count) < 0.5
    state = np.concatenate([rng.normal(size=(count, 7)), rng.random((count, 1))], 1).astype(np.float32)
    index = np.concatenate([np.full(length, i) for i, length in enumerate(lengths)])
    clock = np.concatenate([np.arange(length, dtype=np.float32) / FPS for length in lengths])
    columns = {"observation.state": list(state), "action": list(action), "timestamp": clock, "episode_index": index}
    pq.write_table(pa.table({**columns, "task_index": index % 2}), root / "data/chunk-000/file-000.parquet")
    (root / f"videos/{key}/chunk-000/file-000.mp4").write_bytes(encode_video(film(count, 3), FPS))
    rows, first = [], 0
    for i, length in enumerate(lengths):
        row = {"episode_index": i, "tasks": ["?"], "length": length, "data/chunk_index": 0, "data/file_index": 0}
        row |= {f"videos/{key}/chunk_index": 0, f"videos/{key}/file_index": 0}
        row |= {f"videos/{key}/from_timestamp": first / FPS, "dataset_from_index": first}
        rows.append(row | {"dataset_to_index": first + length})
        first += length
    pq.write_table(pa.Table.from_pylist(rows), root / "meta/episodes/chunk-000/file-000.parquet")
    return root


def rewrite_column(root: Path, episode: int, name: str, values: object) -> None:
    """Replace a column of one v2.1 episode."""
    path = root / f"data/chunk-000/episode_{episode:06d}.parquet"
    table = pq.read_table(path)
    at = table.column_names.index(name)
    pq.write_table(table.set_column(at, name, pa.array(values)), path)
