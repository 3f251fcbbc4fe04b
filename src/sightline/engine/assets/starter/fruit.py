"""Fruit and vegetables: items in their natural colours."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import LEAF, RGB
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, Painter, block, foot, painted, upright_cylinder

STALK: RGB = (0.35, 0.24, 0.12)


def apple(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Apple with a stalk."""
    r = 0.0245 * s
    profile = [
        (0, 0.12),
        (0.35, 0),
        (0.72, 0.2),
        (0.96, 0.7),
        (0.98, 1.15),
        (0.8, 1.55),
        (0.45, 1.72),
        (0.15, 1.62),
        (0, 1.5),
    ]
    body = meshes.lathe([(a * r, b * r) for a, b in profile], 18, 80.0)
    stalk = meshes.tube(np.array([[0, 0, 1.5 * r], [0.04 * r, 0, 1.75 * r], [0.14 * r, 0, 1.95 * r]]), 0.07 * r, 5)
    colliders = (
        upright_cylinder(0.55 * r, 0, 1.72 * r),
        upright_cylinder(0.85 * r, 0.3 * r, 1.5 * r),
        upright_cylinder(0.98 * r, 0.65 * r, 1.2 * r),
    )
    return Shape(
        (painted(body, rgb, painter, 0.6), Visual(stalk, STALK)), colliders, Grasp((0, 0, 0.92 * r), None, 1.96 * r)
    )


def pear(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Standing pear."""
    r = 0.0235 * s
    profile = [
        (0, 0.1),
        (0.4, 0),
        (0.85, 0.3),
        (1.0, 0.85),
        (0.88, 1.4),
        (0.58, 1.95),
        (0.46, 2.4),
        (0.28, 2.66),
        (0, 2.7),
    ]
    body = meshes.lathe([(a * r, b * r) for a, b in profile], 18, 80.0)
    stalk = meshes.tube(np.array([[0, 0, 2.65 * r], [0.05 * r, 0, 2.9 * r], [0.2 * r, 0, 3.1 * r]]), 0.07 * r, 5)
    colliders = (
        upright_cylinder(0.6 * r, 0, 1.9 * r),
        upright_cylinder(0.98 * r, 0.5 * r, 1.25 * r),
        upright_cylinder(0.45 * r, 1.9 * r, 2.65 * r),
    )
    return Shape(
        (painted(body, rgb, painter, 0.3), Visual(stalk, STALK)), colliders, Grasp((0, 0, 0.95 * r), None, 2 * r)
    )


def tomato(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Flattish tomato with a green star."""
    r = 0.0235 * s
    body = meshes.ellipsoid((r, r, 0.8 * r), (0, 0, 0.8 * r), 18, 10)
    points = []
    for k in range(10):
        out = (0.62 if k % 2 == 0 else 0.2) * r
        points.append((out * np.cos(k * np.pi / 5), out * np.sin(k * np.pi / 5), 1.52 * r if k % 2 == 0 else 1.63 * r))
    star = meshes.flat(np.array([*points, (0, 0, 1.66 * r)]), np.array([(k, (k + 1) % 10, 10) for k in range(10)]))
    colliders = (
        Collider("ellipsoid", (r, r, 0.8 * r), (0.0, 0.0, 0.8 * r)),
        foot(1.2 * r),
    )
    grasp = Grasp((0, 0, 0.8 * r), None, 2 * r)
    return Shape((painted(body, rgb, painter, 0.8), Visual(star, LEAF)), colliders, grasp, rolls=True)


def lemon(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Lying lemon, tips along x."""
    r = 0.0215 * s
    profile = [
        (0, -1.55),
        (0.16, -1.45),
        (0.3, -1.22),
        (0.7, -0.85),
        (0.95, -0.35),
        (0.97, 0.3),
        (0.75, 0.8),
        (0.32, 1.2),
        (0.2, 1.42),
        (0, 1.55),
    ]
    body = meshes.lying(meshes.lathe([(a * r, b * r) for a, b in profile], 16, 80.0)).moved((0, 0, 0.97 * r))
    colliders = (Collider("ellipsoid", (1.4 * r, 0.97 * r, 0.97 * r), (0.0, 0.0, 0.97 * r)), foot(1.2 * r))
    return Shape(
        (painted(body, rgb, painter, 0.4),), colliders, Grasp((0, 0, 0.97 * r), ACROSS_Y, 1.94 * r), rolls=True
    )


def banana(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Banana lying on its side, bent in the table plane."""
    bend, r = 0.075 * s, 0.0165 * s
    angle = np.linspace(-0.9, 0.9, 11)
    arc = np.stack([bend * np.sin(angle), bend * (1 - np.cos(angle)), np.full_like(angle, r)], -1)
    radii = r * np.array([0.32, 0.55, 0.8, 0.95, 1.0, 1.0, 1.0, 0.93, 0.78, 0.5, 0.3])
    body = meshes.tube(arc, radii, 8)
    tips = meshes.merge(
        *(meshes.ellipsoid((0.4 * r,) * 3, (bend * np.sin(a), bend * (1 - np.cos(a)), r), 8, 5) for a in (-0.96, 0.96))
    )
    colliders = [block((0.048 * s, 1.7 * r, 2 * r), (0, 0.003 * s, r))]
    for side in (-1, 1):
        turn = side * 0.6
        centre = (float(bend * np.sin(turn)), float(bend * (1 - np.cos(turn))), r)
        quat = (float(np.cos(turn / 2)), 0.0, 0.0, float(np.sin(turn / 2)))
        colliders.append(Collider("box", (0.022 * s, 0.75 * r, 0.9 * r), centre, quat))
    grasp = Grasp((0.0, 0.002 * s, max(0.015, r)), ACROSS_Y, 2.1 * r)
    return Shape((painted(body, rgb, painter, 0.2), Visual(tips, STALK)), tuple(colliders), grasp)


def carrot(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Lying carrot, tip towards +x, with leaves."""
    r, length = 0.0165 * s, 0.1 * s
    profile = [
        (0, 0),
        (0.6 * r, 0.005 * s),
        (r, 0.018 * s),
        (0.92 * r, 0.35 * length),
        (0.6 * r, 0.75 * length),
        (0.22 * r, 0.97 * length),
        (0, length),
    ]
    body = meshes.lying(meshes.lathe(profile, 14, 70.0)).moved((-0.4 * length, 0, r))
    leaves = meshes.merge(
        *(
            meshes.tube(
                np.array([[0, 0, 0], [-0.014 * s, 0.5 * y, 0.5 * z], [-0.028 * s, y, z]]) + [-0.4 * length, 0, r],
                0.0035 * s,
                5,
            )
            for y, z in ((-0.012 * s, 0.004 * s), (0.0, 0.012 * s), (0.012 * s, 0.004 * s))
        )
    )
    colliders = (
        block((0.5 * length, 1.7 * r, 1.95 * r), (-0.13 * length, 0, 0.975 * r)),
        block((0.42 * length, 1.0 * r, 1.6 * r), (0.33 * length, 0, 0.8 * r)),
    )
    grasp = Grasp((-0.12 * length, 0, max(0.015, r)), ACROSS_Y, 2 * r)
    return Shape((painted(body, rgb, painter, 0.2), Visual(leaves, LEAF)), colliders, grasp)


def eggplant(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Lying eggplant, thick end towards +x."""
    r = 0.0205 * s
    profile = [(0, -2.0), (0.42, -1.9), (0.6, -1.3), (0.78, -0.5), (0.98, 0.4), (0.9, 1.1), (0.55, 1.55), (0, 1.72)]
    body = meshes.lying(meshes.lathe([(a * r, b * r) for a, b in profile], 16, 70.0)).moved((0, 0, 0.98 * r))
    crown = meshes.lathe([(0, -2.45), (0.16, -2.4), (0.16, -2.1), (0.5, -1.95), (0.66, -1.5)], 12, 70.0)
    crown = meshes.lying(crown.scaled((r, r, r))).moved((0, 0, 0.98 * r))
    colliders = (
        block((2.0 * r, 1.8 * r, 1.96 * r), (0.4 * r, 0, 0.98 * r)),
        block((1.6 * r, 1.1 * r, 1.5 * r), (-1.3 * r, 0, 0.85 * r)),
    )
    grasp = Grasp((0.25 * r, 0, max(0.015, 0.98 * r)), ACROSS_Y, 1.96 * r)
    return Shape((painted(body, rgb, painter, 0.9), Visual(crown, LEAF)), colliders, grasp)


def mushroom(s: float, rgb: RGB, painter: Painter) -> Shape:
    """Standing mushroom; its colour is that of the cap."""
    r = 0.0235 * s
    stem = meshes.lathe([(0, 0), (0.5 * r, 0), (0.42 * r, 0.5 * r), (0.45 * r, r)], 14, 60.0)
    cap = meshes.lathe(
        [(0.45 * r, r), (0.9 * r, 0.86 * r), (r, r), (0.88 * r, 1.45 * r), (0.5 * r, 1.8 * r), (0, 1.92 * r)], 18, 60.0
    )
    colliders = (
        upright_cylinder(0.5 * r, 0, 0.9 * r),
        upright_cylinder(0.98 * r, 0.88 * r, 1.3 * r),
        upright_cylinder(0.65 * r, 1.3 * r, 1.85 * r),
    )
    grasp = Grasp((0, 0, 1.1 * r), None, 2 * r)
    return Shape((painted(cap, rgb, painter, 0.4), Visual(stem, (0.93, 0.88, 0.78), shine=0.0)), colliders, grasp)
