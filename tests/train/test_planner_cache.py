"""Stored planner states are those of the planner, in the order asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sightline.models.policy import Policy
from sightline.train.objectives.action import JointActionObjective
from sightline.train.planner_cache import PlannerCache


def test_stored_states_are_those_of_the_planner(
    cache: PlannerCache, joint: JointActionObjective, policy: Policy
) -> None:
    joint.jitter, joint.frames = 0.0, np.array([7])
    batch = joint.batch(0, 0.0)
    seen = policy.system.see(batch.images, batch.tokens)
    direct = policy.system.query_tokens(seen.states.layers, seen.dense, seen.ignore)
    stored = policy.system.query_tokens(*cache.at(np.array([7, 7, 7])))
    torch.testing.assert_close(stored, direct, atol=2e-2, rtol=2e-2)  # stored in half precision


def test_states_come_back_in_the_order_asked_for(cache: PlannerCache) -> None:
    frames = np.array([11, 3, 3, 7])
    states, dense, ignore = cache.at(frames)
    for row, frame in enumerate(frames):
        one_state, one_dense, one_ignore = cache.at(np.array([frame]))
        assert torch.equal(states[0][row], one_state[0][0])
        assert torch.equal(dense[row], one_dense[0]) and torch.equal(ignore[row], one_ignore[0])
    assert not torch.equal(dense[0], dense[1])
    with pytest.raises(AssertionError, match="stored"):
        cache.at(np.array([4]))
