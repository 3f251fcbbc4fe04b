"""The judge of an attempt at a task: has it succeeded, and if not, why."""

from __future__ import annotations

import numpy as np

from sightline.core.types import SceneState, Task
from sightline.engine.simulation.simulation import SETTLE_SPEED, Simulation
from sightline.tasks.goals import is_done, other_part_moved, place_point, wrong_object_moved
from sightline.tasks.parts import opening
from sightline.tasks.skills import SKILLS, Skill

SETTLE_STEPS = 5  # after success, before the last check
LIFTED = 0.03  # metres above its start: the object has been picked up
LEFT = 0.03  # metres between tool and grasp point: the gripper has left the object
KEPT = 2  # steps in a row that a button must be down
MOVED = 0.05  # share of its way by which a part has been moved at all
LIFTS = ("item", "container", "surface")  # roles of what could be lifted


class Judge:
    """Watches an attempt at a task: has it succeeded, and if not, why.

    A button counts as pressed while it is down; everything else must stay when the gripper has left it.
    """

    def __init__(self, simulation: Simulation, task: Task) -> None:
        self.simulation, self.task = simulation, task
        self.skill = SKILLS.get(task.relation)
        self.started = simulation.scene()
        self.lifted = ""  # id of the first object that left the table, of whatever role
        self.target_lifted = False
        self.wrong_object_lifted = False
        self.closed_steps = 0
        self.fallen = False
        self.success = False
        self._kept_steps = 0
        self._liftable = np.array([info.role in LIFTS for info in self.started.objects], bool)

    def watch(self) -> None:
        """Take note of the present moment; to be called after every step."""
        simulation, target = self.simulation, self.task.target
        scene = simulation.scene()
        rise = np.where(scene.present, scene.positions[:, 2] - self.started.positions[:, 2], 0.0)
        if not self.lifted and rise.max() > LIFTED:
            self.lifted = scene.objects[int(rise.argmax())].id
        high = self._liftable & (rise > LIFTED)
        self.target_lifted |= bool(high[target])
        high[target] = False
        self.wrong_object_lifted |= bool(high.any())
        self.closed_steps += simulation.command.gripper < 0
        self.fallen |= simulation.fallen()
        self.success = self._kept(scene) if self.skill is not None and self.skill.kept else self._reached(scene)

    def _kept(self, scene: SceneState) -> bool:
        down = is_done(scene, self.task, self.started) and not other_part_moved(scene, self.started, self.task)
        # Fingers that have slipped open let it up again.
        self._kept_steps = self._kept_steps + 1 if down and self.simulation.command.gripper < 0 else 0
        return self._kept_steps >= KEPT

    def _reached(self, scene: SceneState) -> bool:
        simulation, target = self.simulation, self.task.target
        return (
            simulation.command.gripper > 0
            and is_done(scene, self.task, self.started)
            and float(np.linalg.norm(simulation.tool - scene.grasp_points[target])) > LEFT
            and simulation.held() is None
            and simulation.speed(target) < SETTLE_SPEED
        )

    def failure(self) -> str:
        """What went wrong, in a few words; empty after success."""
        if self.success:
            return ""
        if self.fallen:
            return "object fell"
        if self.skill is not None and self.skill.acts_on_part:
            return self._part_failure(self.skill)
        if self.wrong_object_lifted and not self.target_lifted:
            return "wrong object lifted"
        if not self.target_lifted:
            return "grasp missed" if self.closed_steps else "timeout"
        if self.simulation.command.gripper < 0 and self.simulation.held() == self.task.target:
            return "timeout"
        scene = self.simulation.scene()
        goal = place_point(scene, self.task)
        near = float(np.hypot(*(scene.grasp_points[self.task.target] - goal)[:2])) < 0.08
        return "goal not reached" if near else "dropped"

    def _part_failure(self, skill: Skill) -> str:
        """Why a part of a fixture is not where it should be."""
        scene, target = self.simulation.scene(), self.task.target
        if other_part_moved(scene, self.started, self.task):
            return f"wrong {scene.objects[target].role} moved"
        moved = abs(opening(scene, target) - opening(self.started, target)) > MOVED
        return skill.short if moved else skill.missed

    def verdict(self) -> str:
        """The failure after everything has come to rest, more strictly: nothing else may have been moved either."""
        self.simulation.settle(SETTLE_STEPS)
        self.watch()
        if self.success and wrong_object_moved(self.simulation.scene(), self.started, self.task):
            return "wrong object moved"
        if self.simulation.exploded:
            return "contacts blew up"
        return "object fell" if self.fallen else self.failure()
