"""What the cells of a picture are compared by: where they lie, how large the things in them are and how these rank.

Relations ("left of"), superlatives ("the largest") and places ("beside the box") are sums of such features, weighed by
what the words mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.models.grounding.projection import rectified

SPREAD = 4.0  # offsets of a quarter of the picture are one unit
GEOMETRY = 20  # features of cell_geometry, the first RELATIVE of them from the anchor
RELATIVE = 13
RANKINGS = 10  # features of rankings, the last ones from the anchor
STILL_RANKINGS = 8
MARGIN = 0.16  # by how much an object must outrank another to be told from it: three centimetres on the table
WORST = 2.0  # margins: what is behind by more is out of the question anyway
RIVALS = 3.0  # nats by which a thing may fit the words less well than the best and still be ranked against it
ITSELF = 0.16  # what is nearer to an anchor than this is the anchor itself
# How the nominal camera sees the table: depth against width, growth of things with nearness, the robot.
STRETCH, GROWTH, ROBOT = 1.6, 0.19, (0.5, 0.22)
FOOT = 0.3  # half the depth of a round foot, as seen by that camera, against its width


def cell_centres(side: int, device: torch.device) -> Tensor:
    """[side*side,2] centres (x, y) of the cells, row by row, in [0, 1]."""
    axis = (torch.arange(side, device=device) + 0.5) / side
    return torch.stack([axis.repeat(side), axis.repeat_interleave(side)], -1)


def local_softmax(logits: Tensor, centre: Tensor, cells: Tensor, side: int) -> Tensor:
    """Softmax of logits [...,cells] over the 3x3 cells around the cell that holds ``centre`` [...,2]."""
    nearest = ((centre * side).floor().clamp(0, side - 1) + 0.5) / side
    far = ((cells - nearest[..., None, :]).abs() > 1.5 / side).any(-1)
    return logits.masked_fill(far, float("-inf")).softmax(-1)


def feet(boxes: Tensor) -> Tensor:
    """[...,2] about where on the table the things in boxes [...,4] stand: distances between things are distances
    between these, whatever rises above them."""
    low_x, low_y, high_x, high_y = boxes.unbind(-1)
    depth = FOOT * (high_x - low_x)
    return torch.stack([(low_x + high_x) / 2, torch.maximum((low_y + high_y) / 2, high_y - depth)], -1)


@dataclass
class Things:
    """What stands in each cell, as far as places and sizes are concerned.

    Attributes:
        off: [B,V,cells] how far the cell is from the middle of the box of the object there; sizes: [B,V,cells,2] the
            object's log sides, in cells.
        feet: [B,V,cells,2] where the object stands (see :func:`feet`), ground: [B,V,cells,2] which part of the table
            the cell shows; both as the nominal camera would see it.
    """

    off: Tensor
    sizes: Tensor
    feet: Tensor
    ground: Tensor

    @staticmethod
    def of(corners: Tensor, cameras: Tensor) -> Things:
        """From box corners [B,V,cells,4] in cells, relative to the cell's centre, in pictures of cameras [B,V,15]."""
        side = round(corners.shape[2] ** 0.5)
        low, high = corners.split(2, -1)
        centres = cell_centres(side, corners.device)
        boxes = centres.repeat(1, 2) + corners / side
        off = SPREAD * ((low + high) / (2 * side)).norm(dim=-1)
        ground = centres.expand_as(low)
        feet_, ground = (rectified(points, cameras[:, :, None]) for points in (feet(boxes), ground))
        return Things(off, (high - low).clamp(0.1, float(side)).log(), feet_, ground)


def cell_geometry(where: Tensor, anchor: Tensor, things: Things) -> Tensor:
    """What relations and superlatives compare: where each cell lies, and from an anchor; how large its object is, and
    where in it.

    Every relation is (nearly) linear in these: "left of" is a 45 degree cone, "nearest" a distance, "leftmost" a
    coordinate, "largest" a size, and a place beside something a Gaussian, quadratic in the offset.

    Args:
        where: [B,1,1,V,cells,2] the feet of what stands in the cells, or the ground there; anchor: [B,Q,r,V,2]; both
            in the nominal picture. things: what stands in the cells.
    Returns:
        [B,Q,r,V,cells,GEOMETRY].
    """
    offset = (where - anchor[..., None, :]) * SPREAD
    dx, dy = offset.unbind(-1)
    across, along = dx.abs(), dy.abs()
    distance = (offset.square().sum(-1) + 1e-4).sqrt()
    cones = torch.stack([-dx - along, dx - along, dy - across, -dy - across], -1)
    relative = torch.cat([offset, offset.square(), distance[..., None], cones, (4 * cones).tanh()], -1)
    still = still_geometry(where, things)
    return torch.cat([relative, still.expand(*relative.shape[:-1], still.shape[-1])], -1)


def still_geometry(where: Tensor, things: Things) -> Tensor:
    """[B,1,1,V,cells,GEOMETRY - RELATIVE] the part of cell_geometry that needs no anchor."""
    place = (where - 0.5) * SPREAD
    return torch.cat([place, place.square(), things.sizes[:, None, None], things.off[:, None, None, ..., None]], -1)


@torch.no_grad()
def rankings(things: Things, fits: Tensor, anchors: Tensor | None) -> Tensor:
    """[B,Q,r,V,RANKINGS,cells] margins by which other things that fit the words outrank what stands in a cell.

    Leftmost, rightmost, backmost, frontmost, smallest, largest, nearest to the robot, farthest from it, nearest to the
    anchor, farthest from it (without anchors the last two are left out). Zero is the winner: "the leftmost mug" need
    not be far to the left, only no mug may be further. A sum of features cannot say that.

    Args:
        fits: [B,Q,r,V,cells] log-probability that the words mean the thing in the cell.
        anchors: [B,Q,r,V,2] from where distances are measured.
    """
    scale = things.feet.new_tensor([SPREAD, SPREAD * STRETCH])
    x, y = (things.feet * SPREAD).unbind(-1)
    size = things.sizes.mean(-1) - GROWTH * y
    reach = ((things.feet - things.feet.new_tensor(ROBOT)) * scale).norm(dim=-1)
    still = torch.stack([x, -x, y, -y, size, -size, reach, -reach], -2)[:, None, None]
    values = still.expand(*fits.shape[:-1], -1, -1)
    rivals = (fits >= fits.amax(-1, keepdim=True) - RIVALS)[..., None, :].expand_as(values)
    if anchors is not None:
        apart = ((things.feet[:, None, None] - anchors[..., None, :]) * scale).norm(dim=-1)
        values = torch.cat([values, torch.stack([apart, -apart], -2)], -2)
        others = rivals[..., :1, :] & (apart > ITSELF)[..., None, :]
        rivals = torch.cat([rivals, others, others], -2)
    best = values.masked_fill(~rivals, float("inf")).amin(-1, keepdim=True)
    behind = ((values - best) / MARGIN).clamp(0.0, WORST)
    if anchors is not None:
        behind[..., STILL_RANKINGS:, :].masked_fill_((apart <= ITSELF)[..., None, :], WORST)
    return behind


def compared(weights: Tensor, things: Things, anchors: Tensor | None, fits: Tensor | None = None) -> Tensor:
    """[B,Q,r,V,cells] how well each cell fits by its geometry (see cell_geometry) and rank (see rankings).

    Args:
        weights: [B,Q,r,GEOMETRY + RANKINGS] of the features.
        anchors: [B,Q,r,V,2] from where relations are seen, in the nominal picture; None: there are none.
        fits: as in rankings; None: a place is looked for, not a thing.
    """
    where = (things.ground if fits is None else things.feet)[:, None, None]
    linear, ranked = weights[:, :, :, None].split([GEOMETRY, RANKINGS], -1)
    if anchors is None:
        geometry, linear = still_geometry(where, things), linear[..., RELATIVE:]
    else:
        geometry = cell_geometry(where, anchors, things)
    # Under autocast a product of matrices would lose the last millimetres.
    with torch.autocast(weights.device.type, enabled=False):
        score = (geometry @ linear[..., None]).squeeze(-1)
        if fits is None:
            return score
        behind = rankings(things, fits, anchors)
        return score + (ranked[..., None, : behind.shape[-2]] @ behind).squeeze(-2)
