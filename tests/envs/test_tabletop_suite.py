"""Episodes of the suite are pure functions of split and seed, and its splits change one thing alone."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.engine.assets import full
from sightline.engine.worlds.placement import USUAL
from sightline.envs import tabletop_suite
from sightline.envs.tabletop_suite import TabletopSuiteEnv
from sightline.evaluate.policies import ExpertPolicy
from sightline.evaluate.rollout import RolloutSettings, rollout

SIZE = 48
SEED = 5_000_004  # task 45: an eraser in front of a plate


def started(split: str, seed: int = SEED, **arguments: str) -> TabletopSuiteEnv:
    env = TabletopSuiteEnv(split, size=SIZE, render=False, **arguments)
    env.reset(seed=seed)
    return env


@pytest.fixture(scope="module")
def seen() -> TabletopSuiteEnv:
    return started("seen")


def test_the_same_seed_is_the_same_episode(seen: TabletopSuiteEnv) -> None:
    again = started("seen", seed=SEED + 1)
    again.reset(seed=SEED)
    assert again.scene().objects == seen.scene().objects and again.instruction == seen.instruction
    assert np.array_equal(again.scene().positions, seen.scene().positions)
    assert np.array_equal(again.observe().images["front"], seen.observe().images["front"])
    again.reset(seed=SEED + len(again.tasks))
    assert again.about == seen.about and again.scene().objects != seen.scene().objects


def test_an_episode_is_about_its_task(seen: TabletopSuiteEnv) -> None:
    scene, task, about = seen.scene(), seen.task, seen.about
    assert task is not None
    kinds = [scene.objects[index].kind for index in (task.target, task.reference)]
    assert (task.relation, *kinds) == (about.relation, about.target, about.reference) == ("front", "eraser", "plate")
    assert scene.present[[task.target, task.reference]].all() and 3 <= scene.present.sum() <= 8
    assert seen.instruction == "pick up the green rubber and put it in front of the red thing", "fixed for good"
    info = seen.advance(np.array([0, 0, 0, 0, 0, 0, 1], np.float32))
    assert info["task"] == "seen/045: put an eraser in front of a plate" and info["relation"] == "front"


def test_an_episode_that_needs_several_worlds_leaves_the_next_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    env, plain = TabletopSuiteEnv(size=SIZE, render=False), started("seen", seed=1)
    offered = env._offered
    monkeypatch.setattr(tabletop_suite, "SCENES", 4)
    monkeypatch.setattr(env, "_offered", lambda *of: None if env._tries < 2 and env._seed == 0 else offered(*of))
    places = []
    for seed in (0, 1, 0):
        env.reset(seed=seed)
        places.append((env._tries, env.scene().objects))
    assert places[0] == places[2] and places[0][0] >= 2
    assert places[1][1] == plain.scene().objects


def test_another_background_and_other_words_leave_the_scene_alone() -> None:
    here = started("seen")
    for split in ("unseen-background", "unseen-instruction", "novel-instruction"):
        other = started(split)
        assert other.scene().objects == here.scene().objects
        assert np.array_equal(other.scene().positions, here.scene().positions)
        assert (other.instruction == here.instruction) == (split == "unseen-background")
        same_picture = np.array_equal(other.observe().images["front"], here.observe().images["front"])
        assert same_picture == (split != "unseen-background")


def test_objects_are_those_of_the_split() -> None:
    for split in ("unseen-instance", "unseen-kind", "novel-kind"):
        env = started(split, seed=7)
        allowed = {
            full.build(v).name for kind in {m.kind for m in env._scenario().world.models}
            for v in full.variants(kind, env.conditions.split)
        }  # fmt: skip
        assert {model.name for model in env._scenario().world.models} <= allowed


def test_targets_stand_outside_of_where_they_stood_in_training() -> None:
    env = TabletopSuiteEnv("unseen-position", size=SIZE, render=False)
    for seed in (0, 1):
        env.reset(seed=seed)
        scene, task = env.scene(), env.task
        assert task is not None
        assert not USUAL.holds(scene.positions[task.target, :2]) and scene.present.sum() >= 7
        assert env.conditions.spread.holds(scene.positions[task.target, :2] * 0.99)


def test_the_expert_does_the_tasks_in_any_batch() -> None:
    def make_env() -> TabletopSuiteEnv:
        return TabletopSuiteEnv("seen", size=SIZE, render=False)

    rows = rollout(ExpertPolicy(), make_env, range(3), RolloutSettings(batch=2))
    assert rows == rollout(ExpertPolicy(), make_env, range(3), RolloutSettings(batch=1))
    assert sum(row.success for row in rows) >= 2
    assert [str(row.task)[:9] for row in rows] == ["seen/001:", "seen/002:", "seen/003:"]
