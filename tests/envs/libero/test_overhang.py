"""What hangs over a thing decides how it is taken and where it is lifted."""

from __future__ import annotations

import numpy as np
from toy_kitchen import kitchen

from sightline.core.geometry import Array, rotation_z
from sightline.envs.libero.arm import DOWN, Arm
from sightline.envs.libero.goals import plan
from sightline.envs.libero.grasps import blocked, find_grasps
from sightline.envs.libero.overhang import BESIDE, find_ways
from sightline.envs.libero.put import Put
from sightline.envs.libero.scene import filled_box

FLOOR, NONE = 0.003, np.zeros(0)
BLOCK = filled_box(np.array([0.02, 0.02, 0.02]), 0.004) + [0, 0, 0.02]
FAR_AWAY = filled_box(np.full(3, 0.02), 0.01) + [0.25, 0, 0.02]


def shelf(edge: float) -> Array:
    """A plate at 14 cm, from x = ``edge`` on."""
    return filled_box(np.array([0.1, 0.15, 0.01]), 0.008) + [edge + 0.1, 0, 0.14]


def test_what_nothing_hangs_over_is_lifted_where_it_is() -> None:
    others = np.concatenate([FAR_AWAY, shelf(0.12)])
    ways = find_ways(BLOCK, others, FLOOR, 0.0, NONE)
    plain = find_grasps(BLOCK, others, FLOOR, 0.0, NONE)
    assert [grasp.score for grasp, _ in ways] == [grasp.score for grasp in plain] and len(ways) > 5
    assert all((way == 0).all() for _, way in ways)


def test_what_something_hangs_over_is_drawn_out_first() -> None:
    others = np.concatenate([FAR_AWAY, shelf(0.01)])  # over a quarter of the block
    grasp, way = find_ways(BLOCK, others, FLOOR, 0.0, NONE)[0]
    assert way[0] < 0 and way[2] == 0 and 0 < np.linalg.norm(way) < 0.12
    assert (BLOCK + way)[:, 0].max() <= 0.01 - BESIDE + 1e-9
    hand = rotation_z(grasp.yaw)[:, [1, 0, 2]]
    assert not blocked((others - grasp.point - way) @ hand)


def test_it_is_not_drawn_through_its_neighbours() -> None:
    wall = filled_box(np.array([0.005, 0.2, 0.05]), 0.004) + [-0.045, 0, 0.05]
    free, walled = (
        find_ways(BLOCK, np.concatenate(others), FLOOR, 0.0, NONE)[0][1]
        for others in ([shelf(0.01)], [shelf(0.01), wall])
    )
    assert free[0] < 0 and not np.allclose(free, walled)
    assert (BLOCK + walled)[:, 0].min() > -0.04 - 1e-9


def test_a_put_draws_it_out_before_it_lifts() -> None:
    scene, step = kitchen(), plan([["on", "block_1", "bowl_1"]], lambda place: False)[0]
    skill = Put(step, scene)
    skill.act(Arm(np.array([0.0, 0, 0.1]), DOWN.copy(), 0.077, 0.0, 0.01, True, (), (False,)))
    skill._out = np.array([-0.06, 0.0, 0.0])

    def held(x: float, z: float = 0.02) -> Arm:
        return Arm(np.array([x, 0.0, z]), DOWN.copy(), 0.04, 0.0, 0.01, False, ("block_1",), (False,))

    out = skill.act(held(0.0))
    assert out[0] < -0.03 and out[2] < 0.02 and out[6] == -1.0
    assert skill.act(held(-0.04))[0] < 0
    up = skill.act(held(-0.055))
    assert up[2] > 0.03 and abs(up[0]) < 0.03 and skill.phase == "lift"
