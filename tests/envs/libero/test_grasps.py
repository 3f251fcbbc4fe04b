"""Grasps and places from clouds of points."""

from __future__ import annotations

import numpy as np
import pytest
from toy_kitchen import kitchen

from sightline.core.geometry import Array, rotation_z, wrap_half_turn
from sightline.envs.libero.arm import heights
from sightline.envs.libero.grasps import HAND, blocked, find_grasps, nearest_turns
from sightline.envs.libero.placing import fall, find_place
from sightline.envs.libero.scene import filled_box

NONE = np.zeros(0)
FLOOR = 0.003


def grasps(name: str, others: Array | None = None, yaw: float = 0.0) -> list:
    scene = kitchen()
    return find_grasps(scene.points(name), scene.others(name) if others is None else others, FLOOR, yaw, NONE)


def test_a_block_is_taken_across_its_narrow_side() -> None:
    best = grasps("block_1")[0]
    assert abs(wrap_half_turn(best.yaw - np.pi / 2)) < 0.01  # the fingers close along x
    assert best.width == pytest.approx(0.04, abs=1e-6)
    np.testing.assert_allclose(best.point[:2], 0.0, atol=0.01)
    assert FLOOR <= best.point[2] - HAND.tip < 0.03


def test_a_bowl_is_taken_by_its_rim() -> None:
    best = grasps("bowl_1")[0]
    assert best.width < 0.01
    away = np.abs(best.point[:2] - [0.0, 0.25])
    assert away.max() == pytest.approx(0.048, abs=0.002)


@pytest.mark.parametrize("name", ["block_1", "bowl_1"])
def test_counting_collisions_of_the_best_alone_changes_no_answer(name: str) -> None:
    scene = kitchen()
    target = scene.points(name)
    others = np.concatenate([scene.others(name), target + [0.09, 0.01, 0.03]])  # a neighbour that is in the way
    few, all_of_them = (find_grasps(target, others, FLOOR, 0.3, NONE, keep) for keep in (12, 100_000))
    told = [[(*grasp.point, grasp.yaw, grasp.width, grasp.score) for grasp in some] for some in (few, all_of_them)]
    assert len(all_of_them) > 100 and told[0] == told[1][:12]
    assert few[0].score > all_of_them[-1].score + 3, "some are in the way"


def test_neighbours_turn_the_hand() -> None:
    """Tall things on both sides along x leave no room for a hand whose fingers close along x."""
    walls = [filled_box(np.array([0.01, 0.1, 0.1]), 0.005) + [side * 0.05, 0, 0.1] for side in (-1, 1)]
    free, crowded = grasps("block_1")[0], grasps("block_1", np.concatenate(walls))[0]
    assert crowded.score < free.score
    assert free.score > 0


def test_a_hand_that_just_fits_is_turned_while_there_is_more_room() -> None:
    """Else the same thing would be taken otherwise as soon as its neighbour lies a few millimetres nearer."""
    cube = filled_box(np.full(3, 0.02), 0.004) + [0, 0, 0.02]
    beyond = HAND.palm_reach + np.array([0.005, 0.02])  # millimetres beside the palm's end, and well beside it
    shapes = []
    for away in beyond:
        wall = filled_box(np.array([0.002, 0.01, 0.1]), 0.004) + [away + 0.002, 0, 0.1]
        shapes.append(find_grasps(cube, wall, FLOOR, np.pi / 2, NONE)[0])  # fingers close along x without turning
    tight, roomy = shapes
    assert abs(wrap_half_turn(roomy.yaw - np.pi / 2)) < 0.01
    assert abs(wrap_half_turn(tight.yaw - np.pi / 2)) > 0.15


def test_a_rim_that_leans_outwards_is_taken_where_the_pads_are() -> None:
    """Deeper down, the fingers would meet its edge above their pads."""
    wall = filled_box(np.array([0.004, 0.05, 0.03]), 0.004) + [0, 0, 0.07]
    wall[:, 0] += 0.5 * (wall[:, 2] - 0.1)  # 27 degrees
    best = find_grasps(wall, np.zeros((0, 3)), FLOOR, np.pi / 2, NONE)[0]
    assert 0.1 - (best.point[2] - HAND.tip) < HAND.tip + HAND.pad_height + 0.002


def test_fingers_close_on_nothing_but_the_thing() -> None:
    """A wall right beside a block would come between the fingers that reach over both."""
    wall = filled_box(np.array([0.003, 0.1, 0.03]), 0.002) + [0.025, 0, 0.03]
    best = grasps("block_1", wall)[0]
    local = (wall - best.point) @ rotation_z(best.yaw)[:, [1, 0, 2]]
    between = (np.abs(local[:, 0]) < HAND.opening / 2) & (np.abs(local[:, 1]) < HAND.finger_half)
    assert not (between & (local[:, 2] > -HAND.tip)).any() and best.score > 0


def test_what_is_wider_than_the_hand_is_not_taken_across() -> None:
    cube = filled_box(np.full(3, 0.05), 0.005) + [0, 0, 0.05]
    best = find_grasps(cube, np.zeros((0, 3)), FLOOR, 0.0, NONE)[0]
    assert best.score < grasps("block_1")[0].score - 0.5 and np.hypot(*best.point[:2]) > 0.03


@pytest.mark.parametrize(("tried", "now"), [(3.0, 0.0), (-1.0, 1.5), (1.4, -2.0)])
def test_the_wrist_is_turned_as_little_as_possible(tried: float, now: float) -> None:
    turn = nearest_turns(tried, now)[0]
    assert abs(turn - now) <= np.pi / 2 + 0.7 and abs(turn) <= 2.2
    assert abs(wrap_half_turn(turn - tried)) < 1e-9


def test_the_hand_is_where_its_shape_says() -> None:
    inside = np.array([[0.045, 0.0, 0.0], [0.0, 0.0, 0.05], [0.1, 0.0, 0.04]])  # a finger, the palm, its end
    outside = np.array([[0.0, 0.0, 0.0], [0.045, 0.03, 0.0], [0.0, 0.05, 0.05], [0.045, 0.0, -0.02]])
    assert blocked(inside) == 3 and blocked(outside) == 0


def test_a_thing_is_put_beside_what_is_there_already() -> None:
    held = filled_box(np.array([0.02, 0.02, 0.02]), 0.005) + [0, 0, 0.3]
    other = filled_box(np.array([0.02, 0.02, 0.05]), 0.005) + [0.3, 0, 0.05]
    spots = np.array([[0.3, 0.0, 0.02], [0.3, 0.15, 0.02]])
    place = find_place(held, np.array([0, 0, 0.3]), np.array([0, 0, 0.31]), 0.0, other, spots, NONE)
    np.testing.assert_allclose(place.move, [0.3, 0.15, -0.28], atol=1e-9)


def test_it_is_dropped_from_where_the_hand_has_room() -> None:
    """In a box with high walls the hand, which is wider than the box, lets go above them."""
    held = filled_box(np.array([0.02, 0.02, 0.02]), 0.005) + [0, 0, 0.3]
    walls = [filled_box(np.array([0.005, 0.07, 0.05]), 0.005) + [side * 0.07, 0, 0.05] for side in (-1, 1)]
    walls += [filled_box(np.array([0.07, 0.005, 0.05]), 0.005) + [0, side * 0.07, 0.05] for side in (-1, 1)]
    spot = np.array([[0.0, 0.0, 0.02]])
    place = find_place(held, np.array([0, 0, 0.3]), np.array([0, 0, 0.31]), 0.0, np.concatenate(walls), spot, NONE)
    assert 0.05 < place.move[2] + 0.3 < 0.13


def test_a_thing_falls_onto_what_is_below_and_not_below_the_table() -> None:
    held = filled_box(np.full(3, 0.02), 0.005) + [0, 0, 0.3]
    plate = heights(filled_box(np.array([0.1, 0.1, 0.01]), 0.005))
    assert fall(held, plate, 0.0) == pytest.approx(0.27)
    assert fall(held + [1.0, 0, 0], plate, 0.0) == pytest.approx(0.28)


def test_a_thing_falls_between_walls_that_stand_close() -> None:
    held = filled_box(np.full(3, 0.02), 0.005) + [0.003, 0, 0.3]  # 7 mm beside a wall's near side: the cell is shared
    wall = filled_box(np.array([0.002, 0.05, 0.05]), 0.002) + [0.032, 0, 0.05]
    assert fall(held, wall, 0.0) == pytest.approx(0.28)
    assert fall(held + [0.006, 0, 0], wall, 0.0) == pytest.approx(0.18)
