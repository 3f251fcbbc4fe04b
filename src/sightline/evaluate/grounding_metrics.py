"""How well a policy's planner says where things are: boxes, points and traces against simulator truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sightline.core.console import progress
from sightline.core.draw import Picture, Sketch, caption_bar
from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, Camera, box_iou, resample_path
from sightline.core.types import Grounding
from sightline.data.dataset import load_dataset
from sightline.data.labels import EpisodeLabels
from sightline.evaluate.reliability import Bin, calibration_error, reliability
from sightline.language.paraphrases import SPOKEN, spoken
from sightline.language.questions import TRACE_POINTS, Answer, Question, answer, sample_questions
from sightline.language.vocabulary import Wording

REFERENCE_SIZE = 224  # pixel errors are given at this picture width
MIN_VISIBLE = 30  # pixels at that width; what is less visible cannot be asked for
EXAMPLES = 24
RIGHT = 0.5  # intersection over union from which on a box is right


@runtime_checkable
class Grounder(Protocol):
    """What can be asked where things are."""

    def ground_batch(self, images: list[Picture], texts: list[str], cameras: list[Camera]) -> list[Grounding]:
        """One grounding for each picture [H,W,3], text and calibration of the picture."""


@dataclass
class GroundingItem:
    """One picture and its calibration, one question about it, and the truth."""

    image: Picture
    camera: Camera
    ids: NDArray[np.uint8]
    question: Question
    answer: Answer


@dataclass(frozen=True)
class GroundingRow:
    """Errors of one answer; NaN where the question has no such answer. Pixels at a picture width of 224.

    ``truth_inside`` says whether the true point itself lies on what can be seen of the object (the arm may hide it).
    ``there`` says whether the scene holds what was asked for, ``found`` whether the policy says so; ``sure`` is its
    confidence in its box.
    """

    text: str
    kind: str
    style: str
    box_iou: float
    point_inside: float
    truth_inside: float
    point_error: float
    reference_iou: float
    place_error: float
    trace_error: float
    sure: float = float("nan")
    there: bool = True
    found: bool = True


@dataclass
class GroundingScores:
    """Rows of all questions and pictures of the first few."""

    rows: list[GroundingRow]
    examples: list[Picture] = field(default_factory=list)

    def summary(self) -> dict:
        """JSON-ready: overall numbers, and the same under ``by_style`` and ``by_kind``."""
        there = [row for row in self.rows if row.there]
        absent = [row for row in self.rows if not row.there]
        result = _means(there) | {
            "calibration_error": calibration_error(self.reliability()),
            "found": _mean(float(row.found) for row in there),
            "absent": len(absent),
            "absent_told": _mean(float(not row.found) for row in absent),
        }
        for key in ("style", "kind"):
            names = sorted({getattr(row, key) for row in there})
            result[f"by_{key}"] = {name: _means([r for r in there if getattr(r, key) == name]) for name in names}
        return result

    def reliability(self) -> list[Bin]:
        """How far the confidence in boxes can be believed, where there is one and something to be right about."""
        known = [row for row in self.rows if row.there and np.isfinite(row.sure)]
        return reliability([row.sure for row in known], [row.box_iou >= RIGHT for row in known])


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _means(rows: Sequence[GroundingRow]) -> dict:
    mean = _mean
    return {
        "questions": len(rows),
        "box_acc50": mean(float(row.box_iou >= RIGHT) for row in rows),
        "mean_iou": mean(row.box_iou for row in rows),
        "point_acc": mean(row.point_inside for row in rows),
        "point_ceiling": mean(row.truth_inside for row in rows),
        "point_error_px": mean(row.point_error for row in rows),
        "reference_box_acc50": mean(
            float(r.reference_iou >= 0.5) if np.isfinite(r.reference_iou) else np.nan for r in rows
        ),
        "place_error_px": mean(row.place_error for row in rows),
        "trace_mae_px": mean(row.trace_error for row in rows),
    }


def sample_items(
    data: Sequence[Path], pictures: int, questions: int, seed: int, absent: float = 0.0, phrasing: str = SPOKEN[0]
) -> Iterator[list[GroundingItem]]:
    """The questions about one picture at a time, pictures drawn evenly from all frames of the datasets.

    Args:
        data: folders of datasets with dense labels.
        pictures: number of pictures; questions: number of questions about each.
        absent: share of the questions for something that is not there; phrasing: whose words they are asked in.

    Raises:
        SightlineError: no dataset, or none with labels.
    """
    if not data:
        raise SightlineError("The grounding suite needs a dataset with labels: name one with --data DIR.")
    datasets = [load_dataset(folder) for folder in data]
    frames = [
        (d, meta.index, t)
        for d, dataset in enumerate(datasets)
        for meta in dataset.episodes
        for t in range(meta.length)
    ]
    if not frames:
        raise SightlineError(f"There are no frames in {', '.join(str(folder) for folder in data)}.")
    kinds = tuple(sorted({info.kind for dataset in datasets for meta in dataset.episodes for info in meta.objects}))
    asking = Asking(questions, spoken(phrasing), absent, kinds)
    rng = np.random.default_rng(seed)
    chosen = sorted(rng.choice(len(frames), min(pictures, len(frames)), replace=False).tolist())
    for (d, episode), numbers in groupby(chosen, key=lambda number: frames[number][:2]):
        labels, ids = datasets[d].labels(episode), datasets[d].ids(episode, datasets[d].cameras[0])
        for number in numbers:
            t = frames[number][2]
            image = datasets[d].frame(episode, t, datasets[d].cameras[0])
            yield _items_of_frame(image, ids[t], labels, t, asking, np.random.default_rng([seed, number]))


def _items_of_frame(
    image: Picture,
    ids: NDArray[np.uint8],
    labels: EpisodeLabels,
    t: int,
    asking: Asking,
    rng: np.random.Generator,
) -> list[GroundingItem]:
    camera = next(iter(labels.cameras))
    scene, boxes = labels.scene(t), labels.boxes[camera][t]
    visible = np.bincount(ids.ravel(), minlength=256)[1:] * (REFERENCE_SIZE / image.shape[1]) ** 2
    items = []
    for question in sample_questions(
        scene, asking.count, rng, wording=asking.wording, absent=asking.absent, kinds=asking.kinds
    ):
        if question.target < 0 or visible[question.target] >= MIN_VISIBLE:
            known = labels.camera(t, camera)
            items.append(GroundingItem(image, known, ids, question, answer(question, scene, known, boxes)))
    return items


@dataclass(frozen=True)
class Asking:
    """How a picture is asked about: how many questions, in whose words, and which share of them for something of
    ``kinds`` that is not there."""

    count: int
    wording: Wording
    absent: float
    kinds: tuple[str, ...]


def score(item: GroundingItem, said: Grounding) -> GroundingRow:
    """Compare one answer with the truth. What a policy does not answer counts as wrong, not as missing."""
    truth, scale = item.answer, REFERENCE_SIZE / item.image.shape[1]
    nowhere = np.full(2, np.nan)
    point = np.asarray(said.points.get("target", nowhere), float)
    task = item.question.kind == "task"
    reference_known = task and np.isfinite(truth.place_box).all()
    return GroundingRow(
        text=item.question.text,
        kind=item.question.kind,
        style=item.question.style,
        box_iou=_iou(truth.target_box, said.boxes.get("target")),
        point_inside=float(_inside(point, item.ids, item.question.target)),
        truth_inside=float(_inside(truth.target_point, item.ids, item.question.target)),
        point_error=_distance(truth.target_point, point, item.image) * scale,
        reference_iou=_iou(truth.place_box, said.boxes.get("reference")) if reference_known else np.nan,
        place_error=_distance(truth.place_point, said.points.get("place", nowhere), item.image) * scale
        if task
        else np.nan,
        trace_error=_trace_distance(truth.trace, said.trace, item.image) * scale if task else np.nan,
        sure=said.confidence.get("target", np.nan),
        there=item.question.target >= 0,
        found=said.found,
    )


def _iou(truth: Array, said: Array | None) -> float:
    return 0.0 if said is None else float(box_iou(truth, np.asarray(said, float)))


def _inside(point: Array, ids: NDArray[np.uint8], target: int) -> bool:
    if not np.isfinite(point).all():
        return False
    u, v = (int(value) for value in np.floor(point))
    return 0 <= v < ids.shape[0] and 0 <= u < ids.shape[1] and int(ids[v, u]) == target + 1


def _distance(truth: Array, said: Array, image: Picture) -> float:
    """Pixels between two points; NaN where the truth is out of sight, the picture's width where nothing was said."""
    if not np.isfinite(truth).all():
        return np.nan
    said = np.asarray(said, float)
    return float(np.linalg.norm(truth - said)) if np.isfinite(said).all() else float(image.shape[1])


def _trace_distance(truth: Array, said: Array, image: Picture) -> float:
    """Mean pixels between corresponding points of two paths, both resampled evenly."""
    if not np.isfinite(truth).all():
        return np.nan
    said = np.asarray(said, float).reshape(-1, 2)
    if not len(said) or not np.isfinite(said).all():
        return float(image.shape[1])
    difference = resample_path(truth, TRACE_POINTS) - resample_path(said, TRACE_POINTS)
    return float(np.linalg.norm(difference, axis=-1).mean())


def example(item: GroundingItem, said: Grounding) -> Picture:
    """The answer (left) beside the truth (right), with the question below."""
    right = item.answer
    boxes = {"target": right.target_box, "reference": right.place_box}
    points = {"target": right.target_point, "place": right.place_point}
    truth = Sketch(item.image, 2).grounding(Grounding("", boxes, points, right.trace)).array()
    answered = Sketch(item.image, 2).grounding(said).array()
    return caption_bar(np.concatenate([answered, truth], axis=1), item.question.text)


def measure(grounder: Grounder, items: Iterable[list[GroundingItem]], examples: int = 0) -> GroundingScores:
    """Ask all questions, one picture (a batch of questions) at a time."""
    scores = GroundingScores([])
    for asked in items:
        if not asked:
            continue
        answers = grounder.ground_batch(
            [item.image for item in asked], [item.question.text for item in asked], [item.camera for item in asked]
        )
        scores.rows += [score(item, said) for item, said in zip(asked, answers, strict=True)]
        if len(scores.examples) < examples:
            scores.examples.append(example(asked[0], answers[0]))
    return scores


def evaluate_grounding(
    policy: Grounder,
    data: Sequence[Path],
    pictures: int = 100,
    questions: int = 6,
    seed: int = 0,
    examples: int = EXAMPLES,
    absent: float = 0.0,
    phrasing: str = SPOKEN[0],
) -> GroundingScores:
    """Ask ``questions`` questions about each of ``pictures`` pictures from datasets, with a progress bar.

    Raises:
        SightlineError: no data or no labels.
    """
    with progress(pictures, "pictures", unit="picture") as bar:
        items = sample_items(data, pictures, questions, seed, absent, phrasing)
        return measure(policy, _counted(items, bar.update), examples)


def _counted(items: Iterable[list[GroundingItem]], update: Callable[[int], None]) -> Iterator[list[GroundingItem]]:
    for asked in items:
        yield asked
        update(1)
