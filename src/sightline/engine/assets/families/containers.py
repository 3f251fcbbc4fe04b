"""Things that others are put into: not to be picked up, rims at most 6 cm high, at least 11 cm wide inside."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import DARK, RGB, SILVER, WOOD, shade
from sightline.engine.assets.families.family import ALL, DECORATED, MEDIUM, Draw, family
from sightline.engine.assets.families.forms import ring, rod
from sightline.engine.assets.model import Collider, Shape, Visual
from sightline.engine.assets.shapes import Target, block, rectangular_wall, ring_wall, upright_cylinder

TABLEWARE = "kitchenware/tableware"
STORAGE = "household/storage"


def round_vessel(
    d: Draw, low: float, belly: float, top: float, high: float, wall: float = 0.0035
) -> tuple[list[Visual], list[Collider], float]:
    """An open round vessel of radius low (foot), belly (at two fifths) and top; its inner radius comes last."""
    waist = 0.4 * high
    outside = [(0, 0), (low, 0), (belly, waist), (0.5 * (belly + top), 0.7 * high), (top, high), (top - wall, high)]
    inside = [
        (top - wall, high),
        (0.5 * (belly + top) - wall, 0.7 * high),
        (belly - wall, waist),
        (0.92 * low, 0.13 * high),
        (0, 0.12 * high),
    ]
    lining = d.pick((shade(d.rgb, 0.8), shade(d.rgb, 0.8), d.accent if d.material == "ceramic" else shade(d.rgb, 0.7)))
    visuals = [*d.paint(meshes.lathe(outside, 28)), d.coat(meshes.lathe(inside, 28), lining)]
    pieces = [
        upright_cylinder(low, 0, 0.12 * high),
        *ring_wall(0.94 * low, belly - 0.001, 0.03 * high, waist, 0.005),
        *ring_wall(belly - 0.001, top - 0.002, 0.97 * waist, high, 0.005),
    ]
    return visuals, pieces, top - wall


@family(
    "bowl",
    TABLEWARE,
    mass=0.3,
    colours=ALL,
    materials=("ceramic", "ceramic", "plastic", "wood", "metal"),
    patterns=DECORATED,
    role="container",
)
def bowl(d: Draw) -> Target:
    """Round: steep, wide-brimmed or bulging."""
    top, high = d.between(0.074, 0.08), d.between(0.044, 0.052)
    low, belly = d.pick(((0.042, 0.064), (0.048, 0.07), (0.054, 0.074)))
    visuals, pieces, inner = round_vessel(d, low, belly, top, high)
    return Shape(tuple(visuals), tuple(pieces)), (2 * inner, 2 * inner)


@family(
    "basket",
    STORAGE,
    mass=0.25,
    colours=("brown", *[name for name in ALL if name != "brown"]),
    materials=("wicker",),
    role="container",
    sizes=MEDIUM,
)
def basket(d: Draw) -> Target:
    """Woven: oblong with a thick rim, or round."""
    high = d.between(0.042, 0.052)
    rim_rgb = shade(d.rgb, d.pick((0.75, 0.85, 1.2)))
    if d.chance(0.4):
        top = d.between(0.076, 0.082)
        visuals, pieces, inner = round_vessel(d, 0.9 * top, 0.96 * top, top, high, 0.005)
        rim = ring(top - 0.002, 0.0045, 24, 6).moved((0, 0, high - 0.005))
        return Shape((*visuals, d.coat(rim, rim_rgb)), tuple(pieces)), (2 * inner, 2 * inner)
    x, y, wall, flare, bar = d.between(0.142, 0.155), d.between(0.16, 0.18), 0.006, d.between(0.002, 0.008), 0.009
    woven = meshes.open_box((x, y, high), wall, 0.006, flare)
    rails = [meshes.plain_box((bar, y + 0.006, bar), (s * (x - wall) / 2, 0, high - 0.4 * bar)) for s in (-1, 1)]
    rails += [meshes.plain_box((x + 0.006, bar, bar), (0, s * (y - wall) / 2, high - 0.4 * bar)) for s in (-1, 1)]
    floor = block((x - 2 * flare, y - 2 * flare, 0.006), (0, 0, 0.003))
    shape = Shape(
        (*d.paint(woven), d.coat(meshes.merge(*rails), rim_rgb)), (floor, *rectangular_wall(x, y, high, 0.008))
    )
    return shape, (x - 2 * (flare + wall), y - 2 * (flare + wall))


@family(
    "box",
    STORAGE,
    mass=0.25,
    colours=ALL,
    materials=("cardboard", "plastic", "wood"),
    patterns=("stripes", "dots", "stars", "check"),
    role="container",
    synonyms=("open box",),
)
def box(d: Draw) -> Target:
    """Open, square or oblong, with or without flaps."""
    x, y, high, wall = d.between(0.138, 0.152), d.between(0.138, 0.172), d.between(0.042, 0.052), 0.005
    visuals = [*d.paint(meshes.open_box((x, y, high), wall, 0.005))]
    if d.chance(0.35) and d.material == "cardboard":
        flap = meshes.plain_box((0.03, 0.94 * y, 0.002), (0, 0, 0))
        tilt = d.between(0.5, 1.0)
        for side in (-1, 1):
            turn = np.array(
                [[np.cos(tilt), 0, side * np.sin(tilt)], [0, 1, 0], [-side * np.sin(tilt), 0, np.cos(tilt)]]
            )
            visuals.append(
                d.coat(
                    flap.moved((side * (x / 2 + 0.015 * np.cos(tilt)), 0, high - 0.015 * np.sin(tilt)), turn),
                    shade(d.rgb, 1.2),
                )
            )
    shape = Shape(tuple(visuals), (block((x, y, 0.005), (0, 0, 0.0025)), *rectangular_wall(x, y, high, 0.006)))
    return shape, (x - 2 * wall, y - 2 * wall)


@family(
    "crate",
    STORAGE,
    mass=0.28,
    colours=ALL,
    materials=("wood", "wood", "plastic"),
    role="container",
    synonyms=("wooden crate",),
)
def crate(d: Draw) -> Target:
    """Boards with gaps between them, on corner posts."""
    x, y, high = d.between(0.148, 0.158), d.between(0.152, 0.178), d.between(0.042, 0.05)
    rows, t = d.whole(2, 3), 0.006
    each = high / rows
    boards = [
        meshes.plain_box((x, t, 0.72 * each), (0, s * (y - t) / 2, (k + 0.5) * each))
        for k in range(rows)
        for s in (-1, 1)
    ]
    boards += [
        meshes.plain_box((t, y - 2 * t, 0.72 * each), (s * (x - t) / 2, 0, (k + 0.5) * each))
        for k in range(rows)
        for s in (-1, 1)
    ]
    posts = [
        meshes.plain_box((0.011, 0.011, high), (sx * (x / 2 - 0.0105), sy * (y / 2 - 0.0105), high / 2))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    slats = d.whole(4, 6)
    floor = [
        meshes.plain_box(
            (x - 2 * t, 0.8 * (y - 2 * t) / slats, 0.004), (0, (y - 2 * t) * ((k + 0.5) / slats - 0.5), 0.002)
        )
        for k in range(slats)
    ]
    visuals = (*d.paint(meshes.merge(*boards)), d.coat(meshes.merge(*posts, *floor), shade(d.rgb, 0.8)))
    shape = Shape(visuals, (block((x, y, 0.004), (0, 0, 0.002)), *rectangular_wall(x, y, high, 0.007)))
    return shape, (x - 4 * t, y - 4 * t)


@family(
    "tray",
    TABLEWARE,
    mass=0.3,
    colours=ALL,
    materials=("plastic", "wood", "metal"),
    patterns=("flowers", "stripes", "check", "marble", "waves"),
    role="container",
    synonyms=("serving tray",),
)
def tray(d: Draw) -> Target:
    """Low, with a slanted rim; grips at its ends."""
    x, y, high, wall, flare = (
        d.between(0.141, 0.15),
        d.between(0.17, 0.188),
        d.between(0.018, 0.025),
        0.004,
        d.between(0.003, 0.009),
    )
    visuals = [*d.paint(meshes.open_box((x, y, high), wall, 0.004, flare))]
    if d.chance(0.5):
        grips = [
            rod((-0.022, s * (y / 2 + 0.004), high - 0.001), (0.022, s * (y / 2 + 0.004), high - 0.001), 0.0035, 7)
            for s in (-1, 1)
        ]
        visuals.append(d.coat(meshes.merge(*grips), d.pick((d.accent, SILVER, WOOD))))
    pieces = (
        block((x - 2 * flare, y - 2 * flare, 0.004), (0, 0, 0.002)),
        *rectangular_wall(x - flare, y - flare, high, 0.006),
    )
    return Shape(tuple(visuals), pieces), (x - 2 * wall - flare, y - 2 * wall - flare)


@family(
    "bin",
    STORAGE,
    mass=0.25,
    colours=ALL,
    materials=("plastic", "metal"),
    patterns=("dots", "stripes"),
    role="container",
    sizes=MEDIUM,
    synonyms=("waste bin", "trash bin"),
)
def bin_(d: Draw) -> Target:
    """A low bin with a folded rim, round or square with rounded looks."""
    high = d.between(0.05, 0.052)
    if d.chance(0.5):
        top = d.between(0.074, 0.079)
        visuals, pieces, inner = round_vessel(d, 0.84 * top, 0.9 * top, top, high)
        return Shape(
            (*visuals, d.coat(ring(top, 0.003, 24, 6).moved((0, 0, high - 0.005)), d.pick((d.rgb, d.accent, DARK)))),
            tuple(pieces),
        ), (2 * inner, 2 * inner)
    x, flare, wall = d.between(0.145, 0.158), d.between(0.006, 0.012), 0.004
    tub = meshes.open_box((x, x, high), wall, 0.005, flare)
    rim = meshes.merge(
        *(meshes.plain_box((0.008, x + 0.006, 0.006), (s * x / 2, 0, high - 0.003)) for s in (-1, 1)),
        *(meshes.plain_box((x + 0.006, 0.008, 0.006), (0, s * x / 2, high - 0.003)) for s in (-1, 1)),
    )
    inner = x - 2 * (wall + flare)
    filling = (
        block((x - 2 * flare, x - 2 * flare, 0.005), (0, 0, 0.0025)),
        *rectangular_wall(x - flare, x - flare, high, 0.007),
    )
    return Shape((*d.paint(tub), d.coat(rim, d.pick((d.rgb, d.accent, shade(d.rgb, 0.7))))), filling), (inner, inner)


@family(
    "tub",
    STORAGE,
    mass=0.25,
    colours=ALL,
    materials=("wood", "plastic", "metal"),
    role="container",
    synonyms=("wash tub", "half barrel"),
)
def tub(d: Draw) -> Target:
    """Like half a barrel, with hoops and two ears."""
    top, high = d.between(0.075, 0.08), d.between(0.044, 0.05)
    visuals, pieces, inner = round_vessel(d, 0.88 * top, 0.95 * top, top, high)
    hoops = [
        meshes.lathe([(r + 0.001, z), (r + 0.0024, z + 0.001), (r + 0.0024, z + 0.006), (r + 0.001, z + 0.007)], 26)
        for r, z in ((0.93 * top, 0.2 * high), (0.975 * top, 0.7 * high))
    ]
    ears = [meshes.box((0.008, 0.03, 0.012), 0.002).moved((s * (top + 0.001), 0, high - 0.01)) for s in (-1, 1)]
    iron: RGB = d.pick(((0.3, 0.3, 0.32), (0.6, 0.6, 0.62), (0.75, 0.58, 0.25)))
    return Shape(
        (*visuals, d.made_of("metal", meshes.merge(*hoops), iron), d.coat(meshes.merge(*ears), d.rgb)), tuple(pieces)
    ), (2 * inner, 2 * inner)
