"""What becomes of chunks: which action is executed when."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pytest

from sightline_client import Asynchronous, Blocking, Ensemble, PolicyError, RealTime


class Told:
    """A client whose chunks tell when they were asked for, 100 * tick + place in the chunk; then a gripper."""

    def __init__(self, length: int = 6) -> None:
        self.length, self.asked, self.resets = length, list[int](), 0
        self.frozen: list[Any] = []
        self.gate = threading.Event()
        self.gate.set()

    def infer(self, observation: dict[str, Any]) -> dict[str, Any]:
        assert self.gate.wait(60)
        tick = observation["tick"]
        self.asked.append(tick)
        self.frozen.append(observation.get("frozen"))
        places = np.arange(self.length, dtype=np.float32)
        return {"actions": np.stack([100 * tick + places, np.where(places < 3, 1.0, -1.0)], -1)}

    def reset(self) -> None:
        self.resets += 1


def run(actions: Blocking, ticks: int) -> list[float]:
    """First numbers of the actions of some ticks."""
    return [float(actions.next(lambda tick=tick: {"tick": tick})[0]) for tick in range(ticks)]


def test_blocking_executes_the_first_actions_of_each_chunk():
    client = Told()
    actions = Blocking(client, execute=4)
    actions.reset()
    assert run(actions, 9) == [0, 1, 2, 3, 400, 401, 402, 403, 800] and client.asked == [0, 4, 8]
    actions.reset()
    assert run(actions, 1) == [0] and client.resets == 2


def test_a_short_chunk_is_used_up():
    assert run(Blocking(Told(length=2), execute=4), 3) == [0, 1, 200]


def test_an_ensemble_averages_what_covers_the_tick_and_keeps_the_gripper_whole():
    actions = Ensemble(Told(), execute=2, decay=0.0, gripper=1)
    assert run(actions, 5) == [0, 1, (2 + 200) / 2, (3 + 201) / 2, (4 + 202 + 400) / 3]
    assert actions.next(lambda: {"tick": 5})[1] in (-1, 1)


def test_asynchronous_chunks_are_aligned_with_the_time_that_has_passed():
    client = Told()
    actions = Asynchronous(client, execute=2)
    first = run(actions, 1)
    client.gate.clear()
    late = [float(actions.next(lambda tick=tick: {"tick": tick})[0]) for tick in (1, 2, 3)]
    assert first + late == [0, 1, 2, 3]  # asked at tick 2, not there yet
    client.gate.set()
    actions._asked[1].result(60)
    assert float(actions.next(lambda: {"tick": 4})[0]) == 202  # of the chunk for tick 2, the action of tick 4
    assert actions.waits == 0
    actions.close()


def test_asynchronous_waits_where_the_chunk_runs_out():
    client = Told(length=3)
    actions = Asynchronous(client, execute=1)
    assert run(actions, 1) == [0]
    client.gate.clear()
    assert [float(actions.next(lambda tick=tick: {"tick": tick})[0]) for tick in (1, 2)] == [1, 2]
    threading.Timer(0.05, client.gate.set).start()
    assert float(actions.next(lambda: {"tick": 3})[0]) == 102 and actions.waits == 1
    actions.close()


class Now(Executor):
    """Does at once what it is given."""

    def submit(self, work, /, *given, **named):
        done = Future()
        done.set_result(work(*given, **named))
        return done


def test_somebody_else_may_ask_in_the_meantime():
    mine, blocking = Asynchronous(Told(), execute=4, worker=Now()), Blocking(Told(), execute=4)
    assert run(mine, 9) == run(blocking, 9) and mine.waits == 0
    assert run(RealTime(Told(), execute=2, delay=1, worker=Now()), 3) == [0, 1, 200]


def test_real_time_freezes_what_will_have_been_executed():
    client = Told()
    actions = RealTime(client, execute=2, delay=1)
    assert run(actions, 2) == [0, 1]
    client.gate.clear()
    late = [float(actions.next(lambda tick=tick: {"tick": tick})[0]) for tick in (2, 3)]
    client.gate.set()
    actions._asked[1].result(60)
    assert late == [2, 3] and float(actions.next(lambda: {"tick": 4})[0]) == 202
    client.gate.clear()
    actions.next(lambda: {"tick": 5})
    client.gate.set()
    actions._asked[1].result(60)
    actions.close()
    assert client.frozen[0] is None and client.frozen[1][:, 0].tolist() == [2]
    assert client.frozen[2][:, 0].tolist() == [203, 204]  # the last chunk took two ticks


def test_nonsense_is_refused():
    with pytest.raises(PolicyError, match="not 0"):
        Blocking(Told(), execute=0)
    client = Told()
    client.infer = lambda observation: {"actions": np.full((2, 2), np.nan)}
    with pytest.raises(PolicyError, match="finite numbers"):
        Blocking(client).next(dict)
