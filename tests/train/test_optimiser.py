"""What learns, how fast, by what rule; and one clipping for the whole gradient."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.config import OptimiserConfig
from sightline.train.muon import Muon
from sightline.train.optimiser import clip_gradients, freeze, make_optimiser, rate_factor


def test_the_rate_warms_up_and_decays() -> None:
    config = OptimiserConfig(warmup=10, minimum=0.1)
    assert rate_factor(config, 0, 0.0) == pytest.approx(0.1)
    assert rate_factor(config, 4, 0.0) == pytest.approx(0.5)
    assert rate_factor(config, 9, 0.0) == pytest.approx(1.0)
    assert rate_factor(config, 500, 0.5) == pytest.approx(0.55)
    assert rate_factor(config, 999, 1.0) == rate_factor(config, 999, 1.7) == pytest.approx(0.1)
    assert rate_factor(OptimiserConfig(warmup=0), 0, 0.0) == 1.0
    falling = [rate_factor(config, 100, done / 20) for done in range(21)]
    assert falling == sorted(falling, reverse=True)


def by_name(policy: Policy, config: OptimiserConfig) -> dict[str, dict]:
    """Name of each weight that learns -> its group."""
    names = {parameter: name for name, parameter in policy.system.named_parameters()}
    groups = make_optimiser(policy.system, config).param_groups
    return {names[parameter]: group for group in groups for parameter in group["params"]}


def test_groups_have_their_own_rates_and_decay(policy: Policy) -> None:
    config = OptimiserConfig(rate=1e-3, rates={"planner": 1e-5}, weight_decay=0.1, freeze=("visual_encoder",))
    freeze(policy.system, config.freeze)
    grouped = by_name(policy, config)
    names = [name for name, _ in policy.system.named_parameters()]
    assert set(grouped) == {name for name in names if not name.startswith("visual_encoder.")}
    for name, group in grouped.items():
        assert group["rate"] == (1e-5 if name.startswith("planner.") else 1e-3), name
    assert not any(p.requires_grad for p in policy.system.visual_encoder.parameters())
    assert grouped["expert.net.blocks.0.mlp.fc1.weight"]["weight_decay"] == 0.1
    for name in ("gate", "expert.net.blocks.0.mlp.fc1.bias", "planner.model.model.language_model.embed_tokens.weight"):
        assert grouped[name]["weight_decay"] == 0.0, name


@pytest.mark.parametrize("muon", [False, True])
def test_the_longest_path_sets_the_rate(policy: Policy, muon: bool) -> None:
    visual = "planner.model.model.visual"
    rates = {"planner": 1e-5, visual: 2e-5, f"{visual}.blocks.0.mlp.up_proj": 3e-5, "gate": 4e-5}
    for name, group in by_name(policy, OptimiserConfig(muon=muon, rate=1e-3, rates=rates)).items():
        fits = [path for path in rates if name == path or name.startswith(f"{path}.")]
        assert group["rate"] == (rates[max(fits, key=len)] if fits else 1e-3), name
    assert type(make_optimiser(policy.system, OptimiserConfig(muon=muon))) is (Muon if muon else torch.optim.AdamW)


def test_modules_are_frozen_by_their_path(policy: Policy) -> None:
    freeze(policy.system, ("planner.model.model.visual.blocks", "expert.net.x_embedder"))
    frozen = {name for name, parameter in policy.system.named_parameters() if not parameter.requires_grad}
    assert frozen == {
        name
        for name, _ in policy.system.named_parameters()
        if name.startswith(("planner.model.model.visual.blocks.", "expert.net.x_embedder."))
    }
    freeze(policy.system, ())
    assert all(parameter.requires_grad for parameter in policy.system.parameters())


def test_unknown_modules_are_named(policy: Policy) -> None:
    with pytest.raises(SightlineError, match=r"no module 'plannr' to set a rate for .*'planner'.*visual_encoder"):
        make_optimiser(policy.system, OptimiserConfig(rates={"plannr": 1.0}))
    with pytest.raises(SightlineError, match=r"no module 'planner.model.model.visul' to freeze .*model.model.visual'"):
        freeze(policy.system, ("planner.model.model.visul",))
    with pytest.raises(SightlineError, match="no module 'plan'"):  # a prefix of a name is no path
        freeze(policy.system, ("plan",))
    freeze(policy.system, [name for name, _ in policy.system.named_parameters()])
    with pytest.raises(SightlineError, match="Every weight is frozen"):
        make_optimiser(policy.system, OptimiserConfig())


def test_one_clipping_for_the_whole_gradient() -> None:
    layers = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    layers(torch.ones(1, 3)).sum().backward()
    layers[0].bias.grad = None
    gradients = [p.grad.clone() for p in layers.parameters() if p.grad is not None]
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    assert torch.allclose(clip_gradients(layers, 0.25), norm)
    clipped = [p.grad for p in layers.parameters() if p.grad is not None]
    for before, after in zip(gradients, clipped, strict=True):
        torch.testing.assert_close(after, before * (0.25 / norm), rtol=1e-4, atol=0.0)
