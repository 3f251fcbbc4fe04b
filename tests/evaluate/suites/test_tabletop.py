"""The simulator's side: expert, replay, probe and reports over real episodes."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from sightline.core.console import plain
from sightline.core.errors import SightlineError
from sightline.core.types import Grounding
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.grounding_metrics import measure, sample_items
from sightline.evaluate.language_probe import listen, swap_target
from sightline.evaluate.policies import ExpertPolicy, load_policy
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.evaluate.run import evaluate as evaluate_in_processes

evaluate = partial(evaluate_in_processes, workers=1)
make_env = partial(TabletopEnv, size=64, render=False)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "episodes"
    generate(folder, 3, Recipe(3, size=96))
    return folder


def test_environments_side_by_side_do_not_disturb_each_other():
    first, second = make_env(), make_env()
    first.reset(seed=0)
    before = first.observe()
    second.reset(seed=1)  # another world
    second.observe()
    after = first.observe()
    for camera in before.images:
        assert (before.images[camera] == after.images[camera]).all()
    assert first.scene().objects != second.scene().objects


def test_the_expert_succeeds_whatever_the_batch():
    seeds = list(range(8))
    rows = rollout(ExpertPolicy(), make_env, seeds, RolloutSettings(batch=3))
    assert rows == rollout(ExpertPolicy(), make_env, seeds, RolloutSettings(batch=1))
    assert sum(row.success for row in rows) >= 7
    assert all(row.lifted == row.target for row in rows if row.success)
    assert {row.style for row in rows} <= {"attribute", "spatial", "superlative"}


def test_recorded_actions_repeat_what_was_recorded(dataset, tmp_path):
    result = evaluate(f"replay:{dataset}", episodes=99, video=tmp_path / "films", films=1, report=tmp_path / "r.html")
    assert result["success_rate"] == 1.0 and len(result["episodes"]) == 3
    assert (tmp_path / "films" / result["episodes"][0]["video"]).stat().st_size > 1000
    assert "3 of 3" in (tmp_path / "r.html").read_text()


def test_robots_are_evaluated_by_name(dataset, tmp_path):
    rows = {name: evaluate("expert", episodes=2, robot=name) for name in ("xarm7", "")}
    assert [result["settings"]["robot"] for result in rows.values()] == ["xarm7", "panda"]
    told = [[row["instruction"] for row in result["episodes"]] for result in rows.values()]
    assert told[0] == told[1]  # the same scenes and tasks for another arm
    with pytest.raises(SightlineError, match="Unknown robot 'ur10'"):
        evaluate("expert", episodes=1, robot="ur10")


def test_a_replay_is_done_by_the_recorded_robot(dataset, tmp_path):
    with pytest.raises(SightlineError, match="robot is panda: a replay cannot be of 'ur5e'"):
        evaluate(f"replay:{dataset}", episodes=1, robot="ur5e")
    generate(tmp_path / "ur5e", 1, Recipe(3, size=64, robot="ur5e"))
    result = evaluate(f"replay:{tmp_path / 'ur5e'}", episodes=1)
    assert result["success_rate"] == 1.0 and result["settings"]["robot"] == "ur5e"


def test_skills_and_collections_are_replayed_and_evaluated(tmp_path):
    generate(tmp_path / "skills", 4, Recipe(5, size=64, tasks="all", collection="full", split="novel"))
    replayed = evaluate(f"replay:{tmp_path / 'skills'}", episodes=4)
    assert replayed["success_rate"] == 1.0
    about = replayed["settings"]
    assert (about["collection"], about["tasks"], about["split"]) == ("full", "all", "novel")
    pressed = evaluate("expert", episodes=3, collection="full", tasks="button")
    assert pressed["success_rate"] == 1.0 and all("button" in row["instruction"] for row in pressed["episodes"])
    with pytest.raises(SightlineError, match="collection is full: a replay cannot be of 'starter'"):
        evaluate(f"replay:{tmp_path / 'skills'}", episodes=1, collection="starter")
    with pytest.raises(SightlineError, match="did you mean 'drawer'"):
        evaluate("expert", episodes=1, tasks="drawers")


def test_the_full_collection_has_tasks_and_splits_of_its_own():
    result = evaluate("expert", episodes=2, split="unseen-instruction", seed=5)
    about, rows = result["settings"], result["episodes"]
    assert [row["task"] for row in rows] == [
        f"unseen-instruction/{name}"
        for name in ("041: put a toy car onto a book", "042: put a trowel to the right of a candle")
    ]
    assert (about["collection"], about["split"], about["worlds"]) == ("full", "unseen-instruction", "demonstrated")
    assert (about["tasks"], about["phrasing"]) == ("140 of the suite", "unseen")
    told = [evaluate("expert", episodes=1, seed=5, **where)["settings"] for where in (
        {"collection": "full", "tasks": "place"}, {"collection": "full", "split": "novel"}, {}
    )]  # fmt: skip
    assert [(one["tasks"], one["phrasing"]) for one in told] == [("place", "plain")] * 3, "drawn as they ever were"
    assert [(one["collection"], one["split"]) for one in told] == [
        ("full", "seen"), ("full", "novel"), ("starter", "seen")
    ]  # fmt: skip
    with pytest.raises(SightlineError, match="'starter' has no split 'unseen-kind'"):
        evaluate("expert", episodes=1, split="unseen-kind", collection="starter")
    with pytest.raises(SightlineError, match="did you mean 'unseen-kind'"):
        evaluate("expert", episodes=1, split="unseen-kinds")


def test_the_gripper_sign_matters(dataset, monkeypatch):
    from sightline.envs.recorded import RecordedEnv

    right = RecordedEnv.executed_actions
    monkeypatch.setattr(RecordedEnv, "executed_actions", lambda self: right(self) * [1, 1, 1, 1, 1, 1, -1])
    assert evaluate(f"replay:{dataset}", episodes=3)["success_rate"] == 0.0


def test_what_cannot_be_replayed_is_said(tmp_path):
    generate(tmp_path / "scenes", 1, Recipe(1, size=64, kind="scenes"))
    with pytest.raises(SightlineError, match="cannot be replayed"):
        evaluate(f"replay:{tmp_path / 'scenes'}", episodes=1)
    with pytest.raises(SightlineError, match="does not exist"):
        evaluate(f"replay:{tmp_path / 'none'}", episodes=1)


def test_result_has_the_contract_keys_and_is_plain_json():
    result = evaluate("expert", episodes=2, seed=3, probe=2)
    assert {"success_rate", "success_any_time", "ci95", "episodes", "wrong_object_rate", "seconds"} <= set(result)
    assert [row["seed"] for row in result["episodes"]] == [3_000_000, 3_000_001]
    assert {"task", "seed", "success", "steps", "instruction"} <= set(result["episodes"][0])
    assert result["ci95"][0] <= result["success_rate"] <= result["ci95"][1]
    json.dumps(plain(result), allow_nan=False)


def test_a_swapped_noun_changes_the_target_alone():
    env, swapped = make_env(), 0
    for seed in range(12):
        env.reset(seed=seed)
        task = env.task
        other = swap_target(env.scene(), task, np.random.default_rng(seed))
        if other is None:
            continue
        swapped += 1
        assert other.target not in (task.target, task.reference) and other.reference == task.reference
        assert other.instruction == task.instruction.replace(task.target_phrase, other.target_phrase, 1)
        assert env.scene().present[other.target]
    assert swapped >= 4


def test_the_expert_listens():
    result = listen(ExpertPolicy, make_env, range(8)).to_dict()
    assert result["pairs"] >= 3
    assert result["acts_on_named_after"] >= 0.75 and result["acts_on_original_after"] <= 0.25


class Oracle:
    """Knows the answers."""

    def __init__(self, items):
        self.answers = {(item.image.tobytes(), item.question.text): item.answer for item in items}

    def ground_batch(self, images, texts, cameras):
        said = []
        for image, text in zip(images, texts, strict=True):
            truth = self.answers[image.tobytes(), text]
            boxes = {"target": truth.target_box, "reference": truth.place_box}
            said.append(
                Grounding("front", boxes, {"target": truth.target_point, "place": truth.place_point}, truth.trace)
            )
        return said


def test_the_truth_scores_full_marks_on_a_dataset(dataset):
    batches = list(sample_items([dataset], 12, 4, seed=0))
    assert len(batches) == 12
    summary = measure(Oracle([item for batch in batches for item in batch]), batches).summary()
    assert summary["questions"] >= 36 and summary["box_acc50"] == 1 and summary["reference_box_acc50"] == 1
    assert summary["trace_mae_px"] < 1e-6 and summary["place_error_px"] < 1e-6
    assert summary["point_acc"] == summary["point_ceiling"] > 0.85, (
        "grasp points lie on what can be seen of the object, unless the arm hides them"
    )


def test_the_same_questions_for_everyone(dataset):
    texts = [[item.question.text for batch in sample_items([dataset], 5, 4, 7) for item in batch] for _ in range(2)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"policy": "expert", "suite": "table"}, "did you mean 'tabletop'"),
        ({"policy": "expert", "split": "sen"}, "did you mean 'seen'"),
        ({"policy": "expert", "phrasing": "seen"}, "did you mean 'unseen'"),
        ({"policy": "expert", "episodes": 0}, "At least one episode"),
        ({"policy": "nowhere/at/all"}, "no checkpoint at 'nowhere/at/all'"),
        ({"policy": "expert", "execute": 0}, "At least one action"),
    ],
)
def test_misuse_is_one_sentence(arguments, message):
    with pytest.raises(SightlineError, match=message):
        evaluate(**arguments)


def test_unknown_policies_are_named():
    with pytest.raises(SightlineError, match="no checkpoint at 'expart'"):
        load_policy("expart")
