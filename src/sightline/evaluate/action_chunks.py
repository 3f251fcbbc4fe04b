"""Temporal handling of action chunks: which action is executed when chunks overlap or run out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError, require_known
from sightline.core.types import EXECUTE

Action = NDArray[np.float32]
HANDLINGS = ("receding", "ensemble", "adaptive")
ALIKE = 0.1  # of the adaptive ensemble: how much more a chunk counts that agrees with the newest one


@dataclass
class ChunkPlayer:
    """Turns chunks [T,A] into one action [A] a step, for one episode.

    Handlings:
        ``receding``: execute the first ``execute`` actions of a chunk, drop the rest, ask for a new one.
        ``ensemble``: ask for a new chunk every ``execute`` steps and average all chunks that cover the present step,
            with weights exp(-decay * i), i = 0 for the oldest chunk (as in ACT). The gripper is not averaged to a
            half-open command: it takes the sign of its mean.
        ``adaptive``: as the published policies of SimplerEnv do (CogACT, InternVLA-M1): of the last ``window`` chunks,
            with weights exp(0.1 * cosine between what a chunk says and what the newest one says), gripper included.

    Attributes:
        handling: one of HANDLINGS.
        execute: steps between two chunks; a shorter chunk is used up and then replaced.
        decay: of the ensemble's weights, per chunk of age; 0 weighs all alike.
        gripper: index of the gripper dimension, or None.
        window: chunks of the adaptive ensemble.
    """

    handling: str = "receding"
    execute: int = EXECUTE
    decay: float = 0.1
    gripper: int | None = 6
    window: int = 7
    _chunks: list[tuple[int, Action]] = field(default_factory=list)
    _step: int = 0
    _due: int = 0

    def __post_init__(self) -> None:
        require_known("chunk handling", self.handling, HANDLINGS)
        if self.execute < 1:
            raise SightlineError(f"At least one action of a chunk must be executed, not {self.execute}.")
        if self.window < 1:
            raise SightlineError(f"An adaptive ensemble needs at least one chunk, not {self.window}.")

    @property
    def wants_chunk(self) -> bool:
        """Whether :meth:`add` must be called before :meth:`next`."""
        return self._step >= self._due

    def add(self, chunk: Action) -> None:
        """Take a new chunk [T,A] whose first action is for the present step."""
        if chunk.ndim != 2 or len(chunk) == 0:
            raise SightlineError(
                f"The policy must return chunks of shape [steps, dimensions], not {list(chunk.shape)}."
            )
        if not np.isfinite(chunk).all():
            raise SightlineError(
                "The policy returned an action that is not a finite number; the checkpoint may be damaged."
            )
        alive = [(start, old) for start, old in self._chunks if start + len(old) > self._step]
        kept = {"receding": 0, "ensemble": len(alive), "adaptive": self.window - 1}[self.handling]
        self._chunks = [*(alive[-kept:] if kept else []), (self._step, chunk)]
        self._due = self._step + min(self.execute, len(chunk))

    def next(self) -> Action:
        """The action [A] of the present step; moves on by one step."""
        if self.wants_chunk:
            raise RuntimeError("no chunk covers this step: call add() first")
        options = np.stack(
            [chunk[self._step - start] for start, chunk in self._chunks if self._step - start < len(chunk)]
        )
        weights = _agreement(options) if self.handling == "adaptive" else np.exp(-self.decay * np.arange(len(options)))
        action = options[0] if len(options) == 1 else (weights / weights.sum()) @ options
        action = np.array(action, dtype=np.float32)
        if self.gripper is not None and len(options) > 1 and self.handling == "ensemble":
            action[self.gripper] = 1.0 if action[self.gripper] >= 0 else -1.0
        self._step += 1
        return action


def _agreement(options: NDArray) -> NDArray:
    """Weights [n] of what n chunks [n,A] say, the newest one last."""
    lengths = np.linalg.norm(options, axis=1)
    cosines = options @ options[-1] / (lengths * lengths[-1] + 1e-7)
    return np.exp(ALIKE * cosines)
