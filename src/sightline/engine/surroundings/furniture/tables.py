"""Tables and benches: a plate on legs, trestles or a column."""

from __future__ import annotations

import numpy as np

from sightline.engine.surroundings.furniture.pieces import (
    Rng,
    Support,
    box_top,
    foot,
    legs,
    moulding,
    round_outline,
)
from sightline.engine.surroundings.joinery import (
    beam,
    block,
    inset,
    plate,
    rectangle,
)


def desk(rng: Rng) -> Support:
    """A rectangular table on legs."""
    low, high = box_top(rng)
    thickness, floor = rng.uniform(0.018, 0.05), -rng.uniform(0.7, 0.8)
    outline = rectangle(low, high, rng.choice([0.0, 0.0, 0.02, 0.06, 0.14]))
    parts = [plate("top", outline, moulding(rng, thickness)), *legs(rng, low, high, -thickness, floor)]
    return Support(tuple(parts), outline, floor, {"top": "top", "body": "body"})


def round_table(rng: Rng) -> Support:
    """A round or nearly round table on a column."""
    outline, centre = round_outline(rng, 2.0)
    thickness, floor = rng.uniform(0.018, 0.045), -rng.uniform(0.7, 0.8)
    parts = [plate("top", outline, moulding(rng, thickness)), *foot(rng, centre, -thickness, floor)]
    return Support(tuple(parts), outline, floor, {"top": "top", "body": "body"})


def squircle_table(rng: Rng) -> Support:
    """Between square and round, on two columns or four round legs."""
    outline, (x, y) = round_outline(rng, rng.uniform(2.6, 5.0))
    thickness, floor = rng.uniform(0.018, 0.05), -rng.uniform(0.68, 0.78)
    reach = 0.5 * np.ptp(outline[:, 1])
    parts = [plate("top", outline, moulding(rng, thickness))]
    if rng.random() < 0.5:
        for side in (-1, 1):
            parts += foot(rng, (x, y + side * 0.45 * reach), -thickness, floor)
    else:
        parts += legs(rng, np.array([x - 0.3, -0.62 * reach]), np.array([x + 0.3, 0.62 * reach]), -thickness, floor)
    return Support(tuple(parts), outline, floor, {"top": "top", "body": "body"})


def polygon_table(rng: Rng) -> Support:
    """Six to ten corners, on a column."""
    outline, centre = round_outline(rng, 2.0, int(rng.integers(6, 11)))
    thickness, floor = rng.uniform(0.02, 0.05), -rng.uniform(0.66, 0.78)
    parts = [plate("top", outline, moulding(rng, thickness)), *foot(rng, centre, -thickness, floor)]
    return Support(tuple(parts), outline, floor, {"top": "top", "body": "body"})


def trestle_table(rng: Rng) -> Support:
    """A board on two or three A-shaped trestles."""
    low, high = box_top(rng)
    thickness, floor, width = rng.uniform(0.02, 0.04), -rng.uniform(0.7, 0.8), rng.uniform(0.03, 0.05)
    outline = rectangle(low, high, rng.choice([0.0, 0.01, 0.04]))
    parts = [plate("top", outline, moulding(rng, thickness))]
    spread = rng.uniform(0.12, 0.25)
    middle = (low[0] + high[0]) / 2
    for y in np.linspace(low[1] + 0.15, high[1] - 0.15, int(rng.integers(2, 4))):
        ridge = high[0] - low[0] - 0.3
        parts.append(
            block(
                "body", (middle - ridge / 2, y - width, -thickness - 0.06), (middle + ridge / 2, y + width, -thickness)
            )
        )
        for x in (middle - 0.42 * ridge, middle + 0.42 * ridge):
            for side in (-1, 1):
                parts.append(beam("body", (x, y, -thickness - 0.02), (x, y + side * spread, floor), width))
        low_rail = floor + rng.uniform(0.15, 0.3)
        parts.append(
            block(
                "body",
                (middle - 0.42 * ridge, y - 0.012, low_rail),
                (middle + 0.42 * ridge, y + 0.012, low_rail + 0.04),
            )
        )
    return Support(tuple(parts), outline, floor, {"top": "wood" if rng.random() < 0.6 else "top", "body": "wood"})


def bench(rng: Rng) -> Support:
    """A low table or bench: the floor is near."""
    low, high = box_top(rng)
    thickness, floor = rng.uniform(0.025, 0.07), -rng.uniform(0.25, 0.48)
    outline = rectangle(low, high, rng.choice([0.0, 0.02, 0.1]))
    parts = [plate("top", outline, moulding(rng, thickness)), *legs(rng, low, high, -thickness, floor)]
    if rng.random() < 0.6:
        level = floor + rng.uniform(0.06, 0.12)
        parts.append(
            block("under", (low[0] + 0.06, low[1] + 0.06, level), (high[0] - 0.06, high[1] - 0.06, level + 0.02))
        )
    return Support(tuple(parts), outline, floor, {"top": "top", "under": "body", "body": "wood"})


def framed_table(rng: Rng) -> Support:
    """A field of one material within a border of another, flush."""
    low, high = box_top(rng)
    thickness, floor, border = rng.uniform(0.025, 0.05), -rng.uniform(0.7, 0.8), rng.uniform(0.03, 0.09)
    outline = rectangle(low, high, rng.choice([0.0, 0.02, 0.05]))
    parts = [plate("under", outline, [(border, -0.001), (0.004, -0.001), *moulding(rng, thickness)[1:]])]
    parts.append(plate("top", inset(outline, border), [(0, 0), (0, -0.002)]))
    parts += legs(rng, low, high, -thickness, floor)
    return Support(tuple(parts), outline, floor, {"top": "top", "under": "wood", "body": "wood"})
