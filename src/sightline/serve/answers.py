"""Parts of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sightline.core.types import Grounding
from sightline.serve.requests import Client


def server_timing(times: Mapping[str, float], batch: int, client: Client) -> dict[str, float]:
    """Milliseconds of an answer's phases, as openpi's clients read them and in more detail."""
    previous = {"prev_total_ms": client.took} if client.took else {}
    return {f"{phase}_ms": value for phase, value in times.items()} | previous | {"batch": batch}


def grounding_map(grounding: Grounding | None) -> dict[str, Any] | None:
    """What guided the actions. Lists, not arrays: openpi's broker takes every array for a chunk of actions."""
    if grounding is None:
        return None
    return {
        "camera": grounding.camera,
        "boxes": {name: np.asarray(box).tolist() for name, box in grounding.boxes.items()},
        "points": {name: np.asarray(point).tolist() for name, point in grounding.points.items()},
        "trace": np.asarray(grounding.trace).tolist(),
        "confidence": {name: float(value) for name, value in grounding.confidence.items()},
        "presence": grounding.presence,
        "found": grounding.found,
        "text": grounding.text,
    }
