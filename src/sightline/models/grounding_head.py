"""Where to act: pointers over visual tokens with continuous points, boxes, heights and a trace.

A readout token's hidden state becomes a query; every 14-pixel cell of a picture, seen both by the visual encoder and
by the planner, becomes a key. The softmax over cells points, a small regression around the chosen cell refines. Text
coordinates need several times the samples for the same accuracy (docs/log.md), and a pointer has a confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.models.config import GroundingHeadConfig

ROLES = ("target", "reference", "place")
# Regression outputs per pointer: point offset 2, box centre 2, box size 2, height 1, grasp axis 2.
REGRESSED = 9
HEIGHT_SCALE = 0.1  # metres per unit of the regressed height


@dataclass
class Pointing:
    """Predictions for Q questions, R = len(ROLES) roles, V views of B samples; pictures span [0, 1] x [0, 1].

    Attributes:
        logits: [B,Q,R,V,cells] pointer logits; described: [B,Q,R,kinds + 1 + colours] logits of what the words mean.
        visible: [B,Q,R,V] logit that the thing can be seen in the view.
        points: [B,Q,R,V,2]; boxes: [B,Q,R,V,4] corners; heights: [B,Q,R,V] metres; axes: [B,Q,R,V,2] double angle.
        traces: [B,Q,N,2] in the first view; trace_logits [B,Q,N,cells].
    """

    logits: Tensor
    described: Tensor
    visible: Tensor
    points: Tensor
    boxes: Tensor
    heights: Tensor
    axes: Tensor
    traces: Tensor
    trace_logits: Tensor


@dataclass
class GroundingLabels:
    """Truth in the same units; NaN where there is nothing to learn.

    Attributes:
        points [B,Q,R,V,2], boxes [B,Q,R,V,4], heights [B,Q,R], axes [B,Q,R,V,2], traces [B,Q,N,2];
        asked: [B,Q,R] bool, which readouts exist; owners: [B,Q,R] object index + 1 that a role means, 0 = none;
        cells: [B,V,side,side] int64 object index + 1 (0 = none) in each cell;
        kinds, colours: [B,n+1] class of each object (row 0 = none, kind 0; colour -100 = not nameable);
        object_boxes: [B,V,n+1,4] corners, NaN when invisible.
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

    def to(self, device: torch.device) -> GroundingLabels:
        """A copy on ``device``."""
        return GroundingLabels(**{name: value.to(device) for name, value in vars(self).items()})


def cell_centres(side: int, device: torch.device) -> Tensor:
    """[side*side,2] centres (x, y) of the cells, row by row, in [0, 1]."""
    axis = (torch.arange(side, device=device) + 0.5) / side
    return torch.stack([axis.repeat(side), axis.repeat_interleave(side)], -1)


def local_softmax(logits: Tensor, centre: Tensor, cells: Tensor, side: int) -> Tensor:
    """Softmax of logits [...,cells] over the 3x3 cells around the cell that holds ``centre`` [...,2]."""
    nearest = ((centre * side).floor().clamp(0, side - 1) + 0.5) / side
    far = ((cells - nearest[..., None, :]).abs() > 1.5 / side).any(-1)
    return logits.masked_fill(far, float("-inf")).softmax(-1)


class DenseHead(nn.Module):
    """What stands in each cell: kind, colour and box of the object there. Learned beside the pointers, unused later."""

    def __init__(self, width: int, kinds: int, colours: int) -> None:
        super().__init__()
        self.kinds, self.colours = kinds, colours
        self.out = nn.Linear(width, kinds + 1 + colours + 4)

    def log_attributes(self, features: Tensor) -> Tensor:
        """[...,kinds + 1 + colours] log-probabilities of the kind (0 = nothing) and of the colour in each cell."""
        kind, colour, _ = self.out(features).float().split([self.kinds + 1, self.colours, 4], -1)
        return torch.cat([kind.log_softmax(-1), colour.log_softmax(-1)], -1).clamp(min=-8.0)

    def loss(self, features: Tensor, labels: GroundingLabels) -> Tensor:
        """Loss for features [B,V,side,side,width]; cells of labels are pooled where the grids differ."""
        batch, views, side = features.shape[:3]
        owner = labels.cells
        if owner.shape[-1] != side:
            # One object wins a coarse cell: the one with the highest index, an arbitrary but steady choice.
            owner = F.max_pool2d(owner.float(), owner.shape[-1] // side).long()
        owner = owner.flatten(2)
        kind, colour, box = self.out(features.flatten(2, 3)).float().split([self.kinds + 1, self.colours, 4], -1)
        rows = torch.arange(batch, device=owner.device)[:, None, None]
        kind_labels = labels.kinds[rows, owner]
        loss = F.cross_entropy(kind.flatten(0, 2), kind_labels.flatten())
        # Most cells are empty: what stands in the others gets a term of its own, or its kind is never learned.
        if bool((owner > 0).any()):
            loss = loss + F.cross_entropy(kind[owner > 0], kind_labels[owner > 0])
        colour_labels = labels.colours[rows, owner].flatten()
        if bool((colour_labels >= 0).any()):
            loss = loss + F.cross_entropy(colour.flatten(0, 2), colour_labels)
        columns = torch.arange(views, device=owner.device)[None, :, None]
        truth = labels.object_boxes[rows, columns, owner]
        centres = cell_centres(side, features.device)
        relative = (truth - centres.repeat(1, 2)) * side
        known = (owner > 0) & torch.isfinite(truth).all(-1)
        if bool(known.any()):
            loss = loss + 0.2 * F.smooth_l1_loss(box[known], relative[known])
        return loss


class GroundingHead(nn.Module):
    """Turns readout states and visual features into points, boxes, heights and traces."""

    def __init__(self, config: GroundingHeadConfig, planner_width: int, visual_width: int, views: int) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.from_visual = nn.Linear(visual_width, width)
        self.from_planner = nn.Linear(planner_width, width)
        self.norm = nn.LayerNorm(width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.query = nn.Sequential(
            nn.LayerNorm(planner_width), nn.Linear(planner_width, width), nn.GELU(), nn.Linear(width, width)
        )
        self.role = nn.Parameter(torch.randn(len(ROLES), width) * 0.02)
        self.view = nn.Parameter(torch.randn(views, width) * 0.02)
        self.describe = nn.Linear(width, len(config.kinds) + 1 + len(config.colours))
        # A place is no object: its agreement starts without weight.
        self.attribute_scale = nn.Parameter(torch.tensor([1.0, 1.0, 0.0]))
        self.visible = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 1))
        self.regress = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, REGRESSED))
        self.trace_query = nn.Sequential(
            nn.LayerNorm(planner_width),
            nn.Linear(planner_width, width),
            nn.GELU(),
            nn.Linear(width, config.trace_points * width),
        )
        self.trace_offset = nn.Linear(2 * width, 2)
        self.dense = DenseHead(width, len(config.kinds), len(config.colours))
        self.dense_embedded = DenseHead(planner_width, len(config.kinds), len(config.colours))

    def features(self, visual: Tensor, planner: Tensor) -> Tensor:
        """Fused cell features.

        Args:
            visual: [B,V,side,side,visual_width] of the visual encoder.
            planner: [B,V,G,G,planner_width] visual tokens as they leave the planner; G divides side.
        Returns:
            [B,V,side,side,width].
        """
        repeat = visual.shape[2] // planner.shape[2]
        coarse = self.from_planner(planner).repeat_interleave(repeat, 2).repeat_interleave(repeat, 3)
        return self.norm(self.from_visual(visual) + coarse)

    def forward(self, readouts: Tensor, features: Tensor, labels: GroundingLabels | None = None) -> Pointing:
        """Point.

        Args:
            readouts: [B,Q,R + 1,planner_width] hidden states of the readout tokens (roles, then trace).
            features: [B,V,side,side,width].
            labels: in training, regressions are made around the true cell instead of the chosen one.
        """
        side = features.shape[2]
        centres = cell_centres(side, features.device)
        cells = features.flatten(2, 3)
        keys, values = self.key(cells), self.value(cells)
        scale = keys.shape[-1] ** -0.5
        roles = len(ROLES)
        query = self.query(readouts[:, :, :roles]) + self.role
        described = self.describe(query).float()
        query = query[:, :, :, None] + self.view[: features.shape[1]]
        logits = torch.einsum("bqrvw,bvcw->bqrvc", query, keys).float() * scale
        logits = logits + self._agreement(described, cells)
        around = centres[logits.argmax(-1)]
        if labels is not None:
            around = torch.where(torch.isfinite(labels.points), labels.points, around)
        local = local_softmax(logits, around, centres, side)
        attended = torch.einsum("bqrvc,bvcw->bqrvw", local.to(values.dtype), values)
        middle = torch.einsum("bqrvc,cd->bqrvd", local, centres)
        joint = torch.cat([query.expand_as(attended), attended], -1)
        offset, box_centre, box_size, height, axis = self.regress(joint).float().split([2, 2, 2, 1, 2], -1)
        overall = torch.einsum("bqrvc,bvcw->bqrvw", logits.softmax(-1).to(values.dtype), values)
        visible = self.visible(torch.cat([query.expand_as(overall), overall], -1)).float().squeeze(-1)
        centre = middle + box_centre / side
        half = 0.5 * box_size.clamp(-4, 4).exp() / side
        traces, trace_logits = self._trace(readouts[:, :, roles], keys[:, 0], values[:, 0], centres, side, labels)
        return Pointing(
            logits,
            described,
            visible,
            middle + offset / side,
            torch.cat([centre - half, centre + half], -1),
            height.squeeze(-1) * HEIGHT_SCALE,
            axis,
            traces,
            trace_logits,
        )

    def _agreement(self, described: Tensor, cells: Tensor) -> Tensor:
        """[B,Q,R,V,cells] how well what stands in each cell fits what the words say.

        Kind and colour are recognised in the cells and understood from the words separately, each with its own loss;
        their agreement points before the learned match of queries and keys has taken shape. Words that leave the
        colour open spread over all colours and prefer none.
        """
        kinds = self.dense.kinds + 1
        meant = torch.cat([described[..., :kinds].softmax(-1), described[..., kinds:].softmax(-1)], -1)
        fit = torch.einsum("bqra,bvca->bqrvc", meant, self.dense.log_attributes(cells))
        return fit * self.attribute_scale.view(-1, 1, 1)

    def _trace(
        self, state: Tensor, keys: Tensor, values: Tensor, centres: Tensor, side: int, labels: GroundingLabels | None
    ) -> tuple[Tensor, Tensor]:
        """Waypoints [B,Q,N,2] and their pointer logits [B,Q,N,cells] in one view."""
        query = self.trace_query(state).unflatten(-1, (self.config.trace_points, -1))
        logits = torch.einsum("bqnw,bcw->bqnc", query, keys).float() * keys.shape[-1] ** -0.5
        around = centres[logits.argmax(-1)]
        if labels is not None:
            around = torch.where(torch.isfinite(labels.traces), labels.traces, around)
        local = local_softmax(logits, around, centres, side)
        attended = torch.einsum("bqnc,bcw->bqnw", local.to(values.dtype), values)
        offset = self.trace_offset(torch.cat([query, attended], -1)).float()
        return torch.einsum("bqnc,cd->bqnd", local, centres) + offset / side, logits

    def loss(
        self, pointing: Pointing, features: Tensor, embedded: Tensor, labels: GroundingLabels
    ) -> dict[str, Tensor]:
        """Named loss terms; their sum is the grounding loss. ``embedded``: visual tokens as they enter the planner."""
        side = features.shape[2]
        asked = labels.asked[..., None]
        seen = torch.isfinite(labels.points).all(-1) & asked
        terms = {
            "pointer": pointer_loss(pointing.logits[seen], labels.points[seen], side),
            "point": side / 2 * masked_l1(pointing.points, labels.points, asked[..., None]),
            "box": side / 2 * masked_l1(pointing.boxes, labels.boxes, asked[..., None]),
            "height": 10 * masked_l1(pointing.heights, labels.heights[..., None].expand_as(pointing.heights), seen),
            "axis": 0.3 * masked_l1(pointing.axes, labels.axes, asked[..., None]),
            "visible": masked_binary(pointing.visible, seen, asked.expand_as(seen)),
        }
        terms["described"] = self._description_loss(pointing.described, labels)
        traced = torch.isfinite(labels.traces).all(-1)
        terms["trace"] = 0.5 * pointer_loss(pointing.trace_logits[traced], labels.traces[traced], side)
        terms["trace"] = terms["trace"] + side / 4 * masked_l1(
            pointing.traces, labels.traces, torch.ones_like(traced)[..., None]
        )
        terms["dense"] = self.dense.loss(features, labels)
        terms["dense_embedded"] = self.dense_embedded.loss(embedded, labels)
        return terms

    def _description_loss(self, described: Tensor, labels: GroundingLabels) -> Tensor:
        """Cross-entropy of kind and colour of the object that each role means."""
        kinds = self.dense.kinds + 1
        rows = torch.arange(len(labels.owners), device=labels.owners.device)[:, None, None]
        meant = labels.asked & (labels.owners > 0)
        kind, colour = labels.kinds[rows, labels.owners][meant], labels.colours[rows, labels.owners][meant]
        logits = described[meant]
        if not len(kind):
            return described.sum() * 0.0
        loss = F.cross_entropy(logits[:, :kinds], kind)
        if bool((colour >= 0).any()):
            loss = loss + F.cross_entropy(logits[:, kinds:], colour)
        return 0.5 * loss


def pointer_loss(logits: Tensor, points: Tensor, side: int, spread: float = 0.6) -> Tensor:
    """Cross-entropy of logits [N,cells] to a Gaussian of ``spread`` cells around points [N,2] in [0, 1]."""
    if not len(logits):
        return logits.sum() * 0.0
    distance = ((cell_centres(side, logits.device) - points[:, None]) * side).square().sum(-1)
    target = (-distance / (2 * spread**2)).softmax(-1)
    return -(target * logits.log_softmax(-1)).sum(-1).mean()


def masked_l1(predicted: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute error over finite truths inside the mask."""
    keep = torch.isfinite(truth) & mask
    return (predicted - torch.where(keep, truth, predicted.detach())).abs().sum() / keep.sum().clamp(min=1)


def masked_binary(logits: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Mean binary cross-entropy inside the mask."""
    loss = F.binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
    return (loss * mask).sum() / mask.sum().clamp(min=1)
