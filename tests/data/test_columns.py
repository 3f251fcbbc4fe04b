"""Reading columns of many episodes: the same values as episode by episode, every file once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from foreign import commands, rewrite_column, write_groot, write_ipec

from sightline.core.errors import SightlineError
from sightline.data import layout, load_dataset
from sightline.data.columns import read_columns
from sightline.data.statistics import array_statistics, dataset_statistics


@pytest.mark.parametrize("write", [write_groot, write_ipec])
def test_values_are_those_of_single_episodes(tmp_path: Path, write: object) -> None:
    dataset = load_dataset(write(tmp_path))  # type: ignore[operator]
    found = dict(read_columns(dataset))
    assert list(found) == list(range(len(dataset)))
    for episode, columns in found.items():
        single = dataset.columns(episode)
        assert columns.keys() == single.keys()
        assert all(np.array_equal(columns[name], single[name]) for name in single)


def test_a_shared_file_is_opened_once_and_nothing_else_is_read(tmp_path: Path) -> None:
    dataset = load_dataset(write_ipec(tmp_path, lengths=(5, 6, 7)))
    with mock.patch.object(layout, "read_parquet", wraps=layout.read_parquet) as read:
        found = list(read_columns(dataset, ["action"], [0, 2]))
    assert [(episode, list(columns), len(columns["action"])) for episode, columns in found] == [
        (0, ["action"], 5), (2, ["action"], 7),
    ]  # fmt: skip
    assert [call.args[1] for call in read.call_args_list] == [["action"]]


def test_damage_is_an_error_or_a_problem(tmp_path: Path) -> None:
    root = write_groot(tmp_path)
    rewrite_column(root, 1, "action.gripper_close", [[1.0]] * 8 + [[float("inf")]])
    dataset = load_dataset(root)
    with pytest.raises(SightlineError, match=r"'action\.gripper_close' at frame 8 of episode 1"):
        list(read_columns(dataset, ["action.gripper_close"]))
    problems: list[str] = []
    names = ["action.gripper_close"]
    assert [episode for episode, _ in read_columns(dataset, names, problems=problems)] == [0, 2]
    assert len(problems) == 1
    with pytest.raises(SightlineError, match=r"lacks the columns \['speed'\]"):
        list(read_columns(dataset, ["speed"]))


def test_a_shared_file_that_was_cut_short(tmp_path: Path) -> None:
    dataset = load_dataset(write_ipec(tmp_path, lengths=(5, 6)))
    dataset.episodes[1] = replace(dataset.episodes[1], length=7)
    problems: list[str] = []
    assert [episode for episode, _ in read_columns(dataset, ["action"], problems=problems)] == [0]
    assert "holds 6 frames of episode 1 but the index says 7" in problems[0]


def test_dataset_statistics_are_over_all_frames(tmp_path: Path) -> None:
    found = dataset_statistics(load_dataset(write_groot(tmp_path)))
    values = np.concatenate([commands(n, i)["action.joints"] for i, n in enumerate((12, 9, 15))])
    for name, value in array_statistics(values).items():
        assert np.array_equal(found["action.joints"][name], value)
    assert "task_index" not in found and "annotation.raw" not in found
