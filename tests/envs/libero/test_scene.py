"""What an expert knows of a scene, and what of it becomes labels."""

from __future__ import annotations

import numpy as np
import pytest
from toy_kitchen import bodies, kitchen

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera, rotation_z
from sightline.core.types import View
from sightline.envs.libero.arm import DOWN, Arm, clear_height, heights
from sightline.envs.libero.goals import plan
from sightline.envs.libero.labels import Labeller, moved_along
from sightline.envs.libero.parts import RISE, Drawer
from sightline.envs.libero.put import Put
from sightline.envs.libero.worker import widened


def arm(position: tuple[float, ...] = (0.0, 0.0, 0.3), **changed: object) -> Arm:
    values = {"width": 0.077, "closing": 0.0, "moved": 0.01, "opens": True, "grasped": (), "fulfilled": (False,)}
    return Arm(np.array(position), DOWN.copy(), **{**values, **changed})  # type: ignore[arg-type]


def test_things_move_and_their_points_with_them() -> None:
    scene = kitchen()
    before = scene.points("block_1")
    scene.update(bodies(block=(0.1, 0.0, 0.02)))
    np.testing.assert_allclose(scene.points("block_1") - before, np.broadcast_to([0.1, 0, 0], before.shape), atol=1e-12)
    assert len(scene.points("cabinet_1")) == len(scene.points("cabinet_1_main")) + len(scene.points("cabinet_1_top"))
    assert scene.surface == pytest.approx(0.0)


def test_a_drawer_is_shut_until_it_is_drawn() -> None:
    joint = kitchen(drawn=0.1).joint("cabinet_1_top_region")
    assert joint.slides and joint.value == 0.1 and joint.far == 0.16 and joint.body == "cabinet_1_top"
    with pytest.raises(SightlineError, match="block_1 has no part that moves"):
        kitchen().joint("block_1")


def test_the_way_leads_over_what_stands_there() -> None:
    tops = heights(kitchen().points("cabinet_1"))
    start, goal = np.array([0.0, 0.0, 0.1]), np.array([0.6, 0.0, 0.1])
    assert clear_height(tops, start, goal, 0.02, 0.03) == pytest.approx(0.2 + 0.02 + 0.015)
    assert clear_height(tops, start, np.array([0.0, 0.5, 0.1]), 0.02, 0.03) < 0.1


def test_a_put_reaches_for_its_object_and_closes_there() -> None:
    step = plan([["on", "block_1", "bowl_1"]], lambda place: False)[0]
    skill = Put(step, kitchen())
    action = skill.act(arm((0.2, 0.2, 0.3)))
    assert action[6] == 1.0 and action[0] < 0 and action[1] < 0
    point = skill.target()
    assert point is not None and skill.grasp is not None
    skill.act(arm(tuple(point)))  # turned wrongly: not closed yet
    there = arm(tuple(point))
    there.rotation = rotation_z(skill.grasp.yaw) @ DOWN
    assert skill.act(there)[6] == -1.0 and skill.phase == "grasp"


def test_what_is_held_is_carried_up_and_towards_its_place() -> None:
    step = plan([["on", "block_1", "bowl_1"]], lambda place: False)[0]
    skill = Put(step, kitchen())
    skill.act(arm((0.0, 0.0, 0.1)))
    action = skill.act(arm((0.0, 0.0, 0.02), opens=False, width=0.04, grasped=("block_1",)))
    assert skill.phase == "lift" and action[2] > 0 and action[6] == -1.0
    place = skill.place()
    assert place is not None and abs(place[1] - 0.25) < 0.04


def test_fingers_that_close_on_nothing_open_again() -> None:
    step = plan([["on", "block_1", "bowl_1"]], lambda place: False)[0]
    skill = Put(step, kitchen())
    skill.act(arm((0.0, 0.0, 0.1)))
    low = (0.0, 0.0, 0.02)
    assert skill.act(arm(low, opens=False, width=0.03))[6] == -1.0  # it may still be moving what it has met
    assert skill.act(arm(low, opens=False, width=0.0))[6] == 1.0 and skill.retries == 1
    # The next command does not come before they have begun to open.
    assert [skill.act(arm(low, width=0.0))[6] for _ in range(3)] == [1.0] * 3 and skill.retries == 1


def test_a_handle_is_the_foremost_part_of_a_drawer() -> None:
    step = plan([["open", "cabinet_1_top_region"]], lambda place: False)[0]
    target = Drawer(step, kitchen()).target()
    assert target is not None
    np.testing.assert_allclose(target, [0.3 - 0.13, 0.0, 0.15], atol=0.005)


def test_labels_name_things_and_their_parts() -> None:
    steps = plan([["in", "block_1", "cabinet_1_top_region"]], lambda place: True)
    scene = kitchen(drawn=0.08)
    labeller = Labeller(scene, np.array([-0.5, 0.0, 0.0]), steps)
    told = [(info.kind, info.role, info.label) for info in labeller.objects]
    assert told == [
        ("block", "item", ""),
        ("bowl", "container", ""),
        ("cabinet", "fixture", ""),
        ("drawer", "drawer", "top"),
    ]
    task = labeller.task(steps, "put the block away")
    assert (task.relation, task.target, task.reference) == ("onto", 0, 2)
    now = labeller.now(arm(), Put(steps[1], scene))
    np.testing.assert_allclose(now.positions[0], [0.5, 0.0, 0.02])
    assert now.joints is not None and now.joints[3] == pytest.approx(0.08) and np.isnan(now.joints[0])
    np.testing.assert_allclose(now.grasp_points[3], [0.5 + 0.3 - 0.13 - 0.08, 0.0, 0.15], atol=0.005)  # its handle
    assert np.linalg.norm(now.grasp_points[0] - now.positions[0]) < 0.04
    assert labeller.doing(steps[0]) == (3, 2) and labeller.doing(steps[1]) == (0, 2)


def test_labels_tell_the_grasp_that_is_made() -> None:
    step = plan([["on", "block_1", "bowl_1"]], lambda place: False)[0]
    scene, base = kitchen(), np.array([-0.5, 0.0, 0.0])
    labeller, skill = Labeller(scene, base, [step]), Put(step, scene)
    assert np.isnan(skill.closing())
    skill.act(arm((0.0, 0.0, 0.1)))
    now = labeller.now(arm((0.0, 0.0, 0.1)), skill)
    assert skill.grasp is not None and now.grasp_yaws[0] == pytest.approx(skill.grasp.yaw + np.pi / 2)
    np.testing.assert_allclose(now.grasp_points[0], skill.grasp.point - base)


def test_a_drawer_goes_where_its_handle_goes() -> None:
    step = plan([["open", "cabinet_1_top_region"]], lambda place: False)[0]
    skill = Drawer(step, kitchen(drawn=0.02))
    target, place = skill.target(), skill.place()
    assert target is not None and place is not None
    joint = skill.joint
    np.testing.assert_allclose(place - target, joint.axis * (joint.far - joint.value))


def test_the_hand_leaves_a_handle_no_higher_than_it_must() -> None:
    """Far out and high up an arm is stretched, and its controller cannot bend the elbow any more."""
    step = plan([["open", "cabinet_1_top_region"]], lambda place: False)[0]
    skill = Drawer(step, kitchen(drawn=0.16))
    position = skill.target()
    assert position is not None
    highest, start = position[2] + RISE, position[2]
    skill._enter(5)  # it lets go
    for _ in range(40):
        position = position + skill.act(arm(tuple(position), fulfilled=(True,)))[:3] / 2
        assert position[2] <= highest + 1e-6
        if skill.over:
            break
    assert skill.over and position[2] > start + RISE / 2


def test_masks_are_upright_and_boxes_tight() -> None:
    scene = kitchen()
    labeller = Labeller(scene, np.zeros(3), plan([["on", "block_1", "bowl_1"]], lambda place: False))
    owners = np.zeros((32, 32), np.uint8)
    owners[:8, 2:12] = 1  # the lowest rows, as the simulator gives them
    view = labeller.view({"owners": owners}, np.zeros((32, 32, 3), np.uint8), Camera(32, 32, 16.0, np.eye(4)))
    assert view.ids[31, 2] == 1 and view.boxes[0].tolist() == [2, 24, 12, 32] and np.isnan(view.boxes[1]).all()


def test_boxes_between_pictures_move_along_with_things() -> None:
    camera = Camera(32, 32, 16.0, np.diag([1.0, 1.0, 1.0, 1.0]))
    view = View(camera, np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32), np.uint8), np.full((3, 4), np.nan))
    view.boxes[0], view.boxes[1] = [14, 14, 18, 18], [14, 14, 18, 18]
    then = np.array([[0.0, 0.0, 1.0]] * 3)
    found = moved_along(view, camera, then, then + [[0.25, -0.5, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert found.boxes[0].tolist() == [18, 6, 22, 10]
    assert np.isnan(found.boxes[1:]).all()  # the one left the picture, the other was never seen
    assert found.image is view.image and view.boxes[0].tolist() == [14, 14, 18, 18]


PROBLEM = """(:regions
  (left_region (:target table) (:ranges ((-0.1 0.2 0.1 0.3))))
  (goal_region (:target table) (:ranges ((0.0 0.0 0.1 0.1))))
  (top_region (:target cabinet_1)))
(:init (On block_1 table_left_region) (On bowl_1 table_goal_region))
(:goal (And (On block_1 table_goal_region)))"""


def test_regions_of_the_start_are_widened_and_goals_are_not() -> None:
    wider = widened(PROBLEM, 0.04)
    assert "((-0.14000 0.16000 0.14000 0.34000))" in wider and "((0.0 0.0 0.1 0.1))" in wider
    assert wider.partition("(:init")[2] == PROBLEM.partition("(:init")[2]
