"""Datasets made by others: v3.0 with many episodes in a file, v2.1 with partial cameras."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from synthetic import synthetic_episode

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.statistics import dataset_statistics
from sightline.data.video import decode_video, encode_video

LENGTHS = (6, 9, 5)
REAL = Path(os.environ.get("SIGHTLINE_SAMPLE_DATA", Path(__file__).parents[3] / "shared/data")) / "sim_pick_place"


def pictures() -> np.ndarray:
    return np.stack([frame.views["front"].image for frame in synthetic_episode(length=sum(LENGTHS)).frames])


def table(lengths: tuple[int, ...], first: int = 0) -> pa.Table:
    count = sum(lengths)
    state = np.arange(count * 3, dtype=np.float32).reshape(count, 3)
    clock = np.concatenate([np.arange(length, dtype=np.float32) / 10 for length in lengths])
    index = np.concatenate([np.full(length, first + i) for i, length in enumerate(lengths)])
    columns = {"observation.state": list(state), "action": list(state), "next.reward": state[:, 0], "timestamp": clock}
    return pa.table({**columns, "episode_index": index})


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    """As lerobot writes it: all episodes in one parquet file and one video."""
    key = "observation.images.top"
    for folder in ("meta/episodes/chunk-000", "data/chunk-000", f"videos/{key}/chunk-000"):
        (tmp_path / folder).mkdir(parents=True)
    spec = {"dtype": "video", "shape": [64, 64, 3]}
    info = {
        "codebase_version": "v3.0",
        "fps": 10,
        "features": {key: spec},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }
    (tmp_path / "meta/info.json").write_text(json.dumps(info))
    pq.write_table(table(LENGTHS), tmp_path / "data/chunk-000/file-000.parquet")
    (tmp_path / f"videos/{key}/chunk-000/file-000.mp4").write_bytes(encode_video(pictures(), 10))
    rows, first = [], 0
    for i, length in enumerate(LENGTHS):
        row = {"episode_index": i, "tasks": [f"task {i % 2}"], "length": length}
        row |= {"data/chunk_index": 0, "data/file_index": 0}
        row |= {f"videos/{key}/chunk_index": 0, f"videos/{key}/file_index": 0}
        row |= {f"videos/{key}/from_timestamp": first / 10, f"videos/{key}/to_timestamp": (first + length) / 10}
        rows.append(row | {"dataset_from_index": first, "dataset_to_index": first + length})
        first += length
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "meta/episodes/chunk-000/file-000.parquet")
    return tmp_path


def test_many_episodes_in_a_file(stock: Path) -> None:
    dataset = load_dataset(stock)
    assert (len(dataset), dataset.cameras, dataset.card, dataset.frames) == (3, ("top",), None, 20)
    assert dataset.episodes[1].text == "task 1" and dataset.episodes[1].labels is None
    assert dataset.table(1)["state"][:, 0].tolist() == [3.0 * row for row in range(6, 15)]
    assert "next.reward" in dataset.table(1)
    whole = np.concatenate([dataset.video(i, "top") for i in range(3)])
    assert len(whole) == 20
    assert np.array_equal(dataset.frame(2, 0, "top"), whole[15]) and np.array_equal(
        dataset.frame(1, 8, "top"), whole[14]
    )
    with pytest.raises(SightlineError, match="no dense labels"):
        dataset.labels(0)


def test_statistics_need_no_video(stock: Path) -> None:
    for video in stock.rglob("*.mp4"):
        video.write_bytes(b"")
    found = dataset_statistics(load_dataset(stock))["observation.state"]
    values = np.arange(60, dtype=float).reshape(20, 3)
    assert np.allclose(found["mean"], values.mean(0)) and np.allclose(found["std"], values.std(0))
    assert np.allclose(found["q01"], np.quantile(values, 0.01, axis=0)) and found["count"].tolist() == [20]
    some = dataset_statistics(load_dataset(stock), episodes=[2])["observation.state"]
    assert np.allclose(some["min"], values[15:].min(0)) and np.allclose(some["max"], values[15:].max(0))


def test_v21_with_a_partial_camera_and_scalar_lists(tmp_path: Path) -> None:
    for folder in ("meta", "data/chunk-000", "videos/chunk-000/video.side"):
        (tmp_path / folder).mkdir(parents=True)
    info = {
        "codebase_version": "v2.1",
        "fps": 10,
        "chunks_size": 1000,
        "features": {"video.side": {"dtype": "video", "shape": [64, 64, 3]}},
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    }
    (tmp_path / "meta/info.json").write_text(json.dumps(info))
    lines = [{"episode_index": i, "tasks": ["stir"], "length": 6} for i in range(2)]
    (tmp_path / "meta/episodes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for i in range(2):
        grip = pa.array([[float(t)] for t in range(6)])
        rows = (
            table((6,), i).append_column("action.gripper", grip).append_column("annotation.raw", pa.array([b"x"] * 6))
        )
        pq.write_table(rows, tmp_path / f"data/chunk-000/episode_{i:06d}.parquet")
    (tmp_path / "videos/chunk-000/video.side/episode_000001.mp4").write_bytes(encode_video(pictures()[:6], 10))
    dataset = load_dataset(tmp_path)
    assert dataset.problems == ["camera 'side' is missing in 1 of 2 episodes (0)"]
    assert dataset.video(1, "side").shape == (6, 64, 64, 3)
    found = dataset.table(0)
    assert found["action.gripper"].shape == (6, 1) and "annotation.raw" not in found


@pytest.mark.skipif(not REAL.exists(), reason="the sample recording is not on this machine")
def test_real_recording() -> None:
    dataset = load_dataset(REAL)
    assert (len(dataset), dataset.frames, dataset.fps) == (4, 1667, 30)
    assert [problem.split("'")[1] for problem in dataset.problems] == ["base_view", "base_view_2"]
    assert dataset.table(2)["state.joints"].shape == (398, 7)
    video = dataset.video(2, "ego_view")
    assert video.shape == (398, 480, 640, 3)
    for t in (0, 1, 199, 397):
        assert np.array_equal(dataset.frame(2, t, "ego_view"), video[t])
    for camera in dataset.cameras:
        path = dataset.episodes[2].videos[camera].path
        some = decode_video(path, 4, 30, start=131 / 30)
        assert all(np.array_equal(dataset.frame(2, 131 + i, camera), some[i]) for i in range(4))
    assert np.isfinite(dataset_statistics(dataset)["action.delta_eef_position"]["q99"]).all()
