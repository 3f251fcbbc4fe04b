"""A planner that goes on in a larger world keeps what it knows, by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from nano import CARD, COLOURS, KINDS, nano_config, nano_policy, nano_statistics, nano_tokenizer
from small import FAST, roll_back

from sightline.core.errors import SightlineError
from sightline.language.questions import vocabulary_sentences
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.tokenizer import WordTokenizer
from sightline.train.named_rows import take_over
from sightline.train.stages import pretrain

MORE = ("anvil", *KINDS, "zebra")


def larger() -> Policy:
    """A policy of a world with more kinds, fewer colours, and a tokenizer of its own."""
    config = nano_config()
    head = replace(config.grounding, kinds=MORE, colours=COLOURS[1:])
    words = WordTokenizer.train([*vocabulary_sentences(MORE, COLOURS[1:]), "user\n", "assistant\n"], 1536)
    torch.manual_seed(1)
    return Policy(DualSystem(replace(config, grounding=head)), words, CARD, nano_statistics())


def test_rows_follow_their_names() -> None:
    start, policy = nano_policy(nano_tokenizer()), larger()
    fresh = {name: value.clone() for name, value in policy.system.state_dict().items()}
    take_over(start, policy)
    old, new = start.system.state_dict(), policy.system.state_dict()
    for table in ("grounding.dense.out.weight", "grounding.dense_embedded.out.bias", "grounding.describe.weight"):
        for kind in KINDS:
            assert torch.equal(new[table][1 + MORE.index(kind)], old[table][1 + KINDS.index(kind)])
        assert torch.equal(new[table][1 + MORE.index("zebra")], fresh[table][1 + MORE.index("zebra")])
        assert torch.equal(new[table][1 + len(MORE)], old[table][1 + len(KINDS) + 1]), "a colour"
    assert torch.equal(new["grounding.dense.out.weight"][-4:], old["grounding.dense.out.weight"][-4:]), "boxes"
    table = next(name for name in old if name.endswith("embed_tokens.weight"))
    mine, theirs = policy.tokenizer.id("<|target|>"), start.tokenizer.id("<|target|>")
    assert torch.equal(new[table][mine], old[table][theirs])
    for name in ("visual_encoder.blocks.0.attn.qkv.weight", "grounding.key.weight"):
        assert torch.equal(new[name], old[name])


def test_stage_1_goes_on_where_another_ended(data: Path, stage1: Path, tmp_path: Path) -> None:
    ended = roll_back(stage1, 5, tmp_path / "before")
    pretrain([data], tmp_path / "on", "nano", [*FAST, "steps=1"], init=ended)
    before, after = (Policy.from_pretrained(run).system.state_dict() for run in (ended, tmp_path / "on"))
    name = "visual_encoder.blocks.0.attn.qkv.weight"
    moved = (after[name] - before[name]).abs().mean()
    assert 0 < moved < 0.5 * before[name].abs().mean(), "one step away from where it began"


def test_planners_without_a_pointer_start_from_a_base_model(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="give --base-vlm DIR instead of --init"):
        pretrain([], tmp_path / "run", "m1-mini", init=tmp_path)
