"""What an environment is: anything that can be started from a seed, acted on and looked at.

A benchmark comes in by one file in this folder that has these five things, and a row in ``evaluate.suites.SUITES``.
Nothing here asks for simulator truth: what an environment knows about an episode beyond its success it says in
``info``, and what it does not say is left out of rows and reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Required, TypedDict, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.types import Observation


class Info(TypedDict, total=False):
    """What an environment says about its episode: after every action, and at its start as far as it is known then.

    Attributes:
        is_success: whether the task is done at this moment.
        truncated: whether the episode is over because time ran out, or because it cannot be done any more.
        terminated: whether the episode is over for another reason. Left out: success ends it. An environment that goes
            on after success says False, and is judged at its end as well as at its best moment.
        task: which task of its suite this is, e.g. ``into`` or a benchmark's name for it; success is told for each.
        instruction: what the policy is told to do.
        relation: how the target is to end up to something else.
        style: how the target is spoken of: ``attribute``, ``spatial`` or ``superlative``.
        target: name of the object that is to be handled.
        lifted: name of the first object that was lifted, "" as long as none was.
        target_lifted: whether the target was lifted so far.
        wrong_object_lifted: whether something else was lifted so far.
        progress: share of the task that is done, 0 to 1.
        failure: why the episode failed, in a few words; "" while it goes on and after success.
        steps: actions since the start.
        seed: of the episode.
    """

    is_success: Required[bool]
    truncated: Required[bool]
    terminated: bool
    task: str
    instruction: str
    relation: str
    style: str
    target: str
    lifted: str
    target_lifted: bool
    wrong_object_lifted: bool
    progress: float
    failure: str
    steps: int
    seed: int


class Environment(Protocol):
    """What a policy is evaluated in; one episode at a time.

    Attributes:
        card: what observations and actions mean here. A policy must have been made for the same.
    """

    card: Card

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Any, Mapping[str, Any]]:
        """Start the episode of this seed, always the same one; ``options`` are the environment's own.

        Returns:
            What gymnasium wants (not looked at here) and, as far as they are known yet, entries of :class:`Info`.
        """

    def advance(self, action: NDArray[np.float32]) -> Info:
        """Carry out one action [A], as the card describes it, without rendering."""

    def observe(self) -> Observation:
        """What the policy sees now; pictures of the card's cameras are rendered here and only here."""

    def close(self) -> None:
        """Give back what the environment holds. It is not used afterwards."""


@runtime_checkable
class Holding(Protocol):
    """An environment that can tell whether success lasts. The others are believed at the moment at which they end."""

    def hold(self) -> Info:
        """After success: let half a second pass in which the robot holds still, and say how things are then."""
