"""Recognition read out: the things in a picture, from what the grounding head sees in each of its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sightline.core.geometry import box_iou
from sightline.models.grounding.cells import cell_centres

SURE = 0.5  # probability from which a cell shows a thing
SAME = 0.35  # overlap from which two cells that show the same speak of one thing
DOUBLE = 0.45  # overlap from which two things are one that was recognised in two ways
FAINT = 0.25  # confidence below which nothing is said


@dataclass(frozen=True, eq=False)
class Recognised:
    """A thing in a picture.

    Attributes:
        kind, colour: nouns and adjectives that the policy was trained on; ``colour`` is "" where it has none.
        box: [4] (x1, y1, x2, y2) in pixels of the picture.
        confidence: 0 to 1, of kind and colour.
    """

    kind: str
    colour: str
    box: NDArray[np.float64]
    confidence: float


def recognise(
    dense: tuple[Tensor, Tensor, Tensor],
    row: int,
    size: tuple[int, ...],
    kinds: Sequence[str],
    colours: Sequence[str],
    view: int = 0,
) -> list[Recognised]:
    """The things in one picture of ``size`` (H, W), the surest first.

    Args:
        dense: kind and colour logits and boxes [B,V,cells,...] as in ``Pointing.dense``.
    """
    kind, colour, box = (part[row, view].float().cpu() for part in dense)
    side = round(len(kind) ** 0.5)
    kind_shares, colour_shares = kind.softmax(-1).numpy(), colour.softmax(-1).numpy()
    corners = (cell_centres(side, box.device).repeat(1, 2) + box / side).double().numpy()
    corners = corners.clip(0, 1) * np.tile([size[1], size[0]], 2)
    there = 1 - kind_shares[:, 0]
    called = np.stack([kind_shares.argmax(-1), colour_shares.argmax(-1) if len(colours) else kind_shares.argmax(-1)], 1)
    left = [cell for cell in np.argsort(-there, kind="stable") if there[cell] > SURE]
    found = []
    while left:
        best = left[0]
        alike = [cell for cell in left if (called[cell] == called[best]).all()]  # a mug may stand on a plate
        mine = [cell for cell in alike if cell == best or box_iou(corners[best], corners[cell]) > SAME]
        left = [cell for cell in left if cell not in mine]
        weights = there[mine] / there[mine].sum()
        share, hue = weights @ kind_shares[mine][:, 1:], weights @ colour_shares[mine]
        name = kinds[int(share.argmax())]
        shade = colours[int(hue.argmax())] if len(colours) else ""
        sure = float(share.max() * (hue.max() if len(colours) else 1.0))
        found.append(Recognised(name, shade, weights @ corners[mine], sure))
    kept: list[Recognised] = []
    for thing in sorted(found, key=lambda thing: -thing.confidence):
        if thing.confidence > FAINT and all(box_iou(thing.box, other.box) < DOUBLE for other in kept):
            kept.append(thing)
    return kept
