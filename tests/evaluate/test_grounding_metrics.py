"""Scores of answers that are right, wrong or missing."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import Grounding, Task
from sightline.evaluate.grounding_metrics import GroundingItem, GroundingScores, measure, sample_items, score
from sightline.language.styles import style_of
from sightline.tasks.questions import Answer, Question

BOX, REFERENCE = np.array([20.0, 30, 40, 50]), np.array([60.0, 60, 100, 100])
TRACE = np.stack([np.linspace(10, 80, 8), np.linspace(10, 80, 8)], -1)


def item(kind: str = "task", style: str = "attribute", size: int = 112) -> GroundingItem:
    """Object 0 fills BOX; pictures of 112 pixels, so that errors are doubled to the width of 224."""
    ids = np.zeros((size, size), np.uint8)
    ids[30:50, 20:40] = 1
    task = Task("into", 0, 1, "put the mug into the bowl", "the mug", "the bowl") if kind == "task" else None
    nothing = np.full(4, np.nan)
    truth = Answer(
        target_box=BOX,
        target_point=np.array([30.0, 40.0]),
        target_height=0.1,
        target_axis=np.zeros(2),
        place_box=REFERENCE if task else nothing,
        place_point=np.array([80.0, 80.0]) if task else nothing[:2],
        place_height=0.1,
        trace=TRACE if task else np.full((8, 2), np.nan),
    )
    question = Question("put the mug into the bowl" if task else "the mug", kind, style, 0, 1 if task else -1, task)
    camera = Camera(size, size, 1.5 * size, np.eye(4))
    return GroundingItem(np.zeros((size, size, 3), np.uint8), camera, ids, question, truth)


def right() -> Grounding:
    points = {"target": np.array([30.0, 40.0]), "place": np.array([80.0, 80.0])}
    return Grounding("front", {"target": BOX, "reference": REFERENCE}, points, TRACE[::7])


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


class Echo:
    """Says the truth about attribute questions and nothing about others."""

    def __init__(self) -> None:
        self.asked = []

    def ground_batch(self, images, texts, cameras):
        self.asked.append(list(texts))
        return [right() if text == "the mug" else Grounding("front") for text in texts]


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
