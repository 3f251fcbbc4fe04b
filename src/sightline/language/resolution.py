"""The listener: which objects of a scene an expression could mean.

It reads the expressions of :mod:`sightline.language.referring` the other way round, from the scene alone, and so
confirms that exactly one thing fits.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sightline.core.types import ObjectInfo, SceneState
from sightline.language.paraphrases import listener
from sightline.language.referring import Expression, label_names
from sightline.tasks.scene_graph import (
    AXES,
    MIN_DISTANCE,
    NEXT_TO_GAP,
    RANKED_BY_REFERENCE,
    bulk,
    direction_margin,
    holds,
)


def resolve(expression: Expression, scene: SceneState) -> list[int]:
    """Indices of all present objects that an expression could mean; superlatives include near ties.

    Written against positions alone, not against SceneGraph, so that it can confirm what Phrasebook says.
    """
    pool = [
        index
        for index in _called(expression.kind, scene)
        if expression.colour in ("", scene.objects[index].colour) and expression.size in ("", scene.objects[index].size)
    ]
    if not expression.relation:
        return pool
    if expression.reference is None:
        return _best(pool, expression.relation, scene)
    found = resolve(expression.reference, scene)
    if len(found) != 1:
        return []
    reference = found[0]
    pool = [index for index in pool if index != reference]
    if expression.relation in RANKED_BY_REFERENCE:
        distance = {index: _distance(scene, index, reference) for index in pool}
        if expression.relation == "nearest":
            return [index for index in pool if distance[index] <= min(distance.values()) + 0.015]
        return [index for index in pool if distance[index] >= max(distance.values()) - 0.015]
    return [index for index in pool if _stands(expression.relation, scene, index, reference)]


def _called(name: str, scene: SceneState) -> list[int]:
    """The present objects that a name fits: those that bear it, or else those for which it is another word."""
    present = np.flatnonzero(scene.present).tolist()
    plain = [index for index in present if _bears(scene.objects[index], name)] if name else present
    return plain or [index for index in present if name in _other_names(scene.objects[index].kind)]


def _bears(info: ObjectInfo, name: str) -> bool:
    return f" {info.kind}".endswith(f" {name}") or name in label_names(info.kind, info.label)


@cache
def _other_names(kind: str) -> frozenset[str]:
    return frozenset(listener().other_names(kind))


def _distance(scene: SceneState, first: int, second: int) -> float:
    offset = scene.positions[first] - scene.positions[second]
    return float(np.hypot(offset[0], offset[1]))


def _stands(relation: str, scene: SceneState, index: int, reference: int) -> bool:
    if relation == "next":
        return (
            _distance(scene, index, reference) - scene.objects[index].radius - scene.objects[reference].radius
            <= NEXT_TO_GAP
        )
    if relation in AXES:
        far_enough = _distance(scene, index, reference) >= max(MIN_DISTANCE, scene.objects[reference].radius)
        return far_enough and direction_margin(relation, scene.positions[index] - scene.positions[reference]) >= 0
    return holds(relation, scene, index, reference)


def _best(pool: list[int], relation: str, scene: SceneState) -> list[int]:
    """The objects of the pool within a small tolerance of the extreme of a reference-free ranking."""
    x, y = scene.positions[:, 0], scene.positions[:, 1]
    score, tie = {
        "leftmost": (-y, 0.01),
        "rightmost": (y, 0.01),
        "frontmost": (x, 0.01),
        "backmost": (-x, 0.01),
        "robot_nearest": (-np.hypot(x, y), 0.01),
        "robot_farthest": (np.hypot(x, y), 0.01),
        "largest": (np.log([bulk(scene, index) for index in range(len(x))]), 0.05),
        "smallest": (-np.log([bulk(scene, index) for index in range(len(x))]), 0.05),
    }[relation]
    return [index for index in pool if score[index] >= max(score[other] for other in pool) - tie]
