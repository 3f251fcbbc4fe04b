"""Animals and figures, soft or carved. They look towards +x."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, DARK, RGB, WHITE, shade
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import blob, rod, standing, turned
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, foot

ANIMAL = "toys/animals"
SOFT = ("cloth", "plastic", "wood", "rubber")
PELT = ("dots", "stripes", "flowers", "hearts", "stars")
ORANGE: RGB = (0.95, 0.5, 0.05)


def egg_shape(radii: tuple[float, float, float], centre: tuple[float, float, float], fine: bool = False) -> Mesh:
    """A part of an animal: an ellipsoid with few or some more faces."""
    return meshes.ellipsoid(radii, centre, *((14, 8) if fine else (8, 6)))


def pair(radii: tuple[float, float, float], x: float, y: float, z: float) -> Mesh:
    """The same small part on both sides."""
    return meshes.merge(egg_shape(radii, (x, -y, z)), egg_shape(radii, (x, y, z)))


def eyes(d: Draw, size: float, x: float, y: float, z: float) -> Visual:
    """A pair of eyes."""
    return Visual(pair((size,) * 3, x, y, z), DARK if not d.dark else WHITE, shine=0.9)


def standing_animal(d: Draw, body: tuple[float, float, float], legs: float) -> tuple[list[Mesh], list[Collider]]:
    """A body of half axes (x, y, z) on four legs of that length, with the pieces that fill them."""
    x, y, z = body
    thick = 0.36 * y
    trunk = egg_shape(body, (0, 0, legs + 0.9 * z), True)
    feet = [
        meshes.lathe([(0, 0), (thick, 0), (thick, legs + 0.5 * z), (0, legs + 0.6 * z)], 8).moved(
            (sx * 0.58 * x, sy * 0.55 * y, 0)
        )
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    high = legs + 1.8 * z
    pieces = [
        block((1.6 * x, 1.9 * y, high - 0.4 * legs), (0, 0, (high + 0.4 * legs) / 2)),
        block((1.5 * x, 1.8 * y, legs), (0, 0, legs / 2)),
    ]
    return [trunk, *feet], pieces


def four_legged(
    d: Draw, parts: list[Mesh], extra: list[Visual], pieces: list[Collider], y: float, grip: float
) -> Shape:
    """The finished animal, taken across its back."""
    return Shape(
        (*d.paint(meshes.merge(*parts)), *extra), tuple(pieces), Grasp((0, 0, max(0.015, grip)), ACROSS_Y, 2 * y)
    )


@family("duck", ANIMAL, mass=0.06, colours=ALL, materials=("rubber", "plastic"), synonyms=("rubber duck", "bath duck"))
def duck(d: Draw) -> Shape:
    """A bath duck, its beak orange or yellow."""
    r, long, high = d.between(0.0205, 0.0228), d.between(1.3, 1.5), d.between(0.8, 0.95)
    head, lift = d.between(0.62, 0.74) * r, d.between(1.85, 2.05) * high * r
    at = d.between(0.6, 0.8) * r
    body = egg_shape((long * r, r, high * r), (0, 0, 0.95 * high * r), True)
    tail = egg_shape((0.5 * r, 0.5 * r, 0.3 * r), (-0.9 * long * r, 0, 1.3 * high * r))
    wings = pair((0.55 * r, 0.2 * r, 0.36 * r), -0.25 * r, 0.86 * r, 1.1 * high * r)
    beak = egg_shape((0.42 * r, 0.34 * r, 0.15 * r), (at + head, 0, lift - 0.08 * r))
    orange = ORANGE if d.colour != "orange" else (0.98, 0.85, 0.2)
    visuals = (
        *d.paint(meshes.merge(body, tail, wings, egg_shape((head,) * 3, (at, 0, lift), True))),
        Visual(beak, orange),
        eyes(d, 0.12 * r, at + 0.7 * head, 0.6 * head, lift + 0.3 * head),
    )
    pieces = (
        Collider("ellipsoid", (long * r, r, high * r), (0, 0, high * r)),
        foot(1.4 * r),
        Collider("sphere", (head,), (at, 0, lift)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.9 * high * r), ACROSS_Y, 2 * r), rolls=True)


@family("rabbit", ANIMAL, mass=0.07, colours=ALL, materials=SOFT, patterns=PELT, synonyms=("bunny",))
def rabbit(d: Draw) -> Shape:
    """Crouching, long ears up, a white tail."""
    r, long = d.between(0.0195, 0.0225), d.between(1.2, 1.4)
    head, ear = d.between(0.62, 0.72) * r, d.between(0.9, 1.3) * r
    at, z = 0.85 * long * r, 1.75 * r
    ears = [
        egg_shape((0.16 * r, 0.22 * r, ear / 2), (0, 0, ear / 2)).moved(
            (at - 0.2 * r, s * 0.3 * head, z + 0.6 * head), _lean(-0.3)
        )
        for s in (-1, 1)
    ]
    parts = [
        egg_shape((long * r, r, 0.98 * r), (0, 0, 0.95 * r), True),
        egg_shape((head * 1.1, 0.95 * head, head), (at, 0, z), True),
        *ears,
        pair((0.4 * r, 0.25 * r, 0.2 * r), 0.8 * long * r, 0.42 * r, 0.2 * r),
    ]
    tail = egg_shape((0.3 * r,) * 3, (-long * r, 0, 0.9 * r))
    nose = egg_shape((0.1 * head,) * 3, (at + 1.1 * head, 0, z))
    visuals = (
        *d.paint(meshes.merge(*parts)),
        Visual(tail, WHITE if not d.light else CREAM, shine=0.0),
        Visual(nose, (0.9, 0.45, 0.5)),
        eyes(d, 0.13 * head, at + 0.7 * head, 0.66 * head, z + 0.3 * head),
    )
    pieces = (
        Collider("ellipsoid", (long * r, r, r), (0, 0, r)),
        foot(1.5 * r),
        Collider("sphere", (0.95 * head,), (at, 0, z)),
    )
    return Shape(visuals, pieces, Grasp((-0.1 * r, 0, r), ACROSS_Y, 2 * r), rolls=True)


def _lean(angle: float) -> np.ndarray:
    """[3,3] rotation about y."""
    return np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])


@family(
    "cat", ANIMAL, mass=0.08, colours=ALL, materials=SOFT, patterns=("stripes", "dots"), synonyms=("toy cat", "kitten")
)
def cat(d: Draw) -> Shape:
    """Sitting upright, pointed ears, its tail around it."""
    r, h, head = d.between(0.019, 0.0215), d.between(0.05, 0.06), d.between(0.0125, 0.0145)
    profile = [(0, 0), (0.9 * r, 0), (r, 0.15 * h), (0.8 * r, 0.4 * h), (0.5 * r, 0.68 * h), (0, 0.72 * h)]
    z = h - 0.85 * head
    ears = [
        meshes.lathe([(0.4 * head, 0), (0, 0.75 * head)], 6).moved((0.1 * r, s * 0.55 * head, z + 0.6 * head))
        for s in (-1, 1)
    ]
    t = np.linspace(0.3, 3.4, 8)
    tail = meshes.tube(
        np.stack([-1.12 * r * np.cos(t + 0.4), 1.12 * r * np.sin(t + 0.4), np.full(8, 0.004)], -1), 0.004, 6
    )
    paws = pair((0.35 * r, 0.22 * r, 0.2 * r), 0.85 * r, 0.32 * r, 0.2 * r)
    parts = [
        meshes.lathe(profile, 16, 60.0),
        egg_shape((head, 1.1 * head, 0.92 * head), (0.12 * r, 0, z), True),
        *ears,
        tail,
        paws,
    ]
    muzzle = pair((0.22 * head, 0.26 * head, 0.2 * head), 0.12 * r + 0.92 * head, 0.18 * head, z - 0.25 * head)
    visuals = (
        *d.paint(meshes.merge(*parts)),
        Visual(muzzle, WHITE if not d.light else CREAM),
        eyes(d, 0.14 * head, 0.12 * r + 0.8 * head, 0.45 * head, z + 0.2 * head),
    )
    return turned(
        visuals,
        [*profile[1:4], (0.6 * r, 0.62 * h), (head, 0.75 * h), (0.8 * head, h)],
        grip=max(0.35 * h, h - 0.055),
        yaw=ACROSS_Y,
    )


@family(
    "pig",
    ANIMAL,
    mass=0.08,
    colours=("pink", *[name for name in ALL if name != "pink"]),
    materials=SOFT,
    patterns=("dots",),
    synonyms=("piglet",),
)
def pig(d: Draw) -> Shape:
    """On four short legs, a snout and a curl."""
    y = d.between(0.0185, 0.0215)
    x, z, legs = d.between(1.4, 1.6) * y, d.between(0.88, 1.0) * y, d.between(0.006, 0.009)
    parts, pieces = standing_animal(d, (x, y, z), legs)
    middle = legs + 0.95 * z
    snout = meshes.lying(meshes.lathe([(0.42 * y, 0), (0.42 * y, 0.3 * y), (0, 0.3 * y)], 10)).moved(
        (0.92 * x, 0, middle)
    )
    ears = [
        meshes.lathe([(0.28 * y, 0), (0, 0.5 * y)], 5).moved((0.6 * x, s * 0.5 * y, legs + 1.65 * z)) for s in (-1, 1)
    ]
    t = np.linspace(0, 9, 12)
    curl = meshes.tube(
        np.stack([-x - 0.0006 * t, 0.0025 * np.cos(t), middle + 0.3 * z + 0.0025 * np.sin(t)], -1), 0.001, 4
    )
    holes = pair((0.04 * y, 0.1 * y, 0.12 * y), 0.92 * x + 0.31 * y, 0.15 * y, middle)
    extra = [
        Visual(meshes.merge(snout, curl), shade(d.rgb, 0.82) if not d.dark else shade(d.rgb, 1.4)),
        Visual(holes, DARK),
        eyes(d, 0.1 * y, 0.82 * x, 0.42 * y, middle + 0.48 * z),
    ]
    return four_legged(d, [*parts, *ears], extra, pieces, y, legs + 0.9 * z)


@family(
    "elephant",
    ANIMAL,
    mass=0.1,
    colours=("grey", *[name for name in ALL if name != "grey"]),
    materials=SOFT,
    patterns=PELT,
)
def elephant(d: Draw) -> Shape:
    """Big ears and a trunk, raised or hanging."""
    y = d.between(0.0185, 0.021)
    x, z, legs = d.between(1.3, 1.45) * y, d.between(1.0, 1.1) * y, d.between(0.01, 0.013)
    parts, pieces = standing_animal(d, (x, y, z), legs)
    head, at, up = 0.72 * y, 1.15 * x, legs + 1.25 * z
    rise = d.pick((0.55, -0.75)) * z
    trunk = meshes.tube(
        np.array(
            [
                [at + 0.5 * head, 0, up - 0.1 * z],
                [at + 1.25 * head, 0, up - 0.3 * z],
                [at + 1.7 * head, 0, up - 0.3 * z + 0.5 * rise],
                [at + 1.85 * head, 0, up - 0.2 * z + rise],
            ]
        ),
        np.array([0.42, 0.33, 0.27, 0.22]) * head,
        7,
    )
    ears = pair((0.16 * y, 0.5 * y, 0.62 * y), at - 0.15 * head, 0.95 * head, up + 0.05 * z)
    parts += [egg_shape((head, 0.9 * head, head), (at, 0, up), True), trunk]
    extra = [
        Visual(ears, shade(d.rgb, 0.8) if not d.dark else shade(d.rgb, 1.3), shine=0.1),
        eyes(d, 0.1 * head, at + 0.75 * head, 0.55 * head, up + 0.3 * head),
    ]
    pieces.append(Collider("sphere", (0.85 * head,), (at, 0, up)))
    return four_legged(d, parts, extra, pieces, y, legs + 0.95 * z)


@family(
    "turtle",
    ANIMAL,
    mass=0.08,
    colours=("green", *[name for name in ALL if name != "green"]),
    materials=("plastic", "wood", "rubber", "cloth"),
    patterns=("diamonds", "check", "dots"),
    synonyms=("tortoise",),
)
def turtle(d: Draw) -> Shape:
    """A domed shell in the main colour, head and feet in another."""
    r, h = d.between(0.0205, 0.0228), d.between(0.028, 0.035)
    stretch = d.between(1.1, 1.3)
    dome = meshes.lathe(
        [(0.92 * r, 0.16 * h), (r, 0.28 * h), (0.9 * r, 0.6 * h), (0.55 * r, 0.9 * h), (0, h)], 16, 60.0
    ).scaled((stretch, 1, 1))
    under = meshes.lathe([(0, 0.1 * h), (0.92 * r, 0.18 * h)], 14).scaled((stretch, 1, 1))
    body: RGB = d.pick(((0.6, 0.7, 0.35), (0.75, 0.65, 0.4), (0.45, 0.55, 0.3), CREAM))
    feet = [
        egg_shape((0.34 * r, 0.28 * r, 0.16 * h), (sx * 0.75 * stretch * r, sy * 0.62 * r, 0.16 * h))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    head = egg_shape((0.42 * r, 0.36 * r, 0.36 * r), (1.32 * stretch * r, 0, 0.5 * h))
    tail = meshes.lying(meshes.lathe([(0.12 * r, 0), (0, 0.4 * r)], 6)).moved(
        (-1.0 * stretch * r, 0, 0.22 * h), np.diag([-1.0, -1.0, 1.0])
    )
    visuals = (
        *d.paint(dome),
        Visual(meshes.merge(under, head, tail, *feet), body, shine=0.2),
        eyes(d, 0.06 * r, 1.6 * stretch * r, 0.24 * r, 0.6 * h),
    )
    pieces = (
        block((1.7 * stretch * r, 1.5 * r, 0.3 * h), (0, 0, 0.15 * h)),
        block((1.5 * stretch * r, 1.86 * r, 0.4 * h), (0, 0, 0.4 * h)),
        block((0.9 * stretch * r, 1.2 * r, 0.35 * h), (0, 0, 0.76 * h)),
        block((0.6 * r, 0.6 * r, 0.6 * r), (1.25 * stretch * r, 0, 0.5 * h)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.5 * h), ACROSS_Y, 1.96 * r))


@family(
    "snail",
    ANIMAL,
    mass=0.06,
    colours=ALL,
    materials=("plastic", "wood", "cloth"),
    patterns=("stripes", "waves", "dots"),
)
def snail(d: Draw) -> Shape:
    """A coiled house in the main colour on a soft foot."""
    r, y = d.between(0.0175, 0.0205), d.between(0.03, 0.034)
    disc = standing(
        meshes.lathe(
            [
                (0, -0.5 * y),
                (0.3 * r, -0.48 * y),
                (0.8 * r, -0.36 * y),
                (r, -0.1 * y),
                (r, 0.1 * y),
                (0.8 * r, 0.36 * y),
                (0.3 * r, 0.48 * y),
                (0, 0.5 * y),
            ],
            18,
            50.0,
        )
    ).moved((0, 0, r + 0.005))
    long = d.between(1.7, 2.0) * r
    sole = blob((2.2 * long * 0.9, 0.6 * y, 0.012), 0.8, 0.7, 14, 6)
    neck = meshes.tube(
        np.array([[0.6 * long, 0, 0.006], [0.95 * long, 0, 0.012], [1.05 * long, 0, 0.024]]),
        np.array([0.2, 0.19, 0.17]) * y,
        8,
    )
    head = egg_shape((0.22 * y,) * 3, (1.06 * long, 0, 0.026))
    horns = [rod((1.08 * long, s * 0.08 * y, 0.028), (1.2 * long, s * 0.16 * y, 0.04), 0.0012, 5) for s in (-1, 1)]
    body: RGB = d.pick(((0.85, 0.75, 0.55), (0.7, 0.6, 0.45), (0.75, 0.8, 0.5), (0.9, 0.7, 0.65)))
    visuals = (
        *d.paint(disc),
        Visual(meshes.merge(sole, neck, head, *horns), body, shine=0.3),
        eyes(d, 0.0018, 1.2 * long, 0.16 * y, 0.041),
    )
    pieces = (
        block((1.8 * long, 0.6 * y, 0.011), (0, 0, 0.0055)),
        Collider("cylinder", (r, 0.44 * y), (0, 0, r + 0.005), (float(np.sqrt(0.5)), float(np.sqrt(0.5)), 0, 0)),
        block((0.5 * y, 0.36 * y, 0.03), (1.0 * long, 0, 0.016)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.005 + r), ACROSS_Y, 0.96 * y))
