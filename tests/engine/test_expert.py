"""The expert: it solves each relation, resumes from disturbed states, and tries again what went wrong."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from sightline.core.types import RELATIONS
from sightline.engine.expert import SPEED, SUBTASKS, TURN, Expert
from sightline.engine.physics import Simulation, limited
from sightline.engine.rollout import Judge
from sightline.engine.scene import sample_scene
from sightline.engine.tasks import sample_task
from sightline.engine.world import World


@lru_cache(maxsize=1)
def world() -> World:
    return World.build(0)


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
    assert list(dict.fromkeys(named)) == list(SUBTASKS)
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
