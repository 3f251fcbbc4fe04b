"""What the worker does: chunks of actions in sessions, places in pictures, and single questions."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sightline.core.types import Observation
from sightline.serve.abilities import Grounds, Place, Split
from sightline.serve.served import Frozen, Served

Results = tuple[list[list[Any]], Split]


@dataclass
class Done:
    """What came of a job.

    Attributes:
        results: one for each of the things that were asked.
        milliseconds: ``queue``, ``infer``, and of the latter ``planner`` and ``expert``, where the policy has them.
        batch: things that were computed together.
    """

    results: list[Any]
    milliseconds: dict[str, float]
    batch: int


@dataclass(eq=False, kw_only=True)
class Job(ABC):
    """Something to be computed.

    Attributes:
        until: time after which nobody waits for it any more.
        queued: when it came.
    """

    until: float = float("inf")
    queued: float = field(default_factory=time.monotonic)
    future: Future[Done] = field(default_factory=Future)

    @property
    @abstractmethod
    def size(self) -> int:
        """How many things are asked."""

    @abstractmethod
    def joins(self, others: Sequence[Any]) -> bool:
        """Whether it may be computed together with others of its kind, which may be computed together."""

    @abstractmethod
    def compute(self, served: Served, jobs: Sequence[Any]) -> Results:
        """What comes of each of these jobs, this one among them, and the milliseconds of the parts."""


@dataclass(eq=False)
class Infer(Job):
    """Observations to be acted upon.

    Attributes:
        rows: of the policy, one for each observation.
        frozen: the first actions of each chunk, where they are decided already.
        seed: of noise, for an observation that stands alone; None: the session's own.
        together: whether they are a batch that must not be joined with others: its answers do not depend on them.
    """

    observations: list[Observation]
    rows: list[int]
    frozen: list[Frozen]
    seed: int | None = None
    together: bool = False

    @property
    def size(self) -> int:
        """See :class:`Job`."""
        return len(self.rows)

    @property
    def alone(self) -> bool:
        """Whether nothing may be computed with it."""
        return self.together or self.seed is not None

    def joins(self, others: Sequence[Infer]) -> bool:
        """Where both may, and no row would be asked twice at once."""
        return not self.alone and all(not one.alone and set(one.rows).isdisjoint(self.rows) for one in others)

    def compute(self, served: Served, jobs: Sequence[Infer]) -> Results:
        """A chunk for each observation."""
        observations = [one for job in jobs for one in job.observations]
        rows = [row for job in jobs for row in job.rows]
        frozen = [one for job in jobs for one in job.frozen]
        chunks, split = served.act(observations, rows, self.seed, frozen)
        results = iter(chunks)
        return [[next(results) for _ in job.rows] for job in jobs], split


@dataclass(eq=False)
class Ground(Job):
    """A picture and words to be found in it by ``ground``, the same for all of a server's."""

    place: Place
    ground: Grounds

    size = 1

    def joins(self, others: Sequence[Ground]) -> bool:
        """Where the calibration of all pictures is known, or of none."""
        return all((one.place.camera is None) == (self.place.camera is None) for one in others)

    def compute(self, served: Served, jobs: Sequence[Ground]) -> Results:
        """A grounding for each picture."""
        groundings, split = self.ground([job.place for job in jobs])
        return [[grounding] for grounding in groundings], split


@dataclass(eq=False)
class Single(Job):
    """Something that is computed by itself."""

    work: Callable[[], tuple[Any, Split]]

    size = 1

    def joins(self, others: Sequence[Single]) -> bool:
        """Never."""
        return False

    def compute(self, served: Served, jobs: Sequence[Single]) -> Results:
        """What comes of it."""
        result, split = self.work()
        return [[result]], split
