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
        assert change["task"].target != env.task.target and change["task"].relation == env.task.relation
    for seed, change in changes["paraphrase"].items():
        env.reset(seed=seed)
        assert change["task"].target == env.task.target and change["task"].instruction != env.task.instruction
    for seed, change in changes["nonsense"].items():
        env.reset(seed=seed)
        assert not set(change["instruction"].split()) & set(env.task.instruction.split())


def test_what_is_absent_fits_nothing_in_the_scene(env: TabletopEnv, changes: dict) -> None:
    for seed, change in changes["absent"].items():
        env.reset(seed=seed)
        assert env.task.reference_phrase in change["instruction"]
        assert change["instruction"] != env.task.instruction
        assert not meanings(change["instruction"], env.scene()), change["instruction"]


def test_the_same_scenes_are_asked_about_in_the_same_way(env: TabletopEnv, changes: dict) -> None:
    again = _changes(env, range(7, 13), ("nonsense", "absent"))
    assert again == {name: changes[name] for name in ("nonsense", "absent")}


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
