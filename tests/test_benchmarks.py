"""What measurements rest on: the clock of the delays, answers that go astray, deadlines. Small and without a model."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from serving import ACTIONS, CARD, Echo, serving

from sightline.core.types import ActionChunk, Observation
from sightline_client import Blocking, PolicyClient

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """Imports a measurement by its file's name, under another one (the tests have a ``serving`` of their own)."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def imported(name: str) -> Any:
        spec = importlib.util.spec_from_file_location(f"measuring_{name}", FOLDER / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return imported


class Table:
    """An environment in which nothing stands; its episodes end after ``limit`` ticks, in success."""

    def __init__(self, limit: int = 12, hz: int = 10) -> None:
        self.card = replace(CARD, control_hz=hz)
        self.limit, self.done = limit, list[np.ndarray]()

    def reset(self, seed: int) -> None:
        self.done = []

    def advance(self, action: np.ndarray) -> dict[str, bool]:
        self.done.append(action)
        return {"is_success": len(self.done) >= self.limit, "truncated": False}

    def hold(self) -> dict[str, bool]:
        return {"is_success": True}

    def observe(self) -> Observation:
        picture = np.zeros((8, 8, 3), np.uint8)
        state = np.array([len(self.done), 0, 0], np.float32)
        return Observation({name: picture for name in self.card.cameras}, state, "go", {})


class Counting:
    """A policy whose actions tell when it looked (1 before anything is done), and which remembers what was frozen."""

    def __init__(self, table: Table) -> None:
        self.table, self.frozen = table, list[Any]()

    def reset(self, row: int, episode: int) -> None:
        pass

    def act(self, observations, rows, seed, frozen):
        self.frozen.append(None if frozen[0] is None else len(frozen[0]))
        chunk = np.full((8, len(ACTIONS)), 1 + len(self.table.done), np.float32)
        return [ActionChunk(chunk)], {}


@pytest.mark.parametrize(
    ("way", "done", "standing"),
    [
        ("blocking", [0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 8, 8], 6),
        ("asynchronous", [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 8, 8], 3),
        ("real-time", [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 8, 8], 3),
    ],
)
def test_time_goes_on_while_an_answer_is_late(benchmark, monkeypatch, way, done, standing):
    """Four actions of each chunk are executed; the next one comes three ticks after it was asked for."""
    delays, table = benchmark("delays"), Table()
    policy = Counting(table)
    monkeypatch.setattr(delays, "served", lambda name: (policy, table))
    monkeypatch.setattr(delays, "GRIPPER", 2)
    row = delays.episode("any", way, 250, 0, 4)
    assert [int(action[0]) for action in table.done] == done and row["standing"] == standing
    assert row["success"] and row["ticks"] == 12 and row["chunks"] == 2
    assert policy.frozen[:2] == [None, 3 if way == "real-time" else None]
    assert len(row["jerk_at_seams"]) + len(row["jerk_elsewhere"]) == 10 and max(row["jerk_elsewhere"]) == 0


def test_without_a_delay_all_that_wait_for_nothing_do_the_same(benchmark, monkeypatch):
    delays, done = benchmark("delays"), {}
    monkeypatch.setattr(delays, "GRIPPER", 2)
    for way in ("blocking", "asynchronous", "real-time"):
        table = Table()
        monkeypatch.setattr(delays, "served", lambda name, table=table: (Counting(table), table))
        assert delays.episode("any", way, 0, 0, 4)["standing"] == 0
        done[way] = np.stack(table.done)
    assert (done["blocking"] == done["asynchronous"]).all() and (done["blocking"] == done["real-time"]).all()


def seen(number: float) -> Observation:
    """What a client sees; its answers begin with ``number``."""
    picture = np.zeros((8, 8, 3), np.uint8)
    return Observation({name: picture for name in CARD.cameras}, np.array([number, 0, 0], np.float32), "go", {})


def test_clients_at_once_hear_what_each_heard_alone_beside_a_slow_and_a_dead_one(benchmark):
    measure = benchmark("serving")
    clients = [seen(100.0 * number) for number in range(3)]
    with serving(Echo) as running:
        known, _ = measure.one_at_a_time(running.address, clients, 3)
        with measure.nuisances(running.address, clients[0]):
            heard, seconds = measure.all_at_once(running.address, clients, 3)
    assert seconds > 0 and measure.strays(known, heard) == (0, 0.0)
    assert measure.strays(known, [heard[1], heard[0], heard[2]])[0] == 6
    assert all(len(one.waits) == 3 for one in heard)


def test_an_action_that_comes_late_is_a_missed_deadline(benchmark, monkeypatch):
    control, table = benchmark("control"), Table(limit=5, hz=1000)
    times = control.Times([], [], [], [])
    slept = list[float]()
    now = iter(np.arange(0, 1000, 0.01).tolist())  # every look at the clock takes ten periods
    monkeypatch.setattr(control, "time", SimpleNamespace(monotonic=lambda: next(now), sleep=slept.append))
    with serving(Echo) as running, PolicyClient(running.address) as client:
        actions = Blocking(client, 2)
        control.drive(table, actions, client.metadata["policy_server_config"], times, 0, 100)
    assert (times.missed, len(times.work), times.episodes, times.successes) == (4, 4, 1, 1)
    assert len(times.answers) == 2 and len(times.first) == 1 and max(slept) == 0


# ---- the playground ---------------------------------------------------------------------------------------------


def test_frames_are_counted_while_the_arm_acts_and_scene_follows_scene(benchmark, monkeypatch) -> None:
    playground = benchmark("playground")
    clock, sent = iter([10.0, 10.1, 10.3, 20.0, 20.5]), list[dict]()
    monkeypatch.setattr(playground.time, "monotonic", lambda: next(clock))
    watching = playground.Watching(playground.Settings(seconds=0.75), 4.0, sent.append)
    still, acts = {"examples": ["go"], "playing": False}, {"examples": ["go"], "playing": True}
    watching.frame()  # of the scene as it begins: nobody acts yet
    for told in (still, acts):
        watching.state(told)
    for _ in range(3):
        watching.frame()
    assert not watching.over
    watching.state(still)  # the episode has ended, the next scene is asked for
    for told in (still, acts):
        watching.state(told)
    for _ in range(2):
        watching.frame()
    assert watching.over and [told["do"] for told in sent] == ["new", "speed", "say"] * 2 and sent[0]["seed"] == 1
    assert sent[3]["seed"] == 2 and sent[2]["words"] == "go"
    told = playground.rates(watching.episodes)  # the time between two episodes is nobody's
    assert told["frames"] == 3 and told["seconds"] == pytest.approx(0.8) and told["fps"] == pytest.approx(3.75)
    assert told["longest"] == pytest.approx(500)
