"""Damage is met with one sentence that names the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from synthetic import synthetic_card

from sightline.core.errors import SightlineError
from sightline.data import Dataset, DatasetWriter, load_dataset
from sightline.data.inspect import inspect

DATA = "data/chunk-000/file-001.parquet"
LABELS = "annotations/chunk-000/file-001.parquet"
META = "meta/episodes/chunk-000/file-001.parquet"
VIDEO = "videos/observation.images.wrist/chunk-000/file-001.mp4"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="does not exist"):
        load_dataset(tmp_path / "nowhere")


def test_not_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="is not a dataset"):
        load_dataset(tmp_path)


def test_corrupt_table(copy: Path) -> None:
    cut(copy / DATA)
    with pytest.raises(SightlineError, match=rf"{DATA} cannot be read .* damaged"):
        load_dataset(copy).table(1)


def test_corrupt_labels(copy: Path) -> None:
    cut(copy / LABELS)
    dataset = load_dataset(copy)
    with pytest.raises(SightlineError, match=rf"{LABELS} cannot be read"):
        dataset.labels(1)
    with pytest.raises(SightlineError, match=rf"{LABELS} cannot be read"):
        dataset.ids(1, "front")


def test_corrupt_index(copy: Path) -> None:
    cut(copy / META)
    with pytest.raises(SightlineError, match=rf"{META} cannot be read"):
        load_dataset(copy)


def test_hole_in_the_index(copy: Path) -> None:
    """What is left is read under its own numbers, but nothing is appended: its number would be taken."""
    before = load_dataset(copy).table(2)
    (copy / META).unlink()
    dataset = load_dataset(copy)
    assert [meta.index for meta in dataset.episodes] == [0, 2, 3]
    assert dataset.problems == ["meta/info.json promises 4 episodes, but the index has 3"]
    assert np.array_equal(dataset.table(2)["state"], before["state"])
    with pytest.raises(SightlineError, match=r"no episode 1: it holds 3, numbered 0, 2, 3"):
        dataset.table(1)
    with pytest.raises(SightlineError, match="lacks some of its first 4 episodes"):
        DatasetWriter(copy, synthetic_card())


def test_corrupt_video(copy: Path) -> None:
    cut(copy / VIDEO)
    dataset = load_dataset(copy)
    with pytest.raises(SightlineError, match=rf"{VIDEO} cannot be decoded"):
        dataset.video(1, "wrist")
    with pytest.raises(SightlineError, match=rf"{VIDEO} cannot be decoded"):
        dataset.frame(1, 0, "wrist")
    assert len(dataset.video(1, "front")) == dataset.episodes[1].length


def test_missing_video_is_a_problem_not_a_crash(copy: Path) -> None:
    (copy / VIDEO).unlink()
    dataset = load_dataset(copy)
    assert dataset.problems == ["camera 'wrist' is missing in 1 of 4 episodes (1)"]
    with pytest.raises(SightlineError, match="episode 1 has no video of the camera 'wrist'"):
        dataset.video(1, "wrist")


@pytest.mark.parametrize("column", ["observation.state", "action"])
def test_nan(copy: Path, column: str) -> None:
    table = pq.read_table(copy / DATA)
    values = np.stack(table.column(column).to_numpy(zero_copy_only=False))
    values[4, 2] = np.nan
    place = table.column_names.index(column)
    damaged = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    pq.write_table(table.set_column(place, column, damaged), copy / DATA)
    with pytest.raises(SightlineError, match=rf"{DATA} has NaN or infinity in '{column}' at frame 4"):
        load_dataset(copy).table(1)


def test_lengths_disagree(copy: Path) -> None:
    pq.write_table(pq.read_table(copy / DATA).slice(0, 3), copy / DATA)
    with pytest.raises(SightlineError, match=r"holds 3 frames of episode 1 but the index says"):
        load_dataset(copy).table(1)


def test_wrong_camera_count(copy: Path) -> None:
    card = json.loads((copy / "meta/card.json").read_text())
    (copy / "meta/card.json").write_text(json.dumps(card | {"cameras": ["front"]}))
    with pytest.raises(SightlineError, match=r"card names the cameras \['front'\]"):
        load_dataset(copy)


def test_unknown_camera_episode_frame(dataset: Dataset) -> None:
    with pytest.raises(SightlineError, match="did you mean 'front'"):
        dataset.video(0, "frnt")
    with pytest.raises(SightlineError, match="no episode 7"):
        dataset.table(7)
    with pytest.raises(SightlineError, match="no frame 99"):
        dataset.frame(0, 99, "front")


def test_unknown_version(copy: Path) -> None:
    info = json.loads((copy / "meta/info.json").read_text())
    (copy / "meta/info.json").write_text(json.dumps(info | {"codebase_version": "v9.0"}))
    with pytest.raises(SightlineError, match=r"v9\.0"):
        load_dataset(copy)


def test_inspect_lists_every_problem(copy: Path) -> None:
    cut(copy / VIDEO)
    cut(copy / LABELS)
    pq.write_table(pq.read_table(copy / DATA).slice(0, 3), copy / DATA)
    problems = inspect(copy)["problems"]
    assert len(problems) == 3 and all(problem.startswith("episode 1: ") for problem in problems)


def test_inspect_compares_boxes_with_maps(copy: Path) -> None:
    table = pq.read_table(copy / LABELS)
    boxes = np.stack(table.column("boxes.front").to_numpy(zero_copy_only=False))
    boxes[2, 0:4] += [3, 0, 3, 0]
    place = table.column_names.index("boxes.front")
    moved = pa.FixedSizeListArray.from_arrays(pa.array(boxes.ravel()), boxes.shape[1])
    pq.write_table(table.set_column(place, "boxes.front", moved), copy / LABELS)
    (problem,) = inspect(copy)["problems"]
    assert "camera 'front' at frame 2" in problem


def test_inspect_page(pristine: Path, tmp_path: Path) -> None:
    result = inspect(pristine, html=tmp_path / "page.html")
    assert (result["episodes"], result["problems"]) == (4, [])
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/jpeg") >= 8 and page.count("data:image/png") >= 8
    assert "http" not in page.replace("http-equiv", "")
