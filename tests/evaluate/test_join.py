"""Shards are the whole evaluation, cut along its batches; joined they are its result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_world import FakePolicy

from sightline.cli.commands import parse
from sightline.core.console import plain
from sightline.core.errors import SightlineError
from sightline.evaluate.join import join
from sightline.evaluate.rows_file import read_rows
from sightline.evaluate.run import evaluate
from sightline.evaluate.shards import Shard
from sightline.evaluate.suites import SUITES, closed_loop
from sightline.evaluate.suites.closed_loop import benchmark

EPISODES = 11


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SUITES, "fake", benchmark("fake_world:FakeEnv"))
    monkeypatch.setattr(closed_loop, "load_policy", lambda spec: FakePolicy())


def run(**options) -> dict:
    return evaluate("someone", suite="fake", **{"episodes": EPISODES, "seed": 2, "workers": 1, "batch": 2} | options)


def shards(folder: Path, count: int = 3, **options) -> list[Path]:
    paths = [folder / f"{number}.jsonl" for number in range(count)]
    for number, path in enumerate(paths):
        run(shard=f"{number}/{count}", rows=path, **options)
    return paths


def test_shards_are_groups_of_the_whole() -> None:
    parts = [Shard(number, 3).seeds(range(EPISODES), 2) for number in range(3)]
    assert parts == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10]]
    assert Shard.of("") == Shard() and Shard().seeds(range(5), 2) == list(range(5))


@pytest.mark.parametrize("text", ["3/3", "1", "a/b", "-1/2", "0/0"])
def test_what_is_no_shard_is_told(text: str) -> None:
    with pytest.raises(SightlineError, match=f"no shard '{text}': give K/N"):
        Shard.of(text)


def test_an_empty_shard_is_told() -> None:
    with pytest.raises(SightlineError, match="Shard 2/3 of 4 episodes in batches of 2 is empty"):
        Shard(2, 3).seeds(range(4), 2)


def test_joined_shards_are_the_whole(tmp_path: Path) -> None:
    whole, paths = run(rows=tmp_path / "whole.jsonl"), shards(tmp_path)
    joined = join(paths[::-1], tmp_path / "report.html")
    figures = ("success_rate", "ci95", "success_any_time", "wrong_object_rate", "episodes")
    assert all(joined[name] == whole[name] for name in figures)
    assert joined["settings"]["policy"] == "someone" and joined["settings"]["seed"] == 2
    assert "someone on fake" in (tmp_path / "report.html").read_text()
    again = join([tmp_path / "whole.jsonl"])
    assert all(again[name] == whole[name] for name in figures), "a whole one can be shown again"


def test_a_shard_has_a_result_of_its_own(tmp_path: Path) -> None:
    result = run(shard="2/3")
    assert [row["seed"] - 2_000_000 for row in result["episodes"]] == [4, 5, 10]
    assert result["settings"]["shard"] == "2/3"


def test_evaluate_is_continued_when_it_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    first = run(rows=path)
    monkeypatch.setattr(closed_loop, "load_policy", lambda spec: pytest.fail("it is not needed"))
    again = run(rows=path, workers=2)
    assert plain(again["episodes"]) == plain(first["episodes"])
    with pytest.raises(SightlineError, match="execute: 4, not 2; batch: 2, not 5"):
        run(rows=path, execute=2, batch=5)
    with pytest.raises(SightlineError, match="episodes: 11, not 12"):
        run(rows=path, episodes=12)


def test_the_weights_of_a_checkpoint_are_part_of_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"one")
    path = tmp_path / "rows.jsonl"
    options = {"suite": "fake", "episodes": 2, "workers": 1, "rows": path}
    evaluate(str(folder), **options)
    (folder / "model.safetensors").write_bytes(b"two")
    with pytest.raises(SightlineError, match=r"settings \(weights: "):
        evaluate(str(folder), **options)


def test_parts_that_are_no_whole_are_refused(tmp_path: Path) -> None:
    paths = shards(tmp_path)
    for chosen, said in (
        (paths[:2], "Shards are missing: 2/3"),
        ([*paths, paths[0]], "no parts of one whole"),
        ([*paths, *shards(tmp_path / "other", 2)], "no parts of one whole"),
        ([*paths[:2], shards(tmp_path / "seed", seed=3)[2]], "different evaluations .*seed: 2, not 3"),
    ):
        with pytest.raises(SightlineError, match=said):
            join(chosen)


def test_unfinished_parts_are_refused(tmp_path: Path) -> None:
    paths = shards(tmp_path)
    lines = paths[1].read_bytes().splitlines(keepends=True)
    paths[1].write_bytes(b"".join(lines[:-1]))
    with pytest.raises(SightlineError, match=r"not finished \(1 of 4 episodes are missing"):
        join(paths)
    paths[1].write_bytes(lines[0][:9])
    with pytest.raises(SightlineError, match="holds no rows"):
        join(paths)


def test_the_command_joins(tmp_path: Path) -> None:
    paths = shards(tmp_path, 2)
    result = parse(["join", *map(str, paths)]).run()
    assert len(result["episodes"]) == EPISODES
    found = read_rows(paths[0])
    assert found is not None and replace(found.heading, shard="").differences(found.heading) == ["shard: 0/2, not none"]
