"""Low-rank adapters: at first nothing changes, they alone learn in the planner, and merging them changes nothing."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
import torch
from nano import nano_observation
from safetensors.torch import load_file
from small import run_stage

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.adapters import add_adapters, freeze_adapted, is_adapter, merged
from sightline.train.config import AdapterConfig, OptimiserConfig
from sightline.train.optimiser import freeze, make_optimiser

CONFIG = AdapterConfig(rank=3, alpha=7, targets=("model.model.language_model.layers", "model.model.visual.blocks"))


def answers(policy: Policy) -> tuple[torch.Tensor, torch.Tensor]:
    """What the planner thinks and points at for one observation."""
    inputs = policy.transforms.inputs([nano_observation(1)])
    with torch.no_grad():
        seen = policy.system.see(inputs.images, inputs.tokens)
    assert seen.pointing is not None
    return seen.states.layers[-1], seen.pointing.points


def stir(policy: Policy) -> None:
    """Adapters as training might leave them."""
    torch.manual_seed(5)
    for name, parameter in policy.system.named_parameters():
        if is_adapter(name):
            parameter.data.normal_(0, 0.3)


def test_adapters_change_nothing_until_they_learn(policy: Policy) -> None:
    before, place = answers(policy), torch.random.get_rng_state()
    add_adapters(policy.system, CONFIG, 0)
    assert all(torch.equal(a, b) for a, b in zip(answers(policy), before, strict=True))
    assert torch.equal(torch.random.get_rng_state(), place), "other random draws stay what they were"
    freeze(policy.system, ())
    freeze_adapted(policy.system)
    for name, parameter in policy.system.named_parameters():
        assert parameter.requires_grad == (is_adapter(name) or not name.startswith("planner.")), name
    grouped = make_optimiser(policy.system, OptimiserConfig(rate=1.0, rates={"planner.model.model.visual": 2.0}))
    assert {group["rate"] for group in grouped.param_groups} == {1.0, 2.0}


def test_merging_is_what_peft_computes(policy: Policy) -> None:
    plain = copy.deepcopy(policy)
    add_adapters(policy.system, CONFIG, 0)
    stir(policy)
    weights = merged(policy.system.state_dict(), CONFIG)
    assert weights.keys() == plain.system.state_dict().keys()
    before = answers(plain)
    plain.system.load_state_dict(weights)
    for mine, theirs, old in zip(answers(plain), answers(policy), before, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)
        assert not torch.allclose(mine, old, atol=1e-2)


def test_targets_that_do_not_exist_are_named(policy: Policy) -> None:
    with pytest.raises(SightlineError, match=r"no module 'planner.model.model.visul' to adapt \(did you mean"):
        add_adapters(policy.system, AdapterConfig(rank=2, targets=("model.model.visul",)), 0)
    with pytest.raises(SightlineError, match=r"no linear layer under 'planner.model.model.language_model.norm'"):
        add_adapters(policy.system, AdapterConfig(rank=2, targets=("model.model.language_model.norm",)), 0)
    with pytest.raises(SightlineError, match=r"lora.rank must be 0 or more and lora.dropout"):
        AdapterConfig(rank=2, dropout=1.0)


def test_a_missing_peft_is_named(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(SightlineError, match="pip install 'sightline\\[lora\\]'"):
        add_adapters(policy.system, CONFIG, 0)


def test_the_written_policy_needs_no_peft(
    data: Path, stage1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = ("steps=3", "save_every=3", "action.planner=joint", "precision=fp32", "lora.rank=4", "optimiser.rate=0.1")
    run_stage("posttrain", data, tmp_path / "run", stage1, changes)
    before, after = (load_file(run / "checkpoints/last/policy/model.safetensors") for run in (stage1, tmp_path / "run"))
    assert before.keys() == after.keys()
    changed = {name for name in before if name.startswith("planner.") and not before[name].equal(after[name])}
    assert changed and all(".layers." in name and name.endswith("proj.weight") for name in changed)
    monkeypatch.setitem(sys.modules, "peft", None)
    assert Policy.from_pretrained(tmp_path / "run").notes["stage 2"]["training"]["lora"]["rank"] == 4
