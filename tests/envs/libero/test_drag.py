"""A dish is taken along by its rim."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Array
from sightline.envs.libero.arm import DOWN, Arm
from sightline.envs.libero.drag import Drag, is_dish
from sightline.envs.libero.expert import LiberoExpert
from sightline.envs.libero.goals import Step
from sightline.envs.libero.scene import Region, filled_box

STEP = Step("put", "plate_1", "table_front_region", 0)
RADIUS, INNER = 0.07, 0.045  # metres: of the plate, and of its bottom


class Table:
    """A plate on a table, and the region that it goes to."""

    owners, parts = ("plate_1",), frozenset[str]()

    def __init__(self) -> None:
        self.middle = np.array([0.1, 0.0, 0.9])

    def points(self, name: str) -> Array:
        bottom = filled_box(np.array([RADIUS, RADIUS, 0.0]), 0.005)[:, :2]
        far = np.hypot(*bottom.T)
        height = 0.005 + 0.6 * np.clip(far - INNER, 0, None)
        return (np.column_stack([bottom, height]) + self.middle)[far <= RADIUS]

    def region(self, name: str) -> Region:
        return Region(np.array([-0.05, 0.2, 0.9]), np.eye(3), np.full(3, 0.04), "")

    def pushed(self, tool: Array) -> None:
        """The plate follows a tool that is in it, beyond its bottom."""
        away = (tool - self.middle)[:2]
        far = float(np.hypot(*away))
        if tool[2] < self.middle[2] + 0.03 and INNER < far < RADIUS:
            self.middle[:2] += away * (1 - INNER / far)


def test_flat_and_wide_is_a_dish() -> None:
    plate = Table().points("plate_1")
    assert is_dish(plate) and not is_dish(plate * [0.4, 0.4, 1]) and not is_dish(plate * [1, 1, 3])


def test_the_expert_draws_what_it_cannot_take() -> None:
    high = Arm(np.array([-0.2, 0.0, 1.15]), DOWN.copy(), 0.077, 0.0, 0.01, True, (), (False,))
    expert = LiberoExpert([["on", "plate_1", "table_front_region"]], Table(), lambda: high)  # type: ignore[arg-type]
    assert expert.act()[6] == -1.0 and isinstance(expert.skill, Drag)


def test_the_plate_comes_along_until_it_is_there_and_the_hand_leaves() -> None:
    table = Table()
    skill, tool = Drag(STEP, table), np.array([-0.2, 0.0, 1.15])  # type: ignore[arg-type]
    phases = []
    for _ in range(200):
        there = bool(np.linalg.norm((skill.place() - table.middle)[:2]) < 0.02)
        action = skill.act(Arm(tool.copy(), DOWN.copy(), 0.0, 0.0, 0.01, False, (), (there,)))
        phases.append(skill.phase)
        assert action[6] == -1.0
        tool = tool + 0.4 * action[:3]
        tool[2] = max(tool[2], 0.914)  # the bottom of the plate
        table.pushed(tool)
        if skill.over:
            break
    assert skill.over and skill.retries == 0 and tool[2] > 0.96
    assert list(dict.fromkeys(phases)) == ["move to the grasp", "push", "retreat"]


def test_the_higher_the_hand_the_slower_it_pulls() -> None:
    """Who imitates it begins too early, and would slide over the rim."""
    table = Table()
    skill = Drag(STEP, table)  # type: ignore[arg-type]
    inside = skill.target()

    def pulled(height: float) -> Array:
        arm = Arm(inside + [0, 0, height], DOWN.copy(), 0.0, 0.0, 0.01, False, (), (False,))
        return skill.act(arm)[:3]

    pulled(0.0)  # it comes in
    low, middle, high = [pulled(height) for height in (-0.004, 0.002, 0.01)]
    assert skill.phase == "push"
    np.testing.assert_allclose(high[:2], 0.0, atol=1e-9)
    assert np.hypot(*low[:2]) > 1.5 * np.hypot(*middle[:2]) > 0.01
    assert (np.array([low, middle, high])[:, 2] < 0).all()
