"""Opening and closing lids: the handle is held by its ends, so that it turns between the fingers on its way."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Array
from sightline.core.types import SceneState
from sightline.engine.expert.handle import HandleExpert
from sightline.engine.expert.motion import Motion, Pairs, of_role
from sightline.engine.worlds.world import World
from sightline.tasks.parts import opening, swung
from sightline.tasks.scene_graph import body_of
from sightline.tasks.skills import LIFTED, LOWERED

RAISING, LOWERING = 0.05, 0.14  # shares of its way per action: pulled up faster, it slips out of the fingers
REACHED = 0.03  # share of its way short of where it is to be that counts as there
MOST_OPEN, LEAST_OPEN = 0.4, 0.4  # shares of its way up to which a lid is worth opening, from which worth closing


class LidExpert(HandleExpert):
    """Swings the target about its hinge."""

    @property
    def _opens(self) -> bool:
        return self.task.relation == "open lid"

    def _arrived(self, scene: SceneState) -> bool:
        share = opening(scene, self.task.target)
        return share > LIFTED - REACHED if self._opens else share < LOWERED + REACHED

    def _follow(self, scene: SceneState) -> Array:
        lid, goal = self.task.target, LIFTED if self._opens else LOWERED
        share = opening(scene, lid)
        ahead = share + float(np.clip(goal - share, -LOWERING, RAISING))
        return swung(scene, lid, ahead) + self.simulation.tool - scene.grasp_points[lid]


def _openable(scene: SceneState, world: World) -> Pairs:
    for target in of_role(scene, "lid"):
        if opening(scene, target) <= MOST_OPEN:
            yield target, body_of(scene, target)


def _closable(scene: SceneState, world: World) -> Pairs:
    for target in of_role(scene, "lid"):
        if opening(scene, target) >= LEAST_OPEN:
            yield target, body_of(scene, target)


MOTIONS = {"open lid": Motion(LidExpert, _openable), "close lid": Motion(LidExpert, _closable)}
