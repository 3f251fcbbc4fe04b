"""Every robot of the registry keeps what its description promises; files that are missing are explained."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path

import mujoco
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scenes import random_scene

import sightline
from sightline.core.errors import SightlineError
from sightline.core.geometry import rotation_z
from sightline.core.hand import Room
from sightline.engine.assets.starter.catalogue import model as catalogue_entry
from sightline.engine.expert.pick_place import Expert
from sightline.engine.generation.episode import attempt_task, card
from sightline.engine.generation.task_sampling import sample_world_task
from sightline.engine.robots import DEFAULT, ROBOTS, robot, ur5e, xarm7
from sightline.engine.robots.description import TOOL_SITE, WRIST_CAMERA
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.placement import REACH, Layout, sample_scene
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World, set_home
from sightline.language.instructions import TaskSampler, sample_task
from sightline.tasks import pick_place

EVERY = pytest.mark.parametrize("name", ROBOTS)
MOST_FACES = 30_000
LIGHTEST = 4_000
HIGH = 0.04  # metres above the tool point
THINGS = (("cube", "red"), ("bowl", "blue"))


@lru_cache(maxsize=len(ROBOTS))
def build(name: str) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    robot(name).attach(spec)
    return spec.compile()


@lru_cache(maxsize=len(ROBOTS))
def world(name: str) -> World:
    return World.of(
        tuple(catalogue_entry(kind, colour, "medium") for kind, colour in THINGS), spec=WorldSpec(robot=name)
    )


def at_home(name: str) -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = build(name)
    data = mujoco.MjData(model)
    set_home(model, data, robot(name))
    mujoco.mj_forward(model, data)
    return model, data


def standing(name: str, *places: tuple[float, float] | None) -> Simulation:
    """The robot with cube and bowl at these (x, y); None: not there."""
    poses = np.zeros((len(THINGS), 7))
    poses[:, 3] = 1.0
    for index, place in enumerate(places):
        if place is not None:
            poses[index, :2] = place
    simulation = Simulation(world(name))
    simulation.reset(Layout(np.array([place is not None for place in places]), poses), np.random.default_rng(0))
    return simulation


# --- the registry ----------------------------------------------------------------------------------------------------


def test_an_unknown_robot_is_refused_with_the_names_there_are():
    with pytest.raises(SightlineError, match=rf"Unknown robot 'pandas' \(did you mean 'panda'\?\); known: {DEFAULT}"):
        robot("pandas")


@pytest.mark.parametrize("name", ROBOTS)
def test_nothing_outside_its_module_knows_a_robot_by_name(name):
    package = Path(sightline.__file__).parent
    for room in ("engine", "envs", "evaluate"):
        for path in (package / room).rglob("*.py"):
            if path.parent.name not in ("robots", "libero"):  # LIBERO's robot is LIBERO's
                assert name not in re.findall(r"[a-z0-9]+", path.read_text().lower()), path


@EVERY
def test_names_agree_and_cards_tell_robots_apart(name):
    assert robot(name).name == name and card(name).robot == name
    others = [card(other) for other in ROBOTS if other != name]
    assert all(card(name).differences(other) for other in others)
    assert card(name).state_names == card().state_names and card(name).action_names == card().action_names


# --- the model -------------------------------------------------------------------------------------------------------


@EVERY
def test_home_points_straight_down_above_the_workspace(name):
    _, data = at_home(name)
    tool = data.site(TOOL_SITE)
    np.testing.assert_allclose(tool.xpos, robot(name).home_tool, atol=1e-3)
    np.testing.assert_allclose(tool.xmat.reshape(3, 3), np.diag([1, -1, -1]), atol=1e-3)


@EVERY
def test_tool_is_between_the_pads_as_far_apart_as_stated(name):
    model, data = at_home(name)
    hand = robot(name).hand
    left, right = (data.geom(pad) for pad in robot(name).pad_geoms)
    tool = data.site(TOOL_SITE).xpos
    np.testing.assert_allclose(((left.xpos + right.xpos) / 2)[:2], tool[:2], atol=1e-3)
    assert left.xpos[1] < tool[1] < right.xpos[1]  # they close along y
    boxes = [np.abs(pad.xmat.reshape(3, 3)) @ model.geom(pad.name).size for pad in (left, right)]
    assert right.xpos[1] - left.xpos[1] - boxes[0][1] - boxes[1][1] == pytest.approx(hand.opening, abs=1e-3)
    assert tool[2] - (left.xpos[2] - boxes[0][2]) == pytest.approx(hand.tip, abs=1e-3)
    assert left.xpos[2] + boxes[0][2] > tool[2]  # what is grasped at the tool point touches the pads


@EVERY
def test_stated_shape_of_the_hand_contains_its_collision_boxes(name):
    """What planning keeps clear is no smaller than what collides, in the frame of the tool: x across, y closing."""
    model, data = at_home(name)
    hand, tool = robot(name).hand, data.site(TOOL_SITE)
    axes = tool.xmat.reshape(3, 3)
    for geom in np.flatnonzero(model.geom_group == 3):
        centre = axes.T @ (data.geom_xpos[geom] - tool.xpos)
        half = np.abs(axes.T @ data.geom_xmat[geom].reshape(3, 3)) @ model.geom_size[geom]
        reach, above = np.abs(centre) + half, -(centre[2] + half[2])
        assert above >= -hand.tip - 1e-3
        if above < hand.palm_height - 1e-3:
            bulge = 1e-3 if above < HIGH else 1e-2  # few things are so high that a finger's root could touch them
            assert reach[0] <= hand.finger_half + 1e-3 and reach[1] <= hand.finger_reach + bulge
        elif above < 2 * hand.palm_height:  # above that is the arm's wrist, higher than anything on the table
            assert reach[0] <= hand.palm_half + 1e-3 and reach[1] <= hand.palm_reach + 1e-3
    room = hand.room
    assert room.fingers >= hand.finger_reach and room.palm_height <= hand.palm_height
    assert room.palm[0] >= hand.palm_reach and room.palm[1] >= hand.palm_half


@EVERY
def test_wrist_camera_sees_tips_tool_and_table_below(name):
    model, data = at_home(name)
    camera, tool = data.camera(WRIST_CAMERA), data.site(TOOL_SITE).xpos
    axes = camera.xmat.reshape(3, 3)
    tips = [data.geom(pad).xpos * [1, 1, 0] + [0, 0, tool[2] - robot(name).hand.tip] for pad in robot(name).pad_geoms]
    for point in (tool, *tips, tool * [1, 1, 0], tool * [1, 1, 0] + [0.05, 0.05, 0]):
        right, up, back = axes.T @ (point - camera.xpos)
        assert back < 0
        assert np.degrees(np.arctan2(np.hypot(right, up), -back)) < model.camera(WRIST_CAMERA).fovy[0] / 2


@EVERY
def test_visual_meshes_are_light_and_whole(name):
    model = build(name)
    visual = model.geom_group == 2
    meshes = model.geom_dataid[visual & (model.geom_type == mujoco.mjtGeom.mjGEOM_MESH)]
    faces = model.mesh_facenum[meshes]
    assert LIGHTEST < faces.sum() < MOST_FACES
    assert np.all(np.ptp(model.mesh_vert, axis=0) < 1.0)  # no vertex was thrown far away by the decimation
    assert not model.geom_contype[visual].any() and not model.geom_conaffinity[visual].any()


@EVERY
def test_robot_shapes_meet_objects_but_not_one_another(name):
    model = build(name)
    solid = np.flatnonzero(model.geom_group == 3)
    assert len(solid) == len(robot(name).gripper.boxes)
    kind, other = model.geom_contype[solid], model.geom_conaffinity[solid]
    assert not np.any(kind[:, None] & other[None, :])
    assert np.all(other & 1)  # the default bit of everything else


# --- moving ----------------------------------------------------------------------------------------------------------


@EVERY
def test_home_is_at_rest(name):
    model, data = world(name).model, world(name).new_data()
    start = data.site(TOOL_SITE).xpos.copy()
    mujoco.mj_step(model, data, 400)
    np.testing.assert_allclose(data.site(TOOL_SITE).xpos, start, atol=1e-4)
    assert np.abs(data.qvel).max() < 1e-3


@EVERY
def test_gripper_opens_and_closes_to_what_it_says(name):
    simulation = standing(name, None, None)
    opening = robot(name).hand.opening
    assert simulation.width == pytest.approx(opening, abs=1e-3)
    for gripper, wanted in ((-1.0, 0.0), (1.0, opening)):
        for _ in range(8):
            simulation.step(np.array([0, 0, 0, 0, 0, 0, gripper]))
        assert simulation.width == pytest.approx(wanted, abs=2e-3)
        followers = [simulation.data.joint(joint).qpos[0] for joint in robot(name).gripper_joints]
        np.testing.assert_allclose(followers, robot(name).gripper_positions(simulation.width), atol=0.02)


OVER_THE_TABLE = st.tuples(
    st.floats(*pick_place.GOAL_AREA[0]), st.floats(*pick_place.GOAL_AREA[1]), st.floats(0.012, 0.3)
)


@pytest.mark.parametrize("name", ROBOTS)
@settings(max_examples=25, deadline=None)
@given(OVER_THE_TABLE, st.floats(-0.7, 0.7))
def test_every_pose_over_the_table_is_reached_and_held(name, place, turn):
    reach_and_hold(name, np.array(place), turn * robot(name).max_yaw)


@pytest.mark.parametrize("name", ROBOTS)
@settings(max_examples=25, deadline=None)
@given(OVER_THE_TABLE, st.floats(-1, 1))
@example((0.35, 0.28, 0.15), -0.9)  # a corner where the Panda's wrist cannot turn so far
@example((0.68, 0.28, 0.3), -1.0)
def test_what_is_said_to_be_in_reach_is(name, place, turn):
    point, yaw = np.array(place), turn * robot(name).max_yaw
    point[:2] *= min(1.0, REACH / np.hypot(*point[:2]))
    if standing(name, None, None).reaches(point, yaw):
        reach_and_hold(name, point, yaw)


@EVERY
def test_corners_of_the_workspace_are_reached_and_held(name):
    (x_low, x_high), (y_low, y_high) = pick_place.GOAL_AREA
    for place in ((x_low, y_low), (x_low, y_high), (x_high, y_low), (x_high, y_high)):
        for height in (0.012, 0.3):
            reach_and_hold(name, np.array([*place, height]), 0.0)


def reach_and_hold(name: str, place: np.ndarray, yaw: float) -> None:
    place[:2] *= min(1.0, REACH / np.hypot(*place[:2]))  # nothing is ever put farther away
    simulation = standing(name, None, None)
    simulation.set_tool(place, yaw)
    simulation.settle(3)
    np.testing.assert_allclose(simulation.tool, place, atol=2e-3)
    np.testing.assert_allclose(simulation.tool_rotation, rotation_z(yaw), atol=5e-3)


@EVERY
def test_commands_beyond_reach_do_no_harm(name):
    simulation = standing(name, None, None)
    for push in ((0.08, 0.08, 0.08), (-0.08, -0.08, 0.08), (0.08, -0.08, -0.08)):
        for _ in range(12):
            simulation.step(np.array([*push, 0.1, -0.1, 0.2, 1.0]))
    assert np.isfinite(simulation.state()).all() and not simulation.exploded
    low, high = np.array(robot(name).workspace)
    assert np.all(simulation.command.position >= low) and np.all(simulation.command.position <= high)


# --- working ---------------------------------------------------------------------------------------------------------


@EVERY
def test_expert_solves_disturbed_episodes(name):
    stage = build_world(0, WorldSpec(robot=name))
    simulation, failures = Simulation(stage), []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        simulation.reset(sample_scene(stage, rng), rng)
        failures.append(attempt_task(simulation, rng, noise=True).failure)
    assert failures.count("") >= 3, failures


@EVERY
def test_a_held_thing_stays_in_the_hand(name):
    simulation = standing(name, (0.5, 0.1), None)
    simulation.set_tool(np.array([0.5, 0.1, 0.025]), 0.0)
    for _ in range(4):
        simulation.step(np.array([0, 0, 0, 0, 0, 0, -1.0]))
    assert simulation.held() == 0
    before = simulation.scene().positions[0] - simulation.tool
    for move in ([0, 0, 0.05], [0, 0, 0.05], [0, -0.06, 0.02], [0.05, -0.06, 0], [0, -0.05, 0], [-0.05, 0, 0]):
        simulation.step(np.array([*move, 0, 0, 0.1, -1.0]))
    simulation.settle(3)
    assert simulation.held() == 0
    np.testing.assert_allclose(
        np.linalg.norm(simulation.scene().positions[0] - simulation.tool), np.linalg.norm(before), atol=0.008
    )


def test_what_the_hand_cannot_span_is_never_a_target(monkeypatch):
    simulation = standing(DEFAULT, (0.5, 0.1), (0.45, -0.15))
    assert sample_world_task(simulation.scene(), simulation.world, np.random.default_rng(0), "place") is not None
    narrow = dataclasses.replace(robot(DEFAULT), hand=dataclasses.replace(robot(DEFAULT).hand, opening=0.05))
    monkeypatch.setattr(simulation, "world", dataclasses.replace(simulation.world, robot=narrow))
    assert not simulation.world.graspable.any()
    assert sample_world_task(simulation.scene(), simulation.world, np.random.default_rng(0), "place") is None
    simulation.pose_freely(np.random.default_rng(0), hold=True)
    assert simulation.held() is None


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.05), st.floats(0, 0.05))
def test_a_roomier_hand_is_never_offered_more(seed, wider, longer):
    scene = random_scene(np.random.default_rng(seed))
    usual = Room()
    roomy = Room(usual.fingers + wider, (usual.palm[0] + longer, usual.palm[1] + wider), usual.palm_height)
    all_of_them, those_left = (TaskSampler(scene, room=room).feasible for room in (usual, roomy))
    for relation, feasible in those_left.items():
        assert not np.any(feasible & ~all_of_them[relation])


@given(st.sampled_from([ur5e.LINKAGE, xarm7.LINKAGE]), st.floats(0, 1))
def test_cranks_reach_the_fingers_they_carry(linkage, share):
    way = share * linkage.opening / 2
    angle = np.polynomial.polynomial.polyval(way, linkage.turn)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    end = np.array(linkage.outer) + turn @ np.array(linkage.crank)
    assert end[0] == pytest.approx(linkage.face + way, abs=5e-4)
    assert end[1] == pytest.approx(linkage.height, abs=6e-3)


def test_slack_and_clearances_follow_the_hand():
    simulation = standing(DEFAULT, (0.5, 0.1), (0.45, -0.15))
    task = sample_task(simulation.scene(), np.random.default_rng(0))
    assert task is not None
    expert = Expert(simulation, task)
    before = expert.slack(task.target)
    expert.hand = dataclasses.replace(expert.hand, opening=expert.hand.opening - 0.01)
    assert expert.slack(task.target) == pytest.approx(before - 0.005)


# --- files -----------------------------------------------------------------------------------------------------------


def vertices_of(name: str) -> int:
    spec = mujoco.MjSpec()
    robot(name).attach(spec)
    return spec.compile().nmeshvert


def test_cache_is_shared_by_processes_and_repaired(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with ProcessPoolExecutor(2) as pool:
        vertices = list(pool.map(vertices_of, [DEFAULT] * 2))
    assert vertices[0] == vertices[1]
    (path,) = tmp_path.rglob("*.npz")
    assert list(path.parent.iterdir()) == [path]  # no temporary files are left
    path.write_bytes(b"PK damaged")
    assert vertices_of(DEFAULT) == vertices[0]
    assert path.stat().st_size > 10_000


def test_missing_files_and_unwritable_cache_are_explained(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    with pytest.raises(SightlineError, match="XDG_CACHE_HOME"):
        vertices_of(DEFAULT)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SightlineError, match="pip install --no-deps robosuite"):
        vertices_of(DEFAULT)
