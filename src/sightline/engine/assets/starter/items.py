"""Things to pick up. Each builder takes (scale, rgb, texture painter) and returns a Shape; sizes below are at scale 1.

Bounds that keep an item graspable from above by a gripper that opens 8 cm: 2.5 to 6 cm between the fingers' sides and
3 to 12.5 cm high; the tool point is at least 1.5 cm above the table.
"""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, DARK, RGB, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, Painter, block, foot, grip_height, painted, upright_cylinder


def mug(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Straight mug with a handle towards +x."""
    r, h, wall = 0.0235 * s, 0.058 * s, 0.0028 * s
    outside = [(0.0, 0.0), (0.9 * r, 0.0), (r, 0.08 * h), (r, h), (r - wall, h)]
    inside = [(r - wall, h), (r - wall, 0.2 * h), (0.0, 0.15 * h)]
    angle = np.linspace(-0.45 * np.pi, 0.45 * np.pi, 8)
    arc = np.stack([0.92 * r + 0.62 * r * np.cos(angle), 0 * angle, 0.52 * h + 0.3 * h * np.sin(angle)], -1)
    handle = meshes.tube(arc, 0.16 * r, 6)
    visuals = (
        painted(meshes.lathe(outside), rgb, painter, 0.6),
        Visual(meshes.lathe(inside), shade(rgb, 0.72) if rgb[0] + rgb[1] + rgb[2] > 2.4 else shade(rgb, 2.2)),
        Visual(handle, shade(rgb, 0.92), shine=0.6),
    )
    colliders = (
        upright_cylinder(r, 0, h),
        block((0.75 * r, 0.3 * r, 0.62 * h), (1.25 * r, 0.0, 0.52 * h)),
    )
    return Shape(visuals, colliders, Grasp((0.0, 0.0, grip_height(h)), ACROSS_Y, 2 * r))


def cup(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Tapered cup without a handle."""
    low, top, h, wall = 0.0165 * s, 0.0235 * s, 0.066 * s, 0.0025 * s
    outside = [(0.0, 0.0), (low, 0.0), (top, h), (top - wall, h)]
    inside = [(top - wall, h), (low - wall, 0.1 * h), (0.0, 0.1 * h)]
    visuals = (
        painted(meshes.lathe(outside), rgb, painter),
        Visual(meshes.lathe(inside), shade(rgb, 0.72)),
    )
    steps = tuple(upright_cylinder(low + (top - low) * at, h * at, h * (at + 0.25)) for at in (0.0, 0.25, 0.5, 0.75))
    return Shape(visuals, steps, Grasp((0.0, 0.0, grip_height(h)), None, 2 * top))


def bottle(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Bottle with shoulders, a neck and a light cap."""
    r, h = 0.0205 * s, 0.1 * s
    body = [
        (0.0, 0.0), (0.9 * r, 0.0), (r, 0.03 * h), (r, 0.55 * h),
        (0.86 * r, 0.65 * h), (0.48 * r, 0.74 * h), (0.4 * r, 0.8 * h), (0.4 * r, 0.9 * h),
    ]  # fmt: skip
    cap = [(0.0, 0.86 * h), (0.52 * r, 0.86 * h), (0.52 * r, h), (0.0, h)]
    cap_rgb = DARK if sum(rgb) > 2.4 else CREAM
    visuals = (painted(meshes.lathe(body), rgb, painter, 0.8), Visual(meshes.lathe(cap, 14), cap_rgb))
    colliders = (
        upright_cylinder(r, 0.0, 0.6 * h),
        upright_cylinder(0.75 * r, 0.6 * h, 0.7 * h),
        upright_cylinder(0.5 * r, 0.7 * h, h),
    )
    return Shape(visuals, colliders, Grasp((0.0, 0.0, 0.5 * h), None, 2 * r))


def can(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Drink can: coloured side, silver ends."""
    r, h = 0.022 * s, 0.066 * s
    side = [(0.88 * r, 0.03 * h), (r, 0.08 * h), (r, 0.9 * h), (0.88 * r, 0.97 * h)]
    ends = [
        meshes.lathe([(0.0, 0.0), (0.86 * r, 0.0), (0.88 * r, 0.03 * h)]),
        meshes.lathe([(0.88 * r, 0.97 * h), (0.86 * r, h), (0.76 * r, h), (0.74 * r, 0.96 * h), (0.0, 0.96 * h)]),
    ]
    visuals = (painted(meshes.lathe(side, 22), rgb, painter, 0.8), Visual(meshes.merge(*ends), SILVER, shine=0.9))
    return Shape(visuals, (upright_cylinder(r, 0, h),), Grasp((0.0, 0.0, grip_height(h)), None, 2 * r))


def carton(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Drink carton with a gable top, its ridge along x."""
    w, h, ridge = 0.042 * s, 0.062 * s, 0.086 * s
    side = meshes.box((w, w, h), 0.001)
    half = w / 2
    gable = meshes.hull(
        np.array(
            [[x * half, y * half, h] for x in (-1, 1) for y in (-1, 1)]
            + [[x * half, 0.0, ridge - 0.008 * s] for x in (-1, 1)]
        )
    )
    seam = meshes.plain_box((w, 0.004 * s, 0.012 * s), (0.0, 0.0, ridge - 0.006 * s))
    visuals = (
        painted(side, rgb, painter),
        Visual(meshes.merge(gable, seam), CREAM if sum(rgb) < 2.4 else shade(rgb, 0.7)),
    )
    colliders = (block((w, w, h), (0.0, 0.0, h / 2)), block((w, 0.4 * w, ridge - h), (0.0, 0.0, (h + ridge) / 2)))
    return Shape(visuals, colliders, Grasp((0.0, 0.0, 0.042 * s), ACROSS_Y, w))


def cube(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Chamfered cube."""
    w = 0.042 * s
    visual = painted(meshes.box((w, w, w), 0.09 * w), rgb, painter)
    grasp = Grasp((0.0, 0.0, grip_height(w)), ACROSS_Y, w, square=True)
    return Shape((visual,), (block((w, w, w), (0.0, 0.0, w / 2)),), grasp)


def ball(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Ball."""
    r = 0.0235 * s
    visual = painted(meshes.ellipsoid((r, r, r), (0.0, 0.0, r), 18, 11), rgb, painter, 0.7)
    colliders = (Collider("sphere", (r,), (0.0, 0.0, r)), foot(r))
    return Shape((visual,), colliders, Grasp((0.0, 0.0, r), None, 2 * r), rolls=True)


def candle(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Pillar candle with a hollow and a wick."""
    r, h = 0.021 * s, 0.07 * s
    wax = meshes.lathe(
        [(0.0, 0.0), (r, 0.0), (r, 0.95 * h), (0.9 * r, h), (0.75 * r, h), (0.3 * r, 0.93 * h), (0.0, 0.92 * h)]
    )
    wick = meshes.tube(np.array([[0, 0, 0.92 * h], [0, 0, 1.02 * h], [0.002, 0, 1.1 * h]]), 0.0018 * s, 5)
    visuals = (painted(wax, rgb, painter, 0.1), Visual(wick, DARK))
    return Shape(visuals, (upright_cylinder(r, 0, h),), Grasp((0.0, 0.0, grip_height(h)), None, 2 * r))


def jar(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Squat jar with a wooden lid."""
    r, h = 0.0235 * s, 0.05 * s
    body = meshes.lathe(
        [(0, 0), (0.8 * r, 0), (0.96 * r, 0.1 * h), (r, 0.35 * h), (0.94 * r, 0.66 * h), (0.76 * r, 0.8 * h)]
    )
    lid = meshes.lathe([(0, 0.78 * h), (0.86 * r, 0.78 * h), (0.86 * r, 0.96 * h), (0.7 * r, h), (0.0, h)], 18)
    visuals = (painted(body, rgb, painter, 0.8), Visual(lid, WOOD, shine=0.1))
    colliders = (upright_cylinder(0.8 * r, 0, h), upright_cylinder(r, 0.2 * h, 0.6 * h))
    return Shape(visuals, colliders, Grasp((0.0, 0.0, 0.5 * h), None, 2 * r))


def brick(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Toy building brick with 4 x 2 studs."""
    x, y, z, stud = 0.064 * s, 0.034 * s, 0.027 * s, 0.006 * s
    knob = meshes.lathe([(0.15 * y, 0.0), (0.15 * y, stud), (0.0, stud)], 8)
    studs = [knob.moved(((i - 1.5) * x / 4, (j - 0.5) * y / 2, z)) for i in range(4) for j in range(2)]
    visual = painted(meshes.merge(meshes.box((x, y, z), 0.0015 * s), *studs), rgb, painter, 0.6)
    colliders = (block((x, y, z), (0, 0, z / 2)), block((0.86 * x, 0.8 * y, stud), (0, 0, z + stud / 2)))
    return Shape((visual,), colliders, Grasp((0.0, 0.0, 0.017), ACROSS_Y, y))


def sponge(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Kitchen sponge with a dark scouring layer underneath."""
    x, y, z = 0.076 * s, 0.044 * s, 0.034 * s
    soft = meshes.box((x, y, 0.76 * z), 0.004 * s).moved((0, 0, 0.24 * z))
    rough = meshes.box((x, y, 0.26 * z), 0.001)
    visuals = (painted(soft, rgb, painter, 0.0), Visual(rough, shade(rgb, 0.35), shine=0.0))
    return Shape(visuals, (block((x, y, z), (0, 0, z / 2)),), Grasp((0.0, 0.0, 0.018), ACROSS_Y, y))


def brush(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Scrubbing brush: bristles below, a coloured grip on top."""
    x, y, z = 0.1 * s, 0.036 * s, 0.038 * s
    bristles = meshes.plain_box((0.92 * x, 0.8 * y, 0.5 * z), (0, 0, 0.25 * z))
    grip = meshes.box((x, y, 0.52 * z), 0.2 * z).moved((0, 0, 0.48 * z))
    visuals = (painted(grip, rgb, painter, 0.5), Visual(bristles, CREAM, shine=0.0))
    return Shape(visuals, (block((x, y, z), (0, 0, z / 2)),), Grasp((0.0, 0.0, 0.6 * z), ACROSS_Y, y))


def toy_car(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Toy car, nose towards +x."""
    x, y, z, wheel = 0.082 * s, 0.04 * s, 0.042 * s, 0.0095 * s
    body = meshes.box((x, y, 0.42 * z), 0.005 * s).moved((0, 0, 0.2 * z))
    roof = meshes.hull(
        np.array(
            [
                [a * x, b * 0.44 * y, c * z]
                for a, c in ((-0.36, 0.6), (0.26, 0.6), (-0.26, 1.0), (0.1, 1.0))
                for b in (-1, 1)
            ]
        )
    )
    windows = [
        meshes.plain_box((0.26 * x, 0.9 * y, 0.2 * z), (-0.08 * x, 0.0, 0.78 * z)),
        meshes.plain_box((0.5 * x, 0.62 * y, 0.16 * z), (-0.07 * x, 0.0, 0.76 * z)),
    ]
    disc = meshes.lathe([(0, -0.1 * y), (wheel, -0.1 * y), (wheel, 0.1 * y), (0, 0.1 * y)], 12)
    upright = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    wheels = [disc.moved((a * 0.3 * x, b * 0.45 * y, wheel), upright) for a in (-1, 1) for b in (-1, 1)]
    visuals = (
        painted(meshes.merge(body, roof), rgb, painter, 0.8),
        Visual(meshes.merge(*windows), (0.55, 0.72, 0.82) if sum(rgb) > 0.4 else SILVER, shine=0.8),
        Visual(meshes.merge(*wheels), DARK if sum(rgb) > 0.4 else (0.35, 0.35, 0.36)),
    )
    colliders = (
        block((x, y, 0.62 * z), (0, 0, 0.31 * z)),
        block((0.5 * x, 0.88 * y, 0.38 * z), (-0.05 * x, 0, 0.81 * z)),
    )
    return Shape(visuals, colliders, Grasp((0.0, 0.0, 0.5 * z), ACROSS_Y, y))


def cupcake(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Cupcake; its colour is that of the icing."""
    r, h = 0.0235 * s, 0.056 * s
    wrapper = meshes.lathe([(0, 0), (0.7 * r, 0), (0.92 * r, 0.45 * h)], 20)
    icing = meshes.lathe(
        [(0.88 * r, 0.43 * h), (r, 0.5 * h), (0.95 * r, 0.6 * h), (0.8 * r, 0.64 * h), (0.78 * r, 0.72 * h),
         (0.55 * r, 0.8 * h), (0.5 * r, 0.88 * h), (0.0, h)], 18, 60.0,
    )  # fmt: skip
    visuals = (painted(icing, rgb, painter, 0.5), Visual(wrapper, (0.66, 0.42, 0.22), shine=0.0))
    colliders = (
        upright_cylinder(0.72 * r, 0, 0.45 * h),
        upright_cylinder(0.97 * r, 0.4 * h, 0.68 * h),
        upright_cylinder(0.5 * r, 0.68 * h, 0.97 * h),
    )
    return Shape(visuals, colliders, Grasp((0.0, 0.0, 0.5 * h), None, 2 * r))


def duck(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Bath duck looking towards +x."""
    r = 0.022 * s
    body = meshes.ellipsoid((1.45 * r, r, 0.85 * r), (0, 0, 0.8 * r), 16, 8)
    tail = meshes.ellipsoid((0.5 * r, 0.5 * r, 0.3 * r), (-1.3 * r, 0, 1.25 * r), 8, 5)
    head = meshes.ellipsoid((0.68 * r,) * 3, (0.75 * r, 0, 1.95 * r), 14, 8)
    beak = meshes.ellipsoid((0.42 * r, 0.32 * r, 0.14 * r), (1.5 * r, 0, 1.85 * r), 8, 5)
    eyes = [meshes.ellipsoid((0.12 * r,) * 3, (1.2 * r, side * 0.42 * r, 2.15 * r), 6, 5) for side in (-1, 1)]
    beak_rgb: RGB = (0.95, 0.42, 0.05) if abs(rgb[1] - 0.45) > 0.1 or rgb[0] < 0.9 else (0.98, 0.83, 0.1)
    visuals = (
        painted(meshes.merge(body, head, tail), rgb, painter, 0.6),
        Visual(beak, beak_rgb),
        Visual(meshes.merge(*eyes), DARK if sum(rgb) > 0.4 else WHITE),
    )
    colliders = (
        Collider("ellipsoid", (1.45 * r, r, 0.85 * r), (0.0, 0.0, 0.85 * r)),
        foot(1.4 * r),
        Collider("sphere", (0.68 * r,), (0.75 * r, 0.0, 1.95 * r)),
    )
    return Shape(visuals, colliders, Grasp((0.0, 0.0, 0.8 * r), ACROSS_Y, 2 * r), rolls=True)
