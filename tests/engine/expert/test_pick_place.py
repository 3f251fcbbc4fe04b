"""The expert: it solves each relation, resumes from disturbed states, and tries again what went wrong."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from sightline.core.types import RELATIONS, Task
from sightline.engine.assets import Grasp
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.expert.pick_place import SPEED, TURN, Expert
from sightline.engine.simulation.simulation import Simulation, limited
from sightline.engine.simulation.success import Judge
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.placement import Layout, sample_scene
from sightline.engine.worlds.world import World
from sightline.language.instructions import sample_task
from sightline.tasks.goals import stages


@lru_cache(maxsize=1)
def world() -> World:
    return build_world(0)


def start(relation: str):
    """Simulation and task: the first seed whose scene offers this relation."""
    simulation = Simulation(world())
    for seed in range(40):
        rng = np.random.default_rng(seed)
        simulation.reset(sample_scene(world(), rng), rng)
        task = sample_task(simulation.scene(), rng, relations=(relation,))
        if task is not None:
            return simulation, task
    pytest.fail(f"No scene offers a task '{relation}'.")


def run(simulation, expert, judge, steps=80, watch=lambda expert, action: None):
    for _ in range(steps):
        action = expert.act()
        watch(expert, action)
        simulation.step(action)
        judge.watch()
        if judge.success:
            return
    pytest.fail(f"Not done after {steps} steps: {judge.failure()}")


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_relation_is_solved_in_moderate_steps(relation):
    simulation, task = start(relation)
    expert, judge, named = Expert(simulation, task), Judge(simulation, task), []

    def watch(expert, action):
        named.append(expert.subtask)
        assert action.shape == (7,) and action.dtype == np.float32
        assert np.linalg.norm(action[:3]) <= SPEED + 1e-6 and np.linalg.norm(action[3:6]) <= TURN + 1e-6
        assert action[6] in (1.0, -1.0)

    run(simulation, expert, judge, 45, watch)
    assert list(dict.fromkeys(named)) == list(stages(task))
    assert judge.verdict() == "" and expert.retries == 0
    expert.act()
    simulation.step(expert.act())
    expert.act()
    assert expert.done


def test_a_new_expert_takes_over_at_any_moment():
    simulation, task = start("right")
    first, judge, moments = Expert(simulation, task), Judge(simulation, task), []
    run(simulation, first, judge, 45, lambda expert, action: moments.append((simulation.snapshot(), action)))
    started = first.started
    for moment, action in moments:
        simulation.restore(moment)
        resumed = Expert(simulation, task, started).act()
        np.testing.assert_allclose(resumed, action, atol=1e-5)


def test_it_goes_on_after_being_thrown_off():
    simulation, task = start("left")
    expert, judge, rng = Expert(simulation, task), Judge(simulation, task), np.random.default_rng(1)
    for step in range(80):
        action = expert.act()
        if step % 9 == 4:  # a hard push, now and then
            action[:3] += limited(rng.normal(0, 0.04, 3), 0.06).astype(np.float32)
        simulation.step(action)
        judge.watch()
        if judge.success:
            break
    assert judge.success


def test_a_lost_object_is_picked_up_again():
    simulation, task = start("behind")
    expert, judge = Expert(simulation, task), Judge(simulation, task)
    dropped = False
    for _ in range(100):
        action = expert.act()
        if expert.subtask == "carry" and not dropped:
            dropped = True
            low = simulation.command.position[2] - simulation.scene().grasp_points[task.target, 2]
            assert low < 0.05
            for _ in range(3):  # let it down gently, then let go far from the goal
                simulation.step(np.array([0, 0, -0.035, 0, 0, 0, -1.0]))
            for _ in range(3):
                simulation.step(np.array([0, 0, 0, 0, 0, 0, 1.0]))
            continue
        simulation.step(action)
        judge.watch()
        if judge.success:
            break
    assert dropped and judge.success


def test_closed_fingers_with_nothing_between_them_are_opened():
    simulation, task = start("front")
    for _ in range(6):
        simulation.step(np.array([0, 0, 0, 0, 0, 0, -1.0]))
    expert = Expert(simulation, task)
    assert expert.act()[6] == 1.0 and expert.retries == 1
    run(simulation, expert, Judge(simulation, task))


# --- several grasps ----------------------------------------------------------------------------------------------


def scene_of(*models, places, seed=0):
    """A simulation of these models standing at (x, y, yaw), and a task that puts the first into the second."""
    world_of_them = World.of(models)
    poses = np.zeros((len(models), 7))
    for index, (x, y, yaw) in enumerate(places):
        poses[index] = [x, y, 0.0005, np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]
    simulation = Simulation(world_of_them)
    simulation.reset(Layout(np.ones(len(models), bool), poses), np.random.default_rng(seed))
    return simulation, Task("into", 0, 1, "", "", "")


def test_after_a_miss_it_goes_on_to_the_next_grasp():
    cube = starter.model("cube", "red", "medium")
    beside = Grasp((0.05, 0.0, 0.02), np.pi / 2, 0.042)  # closes on air
    simulation, task = scene_of(
        cube.with_grasps([beside, cube.grasp]),
        starter.model("bowl", "blue", "large"),
        places=((0.5, -0.12, 0), (0.5, 0.12, 0)),
    )
    expert, judge = Expert(simulation, task), Judge(simulation, task)
    assert np.allclose(simulation.scene().grasp_points[0, :2], [0.55, -0.12], atol=1e-6)
    run(simulation, expert, judge, 70)
    assert expert.retries >= 1 and simulation.world.chosen[0] == 1 and judge.verdict() == ""


def test_it_takes_a_grasp_that_neighbours_leave_free():
    box = starter.model("cereal box", "", "medium")
    low, high = (Grasp((0.0, 0.0, z), np.pi / 2, 0.034) for z in (0.03, 0.06))
    wall = starter.model("brick", "red", "large")
    bowl = starter.model("bowl", "blue", "large")
    near = 0.017 + 0.01 + wall.radius  # what stands here leaves no room for a finger at the box's side
    free = scene_of(box.with_grasps([low, high]), bowl, places=((0.5, -0.1, 0), (0.5, 0.15, 0)))
    tight = scene_of(
        box.with_grasps([low, high]), bowl, wall, places=((0.5, -0.1, 0), (0.5, 0.15, 0), (0.5, -0.1 - near - 0.01, 0))
    )
    for (simulation, task), wanted in ((free, 0), (tight, 1)):
        Expert(simulation, task).act()
        assert simulation.world.chosen[0] == wanted


def test_it_takes_a_grasp_that_the_arm_reaches():
    brush = starter.model("brush", "red", "large")
    far, near = (Grasp((x, 0.0, 0.02), np.pi / 2, 0.036) for x in (0.05, -0.05))
    bowl = starter.model("bowl", "blue", "large")
    simulation, task = scene_of(brush.with_grasps([far, near]), bowl, places=((0.73, 0.0, 0), (0.5, 0.2, 0)))
    Expert(simulation, task).act()
    assert simulation.world.chosen[0] == 1
    assert simulation.reaches(np.array([0.5, 0.1, 0.05]), 0.3)
    assert not simulation.reaches(np.array([0.5, 0.1, 0.05]), 2.5)
    assert not simulation.reaches(np.array([0.9, 0.1, 0.05]), 0.0)


def test_a_choice_is_part_of_the_moment_and_ends_with_the_scene():
    simulation, _ = scene_of(
        starter.model("mug", "red", "large").with_grasps(
            [Grasp((0, 0, 0.04), 0.0, 0.05), Grasp((0.01, 0, 0.03), 1.0, 0.05)]
        ),
        starter.model("bowl", "blue", "large"),
        places=((0.5, -0.1, 0.4), (0.5, 0.15, 0)),
    )
    before, first = simulation.snapshot(), simulation.scene()
    simulation.world.choose_grasp(0, 1)
    second = simulation.scene()
    assert (
        not np.allclose(first.grasp_points[0], second.grasp_points[0]) and first.grasp_yaws[0] != second.grasp_yaws[0]
    )
    simulation.restore(before)
    np.testing.assert_array_equal(simulation.scene().grasp_points, first.grasp_points)
    simulation.world.choose_grasp(0, 1)
    simulation.reset(Layout(np.ones(2, bool), np.tile([0.5, 0, 0, 1, 0, 0, 0.0], (2, 1))), np.random.default_rng(0))
    assert simulation.world.chosen.tolist() == [0, 0]


def test_a_grasp_that_the_hand_cannot_span_is_never_chosen():
    carton = starter.model("carton", "red", "large")
    wide, narrow = (Grasp((0.0, 0.0, 0.04), np.pi / 2, width) for width in (0.075, 0.052))
    bowl = starter.model("bowl", "blue", "large")
    simulation, task = scene_of(carton.with_grasps([wide, narrow]), bowl, places=((0.5, -0.1, 0), (0.5, 0.15, 0)))
    assert simulation.world.chosen[0] == 1 and simulation.world.graspable.tolist() == [True, False]
    Expert(simulation, task).act()
    assert simulation.world.chosen[0] == 1
