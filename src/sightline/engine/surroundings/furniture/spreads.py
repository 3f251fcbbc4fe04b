"""What lies on something else: trays, boards, mats, cloths; and the trolley, a tray on wheels."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets.meshes import Mesh
from sightline.engine.surroundings.furniture.pieces import (
    NEEDED,
    Rng,
    Support,
    box_top,
    cupboards,
    legs,
    moulding,
    rim,
    round_outline,
)
from sightline.engine.surroundings.joinery import (
    Piece,
    beam,
    block,
    inset,
    oval,
    plate,
    rectangle,
    turned,
)


def tray(rng: Rng) -> Support:
    """A tray on a table: rectangular or round, with a rim and sometimes handles."""
    rounded = rng.random() < 0.4
    width, profile = rim(rng)
    if rounded:
        outline = inset(round_outline(rng, rng.uniform(2.0, 4.0))[0], -width)
    else:
        grow = rng.uniform(0.0, 0.14, 4)
        low = NEEDED[0] - width - [0.1, 1.0] * grow[:2] - 0.005
        outline = rectangle(low, NEEDED[1] + width + [0.5, 1.0] * grow[2:] + 0.005, width + rng.uniform(0.01, 0.12))
    level = profile[-1][1]
    low, high = outline.min(0) - rng.uniform(0.05, 0.3, 2), outline.max(0) + rng.uniform(0.05, 0.3, 2)
    low[0] = min(low[0], -0.35) if rng.random() < 0.6 else max(low[0], -0.1)
    thickness, floor = rng.uniform(0.02, 0.05), -rng.uniform(0.7, 0.8)
    below = [(inset_, z + level - 0.0005) for inset_, z in moulding(rng, thickness)]
    parts = [plate("top", outline, profile), plate("under", rectangle(low, high, 0.02), below)]
    parts += legs(rng, low, high, level - thickness, floor)
    if rng.random() < 0.5:
        middle = outline.mean(0)[0]
        for side in (-1, 1):
            y = side * (np.abs(outline[:, 1]).max() + 0.012)
            parts.append(block("body", (middle - 0.07, y - 0.012, 0.004), (middle + 0.07, y + 0.012, 0.018)))
    kind = str(rng.choice(["wood", "metal", "top"]))
    return Support(tuple(parts), inset(outline, width), floor, {"top": kind, "under": "top", "body": "body"})


def board(rng: Rng) -> Support:
    """A cutting board or a slab of stone on a counter."""
    low, high = NEEDED[0] - rng.uniform(0.01, 0.12, 2) * [0.2, 1], NEEDED[1] + rng.uniform(0.01, 0.14, 2)
    thickness, floor = rng.uniform(0.012, 0.035), -rng.uniform(0.8, 0.92)
    outline = rectangle(low, high, rng.choice([0.005, 0.02, 0.06, 0.12]))
    under_low, under_high = box_top(rng, carries_robot=True)
    under_high = np.maximum(under_high, high + 0.04)
    under_low[1] = min(under_low[1], low[1] - 0.04)
    depth = rng.uniform(0.025, 0.05)
    edge = [(inset_, z - thickness - 0.0005) for inset_, z in moulding(rng, depth)]
    parts = [plate("top", outline, moulding(rng, thickness)), plate("under", rectangle(under_low, under_high), edge)]
    parts += cupboards(rng, under_low, under_high, -thickness - depth, floor)
    return Support(
        tuple(parts), outline, floor, {"top": "wood" if rng.random() < 0.7 else "top", "under": "top", "body": "body"}
    )


def mat(rng: Rng) -> Support:
    """A mat, a desk pad or a cloth spread on a table."""
    low, high = box_top(rng)
    floor, thickness, level = -rng.uniform(0.7, 0.8), rng.uniform(0.02, 0.05), -rng.uniform(0.0015, 0.006)
    table = rectangle(low, high, rng.choice([0.0, 0.03, 0.1]))
    edge = [(inset_, z + level) for inset_, z in moulding(rng, thickness)]
    first = np.maximum(NEEDED[0] - rng.uniform(0.0, 0.1, 2), low + 0.01)
    last = np.minimum(NEEDED[1] + rng.uniform(0.0, 0.1, 2), high - 0.01)
    spread = rectangle(first, last, rng.choice([0.0, 0.01, 0.05, 0.12]))
    if rng.random() < 0.25:
        spread = oval((first + last) / 2, (last - first) / 2, rng.uniform(6, 10))
    parts = [plate("under", table, edge), plate("top", spread, [(-level, 0), (0, level - 0.0005)])]
    parts += legs(rng, low, high, level - thickness, floor)
    return Support(tuple(parts), table, floor, {"top": "cloth", "under": "top", "body": "body"})


def laid_table(rng: Rng) -> Support:
    """A table under a cloth that hangs over its edges in folds."""
    if rng.random() < 0.5:
        outline = round_outline(rng, rng.uniform(2.0, 3.0), 48)[0]
    else:
        outline = rectangle(*box_top(rng), radius=0.05)
    floor, drop = -rng.uniform(0.68, 0.78), rng.uniform(0.1, 0.5)
    fall: list[tuple[float, float]] = [(0.01, 0), (0.003, -0.003), (0, -0.01), (-0.02, -0.5 * drop), (-0.03, -drop)]
    cloth = plate("top", outline, fall).mesh
    points = cloth.vertices.copy()
    hanging = np.clip(-points[:, 2] / drop, 0, 1)[:, None]
    folds = int(rng.integers(10, 24))
    middle = outline.mean(0)
    angle = np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0])
    points[:, :2] += (points[:, :2] - middle) * hanging * 0.04 * np.sin(folds * angle)[:, None]
    low, high = outline.min(0) + 0.05, outline.max(0) - 0.05
    folded = Piece("top", Mesh(points, cloth.faces, cloth.normals, cloth.uv))
    parts = [folded, *legs(rng, low, high, -0.02, floor)]
    return Support(tuple(parts), outline, floor, {"top": "cloth", "body": "wood"})


def trolley(rng: Rng) -> Support:
    """A cart with a rim, a lower shelf and castors; the robot stands beside it."""
    width, profile = rim(rng)
    grow = rng.uniform(0.0, 0.3, 2)
    low, high = NEEDED[0] - width - [0.02, grow[0]], NEEDED[1] + width + [0.15 * rng.random(), grow[1]]
    outline, floor, tube = (
        rectangle(low, high, width + rng.uniform(0.01, 0.08)),
        -rng.uniform(0.7, 0.85),
        rng.uniform(0.02, 0.035),
    )
    parts = [plate("top", outline, profile)]
    for x in (low[0] + 0.06, high[0] - 0.06):
        for y in (low[1] + 0.06, high[1] - 0.06):
            parts.append(beam("body", (x, y, -0.005), (x, y, floor + 0.08), tube))
            parts.append(
                turned("body", [(0, floor), (0.035, floor), (0.035, floor + 0.07), (0, floor + 0.07)], (x, y), 12)
            )
    for level in np.linspace(floor + 0.12, -0.02, int(rng.integers(2, 4)))[:-1]:
        parts.append(
            block("under", (low[0] + 0.04, low[1] + 0.04, level), (high[0] - 0.04, high[1] - 0.04, level + 0.015))
        )
    return Support(tuple(parts), inset(outline, width), floor, {"top": "metal", "under": "metal", "body": "metal"})
