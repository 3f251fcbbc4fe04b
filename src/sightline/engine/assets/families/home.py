"""Things that stand about at home: lights, plants, ornaments."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import CREAM, DARK, LEAF, RGB, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.families.family import ALL, DECORATED, Draw, family
from sightline.engine.assets.families.forms import boxed, disc, prism, rod, standing, star, turned
from sightline.engine.assets.families.growth import GREENS, leaf
from sightline.engine.assets.model import Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

LIGHT = "home/lights"
PLANT = "home/plants"
DECOR = "home/ornaments"
GOLD: RGB = (0.86, 0.68, 0.28)


@family("candle", LIGHT, mass=0.1, colours=ALL, materials=("wax",), patterns=("bands", "speckle", "stripes", "dipped"))
def candle(d: Draw) -> Shape:
    """A pillar or a stub on a saucer, burnt down more or less."""
    r, h = d.between(0.0165, 0.0225), d.between(0.046, 0.072)
    wax = [
        (0, 0),
        (r, 0),
        (r, 0.95 * h),
        (0.9 * r, h),
        (0.75 * r, h),
        (0.3 * r, d.between(0.88, 0.96) * h),
        (0, 0.92 * h),
    ]
    wick = meshes.tube(np.array([[0, 0, 0.92 * h], [0, 0, 1.02 * h], [0.002, 0, 1.02 * h + 0.006]]), 0.0013, 5)
    visuals = [*d.paint(meshes.lathe(wax, 20)), Visual(wick, DARK)]
    if d.chance(0.35):
        flame = meshes.lathe([(0, h), (0.0035, h + 0.006), (0.0022, h + 0.011), (0, h + 0.017)], 8, 60.0)
        visuals.append(Visual(flame, (1.0, 0.78, 0.25)))
    if d.chance(0.4):
        saucer = [(0, 0), (0.0215, 0), (0.0232, 0.005), (0.0215, 0.005), (r, 0.002)]
        visuals.append(d.metal(meshes.lathe(saucer, 20), d.pick((GOLD, SILVER))))
    return turned(visuals, [(r, 0), (r, h)], grip=max(0.6 * h, h - 0.03), pieces=1)


@family(
    "lamp",
    LIGHT,
    mass=0.1,
    colours=ALL,
    materials=("cloth", "paper", "metal"),
    patterns=("stripes", "dots", "plaid"),
    synonyms=("table lamp",),
)
def lamp(d: Draw) -> Shape:
    """A shade in the main colour on a turned foot."""
    r, h = d.between(0.0205, 0.0232), d.between(0.066, 0.08)
    start, top = d.between(0.48, 0.56) * h, d.between(0.5, 0.85) * r
    shade_ = meshes.lathe([(r, start), (top, h), (0.94 * top, h), (0.95 * r, start)], d.pick((8, 20)), 30.0)
    base = d.between(0.7, 0.86) * r
    waist = d.between(0.25, 0.6) * r
    stand = [
        (0, 0),
        (base, 0),
        (base, 0.04 * h),
        (0.3 * r, 0.1 * h),
        (waist, 0.26 * h),
        (0.2 * r, 0.42 * h),
        (0.18 * r, 0.9 * h),
        (0, 0.9 * h),
    ]
    bulb = meshes.ellipsoid((0.4 * r, 0.4 * r, 0.5 * r), (0, 0, 0.72 * h), 8, 6)
    body = meshes.lathe(stand, 16, 60.0)
    column = d.pick(
        (d.metal(body, d.pick((GOLD, SILVER))), d.made_of("wood", body, WOOD), d.coat(body, d.accent, "ceramic"))
    )
    visuals = (*d.paint(shade_), column, Visual(bulb, (1.0, 0.95, 0.75)))
    profile = [(base, 0), (0.9 * base, 0.1 * h), (waist, 0.28 * h), (0.3 * r, start - 0.002), (r, start), (top, h)]
    return turned(visuals, profile, grip=max(0.68 * h, h - 0.05), pieces=9)


@family("alarm clock", "home/clocks", mass=0.1, colours=ALL, materials=("plastic", "metal"), synonyms=("clock",))
def alarm_clock(d: Draw) -> Shape:
    """Round with two bells, or a block; the dial faces -y."""
    r, y = d.between(0.0195, 0.0225), d.between(0.028, 0.033)
    face = Visual(
        standing(disc(0.82 * r)).moved((0, -y / 2 - 0.0006, r + 0.005)),
        WHITE,
        prints.dial_print(d.pick((WHITE, CREAM)), DARK, d.rng),
        0.3,
    )
    if d.chance(0.6):
        case = standing(
            meshes.lathe([(0, 0), (0.92 * r, 0), (r, 0.1 * y), (r, 0.9 * y), (0.92 * r, y), (0, y)], 20)
        ).moved((0, y / 2, r + 0.005))
        legs = [rod((s * 0.62 * r, 0, 0), (s * 0.45 * r, 0, 0.5 * r), 0.003, 6) for s in (-1, 1)]
        feet = [meshes.plain_box((0.008, 0.8 * y, 0.003), (s * 0.62 * r, 0, 0.0015)) for s in (-1, 1)]
        bells = [
            meshes.ellipsoid((0.42 * r, 0.42 * r, 0.34 * r), (s * 0.5 * r, 0, 2 * r + 0.003), 10, 6) for s in (-1, 1)
        ]
        grip_bar = meshes.tube(np.array([[-0.3 * r, 0, 2.1 * r], [0, 0, 2.6 * r], [0.3 * r, 0, 2.1 * r]]), 0.0014, 5)
        visuals = (*d.paint(case), face, d.metal(meshes.merge(*legs, *feet, *bells, grip_bar), d.pick((SILVER, GOLD))))
        pieces = (
            block((1.5 * r, 0.9 * y, 0.6 * r), (0, 0, 0.3 * r)),
            block((1.9 * r, 0.96 * y, 1.1 * r), (0, 0, r + 0.005)),
            block((1.5 * r, 0.8 * r, 0.9 * r), (0, 0, 1.9 * r)),
        )
        return Shape(visuals, pieces, Grasp((0, 0, 0.9 * r), ACROSS_Y, y))
    x, z = d.between(2.3, 2.6) * r, 2 * r + 0.01
    body = meshes.box((x, y, z), d.between(0.002, 0.006))
    button = meshes.box((0.4 * x, 0.4 * y, 0.004), 0.001).moved((0, 0, z))
    return boxed((*d.paint(body), face, d.coat(button, d.accent)), (x, y, z), grip=0.6 * z)


@family(
    "flowerpot",
    PLANT,
    mass=0.12,
    colours=ALL,
    materials=("clay", "ceramic", "plastic"),
    patterns=DECORATED,
    synonyms=("plant pot", "potted plant", "plant"),
)
def flowerpot(d: Draw) -> Shape:
    """A pot with a rim, earth and a plant: leaves, a flower or grass."""
    r, h = d.between(0.0205, 0.0232), d.between(0.034, 0.043)
    low = d.between(0.66, 0.82) * r
    pot = [(0, 0), (low, 0), (0.9 * r, 0.74 * h), (r, 0.75 * h), (r, h), (0.88 * r, h), (0.86 * r, 0.86 * h)]
    visuals = [
        *d.paint(meshes.lathe(pot, 20)),
        Visual(meshes.lathe([(0.87 * r, 0.87 * h), (0, 0.92 * h)], 14), (0.23, 0.15, 0.09), shine=0.0),
    ]
    style, green = d.whole(0, 2), d.pick(GREENS)
    if style == 0:
        leaves = [
            leaf(length, 2.4 * k, (0, 0, 0.9 * h), rise)
            for k, (length, rise) in enumerate(d.rng.uniform([0.016, 0.6], [0.026, 1.5], (d.whole(6, 9), 2)))
        ]
        visuals.append(Visual(meshes.merge(*leaves), green, shine=0.3))
    elif style == 1:
        top = h + d.between(0.014, 0.022)
        stem = meshes.merge(
            rod((0, 0, 0.9 * h), (0, 0, top), 0.0014, 5),
            leaf(0.014, 0.5, (0, 0, h + 0.002)),
            leaf(0.014, 3.5, (0, 0, h + 0.005)),
        )
        petals = prism(star(d.whole(5, 7), 0.006, 0.012), 0.003).moved((0, 0, top))
        heart = meshes.ellipsoid((0.0045, 0.0045, 0.003), (0, 0, top + 0.003), 8, 5)
        visuals += [Visual(stem, green), Visual(petals, d.accent), Visual(heart, (0.95, 0.8, 0.2))]
    else:
        blades = []
        for k in range(d.whole(7, 11)):
            lean, top = d.between(0.2, 0.9) * r, h + d.between(0.008, 0.02)
            blades.append(
                meshes.tube(
                    np.array(
                        [
                            [0.4 * lean * np.cos(2.4 * k), 0.4 * lean * np.sin(2.4 * k), 0.88 * h],
                            [lean * np.cos(2.4 * k), lean * np.sin(2.4 * k), top],
                        ]
                    ),
                    np.array([0.0016, 0.0004]),
                    4,
                )
            )
        visuals.append(Visual(meshes.merge(*blades), green))
    return turned(visuals, [(low, 0), (0.9 * r, 0.74 * h), (r, 0.76 * h), (r, h)], grip=0.6 * h)


@family("cactus", PLANT, mass=0.1, colours=ALL, materials=("clay", "ceramic"), patterns=("stripes", "zigzag", "bands"))
def cactus(d: Draw) -> Shape:
    """In a pot of the main colour: a ball or a column with arms, perhaps in flower."""
    r, h = d.between(0.0195, 0.022), d.between(0.028, 0.034)
    pot = [(0, 0), (0.78 * r, 0), (r, 0.8 * h), (r, h), (0.88 * r, h), (0.86 * r, 0.88 * h), (0, 0.9 * h)]
    green, count = d.pick(GREENS), d.whole(6, 8)
    if d.chance(0.5):
        size = d.between(0.6, 0.78) * r
        body = meshes.ellipsoid((size, size, 1.05 * size), (0, 0, h + 0.6 * size), 16, 8)
        swell = 1 - 0.09 * (1 + np.cos(count * np.arctan2(body.vertices[:, 1], body.vertices[:, 0])))
        body = meshes.Mesh(
            body.vertices * np.stack([swell, swell, np.ones_like(swell)], -1), body.faces, body.normals, body.uv
        )
        top, parts = h + 1.6 * size, [body]
    else:
        top, thick = h + d.between(0.022, 0.032), d.between(0.28, 0.36) * r
        parts = [
            meshes.lathe(
                [(thick, 0.85 * h), (thick, top - thick), (0.6 * thick, top - 0.2 * thick), (0, top)], 10, 60.0
            )
        ]
        for side, at in zip((-1, 1), d.rng.uniform(0.3, 0.6, 2), strict=True):
            z = h + at * (top - h)
            parts.append(
                meshes.tube(
                    np.array(
                        [
                            [0, 0, z],
                            [side * 0.66 * r, 0, z],
                            [side * 0.74 * r, 0, z + 0.003],
                            [side * 0.74 * r, 0, z + 0.009],
                        ]
                    ),
                    0.55 * thick,
                    7,
                )
            )
    visuals = [*d.paint(meshes.lathe(pot, 18)), Visual(meshes.merge(*parts), green, shine=0.1)]
    if d.chance(0.5):
        visuals.append(
            Visual(
                prism(star(6, 0.003, 0.0065), 0.0025).moved((0, 0, top - 0.001)),
                d.pick(((0.95, 0.4, 0.6), (0.98, 0.8, 0.2), (0.9, 0.2, 0.2))),
            )
        )
    return turned(
        visuals, [(0.8 * r, 0), (r, 0.8 * h), (r, h), (0.6 * r, h + 0.001), (0.5 * r, top)], grip=0.62 * h, pieces=6
    )


@family(
    "vase",
    DECOR,
    mass=0.13,
    colours=ALL,
    materials=("ceramic", "glass", "clay"),
    patterns=(*DECORATED, "marble", "diamonds"),
)
def vase(d: Draw) -> Shape:
    """Any turned shape that holds flowers."""
    r, h = d.between(0.0205, 0.0232), d.between(0.062, 0.082)
    belly, neck = d.between(0.25, 0.6), d.between(0.35, 0.6)
    foot_r, mouth = d.between(0.6, 0.8), d.between(0.5, 0.85)
    profile = [
        (0, 0),
        (foot_r * r, 0),
        (0.92 * r, (belly - 0.16) * h),
        (r, belly * h),
        (0.86 * r, (belly + 0.14) * h),
        (neck * r, 0.86 * h),
        (mouth * r, h),
    ]
    inner = [(mouth * r, h), ((mouth - 0.1) * r, h), ((neck - 0.1) * r, 0.86 * h), (0, 0.8 * h)]
    visuals = [
        *d.paint(meshes.lathe(profile, d.pick((20, 20, 8)), 50.0)),
        d.coat(meshes.lathe(inner, 16), shade(d.rgb, 0.5)),
    ]
    if d.chance(0.35):
        blooms = [
            meshes.ellipsoid(
                (0.006, 0.006, 0.005), (0.5 * mouth * r * np.cos(a), 0.5 * mouth * r * np.sin(a), h + 0.008), 8, 5
            )
            for a in (0.2, 2.3, 4.4)
        ]
        stems = [
            rod(
                (0.2 * r * np.cos(a), 0.2 * r * np.sin(a), 0.82 * h),
                (0.5 * mouth * r * np.cos(a), 0.5 * mouth * r * np.sin(a), h + 0.006),
                0.0009,
                4,
            )
            for a in (0.2, 2.3, 4.4)
        ]
        visuals += [Visual(meshes.merge(*blooms), d.accent), Visual(meshes.merge(*stems), LEAF)]
    return turned(visuals, profile, grip=max(belly * h, h - 0.042), pieces=8)
