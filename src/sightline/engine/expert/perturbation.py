"""What goes wrong while the expert works: pushes and slips, so that demonstrations show how to recover.

Only what is carried out is disturbed; the recorded action is the expert's answer to the state that came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.core.types import SceneState

PUSH = (0.008, 0.014)  # metres: standard deviation of the push on a moving step, lowest and highest of an episode
PUSH_YAW = 0.05  # radians
PUSHED_EPISODES = 2 / 3
PUSHED_STEPS = 1 / 2
SLIPPERY_EPISODES = 0.4
SLIP_STARTS = (2, 20)  # steps
SLIP_LENGTH = 4  # steps, long enough for the fingers to open or to close all the way


class Disturbed(Protocol):
    """An expert that knows where it can be disturbed."""

    def leeway(self, action: NDArray[np.float32], scene: SceneState) -> float:
        """How far (m) the tool may be off while it carries out ``action``."""

    def may_slip(self, scene: SceneState) -> bool:
        """Whether it can make good what a slip of the gripper does here."""


@dataclass(frozen=True)
class Pace:
    """When a slip may start (steps, from and below), and for how many steps it lasts."""

    slip_starts: tuple[int, int] = SLIP_STARTS
    slip_length: int = SLIP_LENGTH


class Disturbance:
    """The mishaps of one episode: pushes to the side, and at most one slip of the gripper.

    A slip is a few steps in which the gripper does the opposite of what it should: it drops what it holds, or closes
    on air or on something that it was not meant to take.
    """

    def __init__(self, expert: Disturbed, rng: np.random.Generator, pace: Pace = Pace()) -> None:
        self.expert, self.rng, self.pace = expert, rng, pace
        self.push = rng.uniform(*PUSH) if rng.random() < PUSHED_EPISODES else 0.0
        self.slip_at = int(rng.integers(*pace.slip_starts)) if rng.random() < SLIPPERY_EPISODES else -1
        self._slipping, self._gripper = 0, 0.0

    def apply(self, step: int, action: NDArray[np.float32], scene: SceneState) -> NDArray[np.float32]:
        """What becomes of the expert's ``action`` [7] at this step, in the state that ``scene`` describes."""
        carried_out = self._pushed(action, scene) if self.push else action.copy()
        if step == self.slip_at and self.expert.may_slip(scene):
            self._slipping, self._gripper = self.pace.slip_length, -float(action[6])
        if self._slipping:
            self._slipping -= 1
            carried_out[6] = self._gripper
        return carried_out

    def _pushed(self, action: NDArray[np.float32], scene: SceneState) -> NDArray[np.float32]:
        """Half of the moving actions are pushed, gently where there is little room."""
        rng = self.rng
        draws, shift, turn = rng.random(), rng.normal(0.0, self.push, 3), rng.normal(0.0, PUSH_YAW)
        pushed = action.copy()
        if draws > PUSHED_STEPS or float(np.linalg.norm(action[:3])) < 0.005:
            return pushed
        scale = self.expert.leeway(action, scene) / self.push
        shift, turn = shift * min(1.0, 0.6 * scale), turn * min(1.0, scale)
        pushed[:3] += shift
        pushed[5] += turn
        return pushed
