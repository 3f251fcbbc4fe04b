"""Sentences in other words: what is asked for stays the same."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.language.rewording import ALIKE, reworded
from sightline.train.config import GroundingConfig

SENTENCE = "pick up the black bowl next to the cookie box and place it on the plate"


def test_phrases_change_and_nouns_stay() -> None:
    said = {reworded(SENTENCE, np.random.default_rng(seed)) for seed in range(200)}
    assert len(said) > 50 and SENTENCE in said
    assert {sentence.split()[0] for sentence in said} == {verb.split()[0] for verb in ALIKE[0]}
    for sentence in said:
        words = sentence.split()
        assert [word for word in words if word in ("black", "bowl", "cookie", "box", "it", "plate")] == [
            "black", "bowl", "cookie", "box", "it", "plate",
        ]  # fmt: skip


def test_on_of_a_switch_is_no_place() -> None:
    said = {reworded("turn on the stove", np.random.default_rng(seed)) for seed in range(100)}
    assert said == {"turn on the stove", "switch on the stove", "turn on stove", "switch on stove"}


def test_the_same_draw_gives_the_same_words_and_a_share_is_a_share() -> None:
    first, second = (reworded(SENTENCE, np.random.default_rng(3)) for _ in range(2))
    assert first == second
    with pytest.raises(SightlineError, match=r"grounding\.reworded"):
        GroundingConfig(reworded=1.5)
