"""Answers about one made-up picture: what is right, and what a scorer gets to see."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Camera
from sightline.core.types import Grounding, Task
from sightline.evaluate.grounding_metrics import GroundingItem
from sightline.language.questions import Answer, Question

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


class Echo:
    """Says the truth about attribute questions and nothing about others."""

    def __init__(self) -> None:
        self.asked = []

    def ground_batch(self, images, texts, cameras):
        self.asked.append(list(texts))
        return [right() if text == "the mug" else Grounding("front") for text in texts]
