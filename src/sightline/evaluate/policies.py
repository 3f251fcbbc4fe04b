"""What can be evaluated: checkpoints, the scripted expert, recorded actions, policies behind a server."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import ActionChunk, Observation, PolicyLike
from sightline.envs.base import Environment
from sightline.evaluate.remote import ADDRESSES, RemotePolicy

EXPERT, REPLAY = "expert", "replay:"


@runtime_checkable
class GuidedPolicy(PolicyLike, Protocol):
    """A policy that is told by the environment what to do and never looks; to be inherited from.

    ``card`` is that of the environments it is attached to, so that it fits all of them.
    """

    @abstractmethod
    def attach(self, row: int, env: Environment) -> None:
        """Take charge of ``env``, which has just been reset for this row.

        Raises SightlineError where the environment has nothing to tell.
        """


class Expert(Protocol):
    """What knows the next action."""

    def act(self) -> NDArray[np.float32]:
        """The next action [A]."""


@runtime_checkable
class HasExpert(Protocol):
    """An environment with a scripted expert."""

    def expert(self) -> Expert:
        """An expert for the present episode."""


@runtime_checkable
class HasRecording(Protocol):
    """An environment whose episodes have been recorded."""

    def executed_actions(self) -> NDArray[np.float32]:
        """[T,A] what was done in the present episode."""


class ExpertPolicy(GuidedPolicy):
    """The environment's scripted expert, which knows the scene; the upper bound of what a policy can reach here."""

    card: Card

    def __init__(self) -> None:
        self._experts: dict[int, Expert] = {}

    def reset(self, episodes: list[int]) -> None:
        """Forget the experts of these rows."""
        for row in episodes:
            self._experts.pop(row, None)

    def attach(self, row: int, env: Environment) -> None:
        """Ask the environment for its expert. Raises SightlineError where it has none."""
        if not isinstance(env, HasExpert):
            raise SightlineError(f"{type(env).__name__} has no scripted expert; evaluate another policy in it.")
        self.card = env.card
        self._experts[row] = env.expert()

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        """One action a row: the expert decides anew at every step."""
        return [ActionChunk(np.asarray(self._experts[row].act(), np.float32)[None]) for row in rows]


class ReplayPolicy(GuidedPolicy):
    """Does what a dataset's robot did, in the dataset's own scenes (``envs.recorded.RecordedEnv``), without looking.

    Whatever misfits between recorded and executed actions (signs, units, rates, the gripper) shows here, without any
    learning. After the last recorded action the arm holds still.
    """

    card: Card

    def __init__(self) -> None:
        self._left: dict[int, list[NDArray[np.float32]]] = {}

    def reset(self, episodes: list[int]) -> None:
        """Forget what is left to replay in these rows."""
        for row in episodes:
            self._left.pop(row, None)

    def attach(self, row: int, env: Environment) -> None:
        """Replay the episode that ``env`` has been reset to. Raises SightlineError where none was recorded."""
        if not isinstance(env, HasRecording):
            raise SightlineError(f"Nothing was recorded in {type(env).__name__}; evaluate another policy in it.")
        self.card = env.card
        self._left[row] = list(env.executed_actions())

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        """The next recorded action of each row."""
        chunks = []
        for row in rows:
            action = self._left[row].pop(0)
            if not self._left[row]:
                still = np.zeros_like(action)
                still[-1] = action[-1]
                self._left[row].append(still)
            chunks.append(ActionChunk(np.asarray(action, np.float32)[None]))
        return chunks


def load_policy(spec: str) -> PolicyLike:
    """The policy that ``--policy`` names: a checkpoint folder, ``tiny``, ``expert``, ``replay:DIR`` or ``ws://..``.

    Raises SightlineError when there is no such policy.
    """
    if spec == EXPERT:
        return ExpertPolicy()
    if spec.startswith(REPLAY):
        return ReplayPolicy()
    if spec.startswith(ADDRESSES):
        return RemotePolicy(spec)
    return load_checkpoint(spec)


def fingerprint(spec: str) -> str:
    """What tells the weights in a checkpoint folder from others, whatever their folder is called; "" where there are
    none (what ships with the package has the package's version)."""
    folder = Path(spec)
    if not folder.is_dir():
        return ""
    total = hashlib.sha256()
    for path in sorted((*folder.glob("*.safetensors"), *folder.glob("*.json"))):
        with open(path, "rb") as file:
            total.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def load_checkpoint(spec: str) -> Any:
    """A trained policy (``models.policy.Policy``) from a checkpoint folder or the name ``tiny``; an exported one acts
    with the engine that it was exported for."""
    from sightline.models.exported.backend import load_exported  # torch takes seconds and only checkpoints need it

    return load_exported(spec)
