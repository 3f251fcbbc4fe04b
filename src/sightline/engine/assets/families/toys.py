"""Games and playthings."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, DARK, PALETTE, RGB, WHITE, WOOD, shade
from sightline.engine.assets.families.family import ALL, VIVID, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, ring, rod, sleeve, standing, turned
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, foot

GAME = "toys/games"
TOY = "toys/playthings"
# Rotations that take the upper side of a cube to the upper one and to those around it.
SIDES = tuple(
    np.array(rows, float)
    for rows in (
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]],
    )
)


@family(
    "ball",
    TOY,
    mass=0.05,
    colours=ALL,
    materials=("rubber", "plastic", "foam", "leather"),
    patterns=("stripes", "bands", "stars", "dots", "check", "hearts", "zigzag"),
)
def ball(d: Draw) -> Shape:
    """A ball, striped like a beach ball or plain."""
    r = d.between(0.021, 0.0237)
    visuals = d.paint(meshes.ellipsoid((r, r, r), (0, 0, r), 18, 11))
    return Shape(visuals, (Collider("sphere", (r,), (0, 0, r)), foot(r)), Grasp((0, 0, r), None, 2 * r), rolls=True)


@family("dice", GAME, mass=0.06, colours=ALL, synonyms=("die",))
def dice(d: Draw) -> Shape:
    """A cube with dots on its five visible sides."""
    w = d.between(0.034, 0.042)
    spots = {
        1: [(0, 0)],
        2: [(-1, -1), (1, 1)],
        3: [(-1, -1), (0, 0), (1, 1)],
        4: [(-1, -1), (1, -1), (-1, 1), (1, 1)],
        5: [(-1, -1), (1, -1), (-1, 1), (1, 1), (0, 0)],
    }
    values = (d.rng.permutation(5) + 1).tolist()
    dots = []
    radius = d.between(0.09, 0.12) * w
    for value, turn in zip(values, SIDES, strict=True):
        for x, y in spots[value]:
            dot = meshes.lathe([(radius, 0.502 * w), (0, 0.504 * w)], 10).moved((0.25 * x * w, 0.25 * y * w, 0))
            dots.append(dot.moved((0, 0, 0), turn).moved((0, 0, w / 2)))
    body = d.pick((meshes.box((w, w, w), d.between(0.06, 0.12) * w), blob((w, w, w), 0.2, 0.2, 20, 11)))
    ink = WHITE if not d.light else DARK
    return boxed((*d.paint(body), d.coat(meshes.merge(*dots), ink)), (w, w, w), square=True)


@family(
    "spinning top",
    TOY,
    mass=0.05,
    colours=ALL,
    materials=("wood", "plastic", "metal"),
    patterns=("stripes", "bands", "waves", "zigzag"),
)
def spinning_top(d: Draw) -> Shape:
    """Standing on a broad tip, with a stem to turn it by."""
    r, h = d.between(0.021, 0.0235), d.between(0.048, 0.06)
    wide, tip = d.between(0.34, 0.44) * h, d.between(0.3, 0.45) * r
    profile = [
        (0, 0),
        (tip, 0),
        (1.1 * tip, 0.05 * h),
        (0.95 * r, wide - 0.06 * h),
        (r, wide),
        (0.9 * r, wide + 0.1 * h),
        (0.3 * r, wide + 0.2 * h),
    ]
    stem = [(0.22 * r, wide + 0.18 * h), (0.18 * r, 0.9 * h), (0.28 * r, 0.94 * h), (0.22 * r, h), (0, h)]
    visuals = (*d.paint(meshes.lathe(profile, 20)), d.coat(meshes.lathe(stem, 10), d.accent))
    solid = [(0, 0), (0.7 * r, 0), (0.75 * r, 0.1 * h), *profile[3:], (0.2 * r, 0.6 * h), (0.2 * r, h)]
    return turned(visuals, solid, grip=max(wide, h - 0.05), pieces=8)


@family("puzzle cube", GAME, mass=0.08, colours=("",), materials=("plastic",), synonyms=("magic cube",))
def puzzle_cube(d: Draw) -> Shape:
    """A cube of 2, 3 or 4 coloured fields a side."""
    n, w = d.pick((2, 3, 3, 4)), d.between(0.037, 0.045)
    colours: list[RGB] = [PALETTE[name] for name in ("red", "green", "blue", "yellow", "orange", "white")]
    visuals = [d.coat(meshes.box((w, w, w), 0.05 * w), d.pick((DARK, (0.9, 0.9, 0.9))))]
    side = 0.84 * w / n
    fields: list[list[Mesh]] = [[] for _ in colours]
    for turn in SIDES:
        for i in range(n):
            for j in range(n):
                tile = meshes.plain_box(
                    (0.9 * side, 0.9 * side, 0.0012),
                    ((i - (n - 1) / 2) * side * 1.06, (j - (n - 1) / 2) * side * 1.06, w / 2),
                )
                fields[d.whole(0, 5)].append(tile.moved((0, 0, 0), turn).moved((0, 0, w / 2)))
    visuals += [
        Visual(meshes.merge(*tiles), rgb, shine=0.5) for tiles, rgb in zip(fields, colours, strict=True) if tiles
    ]
    return boxed(visuals, (w, w, w), square=True)


@family("ring tower", TOY, mass=0.08, colours=("",), materials=("wood",), synonyms=("stacking rings",))
def ring_tower(d: Draw) -> Shape:
    """Rings of many colours on a peg, the widest below."""
    count, r, h = d.whole(3, 5), d.between(0.0215, 0.0237), d.between(0.042, 0.055)
    thick, slope = h / count / 2, d.between(0.32, 0.5)
    order = d.rng.permutation(len(VIVID))
    visuals, top = [], 0.0
    for k in range(count):
        out = r * (1 - slope * k / (count - 1))
        torus = ring(out - thick, thick, 18, 7).moved((0, 0, 2 * k * thick * 0.97))
        visuals.append(Visual(torus, PALETTE[VIVID[order[k]]], shine=0.4))
        top = 2 * (k + 1) * thick * 0.97
    peg = meshes.lathe([(0.3 * r, 0), (0.28 * r, top), (0.36 * r, top + 0.006), (0, top + 0.012)], 12, 60.0)
    visuals.append(Visual(peg, d.pick((WOOD, PALETTE[VIVID[order[-1]]])), shine=0.2))
    return turned(visuals, [(r, 0), (0.98 * r, 0.1 * h), ((1 - slope) * r, top), (0.3 * r, top + 0.01)], grip=0.5 * h)


@family(
    "bowling pin",
    GAME,
    mass=0.08,
    colours=ALL,
    materials=("wood", "plastic"),
    patterns=("stripes", "dots", "stars"),
    synonyms=("skittle",),
)
def bowling_pin(d: Draw) -> Shape:
    """A pin with a band around its neck, or a plump skittle with a head."""
    r, h, foot_r = d.between(0.0185, 0.0215), d.between(0.07, 0.085), d.between(0.72, 0.85)
    neck = d.between(0.4, 0.5)
    profile = [
        (0, 0),
        (foot_r * r, 0),
        (0.92 * r, 0.18 * h),
        (r, 0.34 * h),
        (0.78 * r, 0.52 * h),
        (neck * r, 0.68 * h),
        (1.15 * neck * r, 0.84 * h),
        (0.9 * neck * r, 0.95 * h),
        (0, h),
    ]
    band = meshes.lathe(
        [(1.02 * neck * r + 0.001, 0.64 * h), (neck * r + 0.0012, 0.68 * h), (1.03 * neck * r + 0.0012, 0.72 * h)], 16
    )
    return turned(
        (*d.paint(meshes.lathe(profile, 18, 60.0)), d.coat(band, d.accent)),
        profile,
        grip=max(0.36 * h, h - 0.056),
        pieces=8,
    )


@family(
    "chess piece",
    GAME,
    mass=0.07,
    colours=("white", "black", "brown", "red", "green", "blue", "yellow", "orange"),
    materials=("wood", "plastic", "stone"),
)
def chess_piece(d: Draw) -> Shape:
    """A pawn, a bishop, a rook or a queen."""
    r, h = d.between(0.0185, 0.0215), d.between(0.056, 0.07)
    base = [
        (0, 0),
        (r, 0),
        (r, 0.07 * h),
        (0.82 * r, 0.12 * h),
        (0.86 * r, 0.16 * h),
        (0.5 * r, 0.3 * h),
        (0.36 * r, 0.58 * h),
    ]
    heads = {
        "pawn": [(0.62 * r, 0.63 * h), (0.36 * r, 0.67 * h), (0.62 * r, 0.8 * h), (0.5 * r, 0.94 * h), (0, h)],
        "bishop": [
            (0.62 * r, 0.62 * h),
            (0.4 * r, 0.66 * h),
            (0.58 * r, 0.78 * h),
            (0.3 * r, 0.93 * h),
            (0.16 * r, 0.95 * h),
            (0.16 * r, 0.99 * h),
            (0, h),
        ],
        "rook": [
            (0.4 * r, 0.64 * h),
            (0.68 * r, 0.72 * h),
            (0.7 * r, h),
            (0.5 * r, h),
            (0.48 * r, 0.9 * h),
            (0, 0.9 * h),
        ],
        "queen": [
            (0.6 * r, 0.63 * h),
            (0.38 * r, 0.67 * h),
            (0.7 * r, 0.92 * h),
            (0.5 * r, 0.93 * h),
            (0.2 * r, 0.95 * h),
            (0.2 * r, 0.99 * h),
            (0, h),
        ],
    }
    profile = [*base, *heads[d.pick(tuple(heads))]]
    return turned(d.paint(meshes.lathe(profile, 16, 45.0)), profile, grip=0.78 * h, pieces=10)


@family("drum", TOY, mass=0.09, colours=ALL, materials=("wood", "plastic"), patterns=("zigzag", "diamonds", "stripes"))
def drum(d: Draw) -> Shape:
    """A drum with hoops and cords."""
    r, h = d.between(0.0205, 0.023), d.between(0.034, 0.046)
    hoops = [meshes.lathe([(r, z), (1.05 * r, z), (1.05 * r, z + 0.005), (r, z + 0.005)], 20) for z in (0.0, h - 0.005)]
    skin = meshes.lathe([(r, h - 0.0012), (0, h - 0.001)], 20)
    count = d.whole(6, 9)
    at = [(1.03 * r * np.cos(a), 1.03 * r * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 2 * count, endpoint=False)]
    cords = [
        rod((*at[k], 0.004 if k % 2 else h - 0.004), (*at[(k + 1) % len(at)], h - 0.004 if k % 2 else 0.004), 0.0008, 4)
        for k in range(2 * count)
    ]
    visuals = (
        *d.paint(sleeve(r, 0, h, 20)),
        d.coat(meshes.merge(*hoops), d.accent),
        d.coat(skin, CREAM, "paper"),
        d.coat(meshes.merge(*cords), d.pick((WHITE, (0.85, 0.68, 0.3)))),
    )
    return turned(visuals, [(1.05 * r, 0), (1.05 * r, h)], grip=0.55 * h, pieces=1)


@family(
    "doll",
    TOY,
    mass=0.08,
    colours=ALL,
    materials=("wood", "plastic"),
    patterns=("flowers", "dots", "hearts"),
    synonyms=("nesting doll",),
)
def doll(d: Draw) -> Shape:
    """A nesting doll: a painted face in a headscarf."""
    r, h, neck = d.between(0.0195, 0.0225), d.between(0.058, 0.07), d.between(0.66, 0.76)
    profile = [
        (0, 0),
        (0.82 * r, 0),
        (r, 0.2 * h),
        (0.96 * r, 0.42 * h),
        (neck * r, 0.6 * h),
        (0.78 * r, 0.76 * h),
        (0.56 * r, 0.93 * h),
        (0, h),
    ]
    skin: RGB = d.pick(((0.96, 0.8, 0.66), (0.8, 0.58, 0.42), (0.5, 0.33, 0.22)))
    face = blob((0.95 * r, 0.7 * r, 0.24 * h), 1.0).moved((0, -0.48 * r, 0.64 * h))
    front = -0.48 * r - 0.35 * r
    eyes = [meshes.ellipsoid((0.0013, 0.001, 0.0016), (s * 0.18 * r, front, 0.79 * h), 6, 4) for s in (-1, 1)]
    mouth = meshes.ellipsoid((0.0018, 0.001, 0.0008), (0, front, 0.72 * h), 6, 4)
    belly = blob((1.0 * r, 0.8 * r, 0.34 * h), 1.0).moved((0, -0.64 * r, 0.14 * h))
    visuals = (
        *d.paint(meshes.lathe(profile, 18, 60.0)),
        d.coat(face, skin),
        d.coat(meshes.merge(*eyes), DARK),
        d.coat(mouth, (0.8, 0.15, 0.2)),
        d.coat(belly, d.accent),
    )
    return turned(visuals, profile, grip=max(0.45 * h, h - 0.05), pieces=7)


@family("toy house", TOY, mass=0.09, colours=ALL, materials=("wood", "plastic"), synonyms=("doll house", "house"))
def toy_house(d: Draw) -> Shape:
    """Walls, a gabled roof in a second colour, a door and windows."""
    x, y, wall = d.between(0.044, 0.054), d.between(0.034, 0.041), d.between(0.028, 0.036)
    ridge, over = wall + d.between(0.016, 0.024), 1.12
    body = meshes.plain_box((x, y, wall), (0, 0, wall / 2))
    roof = meshes.hull(
        np.array(
            [[sx * x / 2 * over, sy * y / 2 * over, wall] for sx in (-1, 1) for sy in (-1, 1)]
            + [[sx * x / 2 * d.pick((over, 0.6)), 0, ridge] for sx in (-1, 1)]
        )
    )
    door = meshes.plain_box((0.2 * x, 1.02 * y, 0.5 * wall), (0.22 * x, 0, 0.25 * wall))
    panes = [
        meshes.plain_box((0.18 * x, 1.02 * y, 0.26 * wall), (-0.24 * x, 0, 0.62 * wall)),
        meshes.plain_box((1.02 * x, 0.24 * y, 0.3 * wall), (0, 0, 0.6 * wall)),
    ]
    chimney = meshes.plain_box((0.12 * x, 0.14 * y, ridge - wall), (-0.28 * x, 0.2 * y, (ridge + wall) / 2 + 0.003))
    visuals = (
        *d.paint(body),
        d.coat(roof, d.accent),
        d.coat(meshes.merge(door, chimney), shade(d.accent, 0.55)),
        d.coat(meshes.merge(*panes), (0.98, 0.93, 0.65), "glass"),
    )
    pieces = (block((x, y, wall), (0, 0, wall / 2)), block((x, 0.5 * y, ridge - wall), (0, 0, (ridge + wall) / 2)))
    return Shape(visuals, pieces, Grasp((0, 0, max(0.6 * wall, ridge - 0.055)), ACROSS_Y, y))


@family(
    "yo-yo", TOY, mass=0.06, colours=ALL, materials=("plastic", "wood", "metal"), patterns=("stripes", "stars", "dots")
)
def yo_yo(d: Draw) -> Shape:
    """Standing on its rims, an axle between two discs."""
    r, y = d.between(0.0205, 0.024), d.between(0.031, 0.036)
    half = meshes.lathe(
        [(0.2 * r, 0), (0.85 * r, 0.1 * y), (r, 0.2 * y), (r, 0.36 * y), (0.7 * r, 0.48 * y), (0, 0.5 * y)], 20, 45.0
    )
    both = meshes.merge(half, half.moved((0, 0, 0), np.diag([1.0, -1.0, -1.0])))
    core = meshes.lathe([(0.5 * r, -0.08 * y), (0.5 * r, 0.08 * y)], 12)
    badge = meshes.lathe([(0.4 * r, 0.5 * y), (0, 0.515 * y)], 14)
    badges = meshes.merge(badge, badge.moved((0, 0, 0), np.diag([1.0, -1.0, -1.0])))
    visuals = (
        *d.paint(standing(both).moved((0, 0, r))),
        d.coat(standing(core).moved((0, 0, r)), CREAM, "cloth"),
        d.coat(standing(badges).moved((0, 0, r)), d.accent),
    )
    pieces = (
        block((1.0 * r, 0.94 * y, 0.5 * r), (0, 0, 0.25 * r)),
        block((1.9 * r, 0.94 * y, 1.0 * r), (0, 0, r)),
        block((1.2 * r, 0.9 * y, 0.45 * r), (0, 0, 1.72 * r)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, r), ACROSS_Y, 0.98 * y))
