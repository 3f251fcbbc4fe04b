"""Opening and closing drawers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sightline.core.geometry import Array
from sightline.core.types import SceneState
from sightline.engine.expert.handle import HandleExpert
from sightline.engine.expert.motion import Motion, Pairs, of_role
from sightline.engine.worlds.world import World
from sightline.tasks.goals import place_point
from sightline.tasks.parts import opening
from sightline.tasks.scene_graph import body_of
from sightline.tasks.skills import CLOSED, PULLED, PUSHED

DRAW = 0.035  # metres per action along the drawer's way
REACHED = 0.04  # share of its way short of where it is to be that counts as there
MOST_OPEN, LEAST_OPEN = 0.5, 0.35  # shares of its way up to which a drawer is worth opening, from which worth closing


class DrawerExpert(HandleExpert):
    """Draws or pushes the target along its way."""

    def _arrived(self, scene: SceneState) -> bool:
        share = opening(scene, self.task.target)
        return share > PULLED - REACHED if self.task.relation == "open" else share < PUSHED + REACHED

    def _follow(self, scene: SceneState) -> Array:
        simulation, position = self.simulation, self.simulation.command.position
        goal = place_point(scene, self.task) + simulation.tool - scene.grasp_points[self.task.target]
        goal[2] = position[2]
        step = goal - position
        length = float(np.linalg.norm(step))
        return position + step * min(1.0, DRAW / max(length, 1e-9))


def _drawers(scene: SceneState, worthwhile: Callable[[float], bool]) -> Pairs:
    """Drawers that are the only one of their cabinet which may be open: an open one hides handles below it."""
    drawers = of_role(scene, "drawer")
    for target in drawers:
        body = body_of(scene, target)
        others = [other for other in drawers if other != target and body_of(scene, other) == body]
        if worthwhile(opening(scene, target)) and all(opening(scene, other) < CLOSED for other in others):
            yield target, body


def _openable(scene: SceneState, world: World) -> Pairs:
    return _drawers(scene, lambda share: share <= MOST_OPEN)


def _closable(scene: SceneState, world: World) -> Pairs:
    return _drawers(scene, lambda share: share >= LEAST_OPEN)


MOTIONS = {"open": Motion(DrawerExpert, _openable), "close": Motion(DrawerExpert, _closable)}
