"""Muon: what it takes as a matrix, what it makes of one, and that the rest learns by AdamW."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sightline.models.policy import Policy
from sightline.train.config import STAGE_1, STAGE_2, OptimiserConfig, stage_defaults
from sightline.train.muon import MATCH, Muon, hidden_matrices, orthogonalised
from sightline.train.optimiser import make_optimiser


@given(rows=st.integers(64, 160), columns=st.integers(64, 160), seed=st.integers(0, 99))
def test_all_directions_become_alike(rows: int, columns: int, seed: int) -> None:
    torch.manual_seed(seed)
    rank = min(rows, columns)
    left, right = torch.linalg.qr(torch.randn(rows, rank))[0], torch.linalg.qr(torch.randn(columns, rank))[0]
    strengths = torch.logspace(0, -1, rank)  # the weakest direction a tenth of the strongest
    found = orthogonalised((left * strengths @ right.T)[None])[0].float()
    inner = left.T @ found @ right
    assert inner.diagonal().min() > 0.15 and inner.diagonal().max() < 1.4
    assert (inner - torch.diag(inner.diagonal())).abs().max() < 0.1, "directions stay what they are"
    before, after = strengths[-1] / strengths[0], inner.diagonal().min() / inner.diagonal().max()
    assert after > 1.5 * before


def test_hidden_matrices_of_a_policy(policy: Policy) -> None:
    chosen = {id(weight) for weight in hidden_matrices(policy.system)}
    names = {name for name, parameter in policy.system.named_parameters() if id(parameter) in chosen}
    assert "visual_encoder.blocks.0.attn.qkv.weight" in names
    assert "expert.net.blocks.0.mlp.fc1.weight" in names
    assert not any("embed_tokens" in name or "lm_head" in name or "norm" in name for name in names)
    assert "grounding.expect.weight" not in names and "grounding.tool_offset.3.weight" not in names


def test_the_rest_learns_by_adamw() -> None:
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(80, 80), nn.LayerNorm(80), nn.Linear(80, 3))
    theirs = nn.Sequential(nn.Linear(80, 80), nn.LayerNorm(80), nn.Linear(80, 3))
    theirs.load_state_dict(ours.state_dict())
    matrices = hidden_matrices(ours)
    assert len(matrices) == 1
    rest = [p for p in ours.parameters() if p is not matrices[0]]
    groups = [{"params": matrices, "muon": True}, {"params": rest}]
    muon, adamw = Muon(groups, 1e-2, (0.9, 0.95)), torch.optim.AdamW(theirs.parameters(), 1e-2, (0.9, 0.95))
    start = matrices[0].detach().clone()
    for model, optimiser in ((ours, muon), (theirs, adamw)):
        torch.manual_seed(1)
        model(torch.randn(8, 80)).square().sum().backward()
        optimiser.step()
    for name in ("0.bias", "1.weight", "2.weight"):
        torch.testing.assert_close(ours.state_dict()[name], theirs.state_dict()[name])
    moved = (matrices[0] - start * (1 - 1e-2 * 1e-2)).norm(dim=(0, 1)) / 80  # root mean square of an entry
    assert moved <= 1.3 * 1e-2 * MATCH and (ours[0].weight != theirs[0].weight).any()


def test_steps_do_not_depend_on_the_size_of_gradients() -> None:
    gradient, steps = torch.randn(64, 96, generator=torch.Generator().manual_seed(0)), []
    for scale in (1e-4, 1.0, 1e4):
        weight = nn.Parameter(torch.zeros(64, 96))
        weight.grad = scale * gradient
        Muon([{"params": [weight], "muon": True}], 0.5, (0.9, 0.95)).step()
        steps.append(weight.detach())
    for step in steps:
        assert torch.nn.functional.cosine_similarity(step.flatten(), steps[1].flatten(), dim=0) > 0.999
        torch.testing.assert_close(step.norm(), steps[1].norm(), rtol=0.01, atol=0.0)
    assert 0.6 * 0.5 * MATCH < steps[1].square().mean().sqrt() < 1.3 * 0.5 * MATCH


def test_off_by_default_and_on_where_stages_learn_from_scratch(policy: Policy) -> None:
    assert not any(group["muon"] for group in make_optimiser(policy.system, OptimiserConfig()).param_groups)
    for stage in (STAGE_1, STAGE_2):
        for name in ("tiny", "m1-mini"):
            chosen = stage_defaults(stage, name).optimiser
            assert any(group["muon"] for group in make_optimiser(policy.system, chosen).param_groups)
        assert not stage_defaults(stage, "m1").optimiser.muon


def test_closures_are_refused() -> None:
    layer = nn.Linear(64, 64)
    with pytest.raises(ValueError, match="closure"):
        Muon([{"params": list(layer.parameters()), "muon": True}], 1e-3, (0.9, 0.95)).step(lambda: 0.0)
