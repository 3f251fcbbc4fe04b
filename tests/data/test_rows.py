"""Rows belong to the episode that their own columns name, wherever they lie; what disagrees is left out and named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from foreign import rewrite_column
from keyed import ARM, change_index, change_rows, opened, require_right, write_info, write_v2, write_v3

from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.columns import read_columns
from sightline.data.inspect import inspect
from sightline.data.recordings import Recordings

Change = Callable[[list[dict]], list[dict]]
FILE = "data/chunk-000/file-000.parquet"


def test_episodes_that_lie_in_another_order_than_they_are_listed(tmp_path: Path) -> None:
    """All of one length, so that no clock gives it away."""
    root = write_v3(tmp_path, [(2, 6), (0, 6), (1, 6)])
    require_right(opened(root), [0, 1, 2])
    assert inspect(root)["problems"] == []


def test_rows_in_any_order(tmp_path: Path) -> None:
    root = write_v3(tmp_path, [(0, 5), (1, 4), (2, 6)])
    order = np.random.default_rng(3).permutation(15)
    change_rows(root / FILE, lambda rows: [rows[i] for i in order])
    require_right(opened(root), [0, 1, 2])
    dataset = load_dataset(root)
    for episode, columns in read_columns(dataset, ["action"]):
        assert np.array_equal(columns["action"], dataset.table(episode)["action"])


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_deleted_episodes_leave_gaps(tmp_path: Path, version: str) -> None:
    lengths = {0: 4, 2: 5, 5: 3}
    root = write_v2(tmp_path, lengths) if version == "v2" else write_v3(tmp_path, list(lengths.items()))
    found = opened(root)
    require_right(found, [0, 2, 5])
    assert found.frame(len(found) - 1) == (5, 2) and not found.problems
    kept, held = found.split(0.3)
    assert held is not None and (kept.episodes, held.episodes) == ([0, 2], [5])
    result = inspect(root, html=tmp_path / "page.html")
    assert (result["episodes"], result["problems"], result["instructions"]) == (3, [], 1)
    with pytest.raises(SightlineError, match="no episode 1: it holds 3, numbered 0, 2, 5"):
        found.dataset.frame(1, 0, "top")
    with pytest.raises(SightlineError, match=r"has no episodes \[1\]"):
        Recordings(found.dataset, ARM, 2, episodes=[1])


def test_more_episodes_promised_than_there_are(tmp_path: Path) -> None:
    root = write_v2(tmp_path, {0: 3, 2: 3})
    write_info(root, "v2.1", 10, 3)
    assert inspect(root)["problems"] == ["meta/info.json promises 3 episodes, but the index has 2"]


def renumbered(column: str, **new: int) -> Change:
    """Rows with other numbers in a column: ``a0=5`` puts 5 where 0 stood."""
    table = {int(old[1:]): value for old, value in new.items()}

    def change(rows: list[dict]) -> list[dict]:
        return [row | {column: table.get(row[column], row[column])} for row in rows]

    return change


@pytest.mark.parametrize(
    "change, reason",
    [
        (renumbered("episode_index", a1=0), "holds 0 frames of episode 1"),  # a merge that forgot to renumber
        (renumbered("frame_index", a3=9), "where 3 should stand, its frame_index is 9"),
        (renumbered("index", a5=50), "frame 1 of episode 1 has the index 50"),
        (lambda rows: rows[:-1], "holds 3 frames of episode 1 but the index says 4"),
        (lambda rows: [*rows, rows[-1]], "holds 5 frames of episode 1 but the index says 4"),
    ],
)
def test_what_disagrees_is_left_out_on_every_route(tmp_path: Path, change: Change, reason: str) -> None:
    root = write_v3(tmp_path, [(0, 4), (1, 4)])
    change_rows(root / FILE, change)
    dataset = load_dataset(root)
    with pytest.raises(SightlineError, match=reason):
        dataset.table(1)
    with pytest.raises(SightlineError, match=reason):
        list(read_columns(dataset, ["action"], [1]))
    assert any("episode 1" in problem for problem in inspect(root)["problems"])
    try:
        found = opened(root)
    except SightlineError as error:
        assert "episode 1" in str(error)
    else:
        assert 1 not in found.episodes and any("episode 1" in problem for problem in found.problems)


def test_the_index_of_episodes_must_agree_with_the_rows(tmp_path: Path) -> None:
    """Both name a place: where they differ, nobody knows which is right."""
    root = write_v3(tmp_path, [(0, 4), (1, 4), (2, 4)])

    def swap(row: dict) -> None:
        if row["episode_index"]:
            row["dataset_from_index"], row["dataset_to_index"] = {1: (8, 12), 2: (4, 8)}[row["episode_index"]]

    change_index(root, swap)
    found = opened(root)
    require_right(found, [0])
    assert len(found.problems) == 2 and "dataset_from_index" in found.problems[0]


def test_a_renamed_file_of_v21_is_not_taken_for_another_episode(tmp_path: Path) -> None:
    root = write_v2(tmp_path, {0: 4, 1: 4})
    change_rows(root / "data/chunk-000/episode_000001.parquet", renumbered("episode_index", a1=2))
    found = opened(root)
    assert found.episodes == [0] and "Its rows carry the episode_index 2" in found.problems[0]


def without(*columns: str) -> Change:
    return lambda rows: [{name: value for name, value in row.items() if name not in columns} for row in rows]


def test_tables_that_lack_some_of_the_keys(tmp_path: Path) -> None:
    root = write_v3(tmp_path, [(1, 4), (0, 3)])
    change_rows(root / FILE, without("episode_index"))
    require_right(opened(root), [0, 1])
    change_rows(root / FILE, without("frame_index", "timestamp"))
    require_right(opened(root), [0, 1])
    change_rows(root / FILE, without("index"))
    with pytest.raises(SightlineError, match="no column episode_index that tells whose its rows are"):
        opened(root)
    root = write_v2(tmp_path / "alone", {0: 3, 1: 2})
    change_rows(root / "data/chunk-000/episode_000001.parquet", without("episode_index", "index", "frame_index"))
    require_right(opened(root), [0, 1])


@pytest.mark.parametrize(
    "values, word", [([b"\x80\x04N."] * 3, r"bytes \(pickled, perhaps\)"), (["0.1"] * 3, "no numbers")]
)
def test_columns_without_numbers_are_named_for_what_they_hold(tmp_path: Path, values: list, word: str) -> None:
    root = write_v2(tmp_path, {0: 3, 1: 3})
    rewrite_column(root, 1, "action", values)
    found = opened(root)
    assert found.episodes == [0]
    assert re.search(f"the column action, from which the part 'move' is read, holds {word}", found.problems[0])
