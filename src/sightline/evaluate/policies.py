"""What can be evaluated: checkpoints, the scripted expert, recorded actions."""

from __future__ import annotations

from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.types import ActionChunk, Observation, PolicyLike

EXPERT, REPLAY = "expert", "replay:"


class ExpertPolicy:
    """The environment's scripted expert, which knows the scene; the upper bound of what a policy can reach here."""

    needs_env = True
    card: Card

    def __init__(self) -> None:
        self._experts: dict[int, Any] = {}

    def reset(self, rows: list[int]) -> None:
        """Forget the experts of these rows."""
        for row in rows:
            self._experts.pop(row, None)

    def attach(self, row: int, env: Any) -> None:
        """Take charge of ``env``, which has just been reset."""
        self.card = env.card
        self._experts[row] = env.expert()

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        """One action a row: the expert decides anew at every step."""
        return [ActionChunk(np.asarray(self._experts[row].act(), np.float32)[None]) for row in rows]


class ReplayPolicy:
    """Does what a dataset's robot did, in the dataset's own scenes (``envs.recorded.RecordedEnv``), without looking.

    Whatever misfits between recorded and executed actions (signs, units, rates, the gripper) shows here, without any
    learning. After the last recorded action the arm holds still.
    """

    needs_env = True
    card: Card

    def __init__(self) -> None:
        self._left: dict[int, list[np.ndarray]] = {}

    def reset(self, rows: list[int]) -> None:
        """Forget what is left to replay in these rows."""
        for row in rows:
            self._left.pop(row, None)

    def attach(self, row: int, env: Any) -> None:
        """Replay the episode that ``env`` has been reset to."""
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
    """The policy that ``--policy`` names: a checkpoint folder, ``tiny`` ``expert`` or ``replay:DIR``.

    Raises SightlineError when there is no such policy.
    """
    if spec == EXPERT:
        return ExpertPolicy()
    if spec.startswith(REPLAY):
        return ReplayPolicy()
    return load_checkpoint(spec)


def load_checkpoint(spec: str) -> Any:
    """A trained policy (``models.policy.Policy``) from a checkpoint folder or the name ``tiny``."""
    from sightline.models.policy import Policy  # imports transformers, which takes seconds and only checkpoints need

    return Policy.from_pretrained(spec)
