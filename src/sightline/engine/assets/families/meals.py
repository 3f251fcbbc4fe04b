"""Dishes, and what comes from a fridge."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import rotation_z
from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, RGB, shade
from sightline.engine.assets.families.bakery import ICING, sesame
from sightline.engine.assets.families.family import Draw, family
from sightline.engine.assets.families.forms import blob, lumpy, lying, prism, rod, standing, turned
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, foot

MEAL = "food/meals"
SALAD: RGB = (0.35, 0.6, 0.18)


@family("burger", MEAL, mass=0.1, materials=("crust",), natural={"brown": (0.76, 0.48, 0.2)}, synonyms=("hamburger",))
def burger(d: Draw) -> Shape:
    """Two halves of a bun with layers between them."""
    r = d.between(0.0215, 0.0235)
    low, domed = d.between(0.008, 0.011), d.between(0.014, 0.018)
    layers: list[tuple[RGB, float, float]] = [((0.3, 0.16, 0.09), 0.98, d.between(0.006, 0.009)), (SALAD, 1.02, 0.003)]
    options: list[tuple[RGB, float, float]] = [
        ((0.98, 0.75, 0.15), 1.0, 0.003),
        ((0.85, 0.15, 0.1), 0.95, 0.0035),
        ((0.3, 0.16, 0.09), 0.98, 0.006),
    ]
    layers += [options[k] for k in d.rng.permutation(3)[: d.whole(0, 2)]]
    z, visuals = low, [d.paint(meshes.lathe([(0, 0), (0.9 * r, 0), (r, 0.5 * low), (0.97 * r, low)], 18))[0]]
    for rgb, share, thick in layers:
        visuals.append(
            Visual(
                meshes.lathe([(0.5 * r, z), (share * r, z), (share * r, z + thick), (0.5 * r, z + thick)], 14),
                rgb,
                shine=0.3,
            )
        )
        z += thick
    top = meshes.lathe(
        [(0.5 * r, z), (r, z), (0.97 * r, z + 0.4 * domed), (0.7 * r, z + 0.85 * domed), (0, z + domed)], 18, 60.0
    )
    visuals += [d.paint(top)[0], Visual(sesame(d, r, domed, 12).moved((0, 0, z)), CREAM)]
    h = z + domed
    return turned(visuals, [(0.95 * r, 0), (r, 0.3 * h), (r, 0.7 * h), (0.6 * r, h)], grip=0.5 * h)


@family("hot dog", MEAL, mass=0.08, materials=("crust",), natural={"brown": (0.8, 0.54, 0.26)})
def hot_dog(d: Draw) -> Shape:
    """A sausage in a split roll with a line of sauce."""
    x, y, z = d.between(0.08, 0.095), d.between(0.036, 0.042), d.between(0.026, 0.03)
    halves = [blob((x, 0.52 * y, z), 0.6, 0.75, 14, 8).moved((0, side * 0.24 * y, 0)) for side in (-1, 1)]
    r = 0.2 * y
    line = np.linspace(-0.52, 0.52, 9) * x
    sausage = meshes.tube(
        np.stack([line, 0 * line, np.full(9, 0.98 * z)], -1), r * np.array([0.3, 0.85, 1, 1, 1, 1, 1, 0.85, 0.3]), 8
    )
    wave = np.linspace(-0.42, 0.42, 13) * x
    sauce = meshes.tube(
        np.stack([wave, 0.45 * r * np.sin(np.arange(13) * 1.6), np.full(13, 0.98 * z + r)], -1), 0.0018, 5
    )
    visuals = (
        *d.paint(meshes.merge(*halves)),
        Visual(sausage, (0.62, 0.22, 0.12), shine=0.6),
        Visual(sauce, d.pick(((0.95, 0.75, 0.1), (0.75, 0.05, 0.05)))),
    )
    pieces = [block((0.9 * x, 0.94 * y, z), (0, 0, z / 2)), block((x, 2 * r, r), (0, 0, z))]
    return lying(visuals, pieces, 0.0, y, z)


@family(
    "sandwich", MEAL, mass=0.08, materials=("crust",), natural={"brown": (0.72, 0.5, 0.25), "white": (0.93, 0.86, 0.7)}
)
def sandwich(d: Draw) -> Shape:
    """A triangle of bread that stands on its long crust, with its filling to the sides."""
    x, y, z = d.between(0.06, 0.07), d.between(0.032, 0.038), d.between(0.036, 0.042)
    side = np.array([[-x / 2, 0], [x / 2, 0], [0.04 * x, z], [-0.04 * x, z]])
    slice_y = 0.3 * y
    visuals = [d.paint(_upright(side, slice_y, -y / 2))[0], d.paint(_upright(side, slice_y, y / 2 - slice_y))[0]]
    fillings: list[RGB] = [SALAD, (0.95, 0.75, 0.2), (0.9, 0.55, 0.5), (0.8, 0.15, 0.1), (0.95, 0.93, 0.85)]
    start, thick = -y / 2 + slice_y, (y - 2 * slice_y) / 3
    for number, k in enumerate(d.rng.permutation(5)[:3]):
        visuals.append(
            Visual(_upright(side * [1.02, 1.0] + [0, 0.001], thick, start + number * thick), fillings[k], shine=0.3)
        )
    pieces = [
        block((0.9 * x, y, 0.3 * z), (0, 0, 0.15 * z)),
        block((0.58 * x, y, 0.3 * z), (0, 0, 0.45 * z)),
        block((0.25 * x, y, 0.35 * z), (0, 0, 0.77 * z)),
    ]
    return Shape(tuple(visuals), tuple(pieces), Grasp((0, 0, 0.5 * z), ACROSS_Y, y))


def _upright(outline: np.ndarray, thick: float, start: float) -> Mesh:
    """A slab over an outline in the xz plane, from y = start on."""
    return standing(prism(outline, thick)).moved((0, start + thick, 0))


@family(
    "sushi",
    MEAL,
    mass=0.04,
    materials=("peel",),
    natural={
        "orange": (0.95, 0.5, 0.25),
        "red": (0.75, 0.12, 0.12),
        "white": (0.93, 0.91, 0.87),
        "green": (0.35, 0.55, 0.2),
    },
    synonyms=("sushi roll",),
)
def sushi(d: Draw) -> Shape:
    """A roll: rice in seaweed; its colour is that of the filling."""
    r, h = d.between(0.0185, 0.0215), d.between(0.028, 0.034)
    wrap = meshes.lathe([(0, 0), (0.96 * r, 0), (r, 0.002), (r, h - 0.001), (0.93 * r, h)], 18)
    rice = meshes.lathe([(0.94 * r, h), (0.9 * r, h + 0.001), (0.5 * r, h + 0.0015)], 16)
    wide = d.between(0.35, 0.6) * r
    heart = d.pick(
        (
            meshes.box((1.5 * wide, 1.1 * wide, 0.004), 0.001),
            meshes.lathe([(0, 0), (wide, 0), (0.9 * wide, 0.004), (0, 0.004)], 12),
        )
    )
    lid = meshes.lathe([(0.55 * r, h + 0.0014), (0, h + 0.0016)], 14)
    visuals = (
        Visual(wrap, (0.06, 0.1, 0.07), shine=0.2),
        d.made_of("foam", meshes.merge(rice, lid), (0.95, 0.94, 0.9)),
        Visual(heart.moved((0, 0, h - 0.0008)), d.rgb, shine=0.6),
    )
    return turned(visuals, [(r, 0), (r, h)], grip=0.6 * h, pieces=1)


@family(
    "egg",
    "food/dairy",
    mass=0.06,
    materials=("peel",),
    natural={"white": (0.94, 0.92, 0.88), "brown": (0.74, 0.48, 0.32), "blue": (0.62, 0.78, 0.85)},
    patterns=("speckle",),
)
def egg(d: Draw) -> Shape:
    """Lying, its blunt end towards -x; some are speckled."""
    r, half, blunt = d.between(0.0185, 0.0215), d.between(0.0245, 0.0285), d.between(0.06, 0.16)
    t = np.linspace(-np.pi / 2, np.pi / 2, 11)
    profile = [(max(0.0, r * np.cos(a) * (1 - blunt * np.sin(a))), half * np.sin(a)) for a in t]
    profile[0], profile[-1] = (0.0, -half), (0.0, half)
    d.accent = (0.4, 0.28, 0.18)
    body = meshes.lying(meshes.lathe(profile, 16, 70.0))
    rise = float(-body.vertices[:, 2].min())
    pieces = (Collider("ellipsoid", (half, 0.99 * rise, rise), (0.0, 0.0, rise)), foot(1.2 * r))
    return Shape(d.paint(body.moved((0, 0, rise))), pieces, Grasp((0, 0, rise), ACROSS_Y, 2 * rise), rolls=True)


@family(
    "cheese",
    "food/dairy",
    mass=0.1,
    materials=("wax",),
    natural={"yellow": (0.96, 0.78, 0.25), "orange": (0.93, 0.55, 0.15), "white": (0.95, 0.92, 0.82)},
)
def cheese(d: Draw) -> Shape:
    """A wedge with holes, its point towards +x, or a small wheel in wax."""
    if d.chance(0.35):
        r, h = d.between(0.0225, 0.0235), d.between(0.032, 0.037)
        rind = meshes.lathe([(0, 0), (0.92 * r, 0), (r, 0.2 * h), (r, 0.8 * h), (0.92 * r, h), (0, h)], 20, 60.0)
        visuals = (*d.paint(rind), d.label(meshes.lathe([(0.75 * r, h + 0.0004), (0, h + 0.0004)], 16), d.rgb, 3))
        return turned(visuals, [(r, 0), (r, h)], grip=0.55 * h, pieces=1)
    x, y, z = d.between(0.052, 0.06), d.between(0.038, 0.045), d.between(0.028, 0.034)
    outline = [(-x / 2, -y / 2), (x / 2, -0.06 * y), (x / 2, 0.06 * y), (-x / 2, y / 2)]
    holes = []
    for at in np.linspace(-0.3, 0.3, d.whole(2, 4)):
        hole = meshes.ellipsoid((0.0045, 0.0012, 0.0045), (0, 0, 0), 10, 5)
        edge = -y / 2 * (1 - 0.88 * (at + 0.5))
        holes.append(hole.moved((at * x, edge, z * d.between(0.3, 0.75)), rotation_z(np.arctan2(0.44 * y, x))))
        holes.append(meshes.ellipsoid((0.004, 0.004, 0.0008), (at * x, 0.3 * edge, z), 10, 5))
    visuals = (*d.paint(prism(outline, z)), Visual(meshes.merge(*holes), shade(d.rgb, 0.75), shine=0.1))
    pieces = [
        block((0.3 * x, 0.82 * y, z), (-0.32 * x, 0, z / 2)),
        block((0.3 * x, 0.54 * y, z), (-0.02 * x, 0, z / 2)),
        block((0.3 * x, 0.26 * y, z), (0.28 * x, 0, z / 2)),
    ]
    return Shape(visuals, tuple(pieces), Grasp((-0.3 * x, 0, 0.6 * z), ACROSS_Y, 0.86 * y))


@family("ice cream", MEAL, mass=0.07, materials=("peel",), natural=ICING, synonyms=("sundae",))
def ice_cream(d: Draw) -> Shape:
    """Scoops in a footed cup; its colour is theirs."""
    r, h = d.between(0.0205, 0.0235), d.between(0.036, 0.044)
    cup = [
        (0, 0),
        (0.7 * r, 0),
        (0.66 * r, 0.06 * h),
        (0.3 * r, 0.14 * h),
        (0.28 * r, 0.28 * h),
        (0.7 * r, 0.45 * h),
        (r, h),
        (0.9 * r, h),
    ]
    size = 0.62 * r
    places = [(0.36, 0.0), (-0.2, 0.32), (-0.2, -0.32)][: d.whole(1, 3)] if d.chance(0.7) else [(0.0, 0.0)]
    balls = [
        lumpy(meshes.ellipsoid((size,) * 3, (0, 0, 0), 12, 7), d.rng, 0.05).moved((x * r, y * r, h - 0.2 * size))
        for x, y in places
    ]
    fill = meshes.lathe([(0.92 * r, 0.95 * h), (0, h)], 14)
    wafer = rod((0.2 * r, 0.2 * r, h), (0.7 * r, 0.5 * r, h + 1.5 * size), 0.003, 6)
    cup_visual = d.made_of(
        "glass", meshes.lathe(cup, 16), d.pick(((0.8, 0.88, 0.9), (0.9, 0.75, 0.8), (0.7, 0.85, 0.7)))
    )
    visuals = (
        Visual(meshes.merge(fill, *balls), d.rgb, shine=0.2),
        cup_visual,
        Visual(wafer, (0.8, 0.55, 0.28), shine=0.0),
    )
    return turned(visuals, [*cup[:-1], (0.6 * r, h + 0.6 * size)], grip=0.75 * h, pieces=8)
