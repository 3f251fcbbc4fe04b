"""Moving a dish over the table: the closed fingers go into it and take it along by its rim."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array
from sightline.envs.libero.arm import SLOW, STUCK, Arm, Skill, clear_height, heights, travel
from sightline.envs.libero.goals import Step
from sightline.envs.libero.grasps import HAND
from sightline.envs.libero.protocol import MOVE
from sightline.envs.libero.scene import Scene

LOW = 0.025  # metres: what is no higher and wider than the open hand is a dish
MIDDLE = 0.02  # metres around its middle that are its bottom
ABOVE_BOTTOM = 0.004  # metres between that and the finger tips
THERE = 0.008  # metres from where it should be that count as there
AHEAD = 0.025  # metres asked for on the way
PRESS = 0.007  # and downwards: a rim leans outwards and would lift the fingers over it
# Metres above where it goes in: higher up the hand does not pull yet, from the lower one on fully, and in part in
# between, since who imitates it is some millimetres off.
NOT_YET, FULLY = 0.006, -0.002
RISE = 0.06  # metres by which the hand leaves
PATIENCE = 20  # steps without getting on


def is_dish(points: Array) -> bool:
    """Whether a thing [N,3] is so flat and wide that fingers from above cannot take it."""
    size = np.ptp(points, axis=0)
    return bool(size[2] < LOW and size[:2].min() > HAND.opening)


class Drag(Skill):
    """Brings the dish ``step.subject`` to ``step.place``, a region of the table.

    The fingers push against its rim from inside, ahead of its middle, so that it follows as if on a string.
    """

    def __init__(self, step: Step, scene: Scene) -> None:
        super().__init__(step, scene)
        self._tops = heights(np.concatenate([scene.points(name) for name in dict.fromkeys(scene.owners)]))
        self._inside = self._leaving = False
        self._waited, self._let_go = 0, 0.0  # steps; height at which the hand began to leave

    def act(self, arm: Arm) -> NDArray[np.float32]:
        """The next action [7] for the present state."""
        if self._leaving:
            return self._leave(arm)
        middle = self.target()
        way = (self.place() - middle) * [1, 1, 0]
        self._waited = self._waited + 1 if arm.moved < STUCK else 0
        if self._inside:
            self.phase = "push"
            lost = np.hypot(*(arm.position - middle)[:2]) > np.ptp(self.scene.points(self.step.subject)[:, 0]) / 2
            if self.fulfilled(arm) or np.linalg.norm(way) < THERE or lost or self._waited > PATIENCE:
                self._leaving, self._let_go = True, float(arm.position[2])
            share = float(np.clip((NOT_YET - (arm.position[2] - middle[2])) / (NOT_YET - FULLY), 0, 1))
            ahead = share * way * min(1.0, AHEAD / max(float(np.linalg.norm(way)), 1e-9))
            return arm.towards(np.array([*(arm.position + ahead)[:2], middle[2] - PRESS]), None, -1.0)
        self.phase = "move to the grasp"
        away = middle - arm.position
        if np.hypot(*away[:2]) > THERE and arm.position[2] < middle[2] + RISE / 2:
            return arm.towards(arm.position + [0, 0, RISE], None, -1.0)
        if np.hypot(*away[:2]) > THERE:
            height = clear_height(self._tops, arm.position, middle, HAND.tip, HAND.finger_reach)
            return travel(arm, middle, max(height, middle[2] + RISE), None, -1.0)
        self._inside = abs(away[2]) < THERE / 2 or self._waited > PATIENCE // 2
        return arm.towards(middle, None, -1.0, SLOW if abs(away[2]) < RISE else MOVE)

    def target(self) -> Array:
        """[3] of the tool in the middle of the dish."""
        points = self.scene.points(self.step.subject)
        middle = (points.min(0) + points.max(0))[:2] / 2
        bottom = points[np.linalg.norm(points[:, :2] - middle, axis=1) < MIDDLE]
        top = bottom[:, 2].max() if len(bottom) else points[:, 2].min()
        return np.array([*middle, top + ABOVE_BOTTOM + HAND.tip])

    def place(self) -> Array:
        """[3] where the middle of the dish goes."""
        region = self.scene.region(self.step.place)
        assert region is not None
        return region.centre

    def _leave(self, arm: Arm) -> NDArray[np.float32]:
        """Straight up; then it is over, or begins again."""
        self.phase = "retreat"
        if arm.position[2] > self._let_go + RISE:
            self.over = self.fulfilled(arm)
            self.retries += not self.over
            self._inside = self._leaving = False
        return arm.towards(arm.position + [0, 0, 0.05], None, -1.0)
