"""Fruit from warm countries, in its natural colours."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import WHITE, shade
from sightline.engine.assets.families.family import Draw, family
from sightline.engine.assets.families.forms import lumpy, lying, turned
from sightline.engine.assets.families.fruit import FRUIT
from sightline.engine.assets.families.growth import GREENS, STALK, leaf, ripe, scaled_profile, stalk
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, foot


@family(
    "avocado", FRUIT, mass=0.12, materials=("peel",), natural={"green": (0.17, 0.34, 0.12), "black": (0.13, 0.13, 0.10)}
)
def avocado(d: Draw) -> Shape:
    """Lying, thick end towards +x."""
    r, half = d.between(0.0195, 0.0225), d.between(0.029, 0.035)
    neck = d.between(0.4, 0.62)
    shape = [
        (0, -1),
        (0.8 * neck, -0.93),
        (neck, -0.7),
        (0.5 * (1 + neck), -0.25),
        (1, 0.25),
        (0.88, 0.7),
        (0.5, 0.94),
        (0, 1),
    ]
    body = meshes.lying(meshes.lathe([(a * r, b * half) for a, b in shape], 16, 80.0)).moved((0, 0, r))
    visuals = d.paint(lumpy(body, d.rng, 0.02))
    pieces = [
        block((1.0 * half, 1.7 * r, 2 * r), (0.3 * half, 0, r)),
        block((half, 1.4 * neck * r, 1.2 * r), (-0.45 * half, 0, r)),
    ]
    return lying(visuals, pieces, 0.3 * half, 2 * r, 2 * r)


@family("kiwi", FRUIT, mass=0.07, materials=("crust",), natural={"brown": (0.45, 0.33, 0.17)}, synonyms=("kiwi fruit",))
def kiwi(d: Draw) -> Shape:
    """Whole and lying, or half with its green face up."""
    r = d.between(0.019, 0.0215)
    if d.chance(0.5):
        h = d.between(0.031, 0.036)
        profile = scaled_profile([(0, 0), (0.55, 0.04), (0.92, 0.45), (1, 1)], r, h)
        flesh = [(r, h), (0.9 * r, h + 0.0006), (0, h + 0.0006)]
        heart = meshes.lathe([(0.3 * r, h + 0.001), (0, h + 0.0012)], 12)
        seeds = [
            meshes.ellipsoid((0.0014, 0.0007, 0.0005), (0.45 * r * np.cos(a), 0.45 * r * np.sin(a), h + 0.001), 5, 4)
            for a in np.arange(10) * 0.628
        ]
        green = (0.5, 0.72, 0.16)
        visuals = (
            *d.paint(meshes.lathe(profile, 16, 60.0)),
            Visual(meshes.lathe(flesh, 16), green, shine=0.6),
            Visual(heart, (0.9, 0.92, 0.7)),
            Visual(meshes.merge(*seeds), (0.08, 0.06, 0.03)),
        )
        return turned(visuals, profile, grip=0.6 * h)
    half = d.between(0.0235, 0.027)
    body = lumpy(meshes.ellipsoid((half, r, r), (0, 0, r), 16, 9), d.rng, 0.02)
    pieces = (Collider("ellipsoid", (half, r, r), (0.0, 0.0, r)), foot(1.2 * r))
    return Shape(d.paint(body), pieces, Grasp((0, 0, r), ACROSS_Y, 2 * r), rolls=True)


@family(
    "mango",
    FRUIT,
    mass=0.13,
    materials=("peel",),
    natural={
        "yellow": (0.95, 0.72, 0.18),
        "orange": (0.94, 0.5, 0.14),
        "green": (0.36, 0.55, 0.2),
        "red": (0.75, 0.18, 0.14),
    },
)
def mango(d: Draw) -> Shape:
    """Lying on its flat side."""
    x, y, z = d.between(0.056, 0.066), d.between(0.038, 0.044), d.between(0.032, 0.038)
    body = meshes.ellipsoid((x / 2, y / 2, z / 2), (0, 0, z / 2), 18, 10)
    bend = body.vertices.copy()
    bend[:, 1] += d.between(-0.08, 0.12) * y * (2 * bend[:, 0] / x) ** 2
    skin = meshes.Mesh(bend, body.faces, body.normals, body.uv)
    visual = ripe(d, lumpy(skin, d.rng, 0.02), d.pick(((0.85, 0.3, 0.15), (0.45, 0.6, 0.2))), 0.8, 0.5)
    pieces = (Collider("ellipsoid", (x / 2, y / 2, z / 2), (0.0, 0.0, z / 2)), foot(0.9 * z))
    return Shape((visual,), pieces, Grasp((0, 0, 0.5 * z), ACROSS_Y, y), rolls=True)


@family(
    "pineapple",
    FRUIT,
    mass=0.16,
    materials=("crust",),
    natural={"yellow": (0.85, 0.6, 0.15), "brown": (0.6, 0.38, 0.14)},
)
def pineapple(d: Draw) -> Shape:
    """A scaly barrel with a crown of leaves."""
    r, h = d.between(0.0195, 0.0225), d.between(0.042, 0.052)
    profile = scaled_profile([(0, 0), (0.7, 0), (0.94, 0.15), (1, 0.5), (0.92, 0.82), (0.6, 0.98), (0, 1)], r, h)
    scales = prints.pattern_print("diamonds", d.rgb, shade(d.rgb, 0.55), d.rng)
    leaves = [
        leaf(length, 2.4 * k, (0, 0, h - 0.003), lean)
        for k, (length, lean) in enumerate([(0.02, 0.7)] * 5 + [(0.022, 1.2)] * 4)
    ]
    spike = meshes.lathe([(0.004, h), (0.003, h + 0.012), (0, h + d.between(0.02, 0.026))], 6)
    visuals = (
        Visual(meshes.lathe(profile, 18, 70.0), WHITE, scales, 0.2),
        Visual(meshes.merge(spike, *leaves), d.pick(GREENS)),
    )
    return turned(visuals, [*profile, (0.003, h + 0.02)], grip=0.6 * h, pieces=6)


@family("watermelon", FRUIT, mass=0.2, materials=("peel",), natural={"green": (0.16, 0.42, 0.14)}, synonyms=("melon",))
def watermelon(d: Draw) -> Shape:
    """A small melon with stripes, whole, or a standing half with its red face to the side."""
    r = d.between(0.0205, 0.0235)
    rind = prints.pattern_print("stripes", d.rgb, d.pick(((0.55, 0.7, 0.35), (0.08, 0.24, 0.09))), d.rng)
    h = d.between(1.7, 2.1) * r
    profile = scaled_profile([(0, 0), (0.42, 0.02), (0.85, 0.22), (1, 0.5), (0.86, 0.78), (0.45, 0.97), (0, 1)], r, h)
    if d.chance(0.4):
        cut = 0.62 * h
        low = [point for point in profile if point[1] < 0.6 * h] + [(0.97 * r, cut)]
        flesh = meshes.lathe([(0.97 * r, cut), (0.86 * r, cut + 0.0005), (0.84 * r, cut + 0.0005)], 18)
        red = meshes.lathe([(0.86 * r, cut + 0.0006), (0, cut + 0.0008)], 18)
        visuals = (
            Visual(meshes.lathe(low, 18, 70.0), WHITE, rind, 0.4),
            Visual(flesh, (0.9, 0.95, 0.8)),
            Visual(red, (0.86, 0.16, 0.2), shine=0.5),
        )
        return turned(visuals, low, grip=0.6 * cut)
    return turned(
        (Visual(meshes.lathe(profile, 18, 70.0), WHITE, rind, 0.4), Visual(stalk(h, d), STALK)), profile, grip=0.5 * h
    )


@family(
    "banana", FRUIT, mass=0.1, materials=("peel",), natural={"yellow": (0.96, 0.82, 0.18), "green": (0.58, 0.7, 0.2)}
)
def banana(d: Draw) -> Shape:
    """Lying on its side, bent in the table plane; ripe ones have spots."""
    bend, r, reach = d.between(0.058, 0.09), d.between(0.0145, 0.017), d.between(0.055, 0.066)
    angle = np.linspace(-reach / bend, reach / bend, 11)
    arc = np.stack([bend * np.sin(angle), bend * (1 - np.cos(angle)), np.full_like(angle, r)], -1)
    radii = r * np.array([0.32, 0.55, 0.8, 0.95, 1.0, 1.0, 1.0, 0.93, 0.78, 0.5, 0.3])
    body = meshes.tube(arc, radii, d.pick((5, 6, 8)))
    spots = (
        prints.pattern_print("speckle", d.rgb, (0.4, 0.26, 0.1), d.rng)
        if d.chance(0.35) and d.colour == "yellow"
        else None
    )
    tips = meshes.merge(*(meshes.ellipsoid((0.38 * r,) * 3, tuple(arc[k]), 8, 5) for k in (0, -1)))
    pieces = [block((0.05, 1.7 * r, 2 * r), (0, 0.003, r))]
    for side in (-1, 1):
        turn = side * 0.68 * reach / bend
        centre = (float(bend * np.sin(turn)), float(bend * (1 - np.cos(turn))), r)
        quat = (float(np.cos(turn / 2)), 0.0, 0.0, float(np.sin(turn / 2)))
        pieces.append(Collider("box", (0.02, 0.75 * r, 0.9 * r), centre, quat))
    visuals = (Visual(body, d.rgb if spots is None else WHITE, spots, 0.2), Visual(tips, STALK))
    return Shape(visuals, tuple(pieces), Grasp((0.0, 0.002, max(0.015, r)), ACROSS_Y, 2.1 * r))
