"""Containers (things go into them) and surfaces (things go onto them): heavy, low, not to be picked up.

Inner radius of every container at least 6 cm, rims at most 6 cm high. Each builder returns the shape and the inner size
(x, y) in metres.
"""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, RGB, shade
from sightline.engine.assets.model import Shape, Visual
from sightline.engine.assets.shapes import (
    Painter,
    Target,
    block,
    painted,
    rectangular_wall,
    ring_wall,
    upright_cylinder,
)


def bowl(s: float, rgb: RGB, painter: Painter) -> Target:
    """Round bowl."""
    foot, top, h, wall = 0.042 * s, 0.078 * s, 0.048 * s, 0.0035
    outside = [(0, 0), (foot, 0), (0.8 * top, 0.35 * h), (0.94 * top, 0.68 * h), (top, h), (top - wall, h)]
    inside = [(top - wall, h), (0.9 * top, 0.68 * h), (0.75 * top, 0.36 * h), (0.88 * foot, 0.13 * h), (0, 0.12 * h)]
    visuals = (
        painted(meshes.lathe(outside, 28), rgb, painter, 0.7),
        Visual(meshes.lathe(inside, 28), shade(rgb, 0.8) if sum(rgb) > 0.4 else shade(rgb, 1.08), shine=0.5),
    )
    colliders = [
        upright_cylinder(foot, 0, 0.12 * h),
        *ring_wall(0.92 * foot, 0.8 * top, 0.04 * h, 0.38 * h, 0.005),
        *ring_wall(0.8 * top, top - 0.002, 0.36 * h, h, 0.005),
    ]
    return Shape(visuals, tuple(colliders)), (2 * (top - wall), 2 * (top - wall))


def pan(s: float, rgb: RGB, painter: Painter) -> Target:
    """Frying pan with a handle towards +x."""
    low, top, h, wall = 0.064 * s, 0.072 * s, 0.03 * s, 0.003
    outside = [(0, 0), (low, 0), (top, h), (top - wall, h)]
    inside = [(top - wall, h), (low - wall, 0.004), (0, 0.004)]
    handle = meshes.box((0.09 * s, 0.018 * s, 0.009 * s), 0.003).moved((top + 0.04 * s, 0, 0.6 * h))
    visuals = (
        painted(meshes.lathe(outside, 26), rgb, painter, 0.4),
        Visual(meshes.lathe(inside, 26), (0.2, 0.2, 0.21) if sum(rgb) > 0.4 else (0.14, 0.14, 0.15), shine=0.6),
        Visual(handle, shade(rgb, 0.85) if sum(rgb) > 0.4 else (0.11, 0.1, 0.1), shine=0.2),
    )
    colliders = [
        upright_cylinder(low, 0, 0.004),
        *ring_wall(low, top, 0.0, h, 0.005),
        block((0.09 * s, 0.018 * s, 0.009 * s), (top + 0.04 * s, 0, 0.6 * h + 0.0045 * s)),
    ]
    return Shape(visuals, tuple(colliders)), (2 * (low - wall), 2 * (low - wall))


def box(s: float, rgb: RGB, painter: Painter) -> Target:
    """Open box, square."""
    x, h, wall = 0.144 * s, 0.05 * s, 0.005
    visual = painted(meshes.open_box((x, x, h), wall, 0.005), rgb, painter, 0.1)
    colliders = [block((x, x, 0.005), (0, 0, 0.0025)), *rectangular_wall(x, x, h, 0.006)]
    return Shape((visual,), tuple(colliders)), (x - 2 * wall, x - 2 * wall)


def basket(s: float, rgb: RGB, painter: Painter) -> Target:
    """Rectangular woven basket with a thick rim; its long side along y."""
    x, y, h, wall, flare = 0.15 * s, 0.178 * s, 0.05 * s, 0.006, 0.006
    woven = painted(meshes.open_box((x, y, h), wall, 0.006, flare), rgb, painter, 0.05)
    bar = 0.009
    rim = meshes.merge(
        *(meshes.plain_box((bar, y + 0.006, bar), (side * (x - wall) / 2, 0, h - 0.4 * bar)) for side in (-1, 1)),
        *(meshes.plain_box((x + 0.006, bar, bar), (0, side * (y - wall) / 2, h - 0.4 * bar)) for side in (-1, 1)),
    )
    visuals = (woven, Visual(rim, shade(rgb, 0.8), shine=0.1))
    floor = block((x - 2 * flare, y - 2 * flare, 0.006), (0, 0, 0.003))
    walls = rectangular_wall(x, y, h, 0.008)
    return Shape(visuals, (floor, *walls)), (x - 2 * (flare + wall), y - 2 * (flare + wall))


def tray(s: float, rgb: RGB, painter: Painter) -> Target:
    """Rectangular tray with a low slanted rim; its long side along y."""
    x, y, h, wall, flare = 0.138 * s, 0.185 * s, 0.022 * s, 0.004, 0.006
    visual = painted(meshes.open_box((x, y, h), wall, 0.004, flare), rgb, painter, 0.5)
    colliders = [
        block((x - 2 * flare, y - 2 * flare, 0.004), (0, 0, 0.002)),
        *rectangular_wall(x - flare, y - flare, h, 0.006),
    ]
    return Shape((visual,), tuple(colliders)), (x - 2 * wall - flare, y - 2 * wall - flare)


def plate(s: float, rgb: RGB, painter: Painter) -> Target:
    """Round plate with a flat rim."""
    r, h = 0.083 * s, 0.013 * s
    top = [(r, h), (0.98 * r, 1.05 * h), (0.72 * r, 0.62 * h), (0.64 * r, 0.42 * h), (0, 0.42 * h)]
    under = [(0, 0), (0.55 * r, 0), (0.72 * r, 0.4 * h), (r, h)]
    visuals = (
        painted(meshes.lathe(top, 30), rgb, painter, 0.7),
        Visual(meshes.lathe(under, 30), shade(rgb, 0.9), shine=0.5),
    )
    colliders = [upright_cylinder(0.64 * r, 0, 0.42 * h), *ring_wall(0.62 * r, r, 0.3 * h, 0.92 * h, 0.003, 12)]
    return Shape(visuals, tuple(colliders)), (1.4 * r, 1.4 * r)


def board(s: float, rgb: RGB, painter: Painter) -> Target:
    """Cutting board with a hole-less handle; its long side along y."""
    x, y, h = 0.13 * s, 0.17 * s, 0.012
    top = meshes.box((x, y, h), 0.003)
    grip = meshes.box((0.04 * s, 0.055 * s, h), 0.003).moved((0, y / 2 + 0.024 * s, 0))
    visual = painted(meshes.merge(top, grip), rgb, painter, 0.1)
    colliders = (block((x, y, h), (0, 0, h / 2)), block((0.04 * s, 0.05 * s, h), (0, y / 2 + 0.024 * s, h / 2)))
    return Shape((visual,), colliders), (x, y)


def mat(s: float, rgb: RGB, painter: Painter) -> Target:
    """Square cloth mat with a border."""
    x, h = 0.15 * s, 0.005
    border = meshes.plain_box((x, x, h), (0, 0, h / 2))
    inside = meshes.flat(
        np.array([[a * 0.43 * x, b * 0.43 * x, h + 0.0006] for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]),
        np.array([[0, 1, 2], [0, 2, 3]]),
    )
    edge = shade(rgb, 0.6) if sum(rgb) > 0.4 else (0.3, 0.3, 0.31)
    visuals = (painted(inside, rgb, painter, 0.0), Visual(border, edge, shine=0.0))
    return Shape(visuals, (block((x, x, h), (0, 0, h / 2)),)), (x, x)


def book(s: float, rgb: RGB, painter: Painter) -> Target:
    """Closed hardback lying on its back, spine along y."""
    x, y, h = 0.128 * s, 0.17 * s, 0.026 * s
    cover = meshes.merge(
        meshes.plain_box((x, y, 0.14 * h), (0, 0, 0.93 * h)),
        meshes.plain_box((x, y, 0.14 * h), (0, 0, 0.07 * h)),
        meshes.plain_box((0.03 * x, y, h), (-0.485 * x, 0, 0.5 * h)),
    )
    pages = meshes.plain_box((0.95 * x, 0.95 * y, 0.76 * h), (0, 0, 0.5 * h))
    colliders = (block((x, y, h), (0, 0, h / 2)),)
    return Shape((painted(cover, rgb, painter, 0.3), Visual(pages, CREAM, shine=0.0)), colliders), (x, y)
