"""Moving a part by its handle: take it, follow the part's way, let go."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array
from sightline.core.types import SceneState
from sightline.engine.expert.pick_place import CLOSED_WIDTH, CLOSING_SPEED, HOLDS, SPEED, Expert
from sightline.tasks.goals import is_done, work

LEEWAY = 0.006  # metres by which the tool may be off at the handle: the palm is close to what the part hangs on


class HandleExpert(Expert):
    """Opens or closes the target; from above the handle on, what the fingers hold decides what is next."""

    @abstractmethod
    def _arrived(self, scene: SceneState) -> bool:
        """Whether the part is where it is to be let go."""

    @abstractmethod
    def _follow(self, scene: SceneState) -> Array:
        """[3] where the command goes with this action (m, base frame), the handle held."""

    def leeway(self, action: NDArray[np.float32], scene: SceneState) -> float:
        """Little at the handle, whether the fingers are open or closed."""
        near = float(np.linalg.norm(self.simulation.tool - scene.grasp_points[self.task.target])) < 2 * HOLDS
        return LEEWAY if near else super().leeway(action, scene)

    def _close(self, scene: SceneState) -> NDArray[np.float32]:
        """Wait while the fingers close; move the part when they hold its handle, else open and try again."""
        simulation, target = self.simulation, self.task.target
        position, grasp = simulation.command.position, scene.grasp_points[target]
        apart = float(np.linalg.norm(simulation.tool - grasp))
        if apart < HOLDS and simulation.finger_speed < CLOSING_SPEED:
            self.subtask = "grasp"
            return self._action(position, None, -1.0)
        if apart >= HOLDS or simulation.width <= CLOSED_WIDTH:
            self.subtask = "grasp"
            self.retries += 1
            return self._action(position, None, 1.0)
        self.subtask = work(self.task)
        if self._arrived(scene):
            self._leaving = True
            return self._action(position, None, 1.0)
        return self._action(self._follow(scene), None, -1.0)

    def _leave_or_pick(self, scene: SceneState) -> NDArray[np.float32]:
        """Let go and rise when the part is where it should be; else take the handle."""
        simulation = self.simulation
        apart = float(np.linalg.norm(simulation.tool - scene.grasp_points[self.task.target]))
        if self._is_opening():
            self.subtask = "let go" if self._leaving else "grasp"
            return self._action(simulation.command.position, None, 1.0)
        if is_done(scene, self.task, self.started):
            self.subtask, self.done = "retreat", apart > 2 * HOLDS
            return self._action(simulation.command.position + [0, 0, SPEED], None, 1.0)
        if self._leaving:
            self._leaving = False  # it did not stay where it was left: try again
            self.retries += 1
        return self._pick(scene)
