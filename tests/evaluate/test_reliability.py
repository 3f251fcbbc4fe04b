"""Reliability of confidences: closed forms, and what the page shows."""

from __future__ import annotations

import numpy as np
import pytest
from answers import Echo, item, right

from sightline.core.types import Grounding
from sightline.evaluate.grounding_metrics import GroundingScores, measure
from sightline.evaluate.reliability import calibration_error, reliability, reliability_chart


def test_the_error_is_the_mean_distance_of_confidence_and_truth() -> None:
    bins = reliability([0.95] * 4 + [0.15] * 6, [True] * 3 + [False] + [True] * 3 + [False] * 3)
    assert [(round(b.sure, 2), b.right, b.count) for b in bins] == [(0.15, 0.5, 6), (0.95, 0.75, 4)]
    assert calibration_error(bins) == pytest.approx(0.6 * 0.35 + 0.4 * 0.2)
    assert np.isnan(calibration_error([])) and reliability([], []) == []


def test_who_is_as_sure_as_right_has_no_error() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0, 1, 20_000)
    assert calibration_error(reliability(sure.tolist(), (rng.random(len(sure)) < sure).tolist())) < 0.015
    assert calibration_error(reliability([1.0, 0.0], [True, False])) == 0


def test_the_chart_has_a_dot_for_each_bin() -> None:
    drawn = reliability_chart(reliability([0.9, 0.9, 0.1], [True, False, False]), "Reliability")
    assert drawn.count("<circle") == 2 and "2 answers that are 90% sure: 50% right" in drawn


class Doubter(Echo):
    """Is 80 % sure of what it points at; says of everything else that it is not there."""

    def ground_batch(self, images, texts, cameras):
        said = super().ground_batch(images, texts, cameras)
        for answer in said:
            answer.found = bool(answer.boxes)
            answer.confidence = {"target": 0.8} if answer.found else {}
        return said


def test_absent_things_are_counted_apart() -> None:
    absent = item("refer", "absent")
    absent.question = type(absent.question)("the zebra", "refer", "absent", -1, -1, None)
    scores = measure(Doubter(), [[item("refer"), absent, item("task")]], examples=1)
    summary = scores.summary()
    assert summary["questions"] == 2 and summary["absent"] == 1
    assert summary["absent_told"] == 1.0 and summary["found"] == 0.5
    assert summary["calibration_error"] == pytest.approx(0.2), "one answer, right, 80 % sure"
    assert np.isnan(GroundingScores([]).summary()["absent_told"])
    assert right().found and Grounding("front").presence == 1.0
