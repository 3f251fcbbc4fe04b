"""Things to write, rub out, glue and count with."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, DARK, SILVER, WHITE, shade
from sightline.engine.assets.families.family import ALL, VIVID, Draw, family
from sightline.engine.assets.families.forms import boxed, lying, prism, sleeve, standing, turned, wrapped_box
from sightline.engine.assets.families.office import DESK
from sightline.engine.assets.model import Collider, Grasp, Shape
from sightline.engine.assets.shapes import ACROSS_Y, block

WRITING = "office/writing"
BLOCKED = ("plastic", "plastic", "metal")


@family("marker", WRITING, mass=0.05, colours=ALL, patterns=("stripes", "bands"), synonyms=("felt pen", "marker pen"))
def marker(d: Draw) -> Shape:
    """A fat felt pen with a cap towards +x; its barrel is white or in its colour."""
    r, length, cap = d.between(0.0105, 0.0125), d.between(0.055, 0.068), d.between(0.026, 0.034)
    barrel = meshes.lying(meshes.lathe([(0, 0), (0.9 * r, 0), (r, 0.003), (r, length)], 14)).moved(
        (-length + 0.3 * cap, 0, 1.08 * r)
    )
    top = meshes.lying(
        meshes.lathe([(1.02 * r, 0), (1.08 * r, 0.001), (1.06 * r, cap - 0.004), (0.8 * r, cap), (0, cap)], 14)
    ).moved((0.3 * cap, 0, 1.08 * r))
    clip = meshes.plain_box((0.8 * cap, 0.004, 0.0025), (0.72 * cap, 0, 2.2 * r))
    body = d.paint(barrel)[0] if d.pattern or d.chance(0.3) else d.label(barrel, WHITE, 2, 0.8)
    pieces = [block((length + cap, 2 * r, 2 * r), (0.8 * cap - 0.5 * length, 0, 1.04 * r))]
    return lying((body, d.coat(meshes.merge(top, clip), d.rgb)), pieces, -0.3 * length, 2.08 * r, 2.1 * r)


@family("pencil sharpener", DESK, mass=0.06, colours=ALL, materials=BLOCKED, synonyms=("sharpener",))
def pencil_sharpener(d: Draw) -> Shape:
    """A wedge with a blade, or a round box."""
    if d.chance(0.5):
        x, y, z = d.between(0.044, 0.052), d.between(0.033, 0.038), d.between(0.027, 0.032)
        outline = [(-x / 2, -y / 2), (0, -0.42 * y), (x / 2, -y / 2), (x / 2, y / 2), (0, 0.42 * y), (-x / 2, y / 2)]
        blade = meshes.plain_box((0.62 * x, 0.5 * y, 0.0016), (0.03 * x, 0.04 * y, z + 0.0006))
        screw = meshes.lathe([(0.0035, 0), (0.003, 0.0022), (0, 0.0024)], 10).moved((0, 0.04 * y, z + 0.001))
        hole = (
            standing(meshes.lathe([(0.0075, 0), (0, 0.0004)], 12))
            .moved((0, 0, 0), _quarter())
            .moved((x / 2 + 0.0002, 0, z / 2))
        )
        visuals = (*d.paint(prism(outline, z)), d.metal(meshes.merge(blade, screw)), d.coat(hole, DARK))
        return boxed(visuals, (x, 0.84 * y, z))
    r, h = d.between(0.0205, 0.0232), d.between(0.03, 0.038)
    drum = meshes.lathe([(0, 0), (0.95 * r, 0), (r, 0.1 * h), (r, 0.62 * h)], 18)
    lid = meshes.lathe([(r, 0.63 * h), (1.02 * r, 0.66 * h), (r, 0.92 * h), (0.9 * r, h), (0, h)], 18)
    hole = meshes.lathe([(0.3 * r, h + 0.0004), (0, h + 0.0004)], 12)
    return turned(
        (*d.paint(lid), d.coat(drum, d.pick((shade(d.rgb, 1.8), d.accent))), d.coat(hole, DARK)),
        [(r, 0), (r, h)],
        grip=0.6 * h,
        pieces=1,
    )


def _quarter() -> np.ndarray:
    """[3,3] a quarter turn about z."""
    return np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])


@family("eraser", DESK, mass=0.05, colours=ALL, materials=("rubber",), synonyms=("rubber eraser",))
def eraser(d: Draw) -> Shape:
    """A block in a paper sleeve, or a slanted two-coloured one."""
    x, y, z = d.between(0.056, 0.068), d.between(0.033, 0.039), d.between(0.027, 0.032)
    if d.chance(0.6):
        core = meshes.box((x, 0.96 * y, 0.94 * z), 0.003).moved((0, 0, 0.03 * z))
        wide = d.between(0.55, 0.7) * x
        visuals = [
            d.coat(core, WHITE if not d.light else (0.9, 0.5, 0.6)),
            d.label(wrapped_box(wide, y, z).moved((-0.1 * x, 0, 0)), d.rgb, 1, z / wide),
        ]
        return boxed(visuals, (x, y, z))
    lean = d.between(0.1, 0.2) * x
    outline = np.array([(-x / 2, 0), (x / 2 - lean, 0), (x / 2, z), (-x / 2 + lean, z)])
    split = d.between(0.35, 0.65)
    low, high = outline[0] * (1 - split) + outline[1] * split, outline[3] * (1 - split) + outline[2] * split
    halves = [
        standing(prism(np.array(part), y)).moved((0, y / 2, 0))
        for part in ([outline[0], low, high, outline[3]], [low, outline[1], outline[2], high])
    ]
    return boxed((*d.paint(halves[0]), d.coat(halves[1], d.pick((d.accent, WHITE)))), (x - lean, y, z))


@family("glue stick", WRITING, mass=0.06, colours=ALL, synonyms=("glue",))
def glue_stick(d: Draw) -> Shape:
    """Upright, a label around it, a cap on top."""
    r, h = d.between(0.0145, 0.0175), d.between(0.058, 0.072)
    split = d.between(0.6, 0.7) * h
    body = meshes.lathe([(0, 0), (1.05 * r, 0), (1.05 * r, 0.1 * h), (r, 0.12 * h), (r, split)], 16)
    cap = meshes.lathe([(r, split), (1.06 * r, split), (1.04 * r, h - 0.002), (0.92 * r, h), (0, h)], 16)
    band = sleeve(r + 0.0005, 0.16 * h, 0.95 * split, 16)
    visuals = (
        d.coat(body, WHITE if not d.light else d.accent),
        *d.paint(cap),
        d.label(band, d.rgb, 2, 0.45 * h / (np.pi * r)),
    )
    return turned(visuals, [(1.04 * r, 0), (1.04 * r, h)], grip=max(0.55 * h, h - 0.04), pieces=1)


@family("calculator", DESK, mass=0.08, colours=ALL, synonyms=("pocket calculator",))
def calculator(d: Draw) -> Shape:
    """Tilted on a wedge, with a display and rows of keys."""
    x, y, low, high = d.between(0.056, 0.066), d.between(0.04, 0.045), 0.02, d.between(0.028, 0.033)
    side = [(-x / 2, 0), (x / 2, 0), (x / 2, low), (-x / 2, high)]
    case = standing(prism(side, y)).moved((0, y / 2, 0))
    slope = np.arctan2(high - low, x)
    tilt = np.array([[np.cos(slope), 0, np.sin(slope)], [0, 1, 0], [-np.sin(slope), 0, np.cos(slope)]])
    middle = (low + high) / 2
    screen = meshes.plain_box((0.2 * x, 0.8 * y, 0.002), (-0.34 * x, 0, 0)).moved((0, 0, middle), tilt)
    keys = [
        meshes.plain_box((0.1 * x, 0.14 * y, 0.004), ((-0.12 + 0.16 * i) * x, (j - 1.5) * 0.2 * y, 0)).moved(
            (0, 0, middle), tilt
        )
        for i in range(4)
        for j in range(4)
    ]
    visuals = (
        *d.paint(case),
        d.coat(screen, (0.62, 0.72, 0.6), "glass"),
        d.coat(meshes.merge(*keys), d.pick((WHITE, SILVER, DARK)) if not d.light else d.pick((DARK, d.accent))),
    )
    return boxed(visuals, (x, y, low), grip=0.016)


@family("ink bottle", WRITING, mass=0.1, colours=ALL, materials=("glass",), synonyms=("bottle of ink", "inkwell"))
def ink_bottle(d: Draw) -> Shape:
    """A square or round bottle with a wide cap."""
    w, low = d.between(0.038, 0.044), d.between(0.024, 0.03)
    h, neck = low + d.between(0.014, 0.018), d.between(0.24, 0.3) * w
    square = d.chance(0.5)
    body = (
        meshes.box((w, w, low), 0.005)
        if square
        else meshes.lathe(
            [(0, 0), (0.48 * w, 0), (w / 2, 0.1 * low), (w / 2, 0.7 * low), (0.34 * w, low), (0, low)], 18
        )
    )
    cap = meshes.lathe([(neck, low), (1.25 * neck, low + 0.002), (1.2 * neck, h), (0, h)], 14)
    paper = (
        meshes.plain_box((0.6 * w, 1.004 * w, 0.5 * low), (0, 0, 0.48 * low))
        if square
        else sleeve(w / 2 + 0.0005, 0.2 * low, 0.65 * low, 18)
    )
    front = d.coat(paper, CREAM, "paper") if square else d.label(paper, d.rgb, 2, 0.4)
    visuals = (*d.paint(body), d.coat(cap, d.pick((DARK, (0.8, 0.65, 0.3))) if not d.dark else SILVER), front)
    pieces = (
        block((0.96 * w, 0.96 * w, low), (0, 0, low / 2))
        if square
        else Collider("cylinder", (0.49 * w, low / 2), (0, 0, low / 2)),
        Collider("cylinder", (1.2 * neck, (h - low) / 2), (0, 0, (h + low) / 2)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.6 * low), ACROSS_Y if square else None, w, square=square))


@family("sticky notes", DESK, mass=0.06, colours=VIVID, materials=("paper",), synonyms=("note block", "pad of notes"))
def sticky_notes(d: Draw) -> Shape:
    """A block of paper in one or several colours, its top leaf written on or curled."""
    w, z = d.between(0.038, 0.044), d.between(0.024, 0.034)
    layers = d.whole(1, 3)
    tones = [d.rgb, d.accent, WHITE][:layers]
    slabs = [
        d.coat(meshes.plain_box((w, w, z / layers), (0, 0, z - (k + 0.5) * z / layers)), rgb)
        for k, rgb in enumerate(tones)
    ]
    lines = [
        meshes.plain_box((d.between(0.4, 0.75) * w, 0.0016, 0.0005), (-0.04 * w, (k - 1) * 0.2 * w, z))
        for k in range(3)
    ]
    extra = [d.coat(meshes.merge(*lines), DARK)] if d.chance(0.6) else []
    return boxed((*slabs, *extra), (w, w, z), square=True)
