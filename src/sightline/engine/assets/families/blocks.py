"""Building blocks of every form."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import rotation_z
from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import DARK, WHITE
from sightline.engine.assets.families.family import ALL, DECORATED, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, prism, star, turned, wrapped_box
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

BLOCK = "toys/blocks"
WOODEN = ("wood", "wood", "plastic", "foam")


@family(
    "cube",
    BLOCK,
    mass=0.08,
    colours=ALL,
    materials=WOODEN,
    patterns=("check", "dots", "stars", "hearts", "stripes"),
    synonyms=("block",),
)
def cube(d: Draw) -> Shape:
    """Sharp, chamfered or rounded; some carry a letter on every side."""
    w = d.between(0.036, 0.045)
    if not d.pattern and d.chance(0.6):
        letter = prints.written(d.pick("ABCDEFGHKLMNPRSTUXYZ"), d.rgb, WHITE if not d.light else DARK)
        inner = meshes.box((1.004 * w, 1.004 * w, 1.004 * w), 0.07 * w)
        visuals: tuple[Visual, ...] = (
            d.coat(inner, d.rgb, "wood"),
            Visual(wrapped_box(1.008 * w * 0.86, 1.008 * w, 0.86 * w).moved((0, 0, 0.07 * w)), WHITE, letter, 0.2),
            Visual(wrapped_box(1.008 * w, 1.008 * w * 0.86, 0.86 * w).moved((0, 0, 0.07 * w)), WHITE, letter, 0.2),
        )
    else:
        visuals = d.paint(
            d.pick((meshes.box((w, w, w), d.between(0.02, 0.14) * w), blob((w, w, w), 0.22, 0.22, 20, 11)))
        )
    return boxed(visuals, (w, w, w), square=True)


@family("brick", BLOCK, mass=0.06, colours=ALL, synonyms=("building brick", "toy brick"))
def brick(d: Draw) -> Shape:
    """A building brick with two rows of studs."""
    columns = d.whole(2, 4)
    pitch, z = d.between(0.0155, 0.0175), d.between(0.024, 0.031)
    x, y, stud = columns * pitch, 2 * pitch, 0.3 * pitch
    knob = meshes.lathe([(0.31 * pitch, 0.0), (0.31 * pitch, stud), (0.0, stud)], 10)
    studs = [
        knob.moved(((i - (columns - 1) / 2) * pitch, (j - 0.5) * pitch, z)) for i in range(columns) for j in range(2)
    ]
    visuals = d.paint(meshes.merge(meshes.box((x, y, z), 0.001), *studs))
    return boxed(visuals, (x, y, z), more=[block((x - 0.3 * pitch, 0.8 * y, stud), (0, 0, z + stud / 2))])


@family("pyramid", BLOCK, mass=0.07, colours=ALL, materials=WOODEN, patterns=("stripes", "bands"))
def pyramid(d: Draw) -> Shape:
    """Three to six sides, its tip cut off a little or steps all the way up."""
    r, h, sides = d.between(0.0225, 0.0255), d.between(0.04, 0.054), d.pick((4, 4, 4, 6))
    top = d.between(0.04, 0.2) * r
    if d.chance(0.3):
        steps = d.whole(3, 5)
        layers = [
            prism(star(sides // 2, *(2 * [r * (1 - 0.8 * k / steps)])), h / steps).moved((0, 0, k * h / steps))
            for k in range(steps)
        ]
        mesh = meshes.merge(*layers)
    else:
        base = star(sides // 2, r, r)
        mesh = meshes.hull(
            np.concatenate(
                [np.column_stack([base, np.zeros(sides)]), np.column_stack([base * top / r, np.full(sides, h)])]
            )
        )
    flat = np.cos(np.pi / sides)
    mesh = mesh.moved((0, 0, 0), rotation_z(np.pi / sides))
    pieces = tuple(
        block((2 * s * flat * r, 2 * s * flat * r, 0.25 * h), (0, 0, (k + 0.5) * h / 4))
        for k, s in enumerate((0.95, 0.7, 0.46, 0.22))
    )
    return Shape(d.paint(mesh), pieces, Grasp((0, 0, 0.3 * h), ACROSS_Y, 1.72 * flat * r, square=sides == 4))


@family("cylinder", BLOCK, mass=0.07, colours=ALL, materials=WOODEN, patterns=DECORATED)
def cylinder(d: Draw) -> Shape:
    """A turned block."""
    r, h, edge = d.between(0.0185, 0.0232), d.between(0.034, 0.06), d.between(0.0005, 0.005)
    profile = [(0, 0), (r - edge, 0), (r, edge), (r, h - edge), (r - edge, h), (0, h)]
    return turned(d.paint(meshes.lathe(profile, 22)), profile, pieces=1)


@family("star", BLOCK, mass=0.07, colours=ALL, materials=WOODEN, synonyms=("star block",))
def star_block(d: Draw) -> Shape:
    """A thick star that lies flat."""
    r, h, points = d.between(0.0235, 0.026), d.between(0.024, 0.032), d.pick((5, 5, 6))
    inner = d.between(0.5, 0.66) * r
    mesh = prism(star(points, inner, r, np.pi / 2), h)
    pieces = (Collider("cylinder", (0.86 * r, h / 2), (0, 0, h / 2)),)
    return Shape(d.paint(mesh), pieces, Grasp((0, 0, 0.55 * h), ACROSS_Y, 1.78 * r))


@family("heart", BLOCK, mass=0.07, colours=ALL, materials=WOODEN, synonyms=("heart block",))
def heart_block(d: Draw) -> Shape:
    """A thick heart that lies flat, its tip towards +x."""
    size, h = d.between(0.00128, 0.00142), d.between(0.024, 0.032)
    t = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    x = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    y = 16 * np.sin(t) ** 3
    outline = (
        np.stack([x, y], -1)[::-1] * size
        if np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) < 0
        else np.stack([x, y], -1) * size
    )
    low, high = outline.min(0), outline.max(0)
    outline = outline - (low + high) / 2
    wide = float(high[1] - low[1])
    pieces = (
        block((0.5 * wide, 0.9 * wide, h), (-0.16 * wide, 0, h / 2)),
        block((0.3 * wide, 0.5 * wide, h), (0.2 * wide, 0, h / 2)),
    )
    return Shape(d.paint(prism(outline, h)), pieces, Grasp((-0.14 * wide, 0, 0.55 * h), ACROSS_Y, 0.94 * wide))
