"""Small batches of the objectives on labelled frames, and whether two are the same."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from nano import nano_config

from sightline.train.config import ActionConfig, GroundingConfig
from sightline.train.grounding_batches import LabelMaker

LABELS = LabelMaker(nano_config().grounding)
GROUNDING = GroundingConfig(images=4, questions=3, text_share=0.5, scenes_first=0.5, phrasings=("plain",), absent=0.0)
ACTION = ActionConfig(samples=3, cached_samples=6, latent_share=0.5)


def same(a: Any, b: Any) -> bool:
    """Whether two batches are bit-equal (NaN equals NaN)."""
    if isinstance(a, bool) or a is None:
        return a == b
    if isinstance(a, torch.Tensor):
        return a.shape == b.shape and bool(torch.equal(a.nan_to_num(-7), b.nan_to_num(-7)))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, dict):
        return all(same(a[key], b[key]) for key in a)
    return all(same(x, y) for x, y in zip(a, b, strict=True))
