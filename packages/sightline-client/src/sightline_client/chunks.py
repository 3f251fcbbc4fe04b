"""From chunks to one action a tick: what to do while the next chunk is on its way, and where chunks overlap.

with PolicyClient("ws://127.0.0.1:8000") as client:
    actions = Blocking(client, execute=4)
    actions.reset()
    while not done:
        robot.move(actions.next(robot.observe))
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Callable, Dict

import numpy as np

from sightline_client.client import PolicyClient
from sightline_client.errors import PolicyError

Observe = Callable[[], Dict[str, Any]]


class Blocking:
    """Executes the first ``execute`` actions of a chunk, then stands still until the next one is here.

    Attributes:
        answer: the server's last one, grounding and timing included.
    """

    def __init__(self, client: PolicyClient, execute: int = 4) -> None:
        if execute < 1:
            raise PolicyError(f"At least one action of a chunk must be executed, not {execute}.")
        self.client, self.execute = client, execute
        self.answer: dict[str, Any] = {}
        self._tick = 0
        self._chunks: list[tuple[int, np.ndarray]] = []  # (tick of its first action, chunk [T,A]), oldest first
        self._due = 0

    def reset(self, **about: Any) -> None:
        """Begin an episode."""
        self.client.reset(**about)
        self._tick, self._due, self._chunks = 0, 0, []

    def next(self, observe: Observe) -> np.ndarray:
        """The action [A] of this tick; ``observe`` is called only where the policy is asked."""
        if self._tick >= self._due:
            self._take(self.client.infer(observe()), self._tick)
        action = self._action()
        self._tick += 1
        return action

    def _take(self, answer: dict[str, Any], start: int) -> None:
        """A chunk has come whose first action is that of tick ``start``."""
        chunk = np.asarray(answer["actions"], np.float32)
        if chunk.ndim != 2 or not len(chunk) or not np.isfinite(chunk).all():
            raise PolicyError(f"The server's actions must be finite numbers [T,A], not of shape {chunk.shape}.")
        self.answer = answer
        self._chunks = [*self._kept(), (start, chunk)]
        self._due = start + min(self.execute, len(chunk))

    def _kept(self) -> list[tuple[int, np.ndarray]]:
        """Earlier chunks that still count when another comes."""
        return []

    def _action(self) -> np.ndarray:
        start, chunk = self._chunks[-1]
        return np.array(chunk[self._tick - start])


class Ensemble(Blocking):
    """As Blocking, but all chunks that cover a tick are averaged with weights exp(-decay * i), i = 0 for the oldest.

    Args:
        gripper: index of a two-valued dimension, which takes the sign of its average; None: there is none.
    """

    def __init__(self, client: PolicyClient, execute: int = 1, decay: float = 0.1, gripper: int | None = None) -> None:
        super().__init__(client, execute)
        self.decay, self.gripper = decay, gripper

    def _kept(self) -> list[tuple[int, np.ndarray]]:
        return [(start, chunk) for start, chunk in self._chunks if start + len(chunk) > self._tick]

    def _action(self) -> np.ndarray:
        covering = [chunk[self._tick - start] for start, chunk in self._chunks if self._tick - start < len(chunk)]
        weights = np.exp(-self.decay * np.arange(len(covering)))
        action = np.asarray((weights / weights.sum()) @ np.stack(covering), np.float32)
        if self.gripper is not None and len(covering) > 1:
            action[self.gripper] = 1.0 if action[self.gripper] >= 0 else -1.0
        return action


class Asynchronous(Blocking):
    """Asks for the next chunk after ``execute`` actions and goes on with the present one until it is here.

    The new chunk was made for the moment of its observation, so that the actions of the ticks that have passed since
    then are left out of it. Only where the present chunk runs out is there anything to wait for; ``waits`` counts it.

    Args:
        worker: asks in the meantime; a thread of its own unless given (a simulation's time is not the clock's).
    """

    def __init__(self, client: PolicyClient, execute: int = 4, worker: Executor | None = None) -> None:
        super().__init__(client, execute)
        self.waits = 0
        self._worker = worker or ThreadPoolExecutor(1)
        self._asked: tuple[int, Future[dict[str, Any]]] | None = None

    def reset(self, **about: Any) -> None:
        """Begin an episode; what was asked in the last one is dropped."""
        self._drop()
        super().reset(**about)
        self.waits = 0

    def next(self, observe: Observe) -> np.ndarray:
        """The action [A] of this tick; raises what the request for its chunk raised."""
        if self._tick >= self._due and self._asked is None:
            self._asked = self._tick, self._worker.submit(self.client.infer, self._request(observe()))
        if self._asked is not None:
            start, future = self._asked
            if future.done() or self._run_out():
                self.waits += bool(self._chunks) and not future.done()
                self._asked = None
                self._take(future.result(), start)
                self._arrived(self._tick - start)
        if self._run_out():  # the chunk was shorter than its own delay: its observation is too old, look again
            return self.next(observe)
        action = self._action()
        self._tick += 1
        return action

    def close(self) -> None:
        """Wait for a request that is under way, and end the thread; the client stays open."""
        self._drop()
        self._worker.shutdown()

    def _request(self, observation: dict[str, Any]) -> dict[str, Any]:
        """What the policy is asked with an observation of this tick."""
        return observation

    def _arrived(self, delay: int) -> None:
        """A chunk has come ``delay`` ticks after its observation."""

    def _run_out(self) -> bool:
        return not self._chunks or self._tick - self._chunks[-1][0] >= len(self._chunks[-1][1])

    def _drop(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and not asked[1].cancel():
            asked[1].exception()


class RealTime(Asynchronous):
    """As Asynchronous, but the new chunk continues the present one without a seam (real-time chunking).

    The actions that will have been executed before the new chunk is here are sent along; the server draws the rest of
    the chunk consistent with them. How many that are is the longest delay of the last chunks.

    Args:
        delay: ticks that the first chunk is expected to take.
    """

    def __init__(self, client: PolicyClient, execute: int = 4, delay: int = 2, worker: Executor | None = None) -> None:
        super().__init__(client, execute, worker)
        self._delays = deque([delay], maxlen=5)

    def _request(self, observation: dict[str, Any]) -> dict[str, Any]:
        if not self._chunks:
            return observation
        start, chunk = self._chunks[-1]
        count = min(max(self._delays), len(chunk) - 1)
        return dict(observation, frozen=chunk[self._tick - start :][:count])

    def _arrived(self, delay: int) -> None:
        self._delays.append(delay)
