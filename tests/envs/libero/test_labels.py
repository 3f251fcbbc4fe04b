"""What parts of fixtures are called, and where they are taken."""

from __future__ import annotations

import numpy as np
import pytest
from toy_kitchen import CABINET, bodies, geometry

from sightline.envs.libero.goals import PUT, Step
from sightline.envs.libero.labels import Labeller
from sightline.envs.libero.scene import Scene

PUTTING = [Step(PUT, "block_1", "bowl_1_contain_region", 0)]  # a task in which nothing is turned


def hinged(half: tuple[float, float, float]) -> Scene:
    """The kitchen with a part on top of the cabinet, of these half sizes, that turns about the vertical."""
    told, now = geometry(), bodies()
    pieces, joints = told["pieces"], told["joints"]
    pieces["body"], pieces["half"] = pieces["body"][:-1], np.array([*pieces["half"][:-2], half])
    pieces["pose"] = np.array([*pieces["pose"][:-2], (0, 0, 0.1 + half[2], 1, 0, 0, 0)])
    joints["slides"], joints["range"] = np.array([False]), np.array([[0.0, 1.5]])
    now["axes"] = np.array([[0.0, 0.0, 1.0]])
    return Scene(told, now)


@pytest.mark.parametrize(
    ("half", "kind", "role"), [((0.02, 0.02, 0.015), "knob", "button"), ((0.1, 0.01, 0.1), "door", "lid")]
)
def test_a_part_is_called_by_what_it_is_whatever_the_task_is(half, kind, role) -> None:
    labeller = Labeller(hinged(half), np.zeros(3), PUTTING)
    part = labeller.objects[labeller.names.index("cabinet_1_top")]
    assert (part.kind, part.role) == (kind, role) and part.travel == 1.5


def test_a_knob_is_taken_on_its_axis_whoever_asks() -> None:
    labeller = Labeller(hinged((0.02, 0.02, 0.015)), np.zeros(3), PUTTING)
    point, _ = labeller._taken("cabinet_1_top", np.zeros(3))
    np.testing.assert_allclose(point[:2], CABINET[:2], atol=1e-9)
    top = CABINET[2] + 0.1 + 0.03
    assert top - 0.03 < point[2] < top + 0.01
