"""Figures that stand upright: people, robots, upright animals. They look towards +x."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import DARK, RGB, SILVER, WHITE, shade
from sightline.engine.assets.families.animals import ANIMAL, ORANGE, egg_shape, eyes, pair
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import rod, turned
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

FIGURE = "toys/figures"
SKINS: tuple[RGB, ...] = ((0.96, 0.8, 0.66), (0.8, 0.58, 0.42), (0.5, 0.33, 0.22))


@family(
    "teddy bear",
    ANIMAL,
    mass=0.08,
    colours=("brown", *[name for name in ALL if name != "brown"]),
    materials=("cloth",),
    synonyms=("bear", "teddy"),
)
def teddy_bear(d: Draw) -> Shape:
    """Sitting upright with round ears, a light muzzle and belly."""
    r, h = d.between(0.0185, 0.021), d.between(0.052, 0.062)
    head = d.between(0.78, 0.9) * r
    z = h - head
    parts = [
        egg_shape((r, r, 0.34 * h), (0, 0, 0.34 * h), True),
        egg_shape((head, head, 0.95 * head), (0.1 * r, 0, z), True),
        pair((0.28 * r, 0.34 * r, 0.34 * r), 0, 0.68 * head, z + 0.72 * head),
        pair((0.5 * r, 0.28 * r, 0.28 * r), 0.7 * r, 0.5 * r, 0.28 * r),
        pair((0.3 * r, 0.24 * r, 0.55 * r), 0.35 * r, 0.88 * r, 0.4 * h),
    ]
    pale = shade(d.rgb, 2.2) if not d.light else shade(d.rgb, 0.75)
    muzzle = meshes.merge(
        egg_shape((0.4 * head, 0.45 * head, 0.36 * head), (0.1 * r + 0.8 * head, 0, z - 0.25 * head)),
        egg_shape((0.3 * r, 0.6 * r, 0.2 * h), (0.78 * r, 0, 0.36 * h)),
    )
    nose = egg_shape((0.12 * head, 0.17 * head, 0.12 * head), (0.1 * r + 1.17 * head, 0, z - 0.14 * head))
    visuals = [
        *d.paint(meshes.merge(*parts)),
        Visual(muzzle, pale, shine=0.0),
        Visual(nose, DARK),
        eyes(d, 0.1 * head, 0.1 * r + 0.88 * head, 0.36 * head, z + 0.2 * head),
    ]
    if d.chance(0.4):
        knot = meshes.merge(
            pair((0.12 * r, 0.3 * r, 0.2 * r), 0.9 * r, 0.28 * r, z - 0.95 * head),
            egg_shape((0.14 * r,) * 3, (0.95 * r, 0, z - 0.95 * head)),
        )
        visuals.append(Visual(knot, d.accent))
    pieces = (block((2.0 * r, 1.8 * r, 0.6 * h), (0.15 * r, 0, 0.3 * h)), Collider("sphere", (head,), (0.1 * r, 0, z)))
    return Shape(tuple(visuals), pieces, Grasp((0.1 * r, 0, max(0.4 * h, h - 0.055)), ACROSS_Y, 1.95 * r))


@family(
    "penguin",
    ANIMAL,
    mass=0.07,
    colours=("black", "blue", "grey", "purple", "turquoise", "red", "green", "pink"),
    materials=("plastic", "cloth", "wood"),
)
def penguin(d: Draw) -> Shape:
    """Upright, white in front, flippers at the sides."""
    r, h = d.between(0.0185, 0.0215), d.between(0.054, 0.066)
    profile = [
        (0, 0.01 * h),
        (0.8 * r, 0.02 * h),
        (r, 0.25 * h),
        (0.86 * r, 0.55 * h),
        (0.66 * r, 0.72 * h),
        (0.6 * r, 0.86 * h),
        (0.3 * r, 0.98 * h),
        (0, h),
    ]
    belly = meshes.merge(
        egg_shape((0.3 * r, 0.72 * r, 0.3 * h), (0.78 * r, 0, 0.34 * h), True),
        egg_shape((0.3 * r, 0.44 * r, 0.1 * h), (0.4 * r, 0, 0.8 * h)),
    )
    wings = [egg_shape((0.35 * r, 0.12 * r, 0.22 * h), (-0.05 * r, s * 0.94 * r, 0.42 * h)) for s in (-1, 1)]
    beak = meshes.lying(meshes.lathe([(0.16 * r, 0), (0, 0.45 * r)], 6)).moved((0.62 * r, 0, 0.78 * h))
    feet = pair((0.4 * r, 0.26 * r, 0.05 * h), 0.6 * r, 0.4 * r, 0.05 * h)
    visuals = (
        *d.paint(meshes.lathe(profile, 16, 60.0), meshes.merge(*wings)),
        Visual(belly, WHITE, shine=0.1),
        Visual(meshes.merge(beak, feet), ORANGE),
        Visual(pair((0.08 * r,) * 3, 0.62 * r, 0.26 * r, 0.86 * h), DARK),
    )
    return turned(visuals, [(0.95 * r, 0), *profile[2:]], grip=max(0.4 * h, h - 0.055), yaw=ACROSS_Y)


@family("droid", FIGURE, mass=0.09, colours=ALL, materials=("metal", "plastic"), synonyms=("android",))
def droid(d: Draw) -> Shape:
    """A boxy figure with dials, a visor or round eyes and an antenna."""
    y, x, h = d.between(0.032, 0.037), d.between(0.024, 0.03), d.between(0.058, 0.07)
    leg, top = 0.2 * h, 0.62 * h
    trunk = meshes.box((x, y, top - leg), 0.002).moved((0, 0, leg))
    wide, tall = d.between(0.62, 0.85) * y, h - top - 0.005
    head = d.pick(
        (
            meshes.box((0.8 * x, wide, tall), 0.002),
            meshes.lathe([(wide / 2, 0), (wide / 2, 0.5 * tall), (0.3 * wide, 0.9 * tall), (0, tall)], 14, 60.0),
        )
    ).moved((0, 0, top + 0.004))
    limbs = [meshes.box((0.9 * x, 0.36 * y, leg), 0.002).moved((0.05 * x, s * 0.26 * y, 0)) for s in (-1, 1)] + [
        meshes.box((0.4 * x, 0.16 * y, 0.4 * h), 0.002).moved((0, s * 0.58 * y, 0.22 * h)) for s in (-1, 1)
    ]
    neck = rod((0, 0, top - 0.001), (0, 0, top + 0.006), 0.15 * y, 8)
    screen = meshes.plain_box((0.002, 0.55 * y, 0.3 * (top - leg)), (x / 2, 0, leg + 0.62 * (top - leg)))
    lights = [egg_shape((0.0015, 0.003, 0.003), (0.42 * x, s * 0.24 * wide, top + 0.004 + 0.6 * tall)) for s in (-1, 1)]
    lights += [
        egg_shape((0.0015, 0.002, 0.002), (x / 2, (k - 1) * 0.2 * y, leg + 0.24 * (top - leg))) for k in range(3)
    ]
    aerial = meshes.merge(
        rod((0, 0, h - 0.002), (0, 0, h + 0.008), 0.001, 5), egg_shape((0.002,) * 3, (0, 0, h + 0.009))
    )
    visuals = (
        *d.paint(trunk, head),
        d.coat(meshes.merge(*limbs), shade(d.rgb, 0.6) if not d.dark else SILVER),
        d.coat(meshes.merge(neck, screen), DARK if not d.dark else SILVER),
        d.coat(meshes.merge(*lights, aerial), d.accent, "glass"),
    )
    pieces = (block((x, 1.3 * y, top), (0, 0, top / 2)), block((0.8 * x, wide, h - top), (0, 0, (h + top) / 2)))
    return Shape(visuals, pieces, Grasp((0, 0, max(0.5 * top, h - 0.052)), ACROSS_Y, 1.32 * y))


@family(
    "figure",
    FIGURE,
    mass=0.07,
    colours=ALL,
    materials=("plastic", "wood"),
    patterns=("stripes", "dots", "check", "hearts"),
    synonyms=("toy man", "peg figure"),
)
def figure(d: Draw) -> Shape:
    """A peg figure: its colour is that of the coat; with a hat, a cap or hair."""
    r, h, head = d.between(0.0175, 0.0205), d.between(0.052, 0.064), d.between(0.0115, 0.0135)
    neck = h - 1.75 * head
    coat = [(0, 0), (r, 0), (r, 0.05 * h), (d.between(0.75, 0.95) * r, 0.55 * neck), (0.5 * r, neck)]
    z = neck + 0.8 * head
    arms = [
        meshes.tube(
            np.array(
                [
                    [0.1 * r, s * 0.55 * r, 0.88 * neck],
                    [0.3 * r, s * 0.95 * r, 0.6 * neck],
                    [0.5 * r, s * 0.9 * r, 0.42 * neck],
                ]
            ),
            0.0034,
            6,
        )
        for s in (-1, 1)
    ]
    skin = d.pick(SKINS)
    hair: RGB = d.pick((DARK, (0.4, 0.24, 0.1), (0.85, 0.65, 0.25), (0.6, 0.6, 0.62), (0.6, 0.22, 0.1)))
    crown = {
        0: meshes.lathe(
            [(1.03 * head, 0.1 * head), (0.95 * head, 0.6 * head), (0.5 * head, 1.0 * head), (0, 1.12 * head)], 12, 60.0
        ).moved((-0.1 * head, 0, z)),
        1: meshes.lathe(
            [
                (1.5 * head, 0.5 * head),
                (1.5 * head, 0.58 * head),
                (0.8 * head, 0.6 * head),
                (0.75 * head, 1.3 * head),
                (0, 1.32 * head),
            ],
            14,
        ).moved((0, 0, z)),
        2: meshes.lathe(
            [(1.05 * head, 0.35 * head), (0.9 * head, 0.9 * head), (0.3 * head, 1.5 * head), (0, 1.55 * head)], 12, 60.0
        ).moved((0, 0, z)),
    }
    style = d.whole(0, 2)
    visuals = (
        *d.paint(meshes.lathe(coat, 16), meshes.merge(*arms)),
        Visual(egg_shape((head,) * 3, (0, 0, z), True), skin, shine=0.2),
        Visual(crown[style], hair if style == 0 else d.accent, shine=0.2),
        Visual(pair((0.11 * head,) * 3, 0.9 * head, 0.34 * head, z + 0.1 * head), DARK),
    )
    return turned(
        visuals,
        [(0, 0), (1.05 * r, 0), (1.0 * r, 0.6 * neck), (0.7 * r, neck), (head, z), (0.8 * head, h)],
        grip=max(0.45 * neck, h - 0.056),
        yaw=ACROSS_Y,
        pieces=6,
    )


@family("snowman", FIGURE, mass=0.08, colours=ALL, materials=("plastic",), synonyms=("snow man",))
def snowman(d: Draw) -> Shape:
    """White balls with a hat and a scarf; its colour is that of the scarf and hat."""
    r, head = d.between(0.0195, 0.0225), d.between(0.0125, 0.0145)
    low = 0.92 * r
    z = 2 * low * 0.9 + 0.75 * head
    snow = meshes.merge(
        meshes.lathe(
            [(0, 0), (0.6 * r, 0), (0.94 * r, 0.4 * low), (r, 0.9 * low), (0.8 * r, 1.5 * low), (0.4 * r, 1.95 * low)],
            16,
            60.0,
        ),
        egg_shape((head,) * 3, (0, 0, z), True),
    )
    scarf = meshes.merge(
        meshes.lathe(
            [(0.75 * head, z - 0.95 * head), (0.95 * head, z - 0.8 * head), (0.8 * head, z - 0.55 * head)], 14, 90.0
        ),
        meshes.box((0.003, 0.007, 0.016), 0.001).moved((0.72 * r, 0.4 * r, 1.1 * low)),
    )
    hat = meshes.lathe(
        [
            (1.1 * head, z + 0.62 * head),
            (1.1 * head, z + 0.72 * head),
            (0.66 * head, z + 0.74 * head),
            (0.62 * head, z + 1.5 * head),
            (0, z + 1.52 * head),
        ],
        14,
    )
    nose = meshes.lying(meshes.lathe([(0.16 * head, 0), (0, 0.9 * head)], 6)).moved((0.9 * head, 0, z))
    coal = meshes.merge(
        pair((0.12 * head,) * 3, 0.88 * head, 0.36 * head, z + 0.3 * head),
        *(egg_shape((0.0016,) * 3, (0.97 * r * c, 0, at * low)) for at, c in ((0.7, 1.0), (1.1, 1.0), (1.45, 0.84))),
    )
    visuals = (
        Visual(snow, (0.95, 0.96, 0.98), shine=0.2),
        *d.paint(meshes.merge(scarf, hat)),
        Visual(nose, ORANGE),
        Visual(coal, DARK),
    )
    return turned(
        visuals,
        [(0.85 * r, 0), (r, 0.9 * low), (0.8 * r, 1.5 * low), (head, z), (0.66 * head, z + 1.5 * head)],
        grip=max(0.9 * low, z + 1.5 * head - 0.055),
        yaw=ACROSS_Y,
        pieces=7,
    )
