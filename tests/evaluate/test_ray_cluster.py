"""Evaluation on a Ray cluster of two nodes: the same rows, also where some are there already."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fake_world import FakeEnv, FakePolicy
from ray_nodes import two_nodes

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.evaluate.collected import Kept
from sightline.evaluate.launch import launch
from sightline.evaluate.rollout import RolloutSettings, rollout

pytest.importorskip("ray", reason="the extra 'ray' is not installed")
SEEDS = tuple(range(100, 110))
SETTINGS = RolloutSettings(batch=3, launcher="ray")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with two_nodes(monkeypatch) as cluster:
        yield cluster


def test_the_cluster_does_not_matter(cluster: Any) -> None:
    here = rollout(FakePolicy(), FakeEnv, SEEDS, RolloutSettings(batch=3))
    heard: list[int] = []
    kept = Kept({row.seed: row for row in here[1:5]}, lambda row: heard.append(row.seed))
    assert launch(FakePolicy, FakeEnv, SEEDS, SETTINGS, 2, "fakes", kept) == here
    assert sorted(heard) == sorted(set(SEEDS) - {row.seed for row in here[1:5]})
    other = Card.from_dict({**FakePolicy().card.to_dict(), "control_hz": 3.0})
    with pytest.raises(SightlineError, match="control_hz"):  # in the words of the episode that raised it
        launch(partial(FakePolicy, other), FakeEnv, SEEDS, SETTINGS, 2, "fakes", Kept())


def test_films_are_refused(tmp_path: Path) -> None:
    filmed = RolloutSettings(films=1, film_dir=tmp_path, launcher="ray")
    with pytest.raises(SightlineError, match="leave --video out"):
        launch(FakePolicy, FakeEnv, SEEDS, filmed, 2, "fakes", Kept())


def test_who_runs_them_is_known() -> None:
    with pytest.raises(SightlineError, match="launcher"):
        RolloutSettings(launcher="slurm")
