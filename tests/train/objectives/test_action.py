"""The action loss: what it reaches, with the planner and without it."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import torch

from sightline.models.policy import Policy
from sightline.train.objectives.action import CachedActionObjective, JointActionObjective


def test_the_joint_loss_reaches_every_part(joint: JointActionObjective, policy: Policy) -> None:
    torch.manual_seed(0)
    loss, terms, samples = joint.loss(policy.system, joint.batch(0, 0.0))
    loss.backward()
    assert samples == 3 and set(terms) == {"action"}
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"planner", "visual_encoder", "spatial", "visual_projection", "querying", "gate", "expert"}


def test_the_cached_loss_trains_the_expert_side_only(cached: CachedActionObjective, policy: Policy) -> None:
    torch.manual_seed(0)
    drawn = [cached.batch(step, 0.0) for step in range(24)]
    assert {batch.latent is None for batch in drawn} == {True, False}
    loss, _, samples = cached.loss(policy.system, next(batch for batch in drawn if batch.latent is not None))
    loss.backward()
    assert samples == 6
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"spatial", "visual_projection", "querying", "gate", "expert"}


def test_noise_on_places_changes_what_the_expert_is_told(cached: CachedActionObjective, policy: Policy) -> None:
    batch = next(b for b in (cached.batch(step, 0.0) for step in range(24)) if b.latent is None)
    seen = []
    condition = policy.system.condition
    policy.system.condition = lambda spatial, latent: seen.append(spatial) or condition(spatial, latent)
    try:
        for place_noise in (0.0, 0.01):
            torch.manual_seed(0)
            noisy = copy(cached)
            noisy.config = replace(cached.config, point_noise=0.0, height_noise=0.0, place_noise=place_noise)
            noisy.loss(policy.system, batch)
    finally:
        del policy.system.condition
    calm, moved = ((one.heights - batch.spatial.heights).abs().max() for one in seen)
    assert calm == 0 and 0.001 < moved < 0.06


def test_held_out_batches_hold_nothing_else(joint: JointActionObjective) -> None:
    unseen = joint.held_out()
    held = {tuple(row) for row in joint.bank.state[joint.bank.held_out]}
    batches = [unseen.batch(step, 1.0) for step in range(3)]
    assert all(tuple(row) in held for batch in batches for row in batch.state.numpy())
