"""What the place for a thing depends on beside the words: the thing, how it is held, and what it is put at."""

from __future__ import annotations

import torch
from torch import Tensor

from sightline.models.grounding.cells import SPREAD

FACTS = 13
HEIGHT_SCALE = 0.1  # metres per unit of the regressed height


def place_facts(
    point: Tensor, box: Tensor, height: Tensor, axis: Tensor, reference: Tensor, other: Tensor, side: int
) -> Tensor:
    """[...,FACTS] of a target's point [...,2], box [...,4], height [...] and axis [...,2], of a reference's middle
    [...,2] and box [...,4]."""

    def sides(corners: Tensor) -> Tensor:
        return ((corners[..., 2:] - corners[..., :2]) * side).clamp(0.1, float(side)).log()

    held = (point - box.unflatten(-1, (2, 2)).mean(-2)) * side / 2
    return torch.cat(
        [held, sides(box), height[..., None] / HEIGHT_SCALE, axis, sides(other), (reference - 0.5) * SPREAD,
         (point - 0.5) * SPREAD], -1,
    )  # fmt: skip
