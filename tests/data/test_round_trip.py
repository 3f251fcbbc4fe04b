"""What is written is what is read: numbers and labels exactly, pictures nearly; in LeRobot's own layout."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from synthetic import synthetic_card, synthetic_episode

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera, resample_path
from sightline.core.types import Episode
from sightline.data import Dataset, DatasetWriter, load_dataset
from sightline.data.content_hash import content_hash
from sightline.data.labels import compress_ids, decompress_ids


def test_index(dataset: Dataset, written: list[Episode]) -> None:
    assert len(dataset) == len(written)
    assert dataset.cameras == ("front", "wrist") and dataset.fps == 10
    assert dataset.card == synthetic_card() and dataset.problems == []
    for meta, episode in zip(dataset.episodes, written, strict=True):
        assert meta.length == len(episode.frames)
        assert (meta.task, meta.objects) == (episode.task, episode.frames[0].scene.objects)
        assert (meta.text, meta.seed, meta.candidate, meta.kind) == (
            episode.task.instruction,
            episode.seed,
            episode.candidate,
            "episodes",
        )


def test_numbers_are_exact(dataset: Dataset, written: list[Episode]) -> None:
    for i, episode in enumerate(written):
        table = dataset.table(i)
        assert table["state"].dtype == table["action"].dtype == np.float32
        assert np.array_equal(table["state"], np.stack([frame.state for frame in episode.frames]))
        assert np.array_equal(table["action"], np.stack([frame.action for frame in episode.frames]))
        assert np.allclose(table["timestamp"], np.arange(len(episode.frames)) / 10)


def test_labels_are_exact(dataset: Dataset, written: list[Episode]) -> None:
    labels, episode = dataset.labels(2), written[2]
    assert labels.subtasks == [frame.subtask for frame in episode.frames]
    for t, frame in enumerate(episode.frames):
        scene = labels.scene(t)
        for name in ("positions", "yaws", "present", "grasp_points", "grasp_yaws", "tool", "tool_yaw", "gripper_width"):
            assert np.array_equal(np.float32(getattr(scene, name)), np.float32(getattr(frame.scene, name))), name
        assert scene.objects == frame.scene.objects
        assert np.array_equal(np.float32(labels.place[t]), np.float32(frame.place))
        for camera, view in frame.views.items():
            assert np.array_equal(labels.cameras[camera][t], view.camera.to_vector())
            assert np.array_equal(labels.boxes[camera][t], np.float32(view.boxes), equal_nan=True)
    for camera in dataset.cameras:
        maps = np.stack([frame.views[camera].ids for frame in episode.frames])
        assert np.array_equal(dataset.ids(2, camera), maps)
        assert np.array_equal(dataset.ids(2, camera, [5, 0, 5]), maps[[5, 0, 5]])
    assert np.array_equal(labels.way(3), np.concatenate([labels.tool[3:], labels.tool[-1:]]))
    assert len(labels.way(len(labels) - 1)) == 2


def test_points_and_traces_are_projections(dataset: Dataset, written: list[Episode]) -> None:
    labels, episode = dataset.labels(1), written[1]
    tool = np.stack([frame.scene.tool for frame in episode.frames])
    for camera in dataset.cameras:
        for t, frame in enumerate(episode.frames):
            calibration: Camera = frame.views[camera].camera
            trace = calibration.project(resample_path(tool[t:], 16))[0]
            assert np.allclose(labels.traces[camera][t], trace, atol=1e-3, equal_nan=True)
            grasp = calibration.project(frame.scene.grasp_points[episode.task.target])[0]
            assert np.allclose(labels.grasp_pixels[camera][t], grasp, atol=1e-3, equal_nan=True)
            place = calibration.project(frame.place)[0]
            assert np.allclose(labels.place_pixels[camera][t], place, atol=1e-3, equal_nan=True)
    assert np.isfinite(labels.traces["front"]).all()


def test_pictures(dataset: Dataset, written: list[Episode]) -> None:
    for camera in dataset.cameras:
        video = dataset.video(0, camera)
        truth = np.stack([frame.views[camera].image for frame in written[0].frames])
        assert 10 * np.log10(255**2 / np.mean((video.astype(float) - truth) ** 2)) > 28
        assert np.array_equal(dataset.frame(0, 5, camera), video[5])


def test_slide_shows_have_no_task(tmp_path: Path) -> None:
    show = synthetic_episode(scenes=True, length=4)
    with DatasetWriter(tmp_path, synthetic_card()) as writer:
        writer.write(show, kind="scenes")
    dataset = load_dataset(tmp_path)
    meta, labels = dataset.episodes[0], dataset.labels(0)
    assert (meta.kind, meta.task, meta.text) == ("scenes", None, "")
    assert np.isnan(labels.traces["front"]).all() and np.isnan(labels.place).all()
    assert np.isfinite(labels.boxes["front"]).any()


def test_layout_is_lerobots(pristine: Path, written: list[Episode]) -> None:
    info = json.loads((pristine / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0" and info["total_episodes"] == len(written)
    assert info["features"]["observation.images.front"]["shape"] == [64, 64, 3]
    row = pq.read_table(pristine / "meta/episodes/chunk-000/file-002.parquet").to_pylist()[0]
    lengths = [len(episode.frames) for episode in written]
    assert (row["dataset_from_index"], row["dataset_to_index"]) == (sum(lengths[:2]), sum(lengths[:3]))
    assert row["videos/observation.images.wrist/file_index"] == row["data/file_index"] == 2
    assert row["videos/observation.images.wrist/to_timestamp"] == pytest.approx(lengths[2] / 10)
    assert row["stats/observation.state/count"] == [lengths[2]]
    assert np.shape(row["stats/observation.images.front/mean"]) == (3, 1, 1)
    data = pq.read_table(pristine / "data/chunk-000/file-002.parquet")
    assert str(data.schema.field("observation.state").type).startswith("fixed_size_list")
    assert data.column("index").to_pylist() == list(range(sum(lengths[:2]), sum(lengths[:3])))
    tasks = pq.read_table(pristine / "meta/tasks.parquet")
    texts = tasks.column("__index_level_0__").to_pylist()
    assert texts[data.column("task_index")[0].as_py()] == row["tasks"][0]
    statistics = json.loads((pristine / "meta/stats.json").read_text())
    assert statistics["action"]["count"] == [sum(lengths)]
    assert set(statistics) >= {"observation.state", "action", "observation.images.front", "observation.images.wrist"}


def test_instance_maps_are_lossless_and_small() -> None:
    ids = synthetic_episode(size=224, length=1).frames[0].views["front"].ids
    blob = compress_ids(ids)
    assert np.array_equal(decompress_ids(blob, *ids.shape), ids) and len(blob) < 1500
    with pytest.raises(SightlineError, match="instance map is damaged"):
        decompress_ids(blob[:50], *ids.shape)


def test_a_writer_goes_on_where_another_stopped(copy: Path, written: list[Episode]) -> None:
    before = content_hash(load_dataset(copy))
    leftover = copy / "data/chunk-000/file-004.parquet"
    leftover.write_bytes(b"half an episode")
    with DatasetWriter(copy, synthetic_card()) as writer:
        assert not leftover.exists() and len(writer.episodes) == len(written)
        writer.write(synthetic_episode(seed=3, candidate=9))
    dataset = load_dataset(copy)
    assert len(dataset) == len(written) + 1 and content_hash(dataset, len(written)) == before
    statistics = json.loads((copy / "meta/stats.json").read_text())
    assert statistics["action"]["count"] == [dataset.frames]
    assert statistics["observation.images.front"]["count"] == [dataset.frames]


def test_summary_files_may_be_stale(copy: Path, written: list[Episode]) -> None:
    info = json.loads((copy / "meta/info.json").read_text())
    (copy / "meta/info.json").write_text(json.dumps(info | {"total_episodes": 0, "total_frames": 0}))
    dataset = load_dataset(copy)
    assert len(dataset) == len(written) and dataset.frames == sum(len(episode.frames) for episode in written)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with (
        DatasetWriter(tmp_path, synthetic_card()),
        pytest.raises(SightlineError, match="being written by another process"),
    ):
        DatasetWriter(tmp_path, synthetic_card())


def test_another_card_is_refused(copy: Path) -> None:
    with pytest.raises(SightlineError, match="image_size"):
        DatasetWriter(copy, synthetic_card(128))


def test_a_full_disk_leaves_earlier_episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = DatasetWriter(tmp_path, synthetic_card())
    writer.write(synthetic_episode())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SightlineError, match="is full: the episodes finished so far are safe"):
        writer.write(synthetic_episode(candidate=1))
    with pytest.raises(SightlineError, match="is full"):
        writer.close()
    monkeypatch.undo()
    dataset = load_dataset(tmp_path)
    assert len(dataset) == 1 and len(dataset.video(0, "front")) == dataset.episodes[0].length
    with DatasetWriter(tmp_path, synthetic_card()) as again:
        again.write(synthetic_episode(candidate=1))
    assert len(load_dataset(tmp_path)) == 2


@pytest.mark.parametrize("fault", ["nan", "camera", "frames"])
def test_bad_episodes_are_not_written(tmp_path: Path, fault: str) -> None:
    episode = synthetic_episode()
    if fault == "nan":
        episode.frames[3].state[2] = np.nan
    elif fault == "camera":
        del episode.frames[1].views["wrist"]
    else:
        episode.frames.clear()
    with DatasetWriter(tmp_path, synthetic_card()) as writer:
        with pytest.raises(SightlineError, match={"nan": "NaN", "camera": "wrist", "frames": "no frames"}[fault]):
            writer.write(episode)
        assert not writer.episodes


def test_joints_and_labels_are_kept_where_there_are_any(tmp_path: Path) -> None:
    plain, episode = synthetic_episode(candidate=0), synthetic_episode(candidate=1)
    for t, frame in enumerate(episode.frames):
        first, second, *others = frame.scene.objects
        parts = (replace(first, role="drawer", label="top", travel=0.08), replace(second, role="button", label="7"))
        frame.scene = replace(frame.scene, objects=(*parts, *others), joints=np.array([0.01 * t, *[np.nan] * 4]))
    with DatasetWriter(tmp_path / "made", synthetic_card()) as writer:
        writer.write(plain)
        writer.write(episode)
    dataset = load_dataset(tmp_path / "made")
    assert dataset.labels(0).joints is None and dataset.labels(0).scene(0).joints is None
    labels = dataset.labels(1)
    assert labels.joints is not None
    np.testing.assert_allclose(labels.joints[:, 0], 0.01 * np.arange(len(labels)), atol=1e-6)
    assert np.isnan(labels.scene(2).joints[1:]).all()
    assert [info.label for info in dataset.episodes[1].objects[:2]] == ["top", "7"]
    assert dataset.episodes[1].objects[0].travel == 0.08 and not dataset.episodes[0].objects[0].label
