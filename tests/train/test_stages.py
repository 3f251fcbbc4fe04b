"""What the two stages refuse, and the vanilla policy."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from small import FAST

from sightline.core.errors import SightlineError
from sightline.core.types import Observation
from sightline.data import DatasetWriter, load_dataset
from sightline.models.policy import Policy
from sightline.train.stages import posttrain, pretrain
from sightline.train.stages_pointer import make_tokenizer


def test_an_unguided_policy_can_start_from_the_weights_of_another(data: Path, stage1: Path, tmp_path: Path) -> None:
    started = Policy.from_pretrained(stage1).system.state_dict()
    apart = []
    for init in (stage1, None):
        out = tmp_path / ("from_it" if init else "from_nothing")
        posttrain([data], init, out, "none", "nano", [*FAST, "steps=2", "seed=7"])
        policy = Policy.from_pretrained(out)
        assert not policy.config.points
        name = next(name for name, value in started.items() if name.startswith("planner.") and value.ndim == 2)
        apart.append(float((policy.system.state_dict()[name] - started[name]).norm() / started[name].norm()))
    assert apart[0] < 0.2 < apart[1]


def test_guidance_needs_a_planner(data: Path, stage1: Path, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="give --init RUN, or train unguided"):
        posttrain([data], None, tmp_path / "run", "spatial", "nano", FAST)
    with pytest.raises(SightlineError, match="Unknown guidance 'spatail'"):
        posttrain([data], stage1, tmp_path / "run", "spatail", "nano", FAST)
    assert not (tmp_path / "run").exists()


def test_stage_2_acts_as_it_is_asked_to_on_what_stage_1_has_learned(data: Path, stage1: Path, tmp_path: Path) -> None:
    settings = [*FAST, "steps=1", "system.grounding.doubt=0.25", "system.grounding.looks=1", "system.expert.blind=0.03"]
    posttrain([data], stage1, tmp_path / "run", "spatial", "nano", settings)
    before, after = (Policy.from_pretrained(path).config for path in (stage1, tmp_path / "run"))
    assert after.grounding == dataclasses.replace(before.grounding, doubt=0.25, looks=1)
    assert after.expert.blind == 0.03 and before.grounding.kinds


def test_unknown_settings_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"grounding.*imges.*images"):
        pretrain([data], tmp_path / "run", "nano", ["grounding.imges=3"])
    with pytest.raises(SightlineError, match=r"preset 'nanno'.*nano"):
        pretrain([data], tmp_path / "run", "nanno")
    with pytest.raises(SightlineError, match="Unknown precision 'fp16'"):
        pretrain([data], tmp_path / "run", "nano", ["precision=fp16"])
    with pytest.raises(SightlineError, match="at least one step"):
        pretrain([data], tmp_path / "run", "nano", ["steps=0"])


def another_card(data: Path, folder: Path) -> Path:
    other = Path(shutil.copytree(data, folder))
    card = dataclasses.replace(load_dataset(data).card, gripper="0 open, 1 close")  # type: ignore[type-var]
    (other / "meta" / "card.json").write_text(json.dumps(card.to_dict()))
    return other


def test_cards_that_differ_are_refused(data: Path, stage1: Path, tmp_path: Path) -> None:
    other = another_card(data, tmp_path / "other")
    with pytest.raises(SightlineError, match=r"do not match: gripper"):
        pretrain([data, other], tmp_path / "run", "nano", FAST)
    with pytest.raises(SightlineError, match=r"the policy .* and the datasets do not match: gripper"):
        posttrain([other], stage1, tmp_path / "run", "spatial", "nano", FAST)


def test_data_without_demonstrations_is_refused(data: Path, stage1: Path, tmp_path: Path) -> None:
    source = load_dataset(data)
    with DatasetWriter(tmp_path / "scenes", source.card):  # type: ignore[arg-type]
        pass
    with pytest.raises(SightlineError):
        pretrain([tmp_path / "scenes"], tmp_path / "run", "nano", FAST)
    with pytest.raises(SightlineError, match="at least one dataset"):
        posttrain([], stage1, tmp_path / "run", "spatial", "nano", FAST)


def test_the_vanilla_policy_trains_without_points(data: Path, tmp_path: Path) -> None:
    result = posttrain([data], None, tmp_path / "run", "none", "nano", [*FAST, "steps=2", "save_every=2"])
    assert result["steps"] == 2 and np.isfinite(result["action_loss"]) and "box_acc50" not in result
    policy = Policy.from_pretrained(tmp_path / "run")
    assert policy.config.guidance == "none" and not policy.config.expert.spatial
    images = {name: np.zeros((64, 64, 3), np.uint8) for name in policy.card.cameras}
    chunk = policy.act(Observation(images, np.zeros(12, np.float32), "put the red mug into the bowl"))
    assert chunk.grounding is None and chunk.actions.shape == (8, 7)


def test_joint_training_co_trains_the_grounding(data: Path, stage1: Path, tmp_path: Path) -> None:
    overrides = [*FAST, "steps=2", "action.planner=joint", "action.grounding_every=2", "save_every=2"]
    result = posttrain([data], stage1, tmp_path / "run", "spatial", "nano", overrides)
    assert {"action_loss", "box_acc50", "trace_mae_px"} <= set(result)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines[0]["step"] == 0 and {"action_loss", "box_acc50"} <= set(lines[0]), "the scores of stage 1"
    assert "grounding/pointer" in lines[1] and "grounding" not in lines[2] and "action" in lines[2]
    assert lines[-1]["forgetting/box_acc50"] == lines[0]["box_acc50"] - lines[-1]["box_acc50"]
    notes = Policy.from_pretrained(tmp_path / "run").notes
    assert set(notes) == {"stage 1", "stage 2"} and notes["stage 2"]["data"][0]["frames"] == 28


def test_the_tokenizer_knows_every_word_of_the_engine() -> None:
    tokenizer = make_tokenizer(["mug", "tin can"], ["red"], 1536)
    prompt = "Your task is put the red mug behind the tin can. Locate the key objects."
    assert len(tokenizer.encode(prompt)) <= len(prompt.split()) + 3


def test_the_tokenizer_knows_instructions_in_words_that_are_not_ours() -> None:
    strange = "gather each crumpet beneath the chandelier"
    plain, knowing = (make_tokenizer(["mug"], ["red"], 1536, said) for said in ([], [strange] * 8))
    assert len(knowing.encode(strange)) < len(plain.encode(strange))
    ours = make_tokenizer(["mug"], ["red"], 1536, ["the red mug"])
    assert ours.backend.get_vocab() == plain.backend.get_vocab(), "what is known already changes nothing"
