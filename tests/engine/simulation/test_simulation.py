"""The simulated arm: commands are followed, limits hold, the past can be restored, nonsense is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.core.errors import SightlineError
from sightline.core.types import STATE_NAMES
from sightline.engine.assets.starter.catalogue import model
from sightline.engine.simulation import simulation as physics
from sightline.engine.simulation.simulation import Simulation, limited, rotation_from_vector, vector_from_rotation
from sightline.engine.worlds.placement import Layout
from sightline.engine.worlds.world import World

OPEN, CLOSE = 1.0, -1.0


@pytest.fixture(scope="module")
def world():
    return World.of((model("cube", "red", "medium"), model("bowl", "blue", "medium")))


def layout(*places):
    """Cube and bowl at these (x, y); None: not there."""
    present = np.array([place is not None for place in places])
    poses = np.zeros((len(places), 7))
    poses[:, 3] = 1.0
    for index, place in enumerate(places):
        if place is not None:
            poses[index, :2] = place
    return Layout(present, poses)


@pytest.fixture
def simulation(world):
    made = Simulation(world)
    made.reset(layout((0.5, 0.1), (0.45, -0.15)), np.random.default_rng(0))
    return made


def act(simulation, move=(0, 0, 0), turn=(0, 0, 0), gripper=OPEN, times=1):
    for _ in range(times):
        simulation.step(np.array([*move, *turn, gripper]))


def go_to(simulation, goal, gripper, steps=40):
    for _ in range(steps):
        move = limited(np.asarray(goal) - simulation.command.position, 0.05)
        act(simulation, move, gripper=gripper)
        if np.linalg.norm(move) < 1e-6:
            return


vectors = st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3).map(np.array)


@given(vectors)
def test_rotation_vectors_survive_the_round_trip(vector):
    matrix = rotation_from_vector(vector)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(vector_from_rotation(matrix), vector, atol=1e-6)


@given(vectors, st.floats(0.01, 1.0))
def test_limiting_keeps_the_direction(vector, most):
    short = limited(vector, most)
    assert np.linalg.norm(short) <= most + 1e-9
    np.testing.assert_allclose(np.cross(short, vector), 0, atol=1e-9)


def test_the_tool_follows_the_command(simulation):
    simulation.set_tool(np.array([0.45, -0.2, 0.25]), 0.0)
    act(simulation, (0.01, 0.05, -0.01), (0, 0, 0.05), times=7)
    assert np.linalg.norm(simulation.tool - simulation.command.position) < 0.012  # on the move
    act(simulation, times=3)
    assert np.linalg.norm(simulation.tool - simulation.command.position) < 0.001
    assert simulation.tool_yaw == pytest.approx(0.35, abs=0.005)
    np.testing.assert_allclose(simulation.command.position, [0.52, 0.15, 0.18], atol=1e-9)


def test_state_says_what_the_names_say(simulation):
    act(simulation, (0.02, 0, 0), (0, 0, 0.1), gripper=CLOSE, times=6)
    state = dict(zip(STATE_NAMES, simulation.state(), strict=True))
    assert simulation.state().dtype == np.float32
    np.testing.assert_allclose([state["x"], state["y"], state["z"]], simulation.tool, atol=1e-6)
    np.testing.assert_allclose([state["rx"], state["ry"]], 0, atol=0.02)
    assert state["rz"] == pytest.approx(simulation.tool_yaw, abs=1e-3)
    assert state["command_rz"] == pytest.approx(simulation.command.yaw)
    assert state["width"] < 0.005 and state["gripper_command"] == -1


def test_limits_of_step_and_workspace(simulation):
    before = simulation.command.position.copy()
    act(simulation, (0, 5.0, 0))
    assert np.linalg.norm(simulation.command.position - before) == pytest.approx(physics.MAX_STEP)
    act(simulation, (5.0, 0, -5.0), (3.0, 0, 3.0), times=20)
    low, high = simulation.robot.workspace
    assert np.all(simulation.command.position >= low) and np.all(simulation.command.position <= high)
    assert abs(simulation.command.yaw) <= simulation.robot.max_yaw + 1e-6
    assert np.arccos(simulation.command.rotation[2, 2]) <= physics.MAX_TILT + 1e-6
    assert np.all(np.isfinite(simulation.state()))


@pytest.mark.parametrize("action", [np.zeros(6), np.zeros((1, 7)), [0, 0, np.nan, 0, 0, 0, 1], [np.inf] + [0] * 6])
def test_impossible_actions_are_refused(simulation, action):
    before = simulation.state()
    with pytest.raises(SightlineError, match="action must"):
        simulation.step(np.array(action))
    assert np.array_equal(before, simulation.state())


def test_pick_up_carry_and_put_down(simulation):
    go_to(simulation, (0.5, 0.1, 0.15), OPEN)
    go_to(simulation, (0.5, 0.1, 0.02), OPEN)
    assert simulation.held() is None
    act(simulation, gripper=CLOSE, times=4)
    assert simulation.held() == 0 and 0.02 < simulation.width < 0.06
    go_to(simulation, (0.5, 0.1, 0.2), CLOSE)
    go_to(simulation, (0.55, 0.25, 0.2), CLOSE)
    cube = simulation.scene().positions[0]
    assert np.linalg.norm(cube - simulation.tool) < 0.02  # neither dropped nor creeping
    go_to(simulation, (0.55, 0.25, 0.03), CLOSE)
    act(simulation, gripper=OPEN, times=4)
    assert simulation.held() is None and simulation.speed(0) < 0.01
    np.testing.assert_allclose(simulation.scene().positions[0, :2], [0.55, 0.25], atol=0.015)
    assert not simulation.fallen()


def test_a_restored_moment_has_the_same_future(simulation):
    act(simulation, (0.01, 0.02, -0.03), times=3)
    moment = simulation.snapshot()
    act(simulation, (0.0, 0.03, -0.03), gripper=CLOSE, times=5)
    first = simulation.data.qpos.copy()
    simulation.restore(moment)
    act(simulation, (0.0, 0.03, -0.03), gripper=CLOSE, times=5)
    assert np.array_equal(first, simulation.data.qpos)


def test_the_same_seed_starts_the_same_and_within_bounds(world):
    starts = []
    for seed in (3, 3, 4):
        made = Simulation(world)
        made.reset(layout((0.5, 0.1), None), np.random.default_rng(seed))
        starts.append(made.state())
        offset = made.tool - [0.45, 0, 0]
        assert np.all(np.abs(offset[:2]) <= physics.START_SPREAD + 1e-3)
        assert physics.START_HEIGHT[0] - 1e-3 <= offset[2] <= physics.START_HEIGHT[1] + 1e-3
        assert abs(made.tool_yaw) <= physics.START_YAW + 1e-3
    assert np.array_equal(starts[0], starts[1]) and not np.array_equal(starts[0], starts[2])


def test_exploding_contacts_are_undone(simulation):
    before = simulation.data.qpos.copy()
    simulation.data.qvel[simulation.world.dof_adr[0]] = 1e7
    act(simulation)
    assert simulation.exploded
    assert np.array_equal(before, simulation.data.qpos) and np.all(np.isfinite(simulation.state()))
    act(simulation)
    assert np.linalg.norm(simulation.tool - simulation.command.position) < 0.01


def test_free_poses_hold_things_and_keep_clear(simulation):
    held = 0
    for seed in range(8):
        simulation.reset(layout((0.5, 0.1), (0.45, -0.15)), np.random.default_rng(seed))
        simulation.pose_freely(np.random.default_rng(seed), hold=seed % 2 == 0)
        scene = simulation.scene()
        if np.linalg.norm(scene.grasp_points[0] - scene.tool) < 0.005:
            held += 1
            assert simulation.command.gripper < 0 and simulation.width == pytest.approx(0.0436, abs=0.02)
        assert scene.tool[2] > 0.02
    assert held == 4
