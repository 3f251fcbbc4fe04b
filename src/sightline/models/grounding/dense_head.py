"""Recognition: what stands in each cell of a picture, whatever is asked."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.models.grounding.cells import cell_centres
from sightline.models.grounding.pointing import GroundingLabels


class DenseHead(nn.Module):
    """What stands in each cell: kind, colour and box of the object there."""

    def __init__(self, width: int, kinds: int, colours: int) -> None:
        super().__init__()
        self.kinds, self.colours = kinds, colours
        self.out = nn.Linear(width, kinds + 1 + colours + 4)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the kind (0 = nothing) [...,kinds + 1] and colour [...,colours], box [...,4] in cells from here."""
        return self.out(features).float().split([self.kinds + 1, self.colours, 4], -1)

    def loss(self, found: tuple[Tensor, Tensor, Tensor], labels: GroundingLabels) -> Tensor:
        """Loss for predictions [B,V,cells,...]; cells of labels are pooled where the grids differ."""
        side = round(found[0].shape[2] ** 0.5)
        kind, colour, box = found
        batch, views = kind.shape[:2]
        owner = labels.cells
        if owner.shape[-1] != side:
            # One object wins a coarse cell: the one with the highest index, an arbitrary but steady choice.
            owner = F.max_pool2d(owner.float(), owner.shape[-1] // side).long()
        owner = owner.flatten(2)
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
        relative = (truth - cell_centres(side, owner.device).repeat(1, 2)) * side
        boxed = (owner > 0) & torch.isfinite(truth).all(-1)
        if bool(boxed.any()):
            loss = loss + 0.2 * F.smooth_l1_loss(box[boxed], relative[boxed])
        return loss
