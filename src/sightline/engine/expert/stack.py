"""Stacking: picking and placing with a slow, exact end."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from sightline.core.hand import Room
from sightline.core.types import SceneState
from sightline.engine.assets.stacking import can_carry
from sightline.engine.expert.motion import Motion, Pairs, of_role
from sightline.engine.expert.pick_place import SLOW, Expert
from sightline.engine.worlds.world import World
from sightline.tasks.goals import place_point
from sightline.tasks.scene_graph import REST, base_height, top_height, tops

OVER = 0.025  # metres above its rest at which the held thing must be over its place before it goes on down
EXACT = 0.003  # metres off its place, to the side, at which it is let go
GENTLE = 0.012  # metres per action at the very end
OUT_OF_THE_WAY = 0.1  # metres from the reference, in the table plane
LEEWAY = 0.003  # metres by which the tool may be off there


class StackExpert(Expert):
    """Puts the target on the reference; the way there is that of every other target."""

    def leeway(self, action: NDArray[np.float32], scene: SceneState) -> float:
        """As for every expert, and little where the held thing is close to the one that it is put on."""
        if action[6] < 0 and float(self._off(scene)[2]) > -2 * OVER and np.hypot(*self._off(scene)[:2]) < 2 * OVER:
            return LEEWAY
        return super().leeway(action, scene)

    def may_slip(self, scene: SceneState) -> bool:
        """Not over the reference: what falls on it there topples it, and a toppled thing cannot be stacked on."""
        return bool(np.hypot(*(self.simulation.tool - scene.positions[self.task.reference])[:2]) > OUT_OF_THE_WAY)

    def _off(self, scene: SceneState) -> NDArray[np.float64]:
        """[3] from the held thing's grasp point to where it is let go."""
        return place_point(scene, self.task) - scene.grasp_points[self.task.target]

    def _carry(self, scene: SceneState) -> NDArray[np.float32]:
        """Above the reference: down in small steps while the held thing is exactly over its place, then let go."""
        off, position = self._off(scene), self.simulation.command.position
        aside, drop = float(np.hypot(*off[:2])), -float(off[2])
        if aside > 0.03 or drop > 0.06:
            return super()._carry(scene)
        self.subtask = "place"
        if aside < EXACT and drop < 0.003:
            self._leaving = True
            return self._action(position, None, 1.0)
        down = drop if aside < EXACT else drop - OVER  # not over its place: no lower than above it
        step = GENTLE if drop < OVER else SLOW
        return self._action(position + [off[0], off[1], -min(down, step)], None, -1.0)


def stackable(scene: SceneState, world: World) -> Pairs:
    """Items at the height of the table, with nothing above them, where the hand has room above the lower one.

    Not what has something written on it: nobody builds with price tags.
    """
    items = [i for i in of_role(scene, "item") if base_height(scene, i) < REST and not scene.objects[i].label]
    for target, reference in itertools.permutations(items, 2):
        fits = world.graspable[target] and can_carry(world.models[reference], world.models[target])
        if fits and _room_above(scene, target, reference, world.robot.hand.room):
            yield target, reference


def _room_above(scene: SceneState, target: int, reference: int, room: Room) -> bool:
    """Whether nothing else reaches up to the fingers, or to the palm, of a hand that lets go on the reference."""
    others = scene.present.copy()
    others[[target, reference]] = False
    apart = np.linalg.norm(scene.positions[:, :2] - scene.positions[reference, :2], axis=1)
    apart -= np.array([info.radius for info in scene.objects])
    floor = top_height(scene, reference)
    grip = floor + float(scene.grasp_points[target, 2]) - base_height(scene, target)
    blocked = (apart < room.fingers) & (tops(scene) > floor - 0.01)
    blocked |= (apart < room.palm[0]) & (tops(scene) > grip + room.palm_height - 0.01)
    return not bool(np.any(blocked & others))


MOTIONS = {"stack": Motion(StackExpert, stackable)}
