"""The environment keeps gymnasium's promises, and ours: same seed, same episode."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from sightline.core.errors import SightlineError
from sightline.core.types import Task
from sightline.envs.tabletop import TIME_LIMIT, TabletopEnv

SIZE = 48
STILL = np.array([0, 0, 0, 0, 0, 0, 1], np.float32)


@pytest.fixture
def env():
    made = TabletopEnv(size=SIZE, render=False)
    yield made
    made.close()


def solve(env):
    expert = env.expert()
    while True:
        info = env.advance(expert.act())
        if info["is_success"] or info["truncated"]:
            return info


def test_gymnasium_is_content():
    env = TabletopEnv(size=SIZE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would rather have symmetric actions and no infinite states
        check_env(env, skip_render_check=True)
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    assert all(picture.std() > 5 for picture in observation["images"].values())
    env.close()


def test_same_seed_same_episode(env):
    runs = []
    for seed in (5, 6, 5):
        observation, info = env.reset(seed=seed)
        states = [observation["state"]]
        for _ in range(4):
            states.append(env.step(np.array([0.02, 0.01, -0.02, 0, 0, 0.1, -1], np.float32))[0]["state"])
        runs.append((info["instruction"], np.stack(states), env.observe().images["front"]))
    assert runs[0][0] == runs[2][0]
    assert np.array_equal(runs[0][1], runs[2][1]) and np.array_equal(runs[0][2], runs[2][2])
    assert runs[0][0] != runs[1][0] or not np.array_equal(runs[0][1], runs[1][1])


def test_phrasing_changes_the_words_alone(env):
    spoken = {name: TabletopEnv(size=SIZE, render=False, phrasing=name) for name in ("train", "unseen")}
    for seed in range(4):
        observation, _ = env.reset(seed=seed)
        plain = env.task
        for other in spoken.values():
            seen, told = other.reset(seed=seed)
            assert np.array_equal(seen["state"], observation["state"])
            task = other.task
            assert (task.relation, task.target, task.reference) == (plain.relation, plain.target, plain.reference)
            assert told["instruction"] == task.instruction
            assert other.observation_space["instruction"].contains(told["instruction"])
        assert spoken["unseen"].task.instruction not in (plain.instruction, spoken["train"].task.instruction)
    with pytest.raises(SightlineError, match="known: plain, train, unseen"):
        TabletopEnv(phrasing="rich")


@pytest.mark.parametrize("split", ["seen", "unseen"])
def test_the_expert_solves_most(split):
    env = TabletopEnv(split, size=SIZE, render=False)
    done = 0
    for seed in range(12):
        env.reset(seed=seed)
        info = solve(env)
        done += info["is_success"]
        assert info["is_success"] == (info["failure"] == "")
        assert info["target_lifted"] or not info["is_success"]
        assert info["steps"] <= TIME_LIMIT
    assert done >= 11


def test_success_ends_the_episode_with_a_reward(env):
    env.reset(seed=0)
    expert, ended = env.expert(), False
    for _ in range(TIME_LIMIT):
        _, reward, ended, truncated, info = env.step(expert.act())
        assert reward == float(info["is_success"]) == float(ended)
        if ended or truncated:
            break
    assert ended and not truncated


def test_success_has_to_last_for_half_a_second(env):
    env.reset(seed=2)
    assert solve(env)["is_success"]
    simulation, before = env._running()[0], env._running()[0].data.time
    held = env.hold()
    assert held["is_success"] and not held["truncated"] and held["failure"] == ""
    assert simulation.data.time - before == pytest.approx(0.5)
    address = simulation.world.qpos_adr[env.task.target]
    simulation.data.qpos[address : address + 3] += [0.0, 0.0, 0.3]
    simulation.data.qpos[address] -= 0.4
    lost = env.hold()
    assert not lost["is_success"] and lost["truncated"] and lost["failure"] in ("did not stay", "object fell")


def test_an_idle_robot_runs_out_of_steps(env):
    env.reset(seed=0)
    for step in range(1, TIME_LIMIT + 1):
        info = env.advance(STILL)
        assert info["truncated"] == (step == TIME_LIMIT) and info["steps"] == step
    assert info["failure"] == "timeout" and not info["is_success"]


def test_observations_are_calibrated(env):
    env.reset(seed=2)
    seen = env.observe()
    assert set(seen.images) == set(seen.cameras) == set(env.card.cameras) == {"front", "wrist"}
    assert env.card.image_size == (SIZE, SIZE) and seen.images["wrist"].shape == (SIZE, SIZE, 3)
    assert seen.instruction == env.task.instruction and seen.state.shape == env.observation_space["state"].shape
    drawn = env._scenario().renderer(SIZE).view(env._running()[0].data, "wrist")  # as generation draws it
    assert np.array_equal(seen.images["wrist"], drawn.image)
    assert np.array_equal(seen.cameras["wrist"].to_vector(), drawn.camera.to_vector())
    pixel, _ = seen.cameras["wrist"].project(env.scene().tool)
    assert seen.cameras["wrist"].inside(pixel)


def test_task_and_words_can_be_replaced(env):
    env.reset(seed=3)
    task, scene = env.task, env.scene()
    items = [i for i in np.flatnonzero(scene.present) if scene.objects[i].role == "item"]
    other = next(i for i in items if i not in (task.target, task.reference))
    swapped = Task(
        task.relation, int(other), task.reference, "take the other one", "the other one", task.reference_phrase
    )
    observation, info = env.reset(seed=3, options={"task": swapped})
    assert env.task == swapped and info["instruction"] == observation["instruction"] == "take the other one"
    assert np.array_equal(env.scene().positions, scene.positions)
    env.reset(seed=3, options={"instruction": "tidy up"})
    assert env.task == task and env.observe().instruction == "tidy up"


def test_wrong_use_is_explained(env):
    for use in (lambda: env.advance(STILL), env.observe, env.scene, env.expert):
        with pytest.raises(SightlineError, match="call reset"):
            use()
    with pytest.raises(SightlineError, match="did you mean 'seen'"):
        TabletopEnv("sen")
    with pytest.raises(SightlineError, match="did you mean 'instruction'"):
        env.reset(seed=0, options={"instructions": "x"})
    with pytest.raises(SightlineError, match="must not be negative"):
        env.reset(seed=-1)
    env.reset(seed=0)
    with pytest.raises(SightlineError, match="finite"):
        env.step(np.full(7, np.nan, np.float32))
