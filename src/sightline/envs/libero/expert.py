"""The scripted expert of LIBERO's tasks: a skill for each step of the plan that follows from the goals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sightline.core.types import SceneState
from sightline.envs.libero.arm import Arm, Skill
from sightline.envs.libero.drag import Drag, is_dish
from sightline.envs.libero.goals import PUT, Step, plan
from sightline.envs.libero.parts import part_skill
from sightline.envs.libero.put import Put
from sightline.envs.libero.scene import Scene

SHUT = 0.5  # share of its way short of which a drawer or a door is shut


class LiberoExpert:
    """Solves the task of an episode, one action at a time.

    Args:
        goals: of the problem file.
        scene: where everything is; its owner keeps it up to date.
        look: how the arm is now.

    Attributes:
        skill: what it is doing; None before the first action.
        arm: as it was when it last decided.
        steps: the plan for the whole task, as it looked at the start.
        retries: how often something had to be begun again.
    """

    def __init__(self, goals: list[list[str]], scene: Scene, look: Callable[[], Arm]) -> None:
        self.goals, self.scene, self.look = goals, scene, look
        self.skill: Skill | None = None
        self.arm: Arm | None = None
        self.retries = 0
        self.steps = plan(goals, self._shut)
        self._left: list[Step] = []
        self._shares: dict[Step, tuple[int, int]] = {}

    def act(self) -> NDArray[np.float32]:
        """The next action [7] of the card for the present state."""
        self.arm = arm = self.look()
        if self.skill is None or self.skill.over:
            self._next(arm)
        assert self.skill is not None
        return self.skill.act(arm)

    def leeway(self, action: NDArray[np.float32], scene: SceneState) -> float:
        """How far (m) the tool may be off while it carries out ``action``."""
        assert self.skill is not None and self.arm is not None
        return self.skill.leeway(self.arm)

    def may_slip(self, scene: SceneState) -> bool:
        """Whether what a slip of the gripper does here can be made good."""
        assert self.skill is not None and self.arm is not None
        return self.skill.may_slip(self.arm)

    def _next(self, arm: Arm) -> None:
        """The next step; all that is not done yet, once more, where none is left."""
        if self.skill is not None:
            self.retries += self.skill.retries
        if not self._left:
            steps = plan(self.goals, self._shut)
            self._left = [s for s in steps if s.goal is None or not arm.fulfilled[s.goal]] or steps[-1:]
            self._shares = {step: _share(steps, step) for step in steps}
        step = self._left.pop(0)
        self.skill = self._skill(step)

    def _skill(self, step: Step) -> Skill:
        region = self.scene.region(step.place) if step.verb == PUT else None
        if region is not None and not region.owner and is_dish(self.scene.points(step.subject)):
            return Drag(step, self.scene)
        if step.verb == PUT:
            return Put(step, self.scene, self._shares[step])
        return part_skill(step, self.scene)

    def _shut(self, place: str) -> bool:
        region = self.scene.region(place)
        if region is None or place not in self.scene.parts:
            return False
        joint = self.scene.joint(place)
        return abs(joint.value) < SHUT * abs(joint.far)


def _share(steps: list[Step], step: Step) -> tuple[int, int]:
    """Which of how many things that go to the same place a step puts there."""
    alike = [other for other in steps if other.place == step.place and other.verb == PUT]
    return (alike.index(step), len(alike)) if step in alike else (0, 1)
