"""Vegetables in their natural colours."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import wrap_angle
from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import CREAM, WHITE, shade
from sightline.engine.assets.families.family import Draw, family
from sightline.engine.assets.families.forms import lumpy, lying, turned
from sightline.engine.assets.families.growth import GREENS, STALK, leaf, ribbed, ripe, scaled_profile, stalk
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Shape, Visual
from sightline.engine.assets.shapes import block

VEGETABLE = "food/vegetables"


@family(
    "tomato",
    VEGETABLE,
    mass=0.1,
    materials=("peel",),
    natural={"red": (0.85, 0.12, 0.07), "yellow": (0.95, 0.75, 0.15), "green": (0.4, 0.6, 0.16)},
)
def tomato(d: Draw) -> Shape:
    """Round or ribbed, with a green star."""
    r, h = d.between(0.0205, 0.0235), d.between(0.032, 0.042)
    profile = scaled_profile([(0, 0), (0.45, 0.02), (0.86, 0.22), (1, 0.5), (0.86, 0.8), (0.45, 0.98), (0, 0.94)], r, h)
    body = meshes.lathe(profile, 24, 80.0)
    if d.chance(0.4):
        body = ribbed(body, d.whole(5, 8), 0.12)
    crown = [leaf(0.6 * r, 2 * np.pi * k / 5, (0, 0, 0.95 * h), 0.12) for k in range(5)]
    visuals = (
        ripe(d, body, shade(d.rgb, 1.5), 0.3, 0.8),
        Visual(meshes.merge(*crown, stalk(0.95 * h, d)), d.pick(GREENS)),
    )
    return turned(visuals, profile, grip=0.5 * h)


@family(
    "eggplant",
    VEGETABLE,
    mass=0.14,
    materials=("peel",),
    natural={"purple": (0.30, 0.10, 0.38), "white": (0.92, 0.9, 0.84)},
    synonyms=("aubergine",),
)
def eggplant(d: Draw) -> Shape:
    """Lying, thick end towards +x, with a green crown."""
    r, half, slim = d.between(0.0185, 0.0215), d.between(0.033, 0.041), d.between(0.5, 0.75)
    shape = [
        (0, -1),
        (slim * 0.7, -0.95),
        (slim, -0.6),
        (0.5 + slim / 2, -0.2),
        (1, 0.3),
        (0.9, 0.68),
        (0.55, 0.92),
        (0, 1),
    ]
    body = meshes.lying(meshes.lathe([(a * r, b * half) for a, b in shape], 16, 70.0)).moved((0, 0, r))
    crown = meshes.lathe(
        [
            (0, -1.25 * half),
            (0.14 * r, -1.22 * half),
            (0.16 * r, -1.05 * half),
            (slim * 0.8 * r, -0.97 * half),
            (slim * 1.05 * r, -0.72 * half),
        ],
        12,
        70.0,
    )
    visuals = (Visual(body, d.rgb, shine=0.8), Visual(meshes.lying(crown).moved((0, 0, r)), d.pick(GREENS)))
    pieces = [
        block((half, 1.75 * r, 2 * r), (0.3 * half, 0, r)),
        block((0.9 * half, 1.4 * slim * r, 1.5 * r), (-0.6 * half, 0, 0.95 * r)),
    ]
    return lying(visuals, pieces, 0.25 * half, 2 * r, 2 * r)


@family(
    "mushroom",
    VEGETABLE,
    mass=0.05,
    materials=("peel",),
    synonyms=("champignon",),
    natural={"red": (0.8, 0.1, 0.1), "brown": (0.55, 0.36, 0.20), "white": (0.93, 0.9, 0.84)},
    patterns=("dots",),
)
def mushroom(d: Draw) -> Shape:
    """Standing; its colour is that of the cap."""
    r, h = d.between(0.02, 0.0235), d.between(0.038, 0.05)
    d.accent = CREAM
    under, thick = d.between(0.42, 0.56) * h, d.between(0.42, 0.56) * r
    stem = meshes.lathe([(0, 0), (1.08 * thick, 0), (0.9 * thick, 0.4 * under), (thick, under + 0.002)], 14, 60.0)
    flat = d.between(0.4, 0.8)
    cap = [
        (0.95 * thick, under),
        (0.9 * r, 0.95 * under),
        (r, under + 0.08 * h),
        (0.9 * r, under + flat * (h - under)),
        (0.5 * r, h - 0.1 * (h - under)),
        (0, h),
    ]
    visuals = (*d.paint(meshes.lathe(cap, 18, 60.0)), Visual(stem, (0.93, 0.88, 0.78), shine=0.0))
    return turned(visuals, [(0, 0), (thick, 0), (thick, 0.93 * under), *cap[1:]], grip=0.5 * (under + h), pieces=6)


@family(
    "bell pepper",
    VEGETABLE,
    mass=0.09,
    materials=("peel",),
    synonyms=("sweet pepper", "capsicum"),
    natural={
        "red": (0.8, 0.08, 0.06),
        "green": (0.16, 0.45, 0.1),
        "yellow": (0.95, 0.75, 0.06),
        "orange": (0.95, 0.45, 0.05),
    },
)
def bell_pepper(d: Draw) -> Shape:
    """Three or four lobes and a stalk."""
    r, h, low = d.between(0.0205, 0.0235), d.between(0.04, 0.054), d.between(0.7, 0.88)
    profile = scaled_profile(
        [
            (0, 0.05),
            (0.4 * low, 0),
            (0.85 * low, 0.1),
            (low, 0.3),
            (1, 0.75),
            (0.86, 0.94),
            (0.4, 1),
            (0.1, 0.93),
            (0, 0.92),
        ],
        r,
        h,
    )
    body = ribbed(meshes.lathe(profile, 24, 80.0), d.whole(3, 4), 0.16)
    stem = meshes.tube(
        np.array([[0, 0, 0.9 * h], [0.001, 0, 1.05 * h], [0.005, 0, 1.2 * h]]), np.array([0.004, 0.0026, 0.003]), 6
    )
    visuals = (Visual(body, d.rgb, shine=0.8), Visual(stem, d.pick(GREENS)))
    return turned(visuals, [(0, 0), *profile[1:7]], grip=max(0.6 * h, h - 0.03))


@family(
    "cucumber",
    VEGETABLE,
    mass=0.1,
    materials=("peel",),
    natural={"green": (0.14, 0.38, 0.12)},
    synonyms=("gherkin", "zucchini"),
)
def cucumber(d: Draw) -> Shape:
    """Lying and a little bent."""
    r, half, bend = d.between(0.0145, 0.0175), d.between(0.042, 0.054), d.between(-0.006, 0.006)
    x = np.linspace(-half, half, 9)
    path = np.stack([x, bend * (x / half) ** 2, np.full_like(x, r)], -1)
    radii = r * np.array([0.35, 0.8, 0.95, 1, 1, 1, 0.97, 0.85, 0.4])
    stripes = prints.pattern_print("stripes", d.rgb, shade(d.rgb, d.pick((1.5, 0.6))), d.rng)
    body = Visual(meshes.tube(path, radii, 10), WHITE, stripes, 0.4)
    tip = Visual(meshes.ellipsoid((0.006, 0.3 * r, 0.3 * r), (-half, bend, r), 8, 5), (0.6, 0.65, 0.3))
    pieces = [
        block((1.2 * half, 1.8 * r, 2 * r), (0, 0, r)),
        block((1.75 * half, 1.2 * r, 1.5 * r), (0, 0.5 * bend, r)),
    ]
    return lying((body, tip), pieces, 0.0, 2 * r, 2 * r)


@family(
    "corn",
    VEGETABLE,
    mass=0.09,
    materials=("peel",),
    natural={"yellow": (0.97, 0.80, 0.2)},
    synonyms=("corn cob", "maize"),
)
def corn(d: Draw) -> Shape:
    """A lying cob between its leaves, or a bare one."""
    r, length = d.between(0.0155, 0.0185), d.between(0.078, 0.094)
    shape = [(0, 0), (0.7, 0.02), (1, 0.12), (0.98, 0.6), (0.75, 0.88), (0.35, 0.98), (0, 1)]
    body = meshes.lying(meshes.lathe([(a * r, b * length) for a, b in shape], 14, 60.0)).moved((-length / 2, 0, r))
    grains = prints.pattern_print("check", d.rgb, shade(d.rgb, 0.7), d.rng)
    visuals = [Visual(body, WHITE, grains, 0.4)]
    if d.chance(0.7):
        husk = meshes.lathe(
            [(0, -0.004), (0.8 * r, 0.001), (1.1 * r, 0.12 * length), (1.06 * r, 0.36 * length)], 8, 60.0
        )
        visuals.append(Visual(meshes.lying(husk).moved((-length / 2, 0, 1.06 * r)), (0.45, 0.62, 0.2)))
    pieces = [
        block((0.62 * length, 1.8 * r, 2 * r), (-0.16 * length, 0, r)),
        block((0.34 * length, 1.3 * r, 1.5 * r), (0.3 * length, 0, r)),
    ]
    return lying(visuals, pieces, -0.05 * length, 2 * r, 2 * r)


@family("broccoli", VEGETABLE, mass=0.07, materials=("foam",), natural={"green": (0.16, 0.42, 0.13)})
def broccoli(d: Draw) -> Shape:
    """A stem with a head of small bulges."""
    r, h = d.between(0.021, 0.0235), d.between(0.04, 0.05)
    under = d.between(0.36, 0.46) * h
    stem = meshes.lathe([(0, 0), (0.5 * r, 0), (0.42 * r, 0.5 * under), (0.7 * r, 1.15 * under)], 10, 60.0)
    bulges, count = [], d.whole(6, 8)
    size = 0.42 * r
    for k in range(count):
        angle = 2 * np.pi * k / count
        bulges.append(
            meshes.ellipsoid(
                (size, size, 0.8 * size),
                ((r - size) * np.cos(angle), (r - size) * np.sin(angle), under + 0.2 * (h - under)),
                8,
                5,
            )
        )
    for k in range(4):
        angle = 2 * np.pi * k / 4 + 0.4
        bulges.append(
            meshes.ellipsoid(
                (1.1 * size,) * 3, (0.4 * r * np.cos(angle), 0.4 * r * np.sin(angle), h - 1.1 * size), 8, 5
            )
        )
    visuals = (*d.paint(meshes.merge(*bulges)), Visual(stem, (0.62, 0.72, 0.42), shine=0.1))
    profile = [(0, 0), (0.5 * r, 0), (0.5 * r, under), (0.98 * r, under), (0.98 * r, 0.7 * h), (0.7 * r, h)]
    return turned(visuals, profile, grip=under + 0.3 * (h - under), pieces=6)


@family(
    "pumpkin",
    VEGETABLE,
    mass=0.18,
    materials=("peel",),
    natural={"orange": (0.92, 0.45, 0.07), "green": (0.2, 0.4, 0.16), "white": (0.93, 0.9, 0.82)},
    synonyms=("squash",),
)
def pumpkin(d: Draw) -> Shape:
    """Ribbed and flattened, with a thick stalk."""
    r, h = d.between(0.0215, 0.0235), d.between(0.03, 0.041)
    profile = scaled_profile(
        [(0, 0), (0.5, 0.0), (0.9, 0.2), (1, 0.5), (0.88, 0.82), (0.5, 1), (0.12, 0.93), (0, 0.9)], r, h
    )
    body = ribbed(meshes.lathe(profile, 32, 80.0), d.whole(7, 10), 0.14)
    stem = meshes.tube(
        np.array([[0, 0, 0.88 * h], [0.001, 0, 1.1 * h], [d.between(-0.006, 0.006), 0.002, 1.28 * h]]),
        np.array([0.0045, 0.003, 0.0034]),
        5,
    )
    return turned((Visual(body, d.rgb, shine=0.3), Visual(stem, STALK)), profile[:6], grip=0.5 * h)


@family(
    "cabbage",
    VEGETABLE,
    mass=0.15,
    materials=("peel",),
    natural={"green": (0.55, 0.72, 0.36), "purple": (0.45, 0.16, 0.4)},
    synonyms=("lettuce",),
)
def cabbage(d: Draw) -> Shape:
    """A ball of overlapping leaves."""
    r, h = d.between(0.021, 0.0235), d.between(0.036, 0.042)
    core = lumpy(meshes.ellipsoid((0.9 * r, 0.9 * r, 0.49 * h), (0, 0, 0.5 * h), 16, 9), d.rng, 0.05)
    leaves = []
    for k in range(d.whole(5, 7)):
        wide, top = d.between(0.9, 1.2), d.between(0.8, 0.98) * h
        out = (0.96 + 0.012 * k) * r
        shell = meshes.lathe([(0.3 * r, 0), (0.86 * out, 0.14 * h), (out, 0.48 * h), (0.8 * out, top)], 18, 70.0)
        away = np.abs(wrap_angle(np.arctan2(shell.vertices[:, 1], shell.vertices[:, 0]) - 2.4 * k)) / wide
        # The rim falls away from the middle of the leaf.
        points = shell.vertices * np.stack(
            [np.ones_like(away), np.ones_like(away), 1 - 0.5 * np.minimum(away, 1) ** 2], -1
        )
        leaves.append(Mesh(points, shell.faces[(away < 1)[shell.faces].all(1)], shell.normals, shell.uv))
    visuals = (Visual(core, shade(d.rgb, 1.3), shine=0.2), *d.paint(meshes.merge(*leaves)))
    profile = scaled_profile([(0, 0), (0.4, 0), (0.86, 0.2), (0.98, 0.5), (0.85, 0.8), (0.4, 1)], r, h)
    return turned(visuals, profile, grip=0.5 * h)
