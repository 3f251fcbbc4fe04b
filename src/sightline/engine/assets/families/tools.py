"""Tools with handles thick enough for fingers that come from above, and things from a workshop."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import DARK, SILVER, WHITE, shade
from sightline.engine.assets.families.family import ALL, METALS, VIVID, Draw, family
from sightline.engine.assets.families.forms import grip, lying, prism, rod, wheel
from sightline.engine.assets.model import Shape
from sightline.engine.assets.shapes import block

HAND = "tools/hand tools"
HANDLES = ("plastic", "rubber", "wood")
STEEL = (0.55, 0.56, 0.58)


@family("screwdriver", HAND, mass=0.08, colours=ALL, materials=("plastic", "rubber"), patterns=("stripes", "bands"))
def screwdriver(d: Draw) -> Shape:
    """A fat grip and a shaft with a flat, cross or square tip."""
    thick, length, shaft = d.between(0.022, 0.026), d.between(0.058, 0.066), d.between(0.032, 0.043)
    bar, filling = grip(d, length, thick, -length)
    r, z = d.between(0.0026, 0.0036), thick / 2
    blade = d.pick(
        (
            meshes.plain_box((0.008, 2.6 * r, 0.0016), (shaft, 0, z)),
            meshes.lying(meshes.lathe([(r, 0), (r, 0.003), (0, 0.007)], 4)).moved((shaft, 0, z)),
            meshes.plain_box((0.007, 1.6 * r, 1.6 * r), (shaft, 0, z)),
        )
    )
    collar = meshes.lying(meshes.lathe([(0.3 * thick, 0), (0.2 * thick, 0.006), (0, 0.006)], 10)).moved((0, 0, z))
    metal = d.metal(meshes.merge(rod((0, 0, z), (shaft, 0, z), r, 8), blade))
    pieces = [filling, block((shaft, 2 * r, 2 * r), (shaft / 2, 0, z))]
    return lying((bar, metal, d.coat(collar, d.accent)), pieces, -0.45 * length, thick, thick)


@family("hammer", HAND, mass=0.14, colours=ALL, materials=HANDLES, synonyms=("claw hammer",))
def hammer(d: Draw) -> Shape:
    """Its head lies across at +x: a claw, a wedge or two round faces."""
    thick, length = d.between(0.022, 0.025), d.between(0.06, 0.07)
    bar, filling = grip(d, length, thick, -length)
    z, wide, half = thick / 2, d.between(0.042, 0.052), d.between(0.009, 0.0115)
    neck = d.between(0.014, 0.022)
    face = meshes.lathe(
        [(0, 0), (half, 0), (half, 0.25 * wide), (0.75 * half, 0.32 * wide), (0.75 * half, 0.5 * wide)], 12
    )
    back = d.pick(
        (
            meshes.lathe(
                [(0, 0), (half, 0), (half, 0.25 * wide), (0.75 * half, 0.32 * wide), (0.75 * half, 0.5 * wide)], 12
            ),
            meshes.hull(
                np.array(
                    [[sx * w, sy * w, h] for w, h in ((0.75 * half, 0.5 * wide),) for sx in (-1, 1) for sy in (-1, 1)]
                    + [[-0.2 * half, s * half, 0] for s in (-1, 1)]
                )
            ),
            meshes.merge(
                *(
                    meshes.tube(
                        np.array(
                            [
                                [0, s * 0.2 * half, 0.5 * wide],
                                [-0.1 * half, s * 0.5 * half, 0.25 * wide],
                                [-0.9 * half, s * 0.7 * half, 0],
                            ]
                        ),
                        np.array([0.5, 0.4, 0.2]) * half,
                        6,
                    )
                    for s in (-1, 1)
                )
            ),
        )
    )
    along_y, along_minus_y = (
        np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]),
        np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]),
    )
    head = meshes.merge(
        face.moved((neck, -wide / 2, z), along_y),
        back.moved((neck, wide / 2, z), along_minus_y),
        meshes.box((1.7 * half, 1.7 * half, 1.9 * half), 0.002).moved((neck, 0, z - 0.95 * half)),
    )
    stem = d.coat(rod((-0.002, 0, z), (neck, 0, z), 0.3 * thick, 8), d.pick((STEEL, shade(d.rgb, 0.8))))
    lift = max(0.0, half - z)
    pieces = [
        filling,
        block((neck, 0.5 * thick, 0.5 * thick), (neck / 2, 0, z)),
        block((1.8 * half, wide, 1.8 * half), (neck, 0, z + lift)),
    ]
    return lying((bar, stem, d.metal(head, STEEL)), pieces, -0.25 * length, thick, thick)


@family(
    "wrench", HAND, mass=0.12, colours=("grey", "black", *VIVID), materials=("metal", "rubber"), synonyms=("spanner",)
)
def wrench(d: Draw) -> Shape:
    """A flat bar, thick as a toy's, with an open jaw at one end and a ring or a second jaw at the other."""
    thick, length, r = d.between(0.0215, 0.025), d.between(0.06, 0.072), d.between(0.0165, 0.02)
    wide = d.between(0.019, 0.023)
    bar = meshes.box((length, wide, thick), 0.004)
    jaw = [(0.95 * r * np.cos(a), r * np.sin(a)) for a in np.linspace(0.55, 2 * np.pi - 0.55, 12)]
    notch = 0.42 * r
    arms = prism([*jaw, (0.0, -notch), (-0.25 * r, 0.0), (0.0, notch)], thick)
    right = arms.moved((length / 2 + 0.6 * r, 0, 0))
    if d.chance(0.5):
        left = arms.moved((-length / 2 - 0.6 * r, 0, 0), np.diag([-1.0, -1.0, 1.0]))
    else:
        left = meshes.lathe([(0.5 * r, 0), (0.95 * r, 0), (0.95 * r, thick), (0.5 * r, thick), (0.5 * r, 0)], 12).moved(
            (-length / 2 - 0.7 * r, 0, 0)
        )
    middle = d.coat(bar, d.rgb) if d.material == "rubber" else d.paint(bar)[0]
    ends = d.metal(meshes.merge(left, right), d.rgb if d.colour in METALS else SILVER)
    pieces = [block((length, wide, thick), (0, 0, thick / 2))]
    pieces += [block((1.2 * r, 1.8 * r, thick), (s * (length / 2 + 0.4 * r), 0, thick / 2)) for s in (-1, 1)]
    return lying((middle, ends), pieces, 0.0, wide, thick)


@family("pliers", HAND, mass=0.11, colours=ALL, materials=("plastic", "rubber"), synonyms=("pincers", "tongs"))
def pliers(d: Draw) -> Shape:
    """Two curved grips side by side and a pointed or blunt beak."""
    thick, length, beak = d.between(0.02, 0.023), d.between(0.054, 0.064), d.between(0.03, 0.038)
    spread = d.between(0.0095, 0.0115)
    x = np.linspace(-length, 0, 7)
    arms = []
    for side in (-1, 1):
        y = side * (0.35 + 0.65 * np.sin(np.linspace(0.35, np.pi - 0.1, 7)) ** 0.7) * spread
        arms.append(meshes.tube(np.stack([x, y, np.full(7, thick / 2)], -1), np.linspace(0.34, 0.42, 7) * thick, 8))
    tip = d.between(0.25, 0.8)
    jaws = [
        meshes.hull(
            np.array(
                [[0, side * 0.0015, z] for z in (0.2 * thick, 0.8 * thick)]
                + [[0.3 * beak, side * 0.42 * thick, z] for z in (0.15 * thick, 0.85 * thick)]
                + [[0, side * 0.35 * thick, z] for z in (0.2 * thick, 0.8 * thick)]
                + [[beak, side * w, z] for w in (0.0006, 0.3 * tip * thick) for z in (0.35 * thick, 0.65 * thick)]
            )
        )
        for side in (-1, 1)
    ]
    pivot = meshes.lathe([(0.34 * thick, 0.1 * thick), (0.34 * thick, 0.92 * thick), (0, 0.95 * thick)], 12)
    width = 2 * spread + 0.75 * thick
    pieces = [
        block((0.8 * length, width, 0.85 * thick), (-0.52 * length, 0, thick / 2)),
        block((0.9 * beak, 0.7 * thick, 0.7 * thick), (0.45 * beak, 0, thick / 2)),
    ]
    visuals = (*d.paint(meshes.merge(*arms)), d.metal(meshes.merge(*jaws, pivot), STEEL))
    return lying(visuals, pieces, -0.5 * length, width, thick)


@family("paintbrush", HAND, mass=0.06, colours=ALL, materials=("wood", "plastic"), synonyms=("paint brush",))
def paintbrush(d: Draw) -> Shape:
    """A grip, a metal ferrule and bristles dipped in paint."""
    thick, length, hair = d.between(0.021, 0.024), d.between(0.052, 0.062), d.between(0.024, 0.032)
    bar, filling = grip(d, length, thick, -length)
    wide, band = d.between(0.026, 0.036), 0.014
    ferrule = meshes.box((band, wide, 0.8 * thick), 0.002).moved((band / 2, 0, 0.1 * thick))

    def tuft(start: float, end: float) -> meshes.Mesh:
        taper = [1 - 0.35 * at for at in (start, end)]
        return meshes.hull(
            np.array(
                [
                    [band + at * hair, s * wide / 2 * (0.9 + 0.06 * at), thick / 2 + u * 0.36 * thick * t]
                    for at, t in zip((start, end), taper, strict=True)
                    for s in (-1, 1)
                    for u in (-1, 1)
                ]
            )
        )

    dip = d.between(0.45, 0.7)
    visuals = (
        bar,
        d.metal(ferrule),
        d.coat(tuft(0, dip), d.pick(((0.75, 0.6, 0.38), DARK, (0.9, 0.88, 0.82))), "cloth"),
        d.coat(tuft(dip, 1), d.accent),
    )
    pieces = [filling, block((band + 0.9 * hair, wide, 0.7 * thick), ((band + hair) / 2, 0, thick / 2))]
    return lying(visuals, pieces, -0.45 * length, thick, thick)


@family("trowel", HAND, mass=0.1, colours=ALL, materials=HANDLES, synonyms=("garden trowel", "shovel"))
def trowel(d: Draw) -> Shape:
    """A pointed or blunt blade that rests its tip on the table."""
    thick, length, blade = d.between(0.022, 0.025), d.between(0.054, 0.062), d.between(0.046, 0.054)
    bar, filling = grip(d, length, thick, -length)
    wide, tip = d.between(0.028, 0.036), d.between(0.1, 0.7)
    x = np.array([0.0, 0.25, 0.6, 0.85, 1.0]) * blade + 0.014
    half = np.array([0.3, 1.0, 0.95, 0.5 + 0.4 * tip, tip]) * wide / 2
    z = np.array([0.5, 0.3, 0.14, 0.04, 0.0]) * thick + 0.002
    left, middle, right = (np.stack([x, s * half, z + 0.004 * abs(s)], -1) for s in (-1, 0, 1))
    points = np.concatenate([left, middle, right])
    quads = [(k, k + 1, k + 6, k + 5) for k in (*range(4), *range(5, 9))]
    faces = np.array([t for a, b, c, e in quads for t in ((a, b, c), (a, c, e), (a, c, b), (a, e, c))])
    steel = d.metal(
        meshes.merge(meshes.flat(points, faces), rod((-0.002, 0, thick / 2), (0.018, 0, 0.45 * thick), 0.0035)),
        d.pick((SILVER, STEEL)),
    )
    pieces = [filling, block((0.8 * blade, 0.8 * wide, 0.01), (0.014 + 0.5 * blade, 0, 0.006))]
    return lying((bar, steel), pieces, -0.4 * length, thick, thick)


@family("paint roller", HAND, mass=0.09, colours=ALL, materials=("plastic", "rubber"))
def paint_roller(d: Draw) -> Shape:
    """A woolly roll across, at the end of a bent wire."""
    thick, length, r = d.between(0.021, 0.024), d.between(0.052, 0.06), d.between(0.0115, 0.014)
    bar, filling = grip(d, length, thick, -length)
    wide = d.between(0.04, 0.05)
    roll = wheel(r, wide, 14).moved((0.034, 0, r))
    wire = meshes.tube(
        np.array(
            [
                [-0.002, 0, thick / 2],
                [0.012, 0.0, thick / 2],
                [0.016, 0.62 * wide, r],
                [0.034, 0.62 * wide, r],
                [0.034, 0.4 * wide, r],
            ]
        ),
        0.0022,
        6,
    )
    visuals = (bar, d.made_of("cloth", roll, d.pick((WHITE, (0.95, 0.9, 0.75), d.accent))), d.metal(wire))
    pieces = [filling, block((1.7 * r, wide, 2 * r), (0.034, 0, r))]
    return lying(visuals, pieces, -0.4 * length, thick, thick)
