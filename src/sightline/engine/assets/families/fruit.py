"""Fruit in its natural colours."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import WHITE, shade
from sightline.engine.assets.families.family import Draw, family
from sightline.engine.assets.families.forms import lumpy, lying, prism, star, turned
from sightline.engine.assets.families.growth import GREENS, STALK, leaf, ripe, scaled_profile, stalk
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, foot

FRUIT = "food/fruit"


@family(
    "apple",
    FRUIT,
    mass=0.12,
    materials=("peel",),
    natural={"red": (0.78, 0.10, 0.10), "green": (0.42, 0.66, 0.14), "yellow": (0.92, 0.78, 0.22)},
)
def apple(d: Draw) -> Shape:
    """A dimple, a stalk, sometimes a leaf."""
    r, h = d.between(0.0215, 0.0245), d.between(0.036, 0.044)
    shape = [
        (0, 0.06),
        (0.34, 0),
        (0.7, 0.1),
        (0.97, 0.4),
        (d.between(0.96, 1), 0.64),
        (0.8, 0.9),
        (0.45, 1),
        (0.15, 0.95),
        (0, 0.88),
    ]
    profile = scaled_profile(shape, r, h)
    second = {"red": (0.9, 0.72, 0.25), "green": (0.6, 0.72, 0.25), "yellow": (0.85, 0.3, 0.15)}[d.colour]
    skin = ripe(d, lumpy(meshes.lathe(profile, 18, 80.0), d.rng, 0.02), second)
    top = 0.9 * h
    visuals = [skin, Visual(stalk(top, d), STALK)]
    if d.chance(0.5):
        visuals.append(
            Visual(leaf(d.between(0.016, 0.022), d.between(0, 6), (0.0, 0, top + 0.006)), d.pick(GREENS), shine=0.3)
        )
    return turned(visuals, [(0, 0), *profile[1:7]], grip=0.55 * h)


@family(
    "pear",
    FRUIT,
    mass=0.12,
    materials=("peel",),
    natural={"green": (0.50, 0.66, 0.16), "yellow": (0.90, 0.78, 0.20), "red": (0.62, 0.16, 0.12)},
)
def pear(d: Draw) -> Shape:
    """A round belly and a longer or shorter neck."""
    r, h, neck = d.between(0.0205, 0.0235), d.between(0.05, 0.064), d.between(0.42, 0.58)
    shape = [
        (0, 0.03),
        (0.4, 0),
        (0.85, 0.11),
        (1, 0.32),
        (0.88, 0.52),
        (0.5 * (0.88 + neck), 0.68),
        (neck, 0.86),
        (0.6 * neck, 0.97),
        (0, 1),
    ]
    profile = scaled_profile(shape, r, h)
    skin = ripe(d, lumpy(meshes.lathe(profile, 18, 80.0), d.rng, 0.03), shade(d.rgb, d.pick((0.7, 1.3))))
    return turned((skin, Visual(stalk(0.98 * h, d), STALK)), [(0, 0), *profile[1:]], grip=max(0.35 * h, h - 0.055))


@family(
    "tangerine",
    FRUIT,
    mass=0.1,
    materials=("peel",),
    natural={"orange": (0.96, 0.50, 0.06)},
    synonyms=("mandarin", "clementine"),
)
def tangerine(d: Draw) -> Shape:
    """Flattened, with a green button or a pair of leaves."""
    r, h = d.between(0.0205, 0.0235), d.between(0.034, 0.042)
    profile = scaled_profile([(0, 0), (0.4, 0.02), (0.85, 0.22), (1, 0.5), (0.86, 0.78), (0.42, 0.97), (0, 0.96)], r, h)
    button = prism(star(5, 0.0015, 0.004), 0.0012).moved((0, 0, 0.955 * h))
    visuals = [*d.paint(lumpy(meshes.lathe(profile, 18, 80.0), d.rng, 0.025)), Visual(button, d.pick(GREENS))]
    for turn in d.rng.uniform(0, 6, d.pick((0, 0, 1, 2))):
        visuals.append(Visual(leaf(d.between(0.018, 0.024), turn, (0, 0, 0.97 * h), 0.15), d.pick(GREENS), shine=0.4))
    return turned(visuals, profile, grip=0.5 * h)


@family("lemon", FRUIT, mass=0.08, materials=("peel",), natural={"yellow": (0.97, 0.86, 0.15)})
def lemon(d: Draw) -> Shape:
    """Lying, its tips along x."""
    r, half, tip = d.between(0.0185, 0.0215), d.between(0.026, 0.033), d.between(0.18, 0.34)
    shape = [
        (0, -1),
        (0.16, -0.94),
        (tip, -0.8),
        (0.7, -0.56),
        (0.97, -0.2),
        (0.97, 0.2),
        (0.75, 0.5),
        (tip, 0.8),
        (0.16, 0.93),
        (0, 1),
    ]
    body = meshes.lathe([(a * r, b * half) for a, b in shape], 16, 80.0)
    skin = lumpy(meshes.lying(body), d.rng, 0.025)
    low, high = skin.vertices[:, 2].min(), skin.vertices[:, 2].max()
    visual = d.paint(skin.moved((0, 0, -low)))
    middle = (high - low) / 2
    pieces = (Collider("ellipsoid", (0.88 * half, middle, middle), (0.0, 0.0, middle)), foot(1.2 * r))
    return Shape(visual, pieces, Grasp((0, 0, middle), ACROSS_Y, 2 * middle), rolls=True)


@family(
    "peach",
    FRUIT,
    mass=0.11,
    materials=("peel",),
    natural={"orange": (0.96, 0.58, 0.28), "pink": (0.93, 0.45, 0.42)},
    synonyms=("nectarine",),
)
def peach(d: Draw) -> Shape:
    """Round with a blush and a furrow's dimple."""
    r, h = d.between(0.0205, 0.0235), d.between(0.037, 0.043)
    profile = scaled_profile(
        [(0, 0), (0.42, 0.02), (0.86, 0.22), (1, 0.5), (0.9, 0.78), (0.5, 0.98), (0.12, 0.94), (0, 0.88)], r, h
    )
    skin = ripe(d, lumpy(meshes.lathe(profile, 18, 80.0), d.rng, 0.035), (0.85, 0.2, 0.2), 0.85, 0.1)
    visuals = [skin, Visual(leaf(d.between(0.022, 0.03), d.between(0, 6), (0, 0, 0.9 * h)), d.pick(GREENS), shine=0.3)]
    return turned(visuals[: d.whole(1, 2)], [*profile[:6]], grip=0.52 * h)


@family(
    "plum",
    FRUIT,
    mass=0.09,
    materials=("peel",),
    natural={"purple": (0.34, 0.10, 0.36), "red": (0.6, 0.08, 0.16), "blue": (0.15, 0.16, 0.45)},
)
def plum(d: Draw) -> Shape:
    """A standing oval with a stalk."""
    r, h = d.between(0.0195, 0.022), d.between(0.041, 0.05)
    profile = scaled_profile([(0, 0), (0.45, 0.02), (0.85, 0.2), (1, 0.5), (0.84, 0.8), (0.45, 0.97), (0, 0.98)], r, h)
    skin = ripe(d, lumpy(meshes.lathe(profile, 16, 80.0), d.rng, 0.03), shade(d.rgb, 1.6), 0.6, 0.5)
    return turned((skin, Visual(stalk(h, d, 0.0014), STALK)), profile, grip=0.5 * h)


@family("strawberry", FRUIT, mass=0.06, natural={"red": (0.85, 0.08, 0.12)}, materials=("peel",))
def strawberry(d: Draw) -> Shape:
    """It stands on its blunt tip, the leaves on top."""
    r, h = d.between(0.0195, 0.0225), d.between(0.038, 0.048)
    blunt = d.between(0.38, 0.55)
    profile = scaled_profile([(0, 0), (blunt, 0), (0.75, 0.3), (1, 0.68), (0.86, 0.92), (0.4, 1), (0, 1)], r, h)
    seeds = prints.seed_print(d.rgb, (0.95, 0.8, 0.35))
    body = Visual(lumpy(meshes.lathe(profile, 18, 80.0), d.rng, 0.02), WHITE, seeds, 0.6)
    count = d.whole(5, 7)
    crown = [leaf(0.75 * r, 2 * np.pi * k / count, (0, 0, h - 0.0005), 0.22) for k in range(count)]
    visuals = (body, Visual(meshes.merge(*crown, stalk(h, d)), d.pick(GREENS)))
    return turned(visuals, profile, grip=0.6 * h)


@family(
    "grapes",
    FRUIT,
    mass=0.09,
    materials=("peel",),
    synonyms=("bunch of grapes",),
    natural={
        "purple": (0.33, 0.10, 0.36),
        "green": (0.55, 0.70, 0.25),
        "red": (0.55, 0.08, 0.16),
        "blue": (0.16, 0.17, 0.45),
    },
)
def grapes(d: Draw) -> Shape:
    """A lying bunch that tapers towards +x."""
    berry = d.between(0.0075, 0.009)
    length, wide, high = d.between(0.058, 0.068), d.between(0.036, 0.041), d.between(0.03, 0.034)
    balls = []
    for level, count in ((0, 3), (1, 3)):
        for row in range(5):
            share = 1 - 0.17 * row - 0.12 * level
            for k in range(count if row < 3 else 2 if row < 4 else 1):
                y = (k - (count - 1) / 2) * 2 * (wide / 2 - berry) / 2 * share if row < 4 else (k - 0.5) * berry
                x = -length / 2 + berry + row * (length - 2 * berry) / 4.4 + d.between(-0.001, 0.001)
                z = berry if level == 0 else high - berry - 0.003 * row
                balls.append(meshes.ellipsoid((berry,) * 3, (x, y + d.between(-0.0015, 0.0015), z), 8, 5))
    twig = meshes.tube(
        np.array(
            [
                [-length / 2 + 0.004, 0, 0.6 * high],
                [-length / 2 - 0.004, 0, 0.9 * high],
                [-length / 2 - 0.008, 0.002, 1.2 * high],
            ]
        ),
        0.0016,
        5,
    )
    visuals = (Visual(meshes.merge(*balls), d.rgb, shine=0.5), Visual(twig, STALK))
    pieces = [
        block((0.55 * length, 0.9 * wide, high), (-0.2 * length, 0, high / 2)),
        block((0.4 * length, 0.55 * wide, 0.7 * high), (0.25 * length, 0, 0.35 * high)),
    ]
    return lying(visuals, pieces, -0.15 * length, wide, high)
