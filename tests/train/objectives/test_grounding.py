"""Packed questions: when they come, what fits, and answers in words beside the points."""

from __future__ import annotations

from dataclasses import replace

import pytest
from batches import GROUNDING

from sightline.models.policy import Policy
from sightline.train.objectives.grounding import GroundingObjective


def test_scenes_come_first(grounding: GroundingObjective) -> None:
    early = {grounding.batch(step, 0.1).images.shape[1] for step in range(6)}
    late = {grounding.batch(step, 0.9).images.shape[1] for step in range(12)}
    assert early == {1} and late == {1, 2}


def test_co_training_sits_steps_out(grounding: GroundingObjective) -> None:
    grounding.every = 3
    assert [grounding.batch(step, 0.0) is None for step in range(4)] == [False, True, True, False]


def test_words_are_learned_beside_the_points(grounding: GroundingObjective, policy: Policy) -> None:
    spoken = [batch for step in range(8) if (batch := grounding.batch(step, 0.1)) and (batch.tokens.labels >= 0).any()]
    assert 1 <= len(spoken) < 8
    loss, terms, samples = grounding.loss(policy.system, spoken[0])
    assert float(terms["text"].detach()) > 0 and samples == len(spoken[0].images)
    assert float(loss.detach()) == pytest.approx(sum(float(t.detach()) for t in terms.values()), rel=1e-5)
    loss.backward()
    assert policy.system.planner.model.lm_head.weight.grad.abs().max() > 0
    assert policy.system.visual_encoder.pos_embed.grad.abs().max() > 0


def test_questions_fit_into_the_token_budget(grounding: GroundingObjective) -> None:
    grounding.batches.config = replace(GROUNDING, tokens=40, questions=8, text_share=0.0)
    tokens = grounding.batch(0, 0.0).tokens
    prefix = len(grounding.batches.packer.prefix(1)[0])
    assert 1 <= int(tokens.segments.max()) < 8
    assert int((tokens.segments > 0).sum(1).max()) <= 40 or int(tokens.segments.max()) == 1
    assert tokens.ids.shape[1] <= prefix + 40 + 16
