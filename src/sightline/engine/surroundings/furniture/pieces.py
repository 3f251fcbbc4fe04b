"""What furniture has in common: moulded edges, legs, columns, cupboards, rims."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from sightline.core.geometry import Array
from sightline.engine.surroundings.joinery import (
    Piece,
    Profile,
    beam,
    block,
    holds,
    oval,
    turned,
)

REACHED = np.array([[0.25, -0.38], [0.76, 0.38]])  # low and high corner (x, y) of where tools and objects go, metres
NEEDED = REACHED + np.array([[-0.08], [0.08]])  # what every top covers, but for its rounded corners
BASE_HALF = 0.15  # metres: half the side of the square that a robot's foot needs
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Support:
    """A piece of furniture with its top at z = 0.

    Attributes:
        parts: what it is made of; their slots are ``top`` and, where there is, ``under`` (a second plate), ``body``
            (legs, cupboards) and ``splash`` (what is behind a counter).
        outline: [N,2] convex, counter-clockwise: where things can stand, metres.
        floor: z of the floor, metres.
        wears: slot -> what a texture of it must suit (see ``textures.Family``).
    """

    parts: tuple[Piece, ...]
    outline: Array
    floor: float
    wears: dict[str, str] = field(default_factory=dict)

    def holds(self, points: Array) -> np.ndarray:
        """[...] whether things at points [...,2] stand on it."""
        return holds(self.outline, points)


def moulding(rng: Rng, thickness: float) -> list[tuple[float, float]]:
    """The edge of a plate: square, chamfered, rounded, undercut, or with a step."""
    t, c = thickness, min(0.4 * thickness, rng.uniform(0.004, 0.012))
    bow = [(c - c * np.sin(a), c * np.cos(a) - c) for a in np.linspace(0, np.pi / 2, 4)]
    edges: tuple[Profile, ...] = (
        [(0, 0), (0, -t)],
        [(c, 0), (0, -c), (0, -t)],
        [*bow, (0, -t)],
        [(0, 0), (0, -0.35 * t), (1.4 * t, -t)],
        [(c, 0), (c, -0.3 * t), (0, -0.3 * t), (0, -t)],
        [*bow, (0, c - t), (c, -t)],
    )
    return [*edges[rng.integers(len(edges))], (0.05, -t)]


def box_top(rng: Rng, carries_robot: bool | None = None) -> tuple[Array, Array]:
    """Low and high corner (x, y) of a rectangular top; it reaches behind the robot, or ends before it."""
    carries = rng.random() < 0.55 if carries_robot is None else carries_robot
    back = rng.uniform(-0.7, -0.3) if carries else rng.uniform(-0.02, 0.14)
    return np.array([back, -rng.uniform(0.5, 0.95)]), np.array([rng.uniform(0.88, 1.1), rng.uniform(0.5, 0.95)])


def round_outline(rng: Rng, power: float, sides: int = 40) -> tuple[Array, tuple[float, float]]:
    """A round or oval top just large enough, or larger, and its middle (x, y)."""
    (x0, y0), (x1, y1) = NEEDED
    middle, share = ((x0 + x1) / 2, 0.0), 2 ** (1 / power) / np.cos(np.pi / sides)
    stretch = rng.uniform(0.8, 1.25)
    a, b = (x1 - x0) / 2 * share * 1.01, (y1 - y0) / 2 * share * 1.01
    grow = rng.uniform(1.0, 1.3)
    half = max(a, min(a * stretch, 0.62)) * min(grow, 1.15), b * grow
    return oval(middle, half, power, sides), middle


def legs(rng: Rng, low: Array, high: Array, top: float, floor: float) -> list[Piece]:
    """Four legs and rails under a rectangle: square, tapered, splayed, round, or frames of steel."""
    margin, width = rng.uniform(0.03, 0.1), rng.uniform(0.035, 0.075)
    corners = [(x, y) for x in (low[0] + margin, high[0] - margin) for y in (low[1] + margin, high[1] - margin)]
    style, splay = rng.integers(4), rng.uniform(0.0, 0.12)
    parts = []
    for x, y in corners:
        out = np.sign([x - low[0] - margin - 1e-6, y]) * splay
        if style == 0:
            parts.append(beam("body", (x, y, top), (x, y, floor), width))
        elif style == 1:
            parts.append(beam("body", (x, y, top), (x + out[0], y + out[1], floor), width))
        elif style == 2:
            wide, thin = width / 2, width / 2 * rng.uniform(0.4, 0.9)
            parts.append(turned("body", [(0, floor), (thin, floor), (wide, top)], (x, y), 12))
        else:
            parts.append(beam("body", (x, y, top), (x, y, floor), 0.03))
            parts.append(
                block("body", (x - 0.015, low[1] + margin, floor), (x + 0.015, high[1] - margin, floor + 0.03))
            )
    rail = top - rng.uniform(0.05, 0.12)
    (x0, y0), (x1, y1) = corners[0], corners[3]
    for a, b in (((x0, y0), (x1, y0)), ((x0, y1), (x1, y1)), ((x0, y0), (x0, y1)), ((x1, y0), (x1, y1))):
        first, last = np.minimum(a, b) - 0.01, np.maximum(a, b) + 0.01
        parts.append(block("body", (*first, rail), (*last, top)))
    return parts


def foot(rng: Rng, centre: tuple[float, float], top: float, floor: float) -> list[Piece]:
    """A column with a foot."""
    stem, reach = rng.uniform(0.035, 0.09), rng.uniform(0.2, 0.34)
    style = rng.integers(3)
    if style == 0:
        shape = [
            (0, floor),
            (reach, floor),
            (reach, floor + 0.02),
            (stem, floor + 0.05),
            (stem, top - 0.02),
            (0.15, top),
        ]
        return [turned("body", shape, centre)]
    if style == 1:
        rise = np.linspace(0, 1, 7)
        curve = [(reach + (stem - reach) * np.sin(r * np.pi / 2), floor + r * (top - floor)) for r in rise]
        return [turned("body", [(0, floor), *curve, (0.16, top)], centre)]
    parts = [turned("body", [(0, floor + 0.1), (stem, floor + 0.1), (stem, top)], centre)]
    count = int(rng.integers(3, 6))
    for angle in 2 * np.pi * np.arange(count) / count + 0.4:
        end = (centre[0] + 1.2 * reach * np.cos(angle), centre[1] + 1.2 * reach * np.sin(angle), floor + 0.02)
        parts.append(beam("body", (*centre, floor + 0.2), end, 0.05))
    return parts


def cupboards(rng: Rng, low: Array, high: Array, top: float, floor: float) -> list[Piece]:
    """A closed body with doors or drawers on the side of the camera."""
    back = rng.uniform(0.02, 0.1)
    x0, y0, x1, y1 = low[0] + back, low[1] + 0.02, high[0] - back, high[1] - 0.02
    parts = [
        block("body", (x0, y0, floor + 0.08), (x1, y1, top)),
        block("body", (x0 + 0.05, y0, floor), (x1 - 0.06, y1, floor + 0.08)),
    ]
    doors, rows = int(rng.integers(2, 6)), int(rng.choice([1, 1, 2, 3]))
    edges, levels = np.linspace(y0, y1, doors + 1), np.linspace(floor + 0.1, top - 0.03, rows + 1)
    for left, right in pairwise(edges):
        for below, above in pairwise(levels):
            parts.append(block("under", (x1, left + 0.006, below + 0.006), (x1 + 0.018, right - 0.006, above - 0.006)))
            middle = (left + right) / 2
            parts.append(
                block("body", (x1 + 0.018, middle - 0.07, above - 0.06), (x1 + 0.035, middle + 0.07, above - 0.045))
            )
    return parts


def rim(rng: Rng) -> tuple[float, list[tuple[float, float]]]:
    """A raised border: its width, and its profile from the flat bottom over the rim to the table."""
    width, height, low = rng.uniform(0.008, 0.03), rng.uniform(0.008, 0.032), -rng.uniform(0.006, 0.015)
    top = rng.uniform(0.2, 0.8) * width
    return width, [(width, 0), (top + 0.3 * (width - top), height), (0.3 * top, height), (0, low)]
