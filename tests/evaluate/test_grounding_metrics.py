"""Scores of answers that are right, wrong or missing."""

from __future__ import annotations

import numpy as np
import pytest
from answers import TRACE, Echo, item, right

from sightline.core.errors import SightlineError
from sightline.core.types import Grounding
from sightline.evaluate.grounding_metrics import GroundingScores, measure, sample_items, score
from sightline.language.styles import style_of


def test_the_truth_scores_full_marks_even_with_fewer_trace_points():
    row = score(item(), right())
    assert (row.box_iou, row.reference_iou, row.point_inside) == (1, 1, 1)
    assert (row.point_error, row.place_error) == (0, 0)
    assert row.trace_error == pytest.approx(0, abs=1e-9)


def test_errors_are_pixels_at_a_width_of_224():
    said = right()
    said.points = {"target": np.array([33.0, 44.0]), "place": np.array([80.0, 90.0])}
    said.trace = TRACE + [3, 0]
    row = score(item(), said)
    assert row.point_error == pytest.approx(10) and row.place_error == pytest.approx(20)
    assert row.trace_error == pytest.approx(6)
    assert row.point_inside == 1


@pytest.mark.parametrize(
    ("point", "inside"), [((20, 30), 1), ((39.9, 49.9), 1), ((40, 40), 0), ((-1, 40), 0), ((500, 5), 0)]
)
def test_points_must_hit_the_mask(point, inside):
    said = right()
    said.points["target"] = np.array(point, float)
    assert score(item(), said).point_inside == inside


def test_what_is_not_said_is_wrong_and_what_has_no_truth_does_not_count():
    row = score(item(), Grounding("front"))
    assert (row.box_iou, row.point_inside, row.reference_iou) == (0, 0, 0)
    assert row.trace_error == row.place_error == row.point_error == 224
    row = score(item("refer"), right())
    assert row.box_iou == 1 and np.isnan([row.reference_iou, row.place_error, row.trace_error]).all()


def test_summary_is_overall_and_by_style_and_kind():
    grounder = Echo()
    batches = [[item("refer"), item("task", "spatial")], [], [item("refer")]]
    scores = measure(grounder, batches, examples=1)
    assert [len(texts) for texts in grounder.asked] == [2, 1], "one batch a picture"
    summary = scores.summary()
    assert summary["questions"] == 3 and summary["box_acc50"] == pytest.approx(2 / 3)
    assert summary["by_style"]["attribute"]["point_acc"] == 1 and summary["by_style"]["spatial"]["point_acc"] == 0
    assert summary["by_kind"]["task"]["trace_mae_px"] == 224
    assert len(scores.examples) == 1 and scores.examples[0].shape[1] == 4 * 112
    assert np.isnan(GroundingScores([]).summary()["box_acc50"])


def test_a_missing_dataset_is_one_sentence(tmp_path):
    with pytest.raises(SightlineError, match="--data"):
        next(sample_items([], 1, 1, 0))
    with pytest.raises(SightlineError, match="does not exist"):
        next(sample_items([tmp_path / "none"], 1, 1, 0))


@pytest.mark.parametrize(
    ("phrase", "style"),
    [
        ("the small red mug", "attribute"),
        ("the red thing", "attribute"),
        ("the mug to the left of the bowl", "spatial"),
        ("the mug that is in front of the red bowl", "spatial"),
        ("the ball in the box", "spatial"),
        ("the mug on the far left", "superlative"),
        ("the bottle nearest the small bowl", "superlative"),
        ("the largest box", "superlative"),
        ("", ""),
    ],
)
def test_styles_are_read_from_the_words(phrase, style):
    assert style_of(phrase) == style
