"""Rows on the disk outlive whatever ends the process, and are only ever continued by the same settings."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from fake_world import FakeEnv, FakePolicy
from processes import PROCESSES
from rolling import roll_until_killed

from sightline.core.errors import SightlineError
from sightline.evaluate.collected import Kept
from sightline.evaluate.rollout import RolloutSettings, rollout, rollout_in_processes
from sightline.evaluate.rows import EpisodeRow
from sightline.evaluate.rows_file import Heading, RowsFile, append_row, read_rows

SEEDS = tuple(range(100, 110))
HEADING = Heading("fake", {"policy": "someone", "seed": 1}, SEEDS)
SETTINGS = RolloutSettings(batch=3)


@pytest.fixture(scope="module")
def whole() -> list[EpisodeRow]:
    return rollout(FakePolicy(), FakeEnv, SEEDS, SETTINGS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "rows.jsonl"


def finish(path: Path, workers: int = 1) -> list[EpisodeRow]:
    with RowsFile(path, HEADING) as file:
        return rollout_in_processes(FakePolicy, FakeEnv, SEEDS, SETTINGS, workers, kept=file.kept)


def rows_in(path: Path) -> list[EpisodeRow]:
    found = read_rows(path)
    assert found is not None
    return [found.rows[seed] for seed in sorted(found.rows)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_holds_the_settings_and_a_line_an_episode(path: Path, whole: list[EpisodeRow], workers: int) -> None:
    assert finish(path, workers) == whole == rows_in(path)
    first, *lines = path.read_text().splitlines()
    assert json.loads(first) == {
        "title": "fake", "settings": {"policy": "someone", "seed": 1}, "seeds": list(SEEDS), "shard": ""
    }  # fmt: skip
    assert len(lines) == len(SEEDS) and json.loads(lines[0])["seed"] in SEEDS


def test_rows_are_there_as_each_episode_ends(path: Path) -> None:
    seen: list[list[int]] = []
    with RowsFile(path, HEADING) as file:

        def add(row: EpisodeRow) -> None:
            file.kept.add(row)
            seen.append([there.seed for there in rows_in(path)])

        rollout(FakePolicy(), FakeEnv, SEEDS[:3], SETTINGS, kept=Kept({}, add))
    assert [len(seeds) for seeds in seen] == [1, 2, 3], "each in its turn, not at the end of its group"


@pytest.mark.parametrize(("after", "workers"), [(1, 1), (4, 2)])
def test_a_killed_run_is_continued_to_the_same_rows(
    path: Path, whole: list[EpisodeRow], after: int, workers: int
) -> None:
    process = PROCESSES.Process(target=roll_until_killed, args=(path, HEADING, SETTINGS, after))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL and len(rows_in(path)) == after
    before = path.read_bytes()
    assert finish(path, workers) == whole == rows_in(path)
    assert path.read_bytes().startswith(before) and path.read_bytes().count(b"\n") == 1 + len(SEEDS), "none twice"


def test_what_is_there_is_not_run_again(path: Path, whole: list[EpisodeRow], capsys: pytest.CaptureFixture) -> None:
    finish(path)

    def no_policy() -> FakePolicy:
        raise AssertionError("nothing is left to do")

    with RowsFile(path, HEADING) as file:
        assert rollout_in_processes(no_policy, FakeEnv, SEEDS, SETTINGS, 1, kept=file.kept) == whole
    assert "10 of 10 episodes are done already" in capsys.readouterr().out


@pytest.mark.parametrize("cut", [1, 40])
def test_a_torn_last_line_is_dropped_and_said(
    path: Path, whole: list[EpisodeRow], cut: int, capsys: pytest.CaptureFixture
) -> None:
    finish(path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert finish(path) == whole == rows_in(path)
    assert "last line is torn" in capsys.readouterr().out.replace("\n", " ")


def test_a_torn_first_line_is_a_new_start(path: Path, whole: list[EpisodeRow]) -> None:
    finish(path)
    path.write_bytes(path.read_bytes()[:20])
    assert read_rows(path) is None and finish(path) == whole == rows_in(path)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (replace(HEADING, settings={"policy": "someone", "seed": 2}), "seed: 1, not 2"),
        (replace(HEADING, settings={"policy": "someone", "seed": 1, "batch": 4}), "batch: nothing, not 4"),
        (replace(HEADING, settings={"seed": 1}), "policy: someone, not nothing"),
        (replace(HEADING, shard="1/2"), "shard: none, not 1/2"),
        (replace(HEADING, seeds=SEEDS[:5]), "the seeds of the episodes"),
    ],
)
def test_other_settings_are_refused_by_name(path: Path, other: Heading, named: str) -> None:
    finish(path)
    before = path.read_bytes()
    with pytest.raises(SightlineError, match=named), RowsFile(path, other):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["hello\n", "[1]\n", '{"title": "t"}\n'])
def test_files_of_something_else_are_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(SightlineError, match=r"Line 1 of .* none of an evaluation's rows"), RowsFile(path, HEADING):
        pass
    assert path.read_text() == text


def test_a_damaged_line_in_the_middle_is_named(path: Path, whole: list[EpisodeRow]) -> None:
    finish(path)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:3], lines[3][:-9], *lines[4:]]))
    with pytest.raises(SightlineError, match="Line 4 of"):
        read_rows(path)


def test_a_row_of_another_seed_is_named(path: Path, whole: list[EpisodeRow]) -> None:
    finish(path)
    append_row(path, replace(whole[0], seed=7))
    with pytest.raises(SightlineError, match="seed 7, which is not its own"):
        read_rows(path)


def test_one_process_at_a_time(path: Path) -> None:
    told = pytest.raises(SightlineError, match="being written by another process")
    with RowsFile(path, HEADING), told, RowsFile(path, HEADING):
        pass
    with RowsFile(path, HEADING):
        pass


def test_what_cannot_be_written_is_told(tmp_path: Path, whole: list[EpisodeRow]) -> None:
    with pytest.raises(SightlineError, match="cannot be written"):
        RowsFile(tmp_path, HEADING)
    with pytest.raises(SightlineError, match="cannot be written"):
        append_row(tmp_path / "none" / "rows.jsonl", whole[0])
    with pytest.raises(SightlineError, match="name a file of rows"):
        read_rows(tmp_path / "none.jsonl")
