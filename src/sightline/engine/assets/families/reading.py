"""Books and boards: surfaces with something to read."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import CREAM, DARK, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.families.family import ALL, MEDIUM, Draw, family
from sightline.engine.assets.families.forms import panel, ring
from sightline.engine.assets.families.surfaces import BOARDS, mapped, slab
from sightline.engine.assets.model import Visual
from sightline.engine.assets.shapes import Target

READING = "office/reading"


@family(
    "book",
    READING,
    mass=0.3,
    colours=ALL,
    materials=("paper", "leather", "cloth"),
    role="surface",
    synonyms=("hardback",),
)
def book(d: Draw) -> Target:
    """A closed hardback with a title, its spine along y."""
    x, y, h = d.between(0.112, 0.132), d.between(0.145, 0.172), d.between(0.02, 0.032)
    lid = 0.0032
    covers = [meshes.plain_box((x, y, lid), (0, 0, z)) for z in (lid / 2, h - lid / 2)] + [
        meshes.plain_box((0.035 * x, y, h), (-0.4825 * x, 0, h / 2))
    ]
    pages = meshes.plain_box((0.95 * x, 0.96 * y, h - 2 * lid), (0.005 * x, 0, h / 2))
    visuals = [*d.paint(meshes.merge(*covers)), d.coat(pages, d.pick((CREAM, WHITE)), "paper"), _cover(d, x, y, h)]
    if d.chance(0.4):
        ribbon = meshes.plain_box((0.004, 0.014, 0.001), (0.1 * x, -y / 2 - 0.005, h / 2))
        visuals.append(d.coat(ribbon, d.accent))
    return slab(d, x, y, h, visuals)


def _cover(d: Draw, x: float, y: float, z: float) -> Visual:
    """A printed title on top of a book."""
    return d.label(panel(0.8 * x, 0.8 * y, (0.02 * x, 0, z + 0.0005)), d.rgb, 1, y / x)


@family(
    "magazine", READING, mass=0.15, colours=ALL, materials=("paper",), role="surface", sizes=MEDIUM, synonyms=("comic",)
)
def magazine(d: Draw) -> Target:
    """Thin, with a picture and a title on its cover."""
    x, y, h = d.between(0.115, 0.135), d.between(0.155, 0.178), d.between(0.005, 0.009)
    body = meshes.plain_box((x, y, 0.9 * h), (0, 0, 0.45 * h))
    image = prints.pattern_print(
        d.pick(("flowers", "stars", "waves", "diamonds", "marble", "dots")), d.accent, d.rgb, d.rng
    )
    picture = Visual(panel(0.84 * x, 0.56 * y, (0, -0.12 * y, h + 0.0004)), WHITE, image, 0.4)
    head = d.label(panel(0.9 * x, 0.24 * y, (0, 0.34 * y, h + 0.0004)), d.rgb, 1, 0.36)
    lid = meshes.plain_box((x, y, 0.1 * h), (0, 0, 0.95 * h))
    return slab(d, x, y, h, [*d.paint(lid), d.coat(body, WHITE), picture, head])


@family(
    "notebook",
    READING,
    mass=0.2,
    colours=ALL,
    materials=("paper", "leather"),
    patterns=("stripes", "check", "dots", "flowers", "marble"),
    role="surface",
    synonyms=("exercise book",),
)
def notebook(d: Draw) -> Target:
    """Bound by a wire spiral along -x, an elastic band around it."""
    x, y, h = d.between(0.112, 0.128), d.between(0.145, 0.168), d.between(0.011, 0.017)
    pages = meshes.plain_box((0.97 * x, 0.97 * y, h - 0.002), (0, 0, h / 2))
    lid = meshes.box((x, y, 0.0025), 0.0006)
    count = d.whole(9, 13)
    quarter = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    wires = [
        ring(0.5 * h + 0.0012, 0.0009, 8, 4)
        .moved((0, 0.0009, 0), quarter)
        .moved((-x / 2, y * 0.9 * ((k + 0.5) / count - 0.5), 0.5 * h + 0.001))
        for k in range(count)
    ]
    visuals = [
        *d.paint(mapped(lid.moved((0, 0, h - 0.0025)))),
        d.coat(meshes.merge(lid, lid), shade(d.rgb, 0.8)),
        d.coat(pages, WHITE),
        d.coat(meshes.merge(*wires), d.pick((SILVER, DARK)), "metal"),
    ]
    if d.chance(0.5):
        visuals.append(d.coat(meshes.plain_box((0.005, 1.003 * y, h + 0.001), (0.4 * x, 0, h / 2)), d.accent))
    return slab(d, x, y, h, visuals)


@family(
    "slate",
    BOARDS,
    mass=0.25,
    colours=("black", "grey", "green", "blue"),
    materials=("stone",),
    role="surface",
    synonyms=("chalk board", "blackboard"),
)
def slate(d: Draw) -> Target:
    """A writing board in a wooden frame, with chalk marks."""
    x, y, h = d.between(0.122, 0.138), d.between(0.145, 0.168), d.between(0.008, 0.011)
    bar = d.between(0.008, 0.013)
    frame = [meshes.box((x, bar, h), 0.001).moved((0, s * (y - bar) / 2, 0)) for s in (-1, 1)] + [
        meshes.box((bar, y - 2 * bar, h), 0.001).moved((s * (x - bar) / 2, 0, 0)) for s in (-1, 1)
    ]
    field = panel(x - bar, y - bar, (0, 0, 0.86 * h))
    text = prints.written(d.pick(("ABC", "1+1", "HI!", "1 2 3", "A B", "2x3", "OK", "XYZ")), d.rgb, (0.92, 0.92, 0.9))
    written = Visual(panel(0.7 * x, 0.6 * y, (0, 0, 0.88 * h)), WHITE, text, 0.1)
    return slab(d, x, y, h, [*d.paint(field), d.made_of("wood", meshes.merge(*frame), WOOD), written])
