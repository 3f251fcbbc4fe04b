"""What can be evaluated: checkpoints, the scripted expert, recorded actions."""

from __future__ import annotations

from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.types import ActionChunk, Observation, PolicyLike


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


def load_policy(spec: str) -> PolicyLike:
    """The policy that ``--policy`` names: a checkpoint folder, ``tiny`` or ``expert``.

    Raises SightlineError when there is no such policy.
    """
    if spec == "expert":
        return ExpertPolicy()
    return load_checkpoint(spec)


def load_checkpoint(spec: str) -> Any:
    """A trained policy (``models.policy.Policy``) from a checkpoint folder or the name ``tiny``."""
    from sightline.models.policy import Policy  # imports transformers, which takes seconds and only checkpoints need

    return Policy.from_pretrained(spec)
