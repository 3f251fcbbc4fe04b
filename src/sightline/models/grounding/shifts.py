"""Looking more than once: shifted copies of a picture fall differently on the grid of patches, so a small planner errs
differently on each, while the truth stays where it is (docs/log.md has what that is worth)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from sightline.core.geometry import Array
from sightline.core.types import Grounding
from sightline.models.grounding.pointing import Pointing

# Pixels to the right and down: parts of a patch of 14.
SHIFTS = ((4, 0), (-4, 0), (0, 4), (0, -4), (7, 7), (-7, 7), (7, -7), (-7, -7))


def shifted(images: Tensor, right: int, down: int) -> Tensor:
    """Pictures [B,V,H,W,3] moved by whole pixels; the border is repeated where nothing is known."""
    rows, columns = (torch.arange(size, device=images.device) for size in images.shape[2:4])
    rows, columns = (rows - down).clamp(0, len(rows) - 1), (columns - right).clamp(0, len(columns) - 1)
    return images.index_select(2, rows).index_select(3, columns)


def moved_back(pointing: Pointing, shifts: Sequence[tuple[int, int]], side: int) -> Pointing:
    """What was pointed at in shifted pictures of ``side`` pixels, where it is in the pictures themselves.

    Args:
        shifts: by how much, pixels right and down: of each sample, or one of all of them.
    """
    shift = (pointing.points.new_tensor(shifts) / side)[:, None, None]
    return replace(
        pointing,
        points=pointing.points - shift[:, None],
        boxes=pointing.boxes - shift[:, None].repeat(1, 1, 1, 1, 2),
        traces=pointing.traces - shift,
    )


def agreed(looks: Sequence[Grounding], near: Array) -> Grounding:
    """What most looks at one picture say: the mean of the look that most others agree with and of those others. It is
    as sure as they are, times their share.

    Args:
        near: [2] pixels (across, down) within which all points of two looks must lie for them to agree.
    """
    if not looks[0].points:
        return looks[0]
    points = np.stack([np.stack(list(look.points.values())) for look in looks])
    apart = np.linalg.norm((points[:, None] - points[None]) / near, axis=-1).max(-1)
    alike = apart <= 1
    chosen = [look for look, agrees in zip(looks, alike[alike.sum(1).argmax()], strict=True) if agrees]
    share = len(chosen) / len(looks)

    def mean(field: str) -> dict:
        return {name: np.mean([getattr(look, field)[name] for look in chosen], 0) for name in getattr(looks[0], field)}

    return replace(
        looks[0],
        points=mean("points"),
        boxes=mean("boxes"),
        trace=np.mean([look.trace for look in chosen], 0),
        confidence={name: share * float(value) for name, value in mean("confidence").items()},
        presence=float(np.mean([look.presence for look in looks])),
    )
