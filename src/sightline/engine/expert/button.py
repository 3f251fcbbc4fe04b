"""Pressing a button with closed fingers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.core.types import SceneState
from sightline.engine.expert.motion import Motion, Pairs, of_role
from sightline.engine.expert.pick_place import CLOSED_WIDTH, SLOW, Expert
from sightline.engine.worlds.world import World
from sightline.tasks.goals import is_done
from sightline.tasks.parts import opening
from sightline.tasks.scene_graph import body_of
from sightline.tasks.skills import PRESSED

HOVER = 0.04  # metres between the finger tips and the button before they come down
OVER = 0.006  # metres off the button's middle within which they do
PUSH = 0.0015  # metres beyond the button's way that the tool is sent
LEEWAY = 0.005  # metres by which the tool may be off close to the button


class PressExpert(Expert):
    """Presses the target and keeps it down."""

    def leeway(self, action: NDArray[np.float32], scene: SceneState) -> float:
        """Little close to the buttons, lest another one is pressed."""
        low = self.simulation.tool[2] - self.hand.tip < scene.grasp_points[self.task.target, 2] + 2 * HOVER
        return LEEWAY if low else np.inf

    def act(self) -> NDArray[np.float32]:
        """The next action [7] (metres, radians, gripper) for the present state."""
        simulation, scene = self.simulation, self.simulation.scene()
        position, button = simulation.command.position, scene.grasp_points[self.task.target]
        down = is_done(scene, self.task, self.started)
        self.done |= down
        if down:
            self.subtask = "press"
            return self._action(position, None, -1.0)
        above = button + [0.0, 0.0, self.hand.tip]
        away = float(np.hypot(*(above - position)[:2]))
        ready = simulation.command.gripper < 0 and simulation.width < CLOSED_WIDTH
        if away < OVER and ready:
            self.subtask = "press" if position[2] - above[2] < 1.5 * HOVER else "move above the button"
            travel = scene.objects[self.task.target].travel
            goal = np.array([*above[:2], above[2] - travel - PUSH])
            return self._action(goal if position[2] - above[2] < SLOW else self._eased(goal), None, -1.0)
        self.subtask = "move above the button"
        hover = above[2] + HOVER
        if away > 2 * HOVER:  # on the way: over everything that stands there
            hover = max(hover, self._clear_height(scene, above, self.hand.tip, self.hand.finger_reach))
        if position[2] < hover - 0.01 and (away > OVER or not ready):
            return self._action(np.array([*position[:2], hover]), None, -1.0)
        return self._action(np.array([*above[:2], max(hover, position[2] - SLOW)]), None, -1.0)


def pressable(scene: SceneState, world: World) -> Pairs:
    """Buttons that are not down."""
    for target in of_role(scene, "button"):
        if opening(scene, target) < PRESSED:
            yield target, body_of(scene, target)


MOTIONS = {"press": Motion(PressExpert, pressable)}
