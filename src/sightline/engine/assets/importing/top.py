"""What shape an object's top has: can something be put into it, or onto it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from sightline.core.geometry import Array
from sightline.engine.assets.surface import Triangles

CELLS = 48  # of the height map, along each side
LEVEL = 0.004  # metres: heights that differ by less are level


@dataclass(frozen=True)
class Top:
    """What an object offers to be put into or onto, in metres.

    Attributes:
        hollow: depth of the dent in its top below the lowest part of the rim; 0 without one.
        room: size (x, y) of the dent half way up, or of the level top.
        level: share of the footprint that is level with its top, or with the floor of its dent.
    """

    hollow: float
    room: tuple[float, float]
    level: float


def top_of(mesh: Any) -> Top:
    """The shape of the top of a mesh that stands on z = 0, from a height map of it."""
    heights, step = _height_map(mesh)
    inside = np.isfinite(heights)
    rows, columns = np.indices(heights.shape)
    middle = (CELLS // 2, CELLS // 2)
    centre = inside & (np.hypot(rows - middle[0], columns - middle[1]) <= CELLS // 10)
    if not centre.any():  # a hole goes through it
        return Top(0.0, (0.0, 0.0), 0.0)
    floor = float(np.median(heights[centre]))
    hollow = max(_rim(heights, middle) - floor, 0.0)
    top = floor if hollow > LEVEL else float(np.nanmax(heights))
    level = inside & (np.abs(heights - top) < LEVEL)
    if hollow > LEVEL:  # room to put something into: what lies below the rim, around the middle
        regions, _ = ndimage.label(inside & (heights < floor + 0.6 * hollow))
        within = regions == np.bincount(regions[centre]).argmax()
    else:
        within = level
    room = [float(np.ptp(np.percentile(cells, [2, 98])) + 1) * step[k] for k, cells in enumerate(np.nonzero(within))]
    return Top(hollow, (room[0], room[1]), float(level.sum() / inside.sum()))


def _height_map(mesh: Any) -> tuple[Array, tuple[float, float]]:
    """[CELLS,CELLS] height of the topmost surface over each cell (NaN beside the object), and the cells' size."""
    surface = Triangles.from_corners(np.asarray(mesh.triangles))
    points, _ = surface.sample(np.random.default_rng(0), 40 * CELLS**2)
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    step = (high - low) / CELLS
    cells = np.minimum(((points[:, :2] - low) / step).astype(int), CELLS - 1)
    heights = np.full((CELLS, CELLS), -np.inf)
    np.maximum.at(heights, (cells[:, 0], cells[:, 1]), points[:, 2])
    heights[~np.isfinite(heights)] = np.nan
    return heights, (float(step[0]), float(step[1]))


def _rim(heights: Array, middle: tuple[int, int]) -> float:
    """Height of the wall around the middle: what stands in the way in nearly every direction."""
    walls = []
    for angle in np.arange(32) * np.pi / 16:
        reach = np.arange(1, CELLS)
        rows = np.round(middle[0] + reach * np.cos(angle)).astype(int)
        columns = np.round(middle[1] + reach * np.sin(angle)).astype(int)
        within = (rows >= 0) & (rows < CELLS) & (columns >= 0) & (columns < CELLS)
        seen = heights[rows[within], columns[within]]
        walls.append(float(np.nanmax(seen)) if np.isfinite(seen).any() else 0.0)
    return float(np.percentile(walls, 10))
