"""Probes change one thing of a scene, and say what is right then."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from nano import nano_observation, nano_policy, nano_tokenizer

from sightline.core.errors import SightlineError
from sightline.core.types import ActionChunk
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.pointed import PROMPTS, Pointed, Shown
from sightline.evaluate.policies import ExpertPolicy
from sightline.evaluate.probes import PROBES, Blindfolded, _changes, outcome, summary
from sightline.evaluate.run import evaluate
from sightline.language.parsing import meanings


@pytest.fixture(scope="module")
def env() -> TabletopEnv:
    return TabletopEnv(render=False, split="seen")


@pytest.fixture(scope="module")
def changes(env: TabletopEnv) -> dict:
    return _changes(env, range(7, 13), tuple(PROBES))


def test_each_probe_changes_what_it_says(env: TabletopEnv, changes: dict) -> None:
    assert all(len(mine) >= 2 for mine in changes.values()), {name: len(mine) for name, mine in changes.items()}
    for seed, change in changes["flip"].items():
        env.reset(seed=seed)
        assert change.options["task"].target != env.task.target and change.options["task"].relation == env.task.relation
    for seed, change in changes["paraphrase"].items():
        env.reset(seed=seed)
        assert (
            change.options["task"].target == env.task.target
            and change.options["task"].instruction != env.task.instruction
        )
    for seed, change in changes["nonsense"].items():
        env.reset(seed=seed)
        assert not set(change.options["instruction"].split()) & set(env.task.instruction.split())


def test_what_is_absent_fits_nothing_in_the_scene(env: TabletopEnv, changes: dict) -> None:
    for seed, change in changes["absent"].items():
        env.reset(seed=seed)
        assert env.task.reference_phrase in change.options["instruction"]
        assert change.options["instruction"] != env.task.instruction
        assert not meanings(change.options["instruction"], env.scene()), change.options["instruction"]


def test_the_same_scenes_are_asked_about_in_the_same_way(env: TabletopEnv, changes: dict) -> None:
    again = _changes(env, range(7, 13), ("nonsense", "absent"))
    assert again == {name: changes[name] for name in ("nonsense", "absent")}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_another_thing_is_pointed_out_than_is_named(env: TabletopEnv, changes: dict, prompt: str) -> None:
    for seed, change in changes[prompt].items():
        env.reset(seed=seed)
        other, scene = change.options["task"], env.scene()
        assert other.target != env.task.target and change.options["instruction"] == env.task.instruction
        np.testing.assert_allclose(change.shown.target, scene.grasp_points[other.target])
        seen = env.observe()
        steer = change.shown.steer(seen, "front")
        at = steer.points()["target"]
        np.testing.assert_allclose(at, seen.cameras["front"].project(scene.grasp_points[other.target])[0], atol=1e-6)
        assert ("place" in steer.points()) == (prompt == "trace")


def test_each_episode_is_steered_once() -> None:
    told: list = []
    policy = nano_policy(nano_tokenizer())
    policy.act_batch = lambda observations, rows: [ActionChunk(np.zeros((8, 7))) for _ in rows]  # type: ignore[method-assign]
    policy.steer = lambda observation, *steers, row: told.append((row, steers[0].point))  # type: ignore[method-assign]
    pointed = Pointed(policy, {3: Shown(np.array([0.5, 0.0, 0.02]), np.array([0.5, 0.1, 0.0]), "point")})
    pointed.reset([3, 4])
    for _ in range(2):
        pointed.act_batch([nano_observation(0), nano_observation(1)], [3, 4])
    assert [row for row, _ in told] == [3]
    pointed.reset([3])
    pointed.act_batch([nano_observation(0)], [3])
    assert [row for row, _ in told] == [3, 3]


def test_what_cannot_be_steered_is_refused() -> None:
    with pytest.raises(SightlineError, match="only checkpoints can be steered"):
        Pointed(ExpertPolicy(), {})


def row(lifted: str | None, target: str = "mug_red_0") -> SimpleNamespace:
    return SimpleNamespace(lifted=lifted, target=target)


def test_what_is_right_depends_on_what_was_asked() -> None:
    rows = [row("mug_red_0"), row("bowl_blue_1"), row(None)]
    assert [PROBES["flip"].right(each) for each in rows] == [True, False, False]
    assert [PROBES["absent"].right(each) for each in rows] == [False, False, True]
    assert (outcome("nonsense", rows).successes, outcome("nonsense", rows).trials) == (1, 3)
    assert np.isnan(summary({"flip": []})["flip"]["right"])


def test_a_blindfolded_policy_sees_black() -> None:
    seen = []
    policy = nano_policy(nano_tokenizer())
    policy.act_batch = lambda observations, rows: seen.extend(observations) or [ActionChunk(np.zeros((8, 7)))]  # type: ignore[method-assign]
    Blindfolded(policy).act_batch([nano_observation(0)], [0])
    assert all(not image.any() for image in seen[0].images.values()) and seen[0].instruction


def test_the_suite_as_a_whole(tmp_path) -> None:
    policy = nano_policy(nano_tokenizer())
    policy.card = replace(policy.card, image_size=(224, 224))
    policy.save_pretrained(tmp_path / "policy")
    ask = partial(evaluate, str(tmp_path / "policy"), "probes", episodes=1, workers=1, execute=8)
    with pytest.raises(SightlineError, match="Unknown probe 'flipp'"):
        ask(probes=("flipp",))
    result = ask(probes=("nonsense", "blank"), report=tmp_path / "page.html")
    assert set(result["probes"]) == {"nonsense", "blank"} and result["empty"] == "refused"
    assert result["probes"]["blank"]["episodes"] == 1
    assert "Probes" in (tmp_path / "page.html").read_text()
