"""The language model learns alone."""

from __future__ import annotations

from batches import GROUNDING

from sightline.models.policy import Policy
from sightline.train.objectives.words import WordsObjective


def test_words_are_learned_without_pictures(words: WordsObjective, policy: Policy) -> None:
    batch = words.batch(0, 0.0)
    assert not batch.tokens.image_mask.any() and (batch.tokens.readouts >= 0).any()
    assert words.batch(0, GROUNDING.apart_first) is None
    policy.system.zero_grad()
    words.loss(policy.system, batch)[0].backward()
    touched = {n.split(".")[0] for n, p in policy.system.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"planner", "grounding"}
