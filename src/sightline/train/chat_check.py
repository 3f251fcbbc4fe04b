"""How well answers in words place things, on held-out conversations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, box_iou, resample_path
from sightline.data.answers import Size, parse_boxes, parse_points
from sightline.data.conversation_record import Conversation, read_pictures
from sightline.data.conversations import Conversations
from sightline.language.questions import TRACE_POINTS
from sightline.models.policy import Policy
from sightline.models.vlm.chat import ChatEncoder, Picture, answer
from sightline.models.vlm.images import checked_size
from sightline.train.validate import SCALE

BESIDE = 0.05  # of the picture's width: half the side of the box around a true point
TRACE_WORDS = re.compile(r"\b(trajectory|trace|path|way)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Truth:
    """The true answer to a question about one picture.

    Attributes:
        form: box, point or trace.
        values: [N,4] boxes or [N,2] points, pixels of the picture as the model sees it.
        size: height and width of that picture.
    """

    form: str
    values: Array
    size: Size


class ChatCheck:
    """How well answers in words say where things are, on held-out conversations.

    Asked is the first question of conversations about one picture whose true answer holds boxes or points. Several
    points to a question about a path are a trace. Conversations do not tell the outline of what a true point lies on: a
    box of a tenth of the picture's width around it stands for that.

    Args:
        count: number of questions, drawn with ``seed``.
        together: questions that are answered at a time.
    """

    def __init__(
        self,
        conversations: Conversations,
        policy: Policy,
        count: int,
        seed: int = 0,
        precision: torch.dtype = torch.float32,
        together: int = 8,
        max_tokens: int = 128,
    ) -> None:
        self.precision, self.together, self.max_tokens = precision, together, max_tokens
        encoder = policy.planner.encoder
        self.questions = list(islice(usable_questions(conversations, encoder, seed), count))
        if not self.questions:
            raise SightlineError(
                f"The conversations {conversations.name} hold no question about one picture with boxes or points in "
                "its answer: name others to check on."
            )

    @torch.no_grad()
    def __call__(self, policy: Policy) -> dict[str, float]:
        """``box_acc50`` of true boxes, ``point_acc`` of point questions, ``trace_mae_px`` at a picture width of 224.
        What is not answered counts as wrong; NaN where there is no such question."""
        scores: dict[str, list[float]] = {"box": [], "point": [], "trace": []}
        encoder = policy.planner.encoder
        for start in range(0, len(self.questions), self.together):
            chosen = self.questions[start : start + self.together]
            asked = [_ask(encoder, conversation) for conversation in chosen]
            samples = [encoder.question([image], question) for image, question, _ in asked]
            with torch.autocast(policy.device.type, self.precision, enabled=self.precision != torch.float32):
                said = answer(policy.system.planner, policy.tokenizer, samples, self.max_tokens)
            for text, (_, _, truth) in zip(said, asked, strict=True):
                scores[truth.form] += score(text, truth)
        means = {form: float(np.mean(values)) if values else float("nan") for form, values in scores.items()}
        return {"box_acc50": means["box"], "point_acc": means["point"], "trace_mae_px": means["trace"]}


def usable_questions(source: Conversations, encoder: ChatEncoder, seed: int) -> Iterator[Conversation]:
    """The conversations of a source that :class:`ChatCheck` can ask, in random order."""
    for number in np.random.default_rng([seed, len(source)]).permutation(len(source)):
        try:
            conversation = source[int(number)]
            if len(conversation.pictures) == 1 and _ask(encoder, conversation)[2].form:
                yield conversation
        except SightlineError:  # damaged, or without its picture: nothing to ask
            continue


def _ask(encoder: ChatEncoder, conversation: Conversation) -> tuple[Picture, str, Truth]:
    """The picture of a conversation, its first question, and the true answer."""
    (image,) = read_pictures(conversation)
    question, true = islice(encoder.as_written(conversation, [image]), 2)
    size = encoder.pictures.written_size(*checked_size(image))
    return image, question.text, read_truth(question.text, true.text, size)


def read_truth(question: str, true: str, size: Size) -> Truth:
    """What a true answer says; its form is empty where it holds neither boxes nor points."""
    if boxes := parse_boxes(true, size):
        return Truth("box", np.array([found.box for found in boxes]), size)
    points = parse_points(true, size)
    if not len(points):
        return Truth("", points, size)
    return Truth("trace" if len(points) > 2 and TRACE_WORDS.search(question) else "point", points, size)


def score(text: str, truth: Truth) -> list[float]:
    """How right an answer is.

    For each true box whether one with an IoU of 0.5 was said; whether the first point lies in a box around a true one;
    or the mean distance of two traces in pixels at a picture width of SCALE.
    """
    width = truth.size[1]
    if truth.form == "box":
        said = np.array([found.box for found in parse_boxes(text, truth.size)]).reshape(-1, 4)
        return [float((box_iou(box[None], said) >= 0.5).any()) for box in truth.values]
    points = parse_points(text, truth.size)
    if truth.form == "point":
        return [float(len(points) > 0 and (np.abs(truth.values - points[0]) <= BESIDE * width).all(-1).any())]
    if not len(points):
        return [SCALE]
    difference = resample_path(truth.values, TRACE_POINTS) - resample_path(points, TRACE_POINTS)
    return [float(np.linalg.norm(difference, axis=-1).mean()) * SCALE / width]
