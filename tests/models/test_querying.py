"""What the planner feels of the action loss is scaled, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from nano import nano_observation, nano_policy

from sightline.models.action.spatial_tokens import SpatialInputs
from sightline.models.policy import Policy
from sightline.models.querying import scale_gradient
from sightline.models.vlm.tokenizer import WordTokenizer

READ = ("planner", "visual_encoder")


@pytest.fixture(scope="module")
def trainee(tokenizer: WordTokenizer) -> Policy:
    return nano_policy(tokenizer)


def action_gradients(policy: Policy, scale: float) -> tuple[float, dict[str, torch.Tensor]]:
    """The action loss and its gradient for every parameter it reaches."""
    system = policy.system
    system.config = replace(system.config, querying=replace(system.config.querying, gradient_scale=scale))
    inputs = policy.transforms.inputs([nano_observation(1), nano_observation(2, "take the can")])
    seen = system.see(inputs.images, inputs.tokens)
    spatial = SpatialInputs.from_pointing(seen.pointing, 0, inputs.cameras, inputs.state, inputs.normalised_state)
    latent = system.query_tokens(seen.states.layers, seen.dense, seen.ignore)
    torch.manual_seed(7)
    loss = system.expert.loss(torch.linspace(-1, 1, 112).view(2, 8, 7), system.condition(spatial, latent), 2, 0.1)
    names, parameters = zip(*system.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return float(loss.detach()), {n: g for n, g in zip(names, found, strict=True) if g is not None}


def test_scale_gradient_is_the_identity_forward() -> None:
    x = torch.randn(3, 4, requires_grad=True)
    y = scale_gradient(x, 0.3)
    assert torch.equal(x, y)
    y.square().sum().backward()
    assert torch.equal(x.grad, 2 * x.detach() * 0.3)


def test_the_planner_feels_the_scaled_action_loss(trainee: Policy) -> None:
    loss, full = action_gradients(trainee, 1.0)
    read = [name for name in full if name.split(".")[0] in READ]
    felt = [name for name in read if full[name].abs().max() > 0]
    assert {name.split(".")[0] for name in felt} == set(READ)
    assert len(felt) > 0.8 * len(read)
    for scale in (0.5, 0.3):
        scaled_loss, scaled = action_gradients(trainee, scale)
        assert scaled_loss == loss
        for name, gradient in full.items():
            if name not in read:
                assert torch.equal(scaled[name], gradient), name
            elif scale == 0.5:  # halves are exact
                assert torch.equal(scaled[name], 0.5 * gradient), name
            else:
                floor = 1e-6 * float(gradient.abs().max())
                torch.testing.assert_close(scaled[name], scale * gradient, atol=floor, rtol=1e-4)


def test_scale_zero_shuts_the_planner_off(trainee: Policy) -> None:
    loss, shut = action_gradients(trainee, 0.0)
    same_loss, full = action_gradients(trainee, 1.0)
    assert loss == same_loss and shut.keys() == full.keys()
    for name, gradient in shut.items():
        if name.split(".")[0] in READ:
            assert not gradient.any(), name
        else:
            assert torch.equal(gradient, full[name]), name
    assert shut["visual_projection.weight"].abs().max() > 0
    assert shut["querying.proj.weight"].abs().max() > 0


def test_explicit_points_carry_no_gradient(trainee: Policy) -> None:
    _, gradients = action_gradients(trainee, 1.0)
    assert not any(name.startswith("grounding.") for name in gradients)
