"""LeRobot's language columns: rows of the right form, in a copy that is otherwise the same dataset."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from said import said_points

from sightline.core.errors import SightlineError
from sightline.data import layout
from sightline.data.dataset import load_dataset
from sightline.engine.vqa.columns import EVENTS, PERSISTENT, add_language
from sightline.engine.vqa.formats import parse_steps
from sightline.language.parsing import Meaning, meanings

CAMERAS = ("observation.images.front", "observation.images.wrist")


@pytest.fixture(scope="module")
def copy(demonstrations: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("annotated") / "copy"
    result = add_language(demonstrations, root)
    assert result["episodes"] == 2 and {"task_aug", "subtask", "plan", "vqa", "trace"} == set(result["rows"])
    return root


def rows_of(root: Path, episode: int) -> tuple[list[list[dict]], list[list[dict]]]:
    table = layout.read_parquet(load_dataset(root).episodes[episode].table)
    assert pa.types.is_list(table.schema.field(PERSISTENT).type)
    return table.column(PERSISTENT).to_pylist(), table.column(EVENTS).to_pylist()


def test_nothing_else_changes(demonstrations: Path, copy: Path) -> None:
    old, new = load_dataset(demonstrations), load_dataset(copy)
    for name in (PERSISTENT, EVENTS):
        assert new.info["features"][name] == {"dtype": "language", "shape": [1], "names": None}
        assert name not in old.info["features"], "the source must stay as it is"
    for episode in range(2):
        for key, values in old.table(episode).items():
            np.testing.assert_array_equal(new.table(episode)[key], values)
        np.testing.assert_array_equal(new.labels(episode).positions, old.labels(episode).positions)
    assert not list(copy.parent.glob(".*"))


def test_persistent_rows_are_on_every_frame_and_in_time(copy: Path) -> None:
    dataset = load_dataset(copy)
    for meta in dataset.episodes:
        lasting, _ = rows_of(copy, meta.index)
        assert len(lasting) == meta.length and all(rows == lasting[0] for rows in lasting)
        for row in lasting[0]:
            assert set(row) == {"role", "content", "style", "timestamp", "camera", "tool_calls"}
            assert row["camera"] is None and row["tool_calls"] is None
            frame = row["timestamp"] * dataset.fps
            assert frame == pytest.approx(round(frame), abs=1e-4) and 0 <= round(frame) < meta.length
            if row["style"] == "plan":
                assert parse_steps(row["content"])[-1].startswith("let go")
        stages = [row for row in lasting[0] if row["style"] == "subtask"]
        subtasks = dataset.labels(meta.index).subtasks
        assert len(stages) == 1 + sum(a != b for a, b in itertools.pairwise(subtasks))


def test_paraphrases_mean_the_same_task(copy: Path) -> None:
    dataset = load_dataset(copy)
    for meta in dataset.episodes:
        said = [row["content"] for row in rows_of(copy, meta.index)[0][0] if row["style"] == "task_aug"]
        assert len(set(said)) == len(said) >= 4
        task, scene = meta.task, dataset.labels(meta.index).scene(0)
        for text in said:
            assert meanings(text, scene) == {Meaning(task.relation, task.target, task.reference)}


def test_events_name_their_camera_and_can_be_told_apart(copy: Path) -> None:
    dataset, traces = load_dataset(copy), 0
    for meta in dataset.episodes:
        for t, rows in enumerate(rows_of(copy, meta.index)[1]):
            keys = [(row["style"], row["role"], row["camera"]) for row in rows]
            assert len(set(keys)) == len(keys), "a recipe finds one row of a style, role and camera"
            assert all(row["camera"] in CAMERAS and row["style"] in ("vqa", "trace") for row in rows)
            for row in rows:
                if row["style"] == "trace":
                    camera = row["camera"].rpartition(".")[2]
                    stored = dataset.labels(meta.index).traces[camera][t]
                    np.testing.assert_array_equal(np.array(said_points(row["content"])), np.floor(stored))
                    traces += 1
    assert traces > 10


def test_a_folder_that_exists_is_not_touched(demonstrations: Path, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="exists already"):
        add_language(demonstrations, copy)
    with pytest.raises(SightlineError, match="phrasing"):
        add_language(demonstrations, tmp_path / "new", phrasing="never")
    assert not list(tmp_path.iterdir())
