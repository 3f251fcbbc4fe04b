"""How sure an answer is: raw confidences of the pointer, and what follows from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.core.types import Grounding
from sightline.models.config import GroundingHeadConfig
from sightline.models.grounding.confidence import calibrated, fitted_calibration, probability


@given(st.floats(0.4, 2.5), st.floats(-2, 2))
def test_a_known_calibration_is_found_again(slope: float, offset: float) -> None:
    rng = np.random.default_rng(0)
    raw = rng.uniform(0.02, 0.98, 20_000)
    right = rng.random(len(raw)) < probability(raw, (slope, offset))
    found = fitted_calibration(raw, right)
    np.testing.assert_allclose(found, (slope, offset), atol=0.15)
    assert np.abs(probability(raw, found) - probability(raw, (slope, offset))).max() < 0.05


def test_those_that_are_always_right_are_not_believed_without_limit() -> None:
    slope, offset = fitted_calibration(np.full(50, 0.6), np.ones(50, bool))
    assert 0.8 < probability(np.array(0.6), (slope, offset)) < 0.9999


def test_order_is_kept_and_the_default_changes_nothing() -> None:
    raw = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(probability(raw, (1.0, 0.0)), raw, atol=1e-12)
    assert (np.diff(probability(raw, (0.3, -1.0))) > 0).all()


def test_an_answer_says_whether_there_is_such_a_thing() -> None:
    head = GroundingHeadConfig(doubt=0.5, calibration=(1.0, -1.0))
    said = Grounding("front", confidence={"target": 0.5}, presence=0.4)
    told = calibrated(said, head)
    assert not told.found and told.confidence["target"] == pytest.approx(1 / (1 + np.e))
    assert calibrated(Grounding("front", presence=0.6), head).found
