"""Things that others are put onto: low and flat, not to be picked up."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import rotation_z
from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, WHITE, shade
from sightline.engine.assets.families.family import ALL, DECORATED, MEDIUM, WOVEN_IN, Draw, family
from sightline.engine.assets.families.forms import panel, ring
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Shape, Visual
from sightline.engine.assets.shapes import Target, block, ring_wall, upright_cylinder

TABLEWARE = "kitchenware/tableware"
LINEN = "household/linen"
BOARDS = "home/boards"


def slab(d: Draw, x: float, y: float, h: float, visuals: list[Visual]) -> Target:
    """A surface whose collision piece is a box of full size (x, y, h)."""
    return Shape(tuple(visuals), (block((x, y, h), (0, 0, h / 2)),)), (x, y)


def mapped(mesh: Mesh) -> Mesh:
    """The mesh with the picture laid flat over it from above."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    uv = (mesh.vertices[:, :2] - low[:2]) / (high - low)[:2]
    return Mesh(mesh.vertices, mesh.faces, mesh.normals, uv)


@family(
    "plate",
    TABLEWARE,
    mass=0.25,
    colours=ALL,
    materials=("ceramic", "ceramic", "glass", "metal", "paper"),
    patterns=DECORATED,
    role="surface",
    synonyms=("dinner plate",),
)
def plate(d: Draw) -> Target:
    """Round with a rim, its centre sometimes in another colour."""
    r, h, well = d.between(0.078, 0.085), d.between(0.011, 0.015), d.between(0.6, 0.72)
    rim = [(r, h), (0.98 * r, 1.04 * h), (well * r + 0.006, 0.6 * h), (well * r, 0.42 * h)]
    middle = [(well * r, 0.42 * h), (0, 0.42 * h)]
    under = [(0, 0), (0.5 * r, 0), ((well + 0.04) * r, 0.38 * h), (r, h)]
    centre = d.coat(meshes.lathe(middle, 26), d.pick((d.rgb, shade(d.rgb, 0.92), WHITE if not d.light else d.rgb)))
    sides = d.pick((30, 30, 30, 12, 8))
    visuals = (*d.paint(meshes.lathe(rim, sides)), centre, d.coat(meshes.lathe(under, sides), shade(d.rgb, 0.9)))
    return Shape(
        visuals,
        (upright_cylinder(well * r, 0, 0.42 * h), *ring_wall((well - 0.02) * r, 0.98 * r, 0.3 * h, 0.92 * h, 0.003)),
    ), (1.36 * r, 1.36 * r)


@family(
    "board",
    TABLEWARE,
    mass=0.3,
    colours=("brown", "white", "green", "blue", "red", "yellow", "black", "grey", "orange"),
    materials=("wood", "wood", "plastic", "stone"),
    role="surface",
    sizes=MEDIUM,
    synonyms=("cutting board", "chopping board"),
)
def board(d: Draw) -> Target:
    """Oblong or round, with a grip and a groove."""
    h = d.between(0.01, 0.014)
    if d.chance(0.3):
        r = d.between(0.074, 0.082)
        disc = meshes.lathe([(0, 0), (r - 0.002, 0), (r, 0.002), (r, h - 0.002), (r - 0.002, h), (0, h)], 28)
        grip = meshes.box((0.03, 0.05, h), 0.003).moved((0, r + 0.018, 0))
        return Shape(
            d.paint(mapped(disc), mapped(grip)),
            (upright_cylinder(r, 0, h), block((0.03, 0.045, h), (0, r + 0.018, h / 2))),
        ), (1.4 * r, 1.4 * r)
    x, y = d.between(0.122, 0.138), d.between(0.155, 0.175)
    top = meshes.box((x, y, h), 0.003)
    visuals = [*d.paint(mapped(top))]
    pieces = [block((x, y, h), (0, 0, h / 2))]
    if d.chance(0.6):
        wide, long = d.between(0.03, 0.045), d.between(0.04, 0.055)
        visuals += d.paint(meshes.box((wide, long, h), 0.003).moved((0, y / 2 + long / 2 - 0.005, 0)))
        pieces.append(block((wide, long, h), (0, y / 2 + long / 2 - 0.005, h / 2)))
    if d.chance(0.5):
        bars = [meshes.plain_box((0.9 * x, 0.003, 0.0006), (0, s * 0.43 * y, h)) for s in (-1, 1)] + [
            meshes.plain_box((0.003, 0.86 * y, 0.0006), (s * 0.44 * x, 0, h)) for s in (-1, 1)
        ]
        visuals.append(d.coat(meshes.merge(*bars), shade(d.rgb, 0.7)))
    return Shape(tuple(visuals), tuple(pieces)), (x, y)


@family(
    "mat",
    LINEN,
    mass=0.2,
    colours=ALL,
    materials=("cloth", "wicker", "rubber"),
    patterns=WOVEN_IN,
    role="surface",
    sizes=MEDIUM,
    synonyms=("place mat", "table mat"),
)
def mat(d: Draw) -> Target:
    """A cloth with a border, square, oblong or round."""
    h = 0.005
    edge = shade(d.rgb, 0.6) if not d.dark else (0.3, 0.3, 0.31)
    if d.chance(0.3):
        r = d.between(0.074, 0.082)
        base = meshes.lathe([(0, 0), (r, 0), (r, h), (0.9 * r, h)], 28)
        field = mapped(meshes.lathe([(0.9 * r, h + 0.0003), (0, h + 0.0004)], 28))
        return Shape((*d.paint(field), d.coat(base, edge)), (upright_cylinder(r, 0, h),)), (1.4 * r, 1.4 * r)
    x, y, share = d.between(0.135, 0.155), d.between(0.145, 0.178), d.between(0.78, 0.92)
    base = meshes.plain_box((x, y, h), (0, 0, h / 2))
    return slab(
        d, x, y, h, [*d.paint(panel(share * x, share * y, (0, 0, h + 0.0006))), d.coat(base, d.pick((edge, d.accent)))]
    )


@family(
    "coaster",
    TABLEWARE,
    mass=0.12,
    colours=ALL,
    materials=("wood", "cloth", "stone", "rubber"),
    patterns=("flowers", "stars", "hearts", "marble", "diamonds", "check"),
    role="surface",
    sizes=MEDIUM,
    synonyms=("pot coaster",),
)
def coaster(d: Draw) -> Target:
    """A thick round, square or six-sided rest."""
    r, h = d.between(0.065, 0.07), d.between(0.007, 0.011)
    sides = d.pick((28, 28, 4, 6, 8))
    if sides == 4:
        w = 1.8 * r
        return slab(d, w, w, h, [*d.paint(mapped(meshes.box((w, w, h), 0.002)))])
    mesh = meshes.lathe([(0, 0), (r, 0), (r, h), (0.97 * r, h + 0.0005), (0, h + 0.0005)], sides, 30.0)
    lip = meshes.lathe([(0.97 * r, h), (0.97 * r, h + 0.0012), (0.9 * r, h + 0.0012), (0.9 * r, h)][::-1], sides)
    flat = float(np.cos(np.pi / sides))
    return Shape((*d.paint(mapped(mesh)), d.coat(lip, shade(d.rgb, 0.7))), (upright_cylinder(flat * r, 0, h),)), (
        1.7 * flat * r,
        1.7 * flat * r,
    )


@family(
    "napkin",
    LINEN,
    mass=0.1,
    colours=ALL,
    materials=("cloth", "paper"),
    patterns=(*WOVEN_IN, "flowers", "hearts"),
    role="surface",
    synonyms=("serviette",),
)
def napkin(d: Draw) -> Target:
    """Folded once or twice: layers that do not quite meet."""
    x, y, h = d.between(0.118, 0.135), d.between(0.118, 0.15), d.between(0.005, 0.008)
    layers = d.whole(2, 3)
    sheets = [
        meshes.plain_box(
            (x - 0.004 * k, y - 0.005 * k, h / layers * 0.9), (-0.002 * k, 0.001 * k, h * (k + 0.5) / layers)
        )
        for k in range(layers)
    ]
    top = panel(
        x - 0.004 * (layers - 1), y - 0.005 * (layers - 1), (-0.002 * (layers - 1), 0.001 * (layers - 1), h + 0.0003)
    )
    return slab(d, x, y, h, [*d.paint(top), d.coat(meshes.merge(*sheets), shade(d.rgb, 0.85))])


@family(
    "towel",
    LINEN,
    mass=0.2,
    colours=ALL,
    materials=("cloth",),
    patterns=("stripes", "plaid", "bands", "waves", "flowers"),
    role="surface",
    synonyms=("tea towel", "dish towel"),
)
def towel(d: Draw) -> Target:
    """A thick folded cloth with fringes at its ends."""
    x, y, h = d.between(0.122, 0.14), d.between(0.15, 0.172), d.between(0.01, 0.015)
    top = meshes.box((x, y, h), 0.004)
    folds = [meshes.plain_box((1.002 * x, 0.002, 0.0015), (0, s * y / 2 - s * 0.001, h / 2)) for s in (-1, 1)]
    count = d.whole(9, 13)
    fringe = [
        meshes.plain_box((0.004, 0.009, 0.002), (x * 0.92 * ((k + 0.5) / count - 0.5), s * (y / 2 + 0.003), 0.002))
        for k in range(count)
        for s in (-1, 1)
    ]
    return slab(
        d,
        x,
        y,
        h,
        [*d.paint(mapped(top)), d.coat(meshes.merge(*folds, *fringe), d.pick((WHITE, CREAM, shade(d.rgb, 0.7))))],
    )


@family(
    "tile",
    BOARDS,
    mass=0.25,
    colours=ALL,
    materials=("ceramic", "stone"),
    patterns=(*DECORATED, "diamonds", "marble", "check"),
    role="surface",
    synonyms=("ceramic tile",),
)
def tile(d: Draw) -> Target:
    """A glazed tile with a bevelled edge."""
    w, h = d.between(0.125, 0.15), d.between(0.008, 0.012)
    body = meshes.box((w, w, h), d.between(0.001, 0.004))
    return slab(
        d,
        w,
        w,
        h,
        [*d.paint(panel(0.92 * w, 0.92 * w, (0, 0, h + 0.0004))), d.coat(body, d.pick((d.rgb, shade(d.rgb, 0.8))))],
    )


@family(
    "shelf board",
    BOARDS,
    mass=0.3,
    colours=("brown", *[name for name in ALL if name != "brown"]),
    materials=("wood", "wood", "plastic"),
    role="surface",
    synonyms=("plank",),
)
def shelf_board(d: Draw) -> Target:
    """A board on two low feet."""
    x, y, h = d.between(0.115, 0.13), d.between(0.16, 0.178), d.between(0.02, 0.03)
    thick = d.between(0.008, 0.012)
    top = mapped(meshes.box((x, y, thick), 0.002)).moved((0, 0, h - thick))
    feet = [meshes.plain_box((0.92 * x, 0.012, h - thick), (0, s * 0.4 * y, (h - thick) / 2)) for s in (-1, 1)]
    return slab(d, x, y, h, [*d.paint(top), d.coat(meshes.merge(*feet), d.pick((shade(d.rgb, 0.7), d.accent)))])


@family(
    "trivet",
    TABLEWARE,
    mass=0.2,
    colours=ALL,
    materials=("wood", "metal", "rubber"),
    role="surface",
    sizes=MEDIUM,
    synonyms=("pot stand",),
)
def trivet(d: Draw) -> Target:
    """Bars or rings to put hot things on."""
    h = d.between(0.008, 0.012)
    if d.chance(0.5):
        x, count = d.between(0.125, 0.145), d.whole(6, 8)
        bars = [
            meshes.box((x, 0.6 * x / count, 0.55 * h), 0.0015).moved((0, x * ((k + 0.5) / count - 0.5), 0.45 * h))
            for k in range(count)
        ]
        cross = [meshes.plain_box((0.07 * x, x, 0.5 * h), (s * 0.32 * x, 0, 0.25 * h)) for s in (-1, 1)]
        return slab(d, x, x, h, [*d.paint(meshes.merge(*bars)), d.coat(meshes.merge(*cross), shade(d.rgb, 0.75))])
    r = d.between(0.07, 0.08)
    rings = [ring(at * r, 0.0045, 24, 5, 0.5 * h / 0.0045) for at in (0.95, 0.62, 0.3)]
    spokes = [
        meshes.plain_box((1.9 * r, 0.007, 0.8 * h), (0, 0, 0.4 * h)).moved((0, 0, 0), rotation_z(a))
        for a in (0.0, np.pi / 3, 2 * np.pi / 3)
    ]
    return Shape(d.paint(meshes.merge(*rings, *spokes)), (upright_cylinder(0.98 * r, 0, h),)), (1.4 * r, 1.4 * r)
