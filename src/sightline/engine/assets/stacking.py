"""What can be stacked on what, from the convex pieces that objects collide as."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sightline.core.geometry import Array
from sightline.engine.assets.model import Collider, ObjectModel

LEVEL = 0.002  # metres: the highest flat piece ends this close to the object's visible top
HOLLOW = 0.004  # metres: what is seen of the flat is not further below the object's highest point than this
DOMED = 0.001  # metres: what is seen towards the flat's edge is not further below its middle than this
CENTRED = 0.003  # metres off the middle
TALLEST = 0.095  # metres: what is higher topples too easily to be built on
SLENDER = 3.5  # height over half the width of its foot from which a thing falls over when it is put down askew
SMALLEST = 0.014  # metres: half a width on which things stand safely
# Where the top is looked at, in half widths of its flat: the middle, and eight places around it.
RINGS = 0.8 * np.array([(0.0, 0.0), *((np.cos(turn), np.sin(turn)) for turn in np.arange(8) * np.pi / 4)])


@lru_cache(maxsize=4096)
def flat_top(entry: ObjectModel) -> float:
    """Half the width (m) of the flat on top of an item, in its middle; 0 when nothing can be put on it."""
    if entry.role != "item" or entry.height > TALLEST or entry.shape.rolls:
        return 0.0
    half = _flat(entry, entry.height, +1)
    middle, *around = _seen_heights(entry, RINGS * half) - entry.height
    return half if min(middle, *around) > -HOLLOW and min(around) > middle - DOMED else 0.0


@lru_cache(maxsize=4096)
def flat_base(entry: ObjectModel) -> float:
    """Half the width (m) of the flat that an item stands on; 0 when it would roll or rock."""
    if entry.role != "item" or entry.shape.rolls:
        return 0.0
    return _flat(entry, 0.0, -1)


def can_carry(base: ObjectModel, load: ObjectModel) -> bool:
    """Whether ``load`` stands safely on ``base`` although it is put down a few millimetres off its middle."""
    foot = min(flat_top(base), flat_base(load))
    return foot >= SMALLEST and load.height <= SLENDER * flat_base(load)


def _flat(entry: ObjectModel, height: float, side: int) -> float:
    """Half the width of the widest piece that has a level face at ``height`` (side +1: its top, -1: its bottom)."""
    faces = [_half_width(piece) for piece in entry.shape.colliders if _ends_at(piece, height, side)]
    return max(faces, default=0.0)


def _ends_at(piece: Collider, height: float, side: int) -> bool:
    upright = abs(piece.quat[1]) + abs(piece.quat[2]) < 1e-6
    if piece.shape not in ("box", "cylinder") or not upright or np.hypot(*piece.pos[:2]) > CENTRED:
        return False
    return abs(piece.pos[2] + side * piece.size[-1] - height) < LEVEL


def _half_width(piece: Collider) -> float:
    return min(piece.size[:2]) if piece.shape == "box" else piece.size[0]


def _seen_heights(entry: ObjectModel, points: Array) -> Array:
    """[k] heights (m) at which lines down at ``points`` [k,2] meet what is seen of the object: deep in a cup."""
    highest = np.zeros(len(points))
    for visual in entry.shape.visuals:
        corners = visual.mesh.vertices[visual.mesh.faces]  # [F,3,3]
        for number, point in enumerate(points):
            here = corners[..., :2] - point
            after = np.roll(here, -1, axis=1)
            turns = here[..., 0] * after[..., 1] - here[..., 1] * after[..., 0]  # [F,3], about the line
            area = turns.sum(1)
            over = (np.abs(area) > 1e-12) & ((turns >= -1e-12).all(1) | (turns <= 1e-12).all(1))
            if over.any():
                weights = np.roll(turns[over], -1, axis=1) / area[over, None]  # opposite corners
                highest[number] = max(highest[number], float((weights * corners[over, :, 2]).sum(1).max()))
    return highest
