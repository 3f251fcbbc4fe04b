"""What the grounding head predicts and what it learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sightline.core.types import Grounding
from sightline.models.grounding.cells import Things, cell_centres

ROLES = ("target", "reference", "place")
TARGET, REFERENCE, PLACE = range(len(ROLES))
# The words of a target may name a further object: "the mug left of the bowl". It is found but never acted upon.
LANDMARK = len(ROLES)


@dataclass
class Pointing:
    """Predictions for Q questions, R = len(ROLES) roles, V views of B samples; pictures span [0, 1] x [0, 1].

    Attributes:
        logits: [B,Q,R + 1,V,cells] pointer logits, those of the landmark last; described: [B,Q,R + 1,kinds + 1 +
            colours] logits of what the words mean.
        visible: [B,Q,R,V] logit that the thing can be seen in the view.
        points: [B,Q,R,V,2]; boxes: [B,Q,R,V,4] corners; heights: [B,Q,R,V] metres; axes: [B,Q,R,V,2] double angle.
        expected: [B,Q,V,2] where the place should be by the words, the reference and the target alone.
        traces: [B,Q,N,2] in the first view, starting at the tool.
        tool_logits: [B,V,cells], tools: [B,V,2] where the tool point is, whatever is asked.
        dense: kind, colour and box of what stands in each cell, [B,V,cells,...] each.
    """

    logits: Tensor
    described: Tensor
    visible: Tensor
    points: Tensor
    boxes: Tensor
    heights: Tensor
    axes: Tensor
    expected: Tensor
    traces: Tensor
    tool_logits: Tensor
    tools: Tensor
    dense: tuple[Tensor, Tensor, Tensor]


@dataclass
class GroundingLabels:
    """Truth in the same units; NaN where there is nothing to learn.

    Attributes:
        points [B,Q,R,V,2], boxes [B,Q,R,V,4], heights [B,Q,R], axes [B,Q,R,V,2], traces [B,Q,N,2];
        asked: [B,Q,R] bool, which readouts exist; owners: [B,Q,R + 1] object index + 1 that a role (last: the
            landmark) means, 0 = none or unknown;
        cells: [B,V,side,side] int64 object index + 1 (0 = none) in each cell;
        kinds, colours: [B,n+1] class of each object (row 0 = none, kind 0; colour -100 = not nameable);
        object_boxes: [B,V,n+1,4] corners, NaN when invisible; tools: [B,V,2] tool point, NaN outside the picture;
        cameras: [B,V,15] of the pictures, NaN where they are to be treated as unknown.
    """

    points: Tensor
    boxes: Tensor
    heights: Tensor
    axes: Tensor
    traces: Tensor
    asked: Tensor
    owners: Tensor
    cells: Tensor
    kinds: Tensor
    colours: Tensor
    object_boxes: Tensor
    tools: Tensor
    cameras: Tensor

    def landmark_boxes(self) -> Tensor:
        """[B,Q,V,4] the landmarks' visible boxes; NaN where there is no landmark or it is hidden."""
        owner = self.owners[..., LANDMARK]
        rows = torch.arange(len(owner), device=owner.device)[:, None]
        return self.object_boxes[rows, :, owner].masked_fill((owner == 0)[..., None, None], float("nan"))

    def all_points(self) -> Tensor:
        """[B,Q,R + 1,V,2] points of the roles, then of the landmark."""
        landmarks = self.landmark_boxes().unflatten(-1, (2, 2)).mean(-2)
        return torch.cat([self.points, landmarks[:, :, None]], 2)

    def all_asked(self) -> Tensor:
        """[B,Q,R + 1] what is asked for; a landmark is named whenever it is known."""
        return torch.cat([self.asked, torch.ones_like(self.asked[..., :1])], -1)

    def to(self, device: torch.device) -> GroundingLabels:
        """A copy on ``device``."""
        return GroundingLabels(**{name: value.to(device) for name, value in vars(self).items()})


def read_pointing(
    pointing: Pointing,
    row: int,
    size: tuple[int, ...],
    camera: str,
    readouts: Sequence[str] = (*ROLES, "trace"),
    question: int = 0,
) -> Grounding:
    """One question's predictions for one sample in the first view, in pixels of a picture of ``size`` (H, W)."""
    scale = np.array([size[1], size[0]], dtype=np.float64)
    grounding = Grounding(camera, presence=float(pointing.visible[row, question, TARGET, 0].sigmoid()))
    sure = raw_confidence(pointing, row, question).tolist()
    for index, role in enumerate(ROLES):
        if role not in readouts:
            continue
        grounding.points[role] = pointing.points[row, question, index, 0].double().cpu().numpy() * scale
        grounding.confidence[role] = sure[index]
        if role != "place":
            grounding.boxes[role] = pointing.boxes[row, question, index, 0].double().cpu().numpy() * np.tile(scale, 2)
    if "trace" in readouts:
        grounding.trace = pointing.traces[row, question].double().cpu().numpy() * scale
    return grounding


def raw_confidence(pointing: Pointing, row: int, question: int) -> Tensor:
    """[R] of one question's answers for one sample in the first view: how much of the pointer lies in and around its
    best cell, times the probability that there is something to be seen."""
    share = pointing.logits[row, question, : len(ROLES), 0].softmax(-1)
    side = round(share.shape[-1] ** 0.5)
    around = F.avg_pool2d(share.view(-1, 1, side, side), 3, 1, 1, divisor_override=1).flatten(1)
    mass = around.gather(1, share.argmax(-1, keepdim=True)).squeeze(1)
    return mass * pointing.visible[row, question, :, 0].sigmoid()


def imagined(labels: GroundingLabels, kinds: int, colours: int) -> tuple[Tensor, Tensor, Things]:
    """Kind and colour logits [B,V,cells,...] and places and sizes, of eyes that miss nothing."""
    side, owner = labels.cells.shape[-1], labels.cells.flatten(2)
    rows = torch.arange(len(owner), device=owner.device)[:, None, None]
    columns = torch.arange(owner.shape[1], device=owner.device)[None, :, None]
    kind = 12.0 * F.one_hot(labels.kinds[rows, owner], kinds)
    colour = labels.colours[rows, owner]
    nameable = F.one_hot(colour.clamp(min=0), max(colours, 1))[..., :colours]  # there may be no names at all
    colour = 12.0 * nameable * (colour >= 0)[..., None]
    box = labels.object_boxes[rows, columns, owner]
    corners = (box - cell_centres(side, owner.device).repeat(1, 2)) * side
    # An empty cell is as large as itself.
    empty = corners.new_tensor([-0.5, -0.5, 0.5, 0.5]).expand_as(corners)
    return kind, colour, Things.of(torch.where(torch.isfinite(corners), corners, empty), labels.cameras)


def hinted(points: Tensor, traces: int) -> GroundingLabels:
    """All that is known where somebody points into a picture: labels that are empty but for ``points`` [B,R,V,2] of the
    first question, NaN where nobody does. With them the grounding head reads off what stands there.

    Args:
        traces: points of a trace.
    """
    batch, roles, views = points.shape[:3]

    def unknown(*shape: int) -> Tensor:
        return points.new_full((batch, *shape), torch.nan)

    nothing = torch.zeros(batch, 1, dtype=torch.long, device=points.device)
    return GroundingLabels(
        points=points[:, None],
        boxes=unknown(1, roles, views, 4),
        heights=unknown(1, roles),
        axes=unknown(1, roles, views, 2),
        traces=unknown(1, traces, 2),
        asked=torch.zeros(batch, 1, roles, dtype=torch.bool, device=points.device),
        owners=nothing[:, :, None].expand(-1, -1, roles + 1),
        cells=nothing[:, :, None, None].expand(-1, views, -1, -1),
        kinds=nothing,
        colours=nothing - 100,
        object_boxes=unknown(views, 1, 4),
        tools=unknown(views, 2),
        cameras=unknown(views, 15),
    )


def known(predicted: Tensor, truth: Tensor | None) -> Tensor:
    """``truth`` where it is finite, else what is predicted."""
    return predicted if truth is None else torch.where(torch.isfinite(truth), truth, predicted)


def through(corners: Tensor, count: int) -> Tensor:
    """[...,count,2] points evenly spaced along the lines through corners [...,n,2]: core.geometry.resample_path, for
    batches of tensors."""
    legs = (corners[..., 1:, :] - corners[..., :-1, :]).norm(dim=-1).clamp(min=1e-6)
    ends = legs.cumsum(-1)
    wanted = ends[..., -1:] * torch.linspace(0, 1, count, device=corners.device)
    # A search of sorted values, as plain comparisons: of a handful of legs, and inference engines know these.
    leg = (ends[..., None, :] < wanted[..., None]).sum(-1).clamp(max=legs.shape[-1] - 1)
    share = 1 - (ends.gather(-1, leg) - wanted) / legs.gather(-1, leg)
    before, after = (part.gather(-2, leg[..., None].expand(*leg.shape, 2)) for part in (
        corners[..., :-1, :], corners[..., 1:, :]))  # fmt: skip
    return before + share[..., None] * (after - before)


def agreement(described: Tensor, kind: Tensor, colour: Tensor) -> Tensor:
    """[B,Q,R,V,cells] log-probability that what stands in a cell is what the words mean, as far as kind and colour go.

    Words and cells are classified separately. Words that leave something open spread over all classes and then prefer
    no object, but still any object over none.

    Args:
        described: [B,Q,R,kinds + 1 + colours] logits of what the words mean.
        kind, colour: [B,V,cells,...] logits of what stands in the cells.
    """
    words = described.split([kind.shape[-1], colour.shape[-1]], -1)
    fit = [
        torch.einsum("bqra,bvca->bqrvc", meant.softmax(-1), seen.softmax(-1)).clamp(min=1e-3).log()
        for meant, seen in zip(words, (kind, colour), strict=True)
    ]
    return fit[0] + fit[1]
