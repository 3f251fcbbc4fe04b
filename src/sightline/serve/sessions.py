"""Episodes that are going on in the server, each with a row of the policy's memory."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

import numpy as np

from sightline.core.types import Observation
from sightline.serve.refusal import BUSY, Refusal

KEPT = 2**20  # pixels of an observation that a session keeps, at most: many sessions must fit into memory


@dataclass
class Session:
    """One episode.

    Attributes:
        row: of the policy.
        used: when it was asked last (seconds of the clock).
        calls: chunks since it was reset.
        lock: held while one of its requests is done, so that they keep their order.
        answered: the last numbered request and the answer to it: one that was lost on its way is given again.
        seen: the last observation, for persons to point at things in it; None where it is too large to be kept.
    """

    row: int
    used: float
    calls: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    answered: tuple[str, bytes] | None = None
    seen: Observation | None = None

    def see(self, observation: Observation) -> None:
        """Keep an observation, in arrays of its own: those that it came with hold on to the whole message."""
        fits = sum(image.shape[0] * image.shape[1] for image in observation.images.values()) <= KEPT
        if observation is not self.seen:
            images = {name: np.array(image) for name, image in observation.images.items()} if fits else {}
            self.seen = replace(observation, images=images) if fits else None

    def begin(self) -> None:
        """An episode begins."""
        self.calls, self.answered, self.seen = 0, None, None


class Sessions:
    """All sessions, found by a name that clients choose, or by their connection.

    Args:
        most: sessions at once.
        idle: seconds after which one that nobody uses ends.
        forget: is told the rows of those that have ended.
        clock: seconds that only grow; for tests.
    """

    def __init__(
        self,
        most: int,
        idle: float,
        forget: Callable[[list[int]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most, self.idle, self._forget, self._clock = most, idle, forget, clock
        self._open: dict[Hashable, Session] = {}
        self._rows = itertools.count()

    def __len__(self) -> int:
        return len(self._open)

    def get(self, name: Hashable) -> Session:
        """The session of this name, begun where there is none. Raises Refusal when there are too many."""
        session = self._open.get(name)
        if session is None:
            if len(self._open) >= self.most:
                self.end_idle()
            if len(self._open) >= self.most:
                raise Refusal(
                    f"There are {self.most} sessions already; close one, or wait until an idle one ends.",
                    "session_id",
                    BUSY,
                )
            session = self._open[name] = Session(next(self._rows), self._clock())
        session.used = self._clock()
        return session

    def end_idle(self) -> None:
        """End what nobody has used for a while."""
        before = self._clock() - self.idle
        self.end([name for name, one in self._open.items() if one.used < before and not one.lock.locked()])

    def end(self, names: list[Hashable]) -> None:
        """End these sessions, as far as they exist."""
        ended = [self._open.pop(name).row for name in names if name in self._open]
        if ended:
            self._forget(ended)

    def of_connection(self, number: int) -> list[Hashable]:
        """Names of the sessions that end with a connection."""
        return [name for name in self._open if isinstance(name, tuple) and name[0] == number]
