"""A backbone is one file and a row: another one, with other conventions, works everywhere without further changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nano import CARD, nano_observation, nano_statistics, nano_system, random_pictures
from qwen3 import ROW, qwen3_config, qwen3_system
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLForConditionalGeneration

from sightline.core.errors import SightlineError
from sightline.data.conversation_record import Conversation, Turn
from sightline.models import planner as room
from sightline.models.backbones import load_backbones, read_planner_config
from sightline.models.config import PRESETS, GroundingHeadConfig, PlannerConfig
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm import PLANNERS, backbone
from sightline.models.vlm.base import VisionLanguageModel
from sightline.models.vlm.chat import ChatEncoder, collate, read_chat
from sightline.models.vlm.prompts import Packer, refer_prompt
from sightline.models.vlm.tokenizer import START, WordTokenizer

PICTURE = np.random.default_rng(5).integers(0, 256, (100, 180, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLANNERS, "qwen3_vl", ROW)


@pytest.fixture(scope="module")
def other() -> DualSystem:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PLANNERS, "qwen3_vl", ROW)
        return nano_system(qwen3_system())


def speaker(tokenizer: WordTokenizer) -> Policy:
    """A policy with this backbone that answers in words."""
    config = qwen3_system(grounding=GroundingHeadConfig(pointer=False))
    return Policy(nano_system(config), tokenizer, CARD, nano_statistics())


@pytest.mark.parametrize("name", list(PLANNERS))
def test_every_row_of_the_registry_is_a_backbone(name: str) -> None:
    kind = backbone(PlannerConfig(model_type=name))
    assert issubclass(kind, VisionLanguageModel) and not kind.__abstractmethods__


def test_presets_name_a_backbone_and_a_wrong_name_is_an_error() -> None:
    assert {config.planner.model_type for config in PRESETS.values()} <= set(PLANNERS)
    with pytest.raises(SightlineError, match=r"qwen2_5_vl"):
        backbone(PlannerConfig(model_type="qwen2.5_vl"))


@torch.inference_mode()
def test_hidden_states_are_those_of_transformers(other: DualSystem, tokenizer: WordTokenizer) -> None:
    images = random_pictures(3, 1)
    packer = Packer(tokenizer, other.config.planner)
    tokens = packer.pack([[refer_prompt("the red mug")]], 2, pad_to=1)
    assert tokenizer.backend.decode(tokens.ids[0].tolist(), skip_special_tokens=False).startswith(f"{START}user")
    out = other.planner.model.model(
        input_ids=tokens.ids,
        attention_mask=torch.ones_like(tokens.ids),
        mm_token_type_ids=tokens.image_mask.int(),
        pixel_values=other.planner.patches(images),
        image_grid_thw=torch.tensor([[1, 8, 8]]).expand(2, -1),
    )
    states = other.planner(images, tokens)
    torch.testing.assert_close(states.layers[-1], out.last_hidden_state, atol=1e-4, rtol=1e-4)
    assert states.embedded.shape == states.visual.shape == (1, 2, 4, 4, 64)


def test_it_acts_points_and_comes_back_from_disk(other: DualSystem, tokenizer: WordTokenizer, tmp_path: Path) -> None:
    policy = Policy(other, tokenizer, CARD, nano_statistics())
    chunk = policy.act(nano_observation(1))
    assert np.isfinite(chunk.actions).all() and chunk.grounding is not None
    policy.save_pretrained(tmp_path)
    again = Policy.from_pretrained(tmp_path)
    assert again.config.planner.model_type == "qwen3_vl" and type(again.system.planner) is type(other.planner)
    np.testing.assert_array_equal(again.act(nano_observation(1)).actions, chunk.actions)


def test_released_weights_find_their_backbone(other: DualSystem, tmp_path: Path) -> None:
    theirs = Qwen3VLForConditionalGeneration(qwen3_config(other.config.planner))
    theirs.save_pretrained(tmp_path)
    config = replace(other.config, planner=read_planner_config(tmp_path, 112))
    assert config.planner.model_type == "qwen3_vl"
    system = DualSystem(config)
    load_backbones(system, tmp_path, None)
    ours, expected = system.planner.model.state_dict(), theirs.state_dict()
    assert ours.keys() == expected.keys() and all(torch.equal(ours[name], expected[name]) for name in ours)
    values = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(values | {"model_type": "qwen_3vl"}))
    with pytest.raises(SightlineError, match="qwen3_vl"):
        read_planner_config(tmp_path)


def test_answers_count_to_a_thousand(tokenizer: WordTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["<box>[[0, 500, 250, 1000]]</box>", "[(100, 200)]"]
    monkeypatch.setattr(room, "answer", lambda *asked: said)
    found = speaker(tokenizer).ground(PICTURE, "the red mug")
    np.testing.assert_allclose(found.boxes["target"], [0, 50, 45, 100])
    np.testing.assert_allclose(found.points["target"], [18.09, 20.05])


def test_what_is_learned_counts_to_a_thousand_too(tokenizer: WordTokenizer) -> None:
    policy = speaker(tokenizer)
    encoder = ChatEncoder(tokenizer, policy.config)
    turns = (Turn("user", "<image>Locate the mug."), Turn("assistant", "<box>[[0, 50, 45, 100]]</box>"))
    sample = encoder.sample(Conversation("c", turns, coordinates="picture"), [PICTURE])
    assert "<box>[[0, 500, 250, 1000]]</box>" in tokenizer.decode(sample.ids)
    batch = collate([sample], tokenizer)
    states = read_chat(policy.system.planner, batch)
    policy.system.planner.text_loss(states, batch.tokens).backward()
    assert policy.system.planner.model.model.visual.patch_embed.proj.weight.grad.abs().max() > 0
    assert isinstance(policy.planner.chat(PICTURE, "Where is the mug?", 3), str)
