"""Roots, tubers and bulbs."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import CREAM, LEAF, WHITE, shade
from sightline.engine.assets.families.family import Draw, family
from sightline.engine.assets.families.forms import blob, lumpy, lying, prism, star, turned
from sightline.engine.assets.families.growth import GREENS, leaf, ribbed, scaled_profile
from sightline.engine.assets.families.vegetables import VEGETABLE
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, foot


@family(
    "carrot",
    VEGETABLE,
    mass=0.06,
    materials=("peel",),
    natural={"orange": (0.95, 0.45, 0.08), "purple": (0.4, 0.14, 0.36)},
)
def carrot(d: Draw) -> Shape:
    """Lying, its tip towards +x, with leaves."""
    r, length, taper = d.between(0.0145, 0.017), d.between(0.078, 0.096), d.between(0.45, 0.75)
    shape = [(0, 0), (0.62, 0.03), (1, 0.16), (0.95, 0.35), (taper, 0.75), (0.3 * taper, 0.97), (0, 1)]
    body = lumpy(meshes.lathe([(a * r, b * length) for a, b in shape], 14, 70.0), d.rng, 0.03)
    root = meshes.lying(body).moved((-0.4 * length, 0, r))
    green = [
        meshes.tube(np.array([[0, 0, 0], [-0.012, 0.5 * y, 0.5 * z], [-reach, y, z]]) + [-0.4 * length, 0, r], 0.003, 5)
        for y, z, reach in d.rng.uniform([-0.014, -0.004, 0.016], [0.014, 0.014, 0.03], (d.whole(3, 5), 3))
    ]
    pieces = [
        block((0.5 * length, 1.7 * r, 1.95 * r), (-0.13 * length, 0, 0.975 * r)),
        block((0.42 * length, taper * 1.3 * r, (0.9 + 0.7 * taper) * r), (0.33 * length, 0, r)),
    ]
    return lying((*d.paint(root), Visual(meshes.merge(*green), LEAF)), pieces, -0.12 * length, 2 * r, 2 * r)


@family(
    "onion",
    VEGETABLE,
    mass=0.09,
    materials=("peel",),
    natural={"brown": (0.72, 0.45, 0.18), "purple": (0.5, 0.12, 0.32), "white": (0.93, 0.91, 0.85)},
)
def onion(d: Draw) -> Shape:
    """A bulb that ends in a dry tip."""
    r, h = d.between(0.0205, 0.0235), d.between(0.033, 0.042)
    tip = d.between(1.2, 1.5)
    profile = scaled_profile(
        [(0, 0), (0.3, 0.0), (0.82, 0.2), (1, 0.5), (0.8, 0.84), (0.3, 1), (0.16, 1.12), (0.2, tip), (0, tip)], r, h
    )
    skin = prints.pattern_print("stripes", d.rgb, shade(d.rgb, d.pick((0.8, 1.25))), d.rng)
    return turned((Visual(meshes.lathe(profile, 18, 70.0), WHITE, skin, 0.5),), profile, grip=0.5 * h, pieces=6)


@family(
    "potato",
    VEGETABLE,
    mass=0.12,
    materials=("crust",),
    natural={"brown": (0.62, 0.46, 0.26), "yellow": (0.86, 0.7, 0.35), "red": (0.58, 0.22, 0.2)},
)
def potato(d: Draw) -> Shape:
    """Lumpy, each in its own way."""
    x, y, z = d.between(0.05, 0.066), d.between(0.036, 0.042), d.between(0.032, 0.037)
    body = lumpy(blob((x, y, z), 0.9, 0.9, 16, 10), d.rng, 0.08, 2)
    low, high = body.vertices.min(0), body.vertices.max(0)
    spread = (high - low) / 2
    body = body.moved((-(low[0] + high[0]) / 2, -(low[1] + high[1]) / 2, 0))
    rx, ry, rz = (float(0.97 * value) for value in spread)
    pieces = (Collider("ellipsoid", (rx, ry, rz), (0.0, 0.0, rz)), foot(1.6 * rz))
    return Shape(d.paint(body), pieces, Grasp((0, 0, rz), ACROSS_Y, 2 * ry), rolls=True)


@family(
    "garlic",
    VEGETABLE,
    mass=0.06,
    materials=("peel",),
    natural={"white": (0.93, 0.91, 0.87), "purple": (0.62, 0.42, 0.6)},
)
def garlic(d: Draw) -> Shape:
    """A bulb of cloves with a dry stem."""
    r, h = d.between(0.0195, 0.0225), d.between(0.03, 0.036)
    profile = scaled_profile(
        [(0, 0), (0.4, 0), (0.9, 0.18), (1, 0.42), (0.75, 0.75), (0.3, 1), (0.2, 1.25), (0.22, 1.45), (0, 1.45)], r, h
    )
    body = ribbed(meshes.lathe(profile, 24, 80.0), d.whole(5, 8), 0.12)
    root = prism(star(7, 0.25 * r, 0.4 * r), 0.001)
    return turned((Visual(body, d.rgb, shine=0.2), Visual(root, CREAM)), profile, grip=0.45 * h, pieces=6)


@family(
    "radish",
    VEGETABLE,
    mass=0.05,
    materials=("peel",),
    natural={"red": (0.78, 0.08, 0.2), "pink": (0.9, 0.35, 0.55), "white": (0.93, 0.92, 0.9)},
)
def radish(d: Draw) -> Shape:
    """A round root with a bunch of leaves on top."""
    r, h = d.between(0.018, 0.021), d.between(0.034, 0.04)
    profile = scaled_profile([(0, 0), (0.3, 0.0), (0.72, 0.18), (1, 0.58), (0.85, 0.85), (0.4, 1), (0, 1)], r, h)
    white = prints.blush_print(WHITE, d.rgb, d.rng, 0.9)
    leaves = [
        leaf(length, 2.4 * k, (0, 0, h - 0.002), rise)
        for k, (length, rise) in enumerate(d.rng.uniform([0.016, 0.9], [0.022, 1.4], (d.whole(4, 6), 2)))
    ]
    visuals = (
        Visual(meshes.lathe(profile, 16, 70.0), WHITE, white, 0.5),
        Visual(meshes.merge(*leaves), d.pick(GREENS)),
    )
    return turned(visuals, profile, grip=0.58 * h)
