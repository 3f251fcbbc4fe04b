"""What the grounding head is taught by: losses of points, boxes, places, words and the tool."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sightline.models.grounding.cells import cell_centres
from sightline.models.grounding.pointing import PLACE, REFERENCE, GroundingLabels


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


def expected_loss(expected: Tensor, labels: GroundingLabels) -> Tensor:
    """Distance of expected places [B,Q,V,2] from the true ones, where the reference is in the picture too."""
    seen = labels.asked[:, :, PLACE, None] & torch.isfinite(labels.points[:, :, REFERENCE]).all(-1)
    return labels.cells.shape[-1] / 2 * masked_l1(expected, labels.points[:, :, PLACE], seen[..., None])


def description_loss(described: Tensor, kinds: int, labels: GroundingLabels) -> Tensor:
    """Cross-entropy of kind and colour of the object that each role means; the first ``kinds`` logits are of kinds."""
    rows = torch.arange(len(labels.owners), device=labels.owners.device)[:, None, None]
    meant = labels.all_asked() & (labels.owners > 0)
    kind, colour = labels.kinds[rows, labels.owners][meant], labels.colours[rows, labels.owners][meant]
    logits = described[meant]
    if not len(kind):
        return described.sum() * 0.0
    loss = F.cross_entropy(logits[:, :kinds], kind)
    if bool((colour >= 0).any()):
        loss = loss + F.cross_entropy(logits[:, kinds:], colour)
    return 0.5 * loss


def tool_loss(logits: Tensor, tools: Tensor, labels: GroundingLabels) -> Tensor:
    """Loss of the tool's pointer logits [B,V,cells] and points [B,V,2] where the tool is in the picture."""
    side = labels.cells.shape[-1]
    seen = torch.isfinite(labels.tools).all(-1)
    nearness = side / 2 * masked_l1(tools, labels.tools, seen[..., None])
    return 0.5 * pointer_loss(logits[seen], labels.tools[seen], side) + nearness
