"""What a run starts from: parts in place, sizes taken over, what does not fit named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import official
import pytest
import torch
from torch import nn

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import ACTION_NAMES
from sightline.models.backbones import resolve
from sightline.models.config import SpecialIds, preset
from sightline.models.visual_encoder import VisualEncoder
from sightline.models.vlm.tokenizer import WordTokenizer
from sightline.train.config import TrainConfig
from sightline.train.initialise import (
    Backbones,
    carried_over,
    fitted,
    fresh_policy,
    loaded_policy,
    planner_alone,
    reshaped_policy,
)

MINI = preset("m1-mini")
SMALL = replace(MINI, visual=replace(MINI.visual, depth=1), expert=replace(MINI.expert, depth=1))
CONFIG = TrainConfig(device="cpu", system=SMALL)
WORDS = ["put the mug on the plate"] * 3
CARD = Card("arm", ("left", "right"), (64, 64), (), ACTION_NAMES, chunk=4)
STATISTICS = {"action": {"q01": [-1.0] * 7, "q99": [1.0] * 7}}


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qwen")
    torch.manual_seed(0)
    official.qwen().save_pretrained(folder)
    WordTokenizer.train([*WORDS, "user\n", "assistant\n"], 400).save(folder / "tokenizer.json")
    return folder


def test_from_nothing_with_a_tokenizer_of_its_own() -> None:
    policy = fresh_policy(CONFIG, *planner_alone(SMALL), WORDS, Backbones())
    assert policy.config.planner.ids == SpecialIds() and len(policy.tokenizer.encode("mug")) <= 3
    again = fresh_policy(CONFIG, *planner_alone(SMALL), WORDS, Backbones())
    for mine, theirs in zip(policy.system.parameters(), again.system.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_pre_trained_parts_are_taken_over_with_their_sizes(qwen: Path, tmp_path: Path) -> None:
    encoder = VisualEncoder(replace(preset("m1").visual, depth=2))
    torch.save(encoder.state_dict(), tmp_path / "dino.pth")
    config = replace(CONFIG, frozen_precision="bf16")
    policy = fresh_policy(config, *planner_alone(SMALL), [], Backbones.of(str(qwen), str(tmp_path / "dino.pth")))
    system = policy.system
    assert (policy.config.planner.width, policy.config.visual.width, policy.config.visual.depth) == (64, 384, 2)
    assert policy.config.planner.ids == SpecialIds()  # the tokenizer's
    assert torch.equal(system.visual_encoder.pos_embed, encoder.pos_embed)
    theirs = official.qwen().from_pretrained(qwen).state_dict()["model.language_model.norm.weight"]
    assert torch.equal(system.planner.model.model.language_model.norm.weight, theirs.bfloat16())
    assert {p.dtype for p in system.planner.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in system.expert.parameters()} == {torch.float32}


def test_an_official_run_goes_on_with_another_robot(tmp_path: Path) -> None:
    official.write_run(tmp_path / "run")
    start = loaded_policy(tmp_path / "run", Backbones())
    before = {name: value.clone() for name, value in start.system.state_dict().items()}
    config = replace(CONFIG, system=fitted(start.config, CARD))
    assert not CARD.state_names and config.system.state_dim == 0
    policy = reshaped_policy(start, config, CARD, STATISTICS)
    assert policy.config.chunk == 4 and policy.config.cameras == ("left", "right")
    assert "official" in start.notes and "official" not in policy.notes
    assert policy.card == CARD
    after = policy.system.state_dict()
    afresh = {name for name in after if not torch.equal(after[name], before.get(name, torch.zeros(0)))}
    assert afresh == {"expert.net.positional_embedding"}  # a chunk of 4 instead of 16
    same = reshaped_policy(policy, config, CARD, STATISTICS)
    assert same.system.planner is policy.system.planner, "there may be no room for two"


def test_what_is_carried_over_does_as_the_new_settings_say() -> None:
    start = fresh_policy(CONFIG, *planner_alone(SMALL), WORDS, Backbones())
    querying = replace(start.config.querying, dropout=0.5)
    expert = replace(start.config.expert, prediction="sample")
    changed = replace(start.config, querying=querying, expert=expert)
    policy = reshaped_policy(start, replace(CONFIG, system=changed), start.card, start.statistics)
    assert policy.system.expert.diffusion.prediction == "sample" != start.system.expert.diffusion.prediction
    assert {m.p for m in policy.system.querying.modules() if isinstance(m, nn.Dropout)} == {0.5}
    for name, value in start.system.state_dict().items():
        assert torch.equal(policy.system.state_dict()[name], value), name


def test_weights_of_the_same_name_and_shape_are_carried_over() -> None:
    old, new = (nn.Sequential(nn.Linear(3, 4), nn.Linear(4, size)) for size in (2, 5))
    before = new[1].weight.detach().clone()
    assert carried_over(old, new) == ["1.weight", "1.bias"]
    assert torch.equal(new[0].weight, old[0].weight) and torch.equal(new[1].weight, before)


def test_what_is_not_there_or_does_not_fit(qwen: Path, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="no file or folder"):
        resolve("nowhere at all")
    (tmp_path / "config.json").write_text((qwen / "config.json").read_text())
    with pytest.raises(SightlineError, match=r"has no tokenizer\.json"):
        fresh_policy(CONFIG, *planner_alone(SMALL), [], Backbones(vlm=tmp_path))
    with pytest.raises(SightlineError, match="no checkpoint at"):
        loaded_policy(tmp_path / "nothing", Backbones())
