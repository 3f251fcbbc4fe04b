"""What saves memory changes no gradient."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from nano import nano_config, nano_policy
from small import nano_tokenizer

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.config import ActionConfig, TrainConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.memory import halve_frozen, recompute, repeated_blocks
from sightline.train.objectives.action import JointActionObjective
from sightline.train.optimiser import freeze


def test_the_blocks_of_every_part_are_found(policy: Policy) -> None:
    names = [name for name, _ in repeated_blocks(policy.system)]
    language, visual = "planner.model.model.language_model.layers", "planner.model.model.visual.blocks"
    wanted = [f"{visual}.0", f"{language}.0", f"{language}.1", "visual_encoder.blocks.0", "querying.layers.0"]
    assert sorted(names) == sorted([*wanted, "expert.net.blocks.0"])


def learned(policy: Policy, objective: JointActionObjective) -> tuple[dict[str, torch.Tensor], int]:
    """Gradients of the action loss on one batch, and the bytes kept for them, in training mode: dropout, noise and
    dropped conditions are drawn."""
    kept: list[int] = []
    policy.system.train()
    policy.system.zero_grad(set_to_none=True)
    torch.manual_seed(3)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: (kept.append(x.nbytes), x)[1], lambda x: x):
        loss = objective.loss(policy.system, objective.batch(0, 0.0))[0]
    loss.backward()
    return {name: p.grad.clone() for name, p in policy.system.named_parameters() if p.grad is not None}, sum(kept)


def test_activations_computed_again_give_the_same_gradients(episodes: FrameBank) -> None:
    config = nano_config()
    dropping = replace(config, querying=replace(config.querying, dropout=0.3))
    policy = nano_policy(nano_tokenizer(), dropping)
    objective = JointActionObjective(episodes, policy, ActionConfig(samples=2), 0, 0.0)
    plain, all_bytes = learned(policy, objective)
    recompute(policy.system)
    again, few_bytes = learned(policy, objective)
    assert plain.keys() == again.keys() and len(plain) > 50
    for name in plain:
        torch.testing.assert_close(again[name], plain[name], rtol=1e-5, atol=1e-7 * float(plain[name].abs().max()))
    assert few_bytes < 0.75 * all_bytes


def test_frozen_weights_in_half_precision(policy: Policy) -> None:
    freeze(policy.system, ("planner",))
    halve_frozen(policy.system)
    for name, parameter in policy.system.named_parameters():
        assert parameter.dtype == (torch.bfloat16 if name.startswith("planner.") else torch.float32), name
    with pytest.raises(SightlineError, match="set precision=bf16 too"):
        TrainConfig(frozen_precision="bf16", precision="fp32")
