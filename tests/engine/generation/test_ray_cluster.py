"""Generation on a Ray cluster of two nodes: the same content, also when a node is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray_nodes import two_nodes
from synthetic import slow_candidate, synthetic_candidate

from sightline.core.errors import SightlineError
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe

pytest.importorskip("ray", reason="the extra 'ray' is not installed")
EPISODES = 48


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with two_nodes(monkeypatch) as cluster:
        yield cluster


def lose_a_node(cluster: Any, finished: Path) -> None:
    """Take a node away as soon as the file ``finished`` exists."""
    deadline = time.monotonic() + 60
    while not finished.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)


def test_the_cluster_does_not_matter(cluster: Any, tmp_path: Path) -> None:
    """Nor does it matter that one of its nodes is lost in the middle."""
    here = generate(tmp_path / "here", EPISODES, Recipe(1, size=64), make=slow_candidate)
    finished = tmp_path / "there/meta/episodes/chunk-000/file-007.parquet"
    thread = threading.Thread(target=lose_a_node, args=(cluster, finished))
    thread.start()
    there = generate(tmp_path / "there", EPISODES, Recipe(1, size=64), workers=2, launcher="ray", make=slow_candidate)
    thread.join()
    assert len(cluster.list_all_nodes()) == 2
    assert {**there, "seconds": 0} == {**here, "seconds": 0}


def test_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))  # where Ray looks for a cluster of this machine
    with pytest.raises(SightlineError, match="No Ray cluster answers"):
        generate(tmp_path / "data", 2, Recipe(1, size=64), launcher="ray", make=synthetic_candidate)
