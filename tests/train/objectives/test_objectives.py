"""Every objective draws batches that are pure functions of seed and step; the configuration names what is learned."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from batches import same
from small import FAST

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train import objectives
from sightline.train.config import OBJECTIVES, STAGE_1, STAGE_2, TrainConfig, stage_defaults
from sightline.train.frame_bank import FrameBank
from sightline.train.objectives import generator, make_objectives
from sightline.train.objectives.action import JointActionObjective
from sightline.train.objectives.grounding import GroundingObjective
from sightline.train.setup import StageSetup
from sightline.train.stages import pretrain

NEW_LOSS = """
from sightline.train.objectives import Objective

class SmallKeys(Objective):
    name = "small_keys"
    weight = 0.5

    def batch(self, step, progress, part=0):
        return step

    def loss(self, system, batch):
        loss = system.grounding.key.weight.square().mean()
        return loss, {"keys": loss}, 1

    def held_out(self):
        return self

def make(setup):
    return SmallKeys() if setup.banks else None
"""


@pytest.mark.parametrize("name", ["recognition", "words", "grounding", "joint", "cached"])
def test_batches_depend_on_seed_and_step_alone(name: str, request: pytest.FixtureRequest) -> None:
    objective = request.getfixturevalue(name)
    if name in ("recognition", "words"):
        holder = objective.batches if name == "words" else objective
        holder.config = replace(holder.config, apart_first=1.0)
    first = [objective.batch(step, step / 6) for step in range(6)]
    torch.rand(3)
    np.random.default_rng().random()
    for step in (5, 2, 0):
        assert same(objective.batch(step, step / 6), first[step]), step
    assert not same(first[1], first[2])
    parts = [objective.batch(2, 2 / 6, part) for part in range(3)]
    assert same(parts[0], first[2]) and not same(parts[1], first[2]) and not same(parts[1], parts[2])
    assert same(objective.batch(2, 2 / 6, 1), parts[1])
    objective.seed = 1
    assert not same(objective.batch(2, 2 / 6), first[2])


def test_held_out_frames_are_never_drawn(joint: JointActionObjective, grounding: GroundingObjective) -> None:
    assert joint.frames.tolist() == list(range(12))
    assert grounding.episodes.training_frames.tolist() == list(range(12))
    assert grounding.scenes.training_frames.tolist() == list(range(5))


def test_no_two_objectives_draw_the_same_numbers() -> None:
    names = [*objectives.STREAMS, "contrast", "depth"]
    drawn = {name: float(generator(0, 3, name).random()) for name in names}
    assert len(set(drawn.values())) == len(names)
    assert drawn["grounding"] == float(np.random.default_rng([0, 3, 1]).random()), "what runs depend on"


def test_a_new_loss_is_a_file_and_its_name(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small_keys.py").write_text(NEW_LOSS)
    monkeypatch.setattr(objectives, "__path__", [*objectives.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "sightline.train.objectives.small_keys", raising=False)
    changes = [*FAST, "steps=2", "save_every=2", "objectives=[recognition,grounding,small_keys]"]
    result = pretrain([data], tmp_path / "run", "nano", changes)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    first = next(line for line in lines if "loss" in line)
    assert first["loss"] == pytest.approx(first["recognition"] + 0.5 * first["small_keys"], rel=1e-4)
    assert "words" not in first and "small_keys/keys" in first
    assert np.isfinite(result["small_keys_loss"]), "and what is held out is measured"


@pytest.fixture
def setup(policy: Policy, scenes: FrameBank, episodes: FrameBank) -> StageSetup:
    config = replace(stage_defaults(STAGE_2, "nano"), system=policy.config)
    return StageSetup(STAGE_2, policy, config, banks=(scenes, episodes))


def changed(setup: StageSetup, **settings: object) -> StageSetup:
    return replace(setup, config=replace(setup.config, **settings))


def test_the_settings_say_what_is_learned(setup: StageSetup) -> None:
    for (kind, stage), names in OBJECTIVES.items():
        assert stage_defaults(stage, {"pointer": "tiny", "words": "m1"}[kind]).objectives == names
    action = replace(setup.config.action, planner="joint")
    together = make_objectives(changed(setup, action=action))
    assert [(o.name, o.weight) for o in together] == [("action", 1.0), ("grounding", action.grounding_weight)]
    alone = make_objectives(changed(setup, action=replace(action, grounding_every=0)))
    assert [o.name for o in alone] == ["action"]
    stage1 = changed(replace(setup, stage=STAGE_1), objectives=OBJECTIVES["pointer", STAGE_1])
    recognition, words, grounding = make_objectives(stage1)
    assert recognition.batch(0, 0.0) is not None and words.batch(0, 0.0) is not None
    assert grounding.batch(0, 0.0) is None and grounding.batch(0, 0.9) is not None


def test_objectives_that_cannot_be_learned_are_named(setup: StageSetup, policy: Policy) -> None:
    with pytest.raises(SightlineError, match=r"Unknown objective 'recogniton' \(did you mean 'recognition'"):
        make_objectives(changed(setup, objectives=("recogniton",)))
    with pytest.raises(SightlineError, match="'demonstrations' needs recordings"):
        make_objectives(changed(setup, objectives=("demonstrations",)))
    nothing = StageSetup(STAGE_2, policy, TrainConfig(system=policy.config, objectives=("words",)))
    with pytest.raises(SightlineError, match="'words' needs labelled frames"):
        make_objectives(nothing)
    with pytest.raises(SightlineError, match=r"nothing to learn in stage 2: .*\[chat\]"):
        make_objectives(changed(setup, objectives=("chat",)))
