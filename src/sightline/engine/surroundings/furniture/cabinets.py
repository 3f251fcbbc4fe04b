"""What stands in kitchens, offices and workshops: closed bodies, racks behind."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sightline.engine.surroundings.furniture.pieces import (
    Rng,
    Support,
    box_top,
    cupboards,
    legs,
    moulding,
)
from sightline.engine.surroundings.joinery import (
    beam,
    block,
    plate,
    rectangle,
)


def counter(rng: Rng) -> Support:
    """A kitchen counter: cupboards below, a splash of tiles behind."""
    low, high = box_top(rng, carries_robot=True)
    low[0] = min(low[0], -0.36)  # the splash and its shelf stay behind the robot
    thickness, floor, height = rng.uniform(0.025, 0.05), -rng.uniform(0.85, 0.94), rng.uniform(0.08, 0.6)
    outline = rectangle(low, high)
    parts = [plate("top", outline, moulding(rng, thickness)), *cupboards(rng, low, high, -thickness, floor)]
    parts.append(block("splash", (low[0] - 0.02, low[1], -thickness), (low[0] + 0.001, high[1], height)))
    if rng.random() < 0.5:
        shelf = rng.uniform(0.02, 0.05)
        parts.append(block("body", (low[0] - 0.02, low[1], height), (low[0] + shelf, high[1], height + 0.02)))
    return Support(tuple(parts), outline, floor, {"top": "top", "under": "body", "body": "body", "splash": "wall"})


def island(rng: Rng) -> Support:
    """A kitchen island: a thick top that overhangs a closed body."""
    low, high = box_top(rng)
    thickness, floor = rng.uniform(0.035, 0.08), -rng.uniform(0.82, 0.92)
    outline = rectangle(low, high, rng.choice([0.0, 0.01, 0.05]))
    over = rng.uniform(0.03, 0.12)
    parts = [
        plate("top", outline, moulding(rng, thickness)),
        *cupboards(rng, low + over, high - over, -thickness, floor),
    ]
    return Support(tuple(parts), outline, floor, {"top": "top", "under": "body", "body": "wood"})


def shelf(rng: Rng) -> Support:
    """The middle board of a shelf: boards below it, a rack behind the robot."""
    low, high = box_top(rng, carries_robot=True)
    thickness, floor, side = rng.uniform(0.018, 0.04), -rng.uniform(0.6, 1.0), rng.uniform(0.018, 0.035)
    outline = rectangle(low, high)
    parts = [plate("top", outline, moulding(rng, thickness))]
    for y in (low[1], high[1] - side):
        parts.append(block("body", (low[0], y, floor), (high[0] - 0.01, y + side, -thickness)))
    for level in np.linspace(floor + 0.06, -thickness, int(rng.integers(2, 5)))[:-1]:
        parts.append(block("body", (low[0], low[1] + side, level), (high[0] - 0.01, high[1] - side, level + 0.02)))
    rise, depth = rng.uniform(0.15, 0.4), rng.uniform(0.1, 0.2)
    back = low[0] - depth
    parts.append(block("under", (back, low[1], floor), (back + 0.012, high[1], rise)))
    parts.append(block("body", (back, low[1], rise), (low[0] + 0.002, high[1], rise + 0.02)))
    return Support(tuple(parts), outline, floor, {"top": "top", "under": "body", "body": "wood"})


def office_desk(rng: Rng) -> Support:
    """A desk with a block of drawers and a panel between the legs."""
    low, high = box_top(rng)
    thickness, floor = rng.uniform(0.02, 0.035), -rng.uniform(0.7, 0.76)
    outline = rectangle(low, high, rng.choice([0.0, 0.02, 0.05]))
    parts = [plate("top", outline, moulding(rng, thickness))]
    wide = rng.uniform(0.3, 0.42)
    side = rng.choice([-1, 1])
    near = np.array([low[0] + 0.05, high[1] - wide if side > 0 else low[1]])
    parts += cupboards(rng, near, np.array([high[0] - 0.03, near[1] + wide]), -thickness, floor)
    y = low[1] + 0.05 if side > 0 else high[1] - 0.08
    parts.append(block("body", (low[0] + 0.05, y, floor), (high[0] - 0.05, y + 0.03, -thickness)))
    parts.append(
        block("body", (low[0] + 0.08, low[1] + 0.05, floor + 0.25), (low[0] + 0.1, high[1] - 0.05, -thickness))
    )
    return Support(tuple(parts), outline, floor, {"top": "top", "under": "body", "body": "body"})


def lab_bench(rng: Rng) -> Support:
    """A bench of steel tubes with a lip and a rack behind."""
    low, high = box_top(rng, carries_robot=True)
    thickness, floor, tube = rng.uniform(0.02, 0.035), -rng.uniform(0.75, 0.92), rng.uniform(0.03, 0.05)
    outline = rectangle(low, high, 0.01)
    parts = [plate("top", outline, moulding(rng, thickness)), *legs(rng, low, high, -thickness, floor)]
    height = rng.uniform(0.35, 0.7)
    for y in np.linspace(low[1] + tube, high[1] - tube, int(rng.integers(2, 5))):
        parts.append(beam("body", (low[0] - tube / 2, y, floor), (low[0] - tube / 2, y, height), tube))
    for level in rng.uniform(0.12, height, int(rng.integers(1, 3))):
        parts.append(block("under", (low[0] - 0.16, low[1], level), (low[0] - 0.001, high[1], level + 0.018)))
    return Support(
        tuple(parts),
        outline,
        floor,
        {"top": "metal" if rng.random() < 0.5 else "top", "under": "body", "body": "metal"},
    )


def workbench(rng: Rng) -> Support:
    """Thick planks with gaps between them on a heavy frame, a board for tools behind."""
    low, high = box_top(rng, carries_robot=True)
    thickness, floor = rng.uniform(0.045, 0.09), -rng.uniform(0.78, 0.9)
    count = int(rng.integers(3, 7))
    gap = rng.uniform(0.002, 0.005)
    edges = np.linspace(low[0], high[0], count + 1)
    parts = [
        plate(
            "top",
            rectangle((x0 + gap / 2, low[1]), (x1 - gap / 2, high[1])),
            [(0.003, 0), (0, -0.003), (0, -thickness)],
            2,
        )
        for x0, x1 in pairwise(edges)
    ]
    parts.append(
        block("body", (low[0] + 0.02, low[1] + 0.02, -thickness), (high[0] - 0.02, high[1] - 0.02, -0.6 * thickness))
    )
    parts += legs(rng, low, high, -thickness, floor)
    height = rng.uniform(0.3, 0.8)
    parts.append(block("splash", (low[0] - 0.03, low[1], -0.1), (low[0] - 0.005, high[1], height)))
    return Support(tuple(parts), rectangle(low, high), floor, {"top": "wood", "body": "wood", "splash": "wall"})
