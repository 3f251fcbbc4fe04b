"""The audit passes true labels and finds every kind of false one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.core.errors import SightlineError
from sightline.data import layout
from sightline.data.dataset import load_dataset
from sightline.data.labels import column_array, vector_column
from sightline.engine.audit.pictures import Lens, distance_to_way
from sightline.engine.audit.run import audit


def test_true_labels_pass(demonstrations: Path, slides: Path) -> None:
    made = audit(demonstrations)
    assert made["problems"] == [] and made["counts"] == {} and made["episodes"] == 2
    assert set(made["checked"]) == {"map", "box", "point", "mask", "trace", "instruction", "stage", "goal", "state"}
    assert made["checked"]["trace"] > made["frames"] and made["checked"]["box"] > 4 * made["frames"]
    assert 0 < made["worst_px"]["box"] < 0.6 and made["worst_px"]["point"] < 0.1 and made["worst_px"]["trace"] < 0.1
    shown = audit(slides)
    assert shown["problems"] == [] and set(shown["checked"]) == {"map", "box", "state"}


@pytest.fixture
def copy(demonstrations: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demonstrations, tmp_path / "copy"))


def change_labels(root: Path, name: str, change: Callable[[np.ndarray], np.ndarray], episode: int = 1) -> None:
    """Rewrite a column of the labels of an episode."""
    path = load_dataset(root).episodes[episode].labels
    table = layout.read_parquet(path)
    values = change(column_array(table, name).copy())
    column = vector_column(values, values.dtype.type) if values.ndim > 1 else pa.array(values)
    table = table.set_column(table.column_names.index(name), name, column)
    path.write_bytes(layout.parquet_bytes(table))


def change_task(root: Path, episode: int = 1, **changes: object) -> None:
    """Rewrite the task of an episode in the index."""
    path = sorted((root / "meta" / "episodes").rglob("*.parquet"))[episode]
    table = layout.read_parquet(path)
    row = table.to_pylist()[0]
    task = replace(load_dataset(root).episodes[episode].task, **changes)
    row |= {"sightline/task": json.dumps(asdict(task)), "tasks": [task.instruction]}
    path.write_bytes(layout.parquet_bytes(pa.Table.from_pylist([row]), arrow_schema=False))


def moved(amount: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: values + np.asarray(amount, values.dtype)


@pytest.mark.parametrize(
    ("column", "change", "expected"),
    [
        ("boxes.front", moved(4), {"map", "box"}),
        ("grasp.front", moved(4), {"point"}),
        ("place.wrist", moved(4), {"point"}),
        ("trace.front", moved(4), {"trace"}),
        ("trace.front", lambda values: values[:, ::-1], {"trace"}),
        ("camera.front", lambda values: values * np.where(np.arange(15) == 2, 1.1, 1).astype("f4"), {"point", "trace"}),
        ("tool", moved(0.02), {"state", "trace"}),
        ("positions", moved(0.02), {"box"}),
    ],
)
def test_false_labels_are_found(copy: Path, column: str, change: Callable, expected: set[str]) -> None:
    change_labels(copy, column, change)
    found = audit(copy)
    assert expected <= set(found["counts"]), found["problems"]
    assert all(problem.startswith("episode 1:") for problem in found["problems"])


def test_a_goal_that_was_not_reached_is_found(copy: Path) -> None:
    task = load_dataset(copy).episodes[1].task

    def back_to_the_start(values: np.ndarray) -> np.ndarray:
        three = values.reshape(len(values), -1, 3)
        three[-8:, task.target] = three[0, task.target]
        return values

    change_labels(copy, "positions", back_to_the_start)
    assert audit(copy)["counts"]["goal"] == 1


def test_stages_in_a_wrong_order_are_found(copy: Path) -> None:
    change_labels(copy, "subtask", lambda values: values[::-1])
    assert audit(copy)["counts"]["stage"] >= 1
    change_labels(copy, "subtask", lambda values: np.where(values == "carry", "fly", values))
    assert "the stage 'fly' is unknown" in " ".join(audit(copy)["problems"])


def test_false_words_are_found(copy: Path) -> None:
    task = load_dataset(copy).episodes[1].task
    ambiguous = task.instruction.replace(task.target_phrase, "the thing")
    change_task(copy, instruction=ambiguous, target_phrase="the thing")
    problems = " ".join(audit(copy)["problems"])
    assert "'the thing' means" in problems and f"'{ambiguous}' means nothing" in problems
    change_task(copy, instruction=task.instruction, target_phrase=task.target_phrase, target=task.reference)
    assert audit(copy)["counts"]["instruction"] >= 1


def test_a_dataset_without_labels_is_refused(tmp_path: Path, demonstrations: Path) -> None:
    with pytest.raises(SightlineError, match="does not exist"):
        audit(tmp_path / "nowhere")
    (tmp_path / "copy").mkdir()
    root = Path(shutil.copytree(demonstrations, tmp_path / "copy", dirs_exist_ok=True))
    load_dataset(root).episodes[0].labels.unlink()
    assert audit(root)["counts"]["file"] == 1


def test_the_second_projection_confirms_the_first(demonstrations: Path) -> None:
    labels = load_dataset(demonstrations).labels(0)
    points = np.random.default_rng(0).uniform([0.2, -0.4, 0], [0.8, 0.4, 0.4], (len(labels), 20, 3))
    for name in labels.cameras:
        lens = Lens(labels, name)
        for t, found in enumerate(lens.pixels(points)):
            expected, _ = labels.camera(t, name).project(points[t])
            near = np.abs(expected).max(-1) < 1000
            np.testing.assert_allclose(found[near], expected[near], atol=1e-2)
            np.testing.assert_array_equal(lens.pixels_at(t, points[t]), found)


@given(st.lists(st.tuples(*[st.floats(-100, 100)] * 2), min_size=1, max_size=12), st.floats(0, 1))
def test_points_on_a_way_have_no_distance_from_it(corners: list[tuple[float, float]], share: float) -> None:
    way = np.array(corners)
    middle = way[:1] if len(way) == 1 else way[:-1] + share * np.diff(way, axis=0)
    assert distance_to_way(middle, way).max() < 1e-6
    assert distance_to_way(np.array([[500.0, 0.0]]), way)[0] == pytest.approx(
        min(np.linalg.norm(way - [500, 0], axis=1)), rel=0.2
    )


def test_true_labels_of_skills_pass(furnished: Path) -> None:
    made = audit(furnished)
    assert made["problems"] == [] and made["checked"]["goal"] == 8
    relations = {meta.task.relation for meta in load_dataset(furnished).episodes}
    assert {"stack", "press"} <= relations and relations & {"open", "close"}


@pytest.mark.parametrize(
    ("relations", "words"),
    [(("open", "close"), "the drawer with the handle"), (("press",), "the button with the 77"), (("stack",), "it")],
)
def test_false_words_for_skills_are_found(
    furnished: Path, tmp_path: Path, relations: tuple[str, ...], words: str
) -> None:
    root = Path(shutil.copytree(furnished, tmp_path / "copy"))
    wrong = next(meta for meta in load_dataset(root).episodes if meta.task.relation in relations)
    task = wrong.task
    change_task(root, wrong.index, instruction=task.instruction.replace(task.target_phrase, words), target_phrase=words)
    found = audit(root)
    assert found["counts"]["instruction"] >= 2 and all(
        text.startswith(f"episode {wrong.index}:") for text in found["problems"]
    )


def test_a_lid_that_is_not_where_its_joint_says_is_found(furnished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(furnished, tmp_path / "copy"))
    dataset = load_dataset(root)
    meta = next(meta for meta in dataset.episodes if any(info.role == "lid" for info in meta.objects))
    lid = [info.role for info in meta.objects].index("lid")

    def opened(values: np.ndarray) -> np.ndarray:
        values[:, lid] += 0.3
        return values

    change_labels(root, "joints", opened, meta.index)
    assert audit(root)["counts"]["box"] >= 1
