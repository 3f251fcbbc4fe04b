"""Things from a bathroom."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, DARK, SILVER, WHITE, shade
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import (
    blob,
    boxed,
    fronts,
    grip,
    loft,
    lying,
    prism,
    sleeve,
    standing,
    turned,
)
from sightline.engine.assets.model import Collider, Grasp, Shape
from sightline.engine.assets.shapes import ACROSS_Y, block

WASH, BEAUTY = "bathroom/washing", "bathroom/beauty"
GOLD = (0.85, 0.68, 0.3)


@family(
    "soap", WASH, mass=0.08, colours=ALL, materials=("wax",), patterns=("marble", "speckle"), synonyms=("bar of soap",)
)
def soap(d: Draw) -> Shape:
    """A bar, rounded or nearly square, with a sunk field."""
    x, y, z = d.between(0.054, 0.066), d.between(0.036, 0.042), d.between(0.025, 0.031)
    bar = blob((x, y, z), d.between(0.3, 0.9), d.between(0.4, 0.65), 18, 9)
    field = blob((0.55 * x, 0.5 * y, 0.003), 0.8, 0.5, 14, 5).moved((0, 0, z - 0.002))
    pieces = (block((0.86 * x, 0.98 * y, z), (0, 0, z / 2)),)
    return Shape(
        (*d.paint(bar), d.coat(field, shade(d.rgb, d.pick((0.85, 1.5))))),
        pieces,
        Grasp((0, 0, max(0.014, 0.5 * z)), ACROSS_Y, y),
    )


@family("toothpaste", WASH, mass=0.08, colours=ALL, synonyms=("toothpaste tube", "tube of toothpaste"))
def toothpaste(d: Draw) -> Shape:
    """A tube on its side: a cap, a round shoulder, a flat crimped end."""
    length, y, z = d.between(0.07, 0.082), d.between(0.033, 0.038), d.between(0.026, 0.03)
    rows = []
    for at in np.linspace(0, 1, 7):
        angle = np.linspace(0, 2 * np.pi, 15)[:-1]
        thick = z * (0.12 + 0.88 * at**0.7)
        wide = y * (1.06 - 0.12 * at)
        rows.append(
            np.column_stack(
                [np.full(14, (at - 0.5) * length), wide / 2 * np.cos(angle), z / 2 + thick / 2 * np.sin(angle)]
            )
        )
    tube = loft(rows)
    low = tube.vertices[:, 2].min()
    shoulder = meshes.lying(meshes.lathe([(0, 0), (0.48 * z, 0), (0.3 * z, 0.006), (0, 0.006)], 14)).moved(
        (length / 2, 0, z / 2)
    )
    cap = meshes.lying(meshes.lathe([(0.3 * z, 0), (0.36 * z, 0.001), (0.32 * z, 0.012), (0, 0.012)], 12)).moved(
        (length / 2 + 0.005, 0, z / 2)
    )
    stripe = meshes.tube(
        np.array([[-0.3 * length, 0.25 * y, 0.5 * z + 0.36 * z], [0.4 * length, 0.15 * y, 0.97 * z]]), 0.002, 5
    )
    fold = meshes.box((0.006, 1.08 * y, 0.2 * z), 0.001).moved((-length / 2 - 0.002, 0, 0.4 * z))
    visuals = (
        *d.paint(tube.moved((0, 0, -low))),
        d.coat(meshes.merge(shoulder, cap), d.pick((WHITE, d.accent))),
        d.coat(stripe, d.accent),
        d.coat(fold, shade(d.rgb, 0.8)),
    )
    pieces = [
        block((0.55 * length, 0.94 * y, 0.95 * z), (0.22 * length, 0, 0.49 * z)),
        block((0.42 * length, y, 0.45 * z), (-0.28 * length, 0, 0.5 * z)),
        block((0.9 * length, 0.6 * y, 0.3 * z), (0, 0, 0.15 * z)),
    ]
    return lying(visuals, pieces, 0.2 * length, y, z)


@family("comb", BEAUTY, mass=0.05, colours=ALL, materials=("plastic", "wood"))
def comb(d: Draw) -> Shape:
    """Standing on its teeth, the back is the grip."""
    x, y, z = d.between(0.084, 0.1), d.between(0.018, 0.021), d.between(0.034, 0.042)
    back = d.between(0.38, 0.48) * z
    arch = d.between(0.0, 0.2)
    outline = [
        (-x / 2, 0),
        (x / 2, 0),
        (x / 2, (0.9 - arch) * back),
        (0.25 * x, (1 - 0.25 * arch) * back),
        (-0.25 * x, (1 - 0.25 * arch) * back),
        (-x / 2, (0.9 - arch) * back),
    ]
    spine = standing(prism(outline, y)).moved((0, y / 2, z - back))
    count = d.whole(11, 16)
    teeth = [
        meshes.plain_box(
            (0.5 * x / count, 0.6 * y, z - back), (x * 0.92 * ((k + 0.5) / count - 0.5), 0, (z - back) / 2)
        )
        for k in range(count)
    ]
    ends = [meshes.plain_box((0.05 * x, 0.8 * y, z - back), (s * 0.475 * x, 0, (z - back) / 2)) for s in (-1, 1)]
    visuals = (*d.paint(spine), *d.paint(meshes.merge(*teeth, *ends)))
    return boxed(visuals, (x, y, 0.95 * z), grip=0.62 * z)


@family(
    "hairbrush",
    BEAUTY,
    mass=0.07,
    colours=ALL,
    materials=("plastic", "wood"),
    patterns=("stripes", "dots"),
    synonyms=("hair brush",),
)
def hairbrush(d: Draw) -> Shape:
    """An oval head on its bristles with a handle."""
    thick, length = d.between(0.022, 0.025), d.between(0.05, 0.06)
    bar, filling = grip(d, length, thick, -length)
    x, y = d.between(0.046, 0.056), d.between(0.036, 0.042)
    pad = blob((x, y, 0.5 * thick), d.between(0.6, 1.0), 0.6, 14, 7).moved((0.46 * x, 0, 0.5 * thick))
    tufts = blob((0.84 * x, 0.8 * y, 0.6 * thick), 0.8, 0.25, 14, 6).moved((0.46 * x, 0, 0))
    visuals = (bar, *d.paint(pad), d.coat(tufts, d.pick((DARK, CREAM, d.accent)), "foam"))
    pieces = [filling, block((0.9 * x, 0.9 * y, thick), (0.46 * x, 0, thick / 2))]
    return lying(visuals, pieces, -0.4 * length, thick, thick)


@family("toothbrush", WASH, mass=0.05, colours=ALL, materials=("plastic", "rubber"), patterns=("stripes", "bands"))
def toothbrush(d: Draw) -> Shape:
    """A thick child's brush, its bristles up."""
    thick, length, neck = d.between(0.0205, 0.023), d.between(0.06, 0.07), d.between(0.032, 0.042)
    bar, filling = grip(d, length, thick, -length)
    stem = meshes.tube(
        np.array([[-0.004, 0, 0.5 * thick], [0.4 * neck, 0, 0.34 * thick], [neck, 0, 0.28 * thick]]),
        np.array([0.32, 0.2, 0.22]) * thick,
        8,
    )
    head = blob((0.02, 0.6 * thick, 0.3 * thick), 0.5, 0.5, 10, 5).moved((neck, 0, 0.12 * thick))
    tufts = [
        meshes.plain_box((0.0045, 0.46 * thick, 0.42 * thick), (neck + at, 0, 0.62 * thick))
        for at in (-0.006, 0, 0.006)
    ]
    visuals = (
        bar,
        d.coat(meshes.merge(stem, head), d.pick((d.rgb, WHITE))),
        d.coat(meshes.merge(*tufts), d.pick((WHITE, d.accent)), "foam"),
    )
    pieces = [filling, block((neck + 0.01, 0.55 * thick, 0.7 * thick), ((neck + 0.01) / 2, 0, 0.4 * thick))]
    return lying(visuals, pieces, -0.35 * length, thick, thick)


@family(
    "soap dispenser",
    WASH,
    mass=0.12,
    colours=ALL,
    materials=("plastic", "ceramic", "glass"),
    patterns=("stripes", "waves", "dots"),
    synonyms=("pump bottle", "hand soap"),
)
def soap_dispenser(d: Draw) -> Shape:
    """A bottle with a pump, its spout towards +x."""
    r, h = d.between(0.0195, 0.0225), d.between(0.044, 0.058)
    low, neck = d.between(0.85, 1.0), 0.4 * r
    body = [
        (0, 0),
        (0.95 * low * r, 0),
        (low * r, 0.06 * h),
        (r, d.between(0.3, 0.6) * h),
        (0.85 * r, 0.84 * h),
        (neck, h),
    ]
    top = h + d.between(0.016, 0.022)
    collar = meshes.lathe(
        [(1.15 * neck, h - 0.002), (1.15 * neck, h + 0.006), (0.4 * neck, h + 0.007), (0.4 * neck, top - 0.005)], 12
    )
    press = meshes.lathe([(0, top - 0.005), (0.9 * neck, top - 0.005), (0.8 * neck, top), (0, top)], 12)
    spout = meshes.tube(
        np.array([[0, 0, top - 0.003], [0.9 * r, 0, top - 0.003], [1.05 * r, 0, top - 0.007]]), 0.0024, 6
    )
    pump = meshes.merge(collar, press, spout)
    visuals = [
        *d.paint(meshes.lathe(body, 18)),
        d.metal(pump)
        if d.chance(0.4)
        else d.coat(pump, d.pick((WHITE, DARK)) if not d.light else d.pick((SILVER, d.accent))),
    ]
    if d.chance(0.5) and not d.pattern:
        visuals.append(d.label(sleeve(1.008 * r + 0.0003, 0.15 * h, 0.6 * h), d.rgb, 2, 0.45 * h / (np.pi * r)))
    return turned(
        visuals,
        [*body, (1.1 * neck, h + 0.006), (0.8 * neck, top)],
        grip=max(0.55 * h, top - 0.054),
        yaw=ACROSS_Y,
        pieces=8,
    )


@family("shampoo", WASH, mass=0.13, colours=ALL, synonyms=("shampoo bottle", "bottle of shampoo"))
def shampoo(d: Draw) -> Shape:
    """A flat oval bottle with a flip cap and a printed front."""
    x, y, h = d.between(0.042, 0.05), d.between(0.031, 0.036), d.between(0.058, 0.07)
    body = blob((x, y, h), 0.75, d.between(0.15, 0.3), 18, 9)
    cap_h = d.between(0.012, 0.018)
    cap = blob((d.between(0.5, 0.85) * x, 0.75 * y, cap_h + 0.004), 0.75, 0.2, 14, 6).moved((0, 0, h - 0.005))
    front = fronts(0.5 * x, 0.6 * h, y, 0.48 * h)
    visuals = (
        *d.paint(body),
        d.coat(cap, d.pick((d.accent, WHITE, shade(d.rgb, 0.6)))),
        d.label(front, d.rgb, 1, 1.2 * h / x),
    )
    pieces = [block((0.86 * x, 0.95 * y, h), (0, 0, h / 2)), block((0.5 * x, 0.7 * y, cap_h), (0, 0, h + cap_h / 2))]
    return Shape(visuals, tuple(pieces), Grasp((0, 0, max(0.5 * h, h + cap_h - 0.055)), ACROSS_Y, y))


@family(
    "perfume", BEAUTY, mass=0.1, colours=ALL, materials=("glass",), synonyms=("perfume bottle", "bottle of perfume")
)
def perfume(d: Draw) -> Shape:
    """A flacon, square, round or faceted, with a precious cap."""
    w, h = d.between(0.038, 0.044), d.between(0.036, 0.046)
    style = d.whole(0, 2)
    deep = d.between(0.7, 0.9) * w
    if style == 0:
        body = meshes.box((w, deep, h), 0.004)
    elif style == 1:
        body = blob((w, deep, h), 0.9, 0.8, 18, 10)
    else:
        angle = np.arange(8) * np.pi / 4 + np.pi / 8
        rings = [
            np.column_stack([s * w / 2 * np.cos(angle), s * deep / 2 * np.sin(angle), np.full(8, z * h)])
            for s, z in ((0.7, 0), (1.05, 0.35), (1.05, 0.6), (0.4, 1))
        ]
        body = meshes.hull(np.concatenate(rings))
    top = h + d.between(0.012, 0.018)
    r = d.between(0.16, 0.22) * w
    cap = d.pick(
        (
            meshes.lathe([(r, h - 0.002), (r, top), (0, top)], 14),
            meshes.ellipsoid((1.1 * r, 1.1 * r, 0.6 * (top - h)), (0, 0, (top + h) / 2), 12, 7),
        )
    )
    collar = meshes.lathe([(0.75 * r, h - 0.003), (0.75 * r, h + 0.004)], 12)
    visuals = (*d.paint(body), d.metal(meshes.merge(cap, collar), d.pick((GOLD, SILVER, (0.25, 0.25, 0.27)))))
    half = 0.92 * deep
    pieces = (
        block((0.8 * w, half, 0.92 * h), (0, 0, 0.46 * h)),
        Collider("cylinder", (r, (top - 0.92 * h) / 2), (0, 0, (top + 0.92 * h) / 2)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.5 * h), ACROSS_Y, deep))


@family(
    "toilet roll",
    WASH,
    mass=0.06,
    colours=("white", "pink", "yellow", "blue", "green", "brown"),
    materials=("paper",),
    patterns=("flowers", "dots"),
    synonyms=("toilet paper", "paper roll"),
)
def toilet_roll(d: Draw) -> Shape:
    """Upright, a leaf hanging loose."""
    r, h = d.between(0.0205, 0.0235), d.between(0.038, 0.048)
    hole = d.between(0.34, 0.44) * r
    d.accent = shade(d.rgb, 0.85)
    roll = meshes.lathe([(hole, 0), (r, 0), (r, h), (hole, h)], 22)
    core = meshes.lathe([(hole, h), (0.9 * hole, h), (0.9 * hole, 0.2 * h), (0, 0.2 * h)], 14)
    leaf = meshes.plain_box((0.0012, 0.014, h), (r, 0.006, h / 2))
    rings = [meshes.lathe([(at * r, h + 0.0004), ((at - 0.02) * r, h + 0.0004)], 18) for at in (0.62, 0.8)]
    visuals = (
        *d.paint(meshes.merge(roll, leaf)),
        d.coat(core, (0.72, 0.6, 0.45), "cardboard"),
        d.coat(meshes.merge(*rings), shade(d.rgb, 0.8)),
    )
    return turned(visuals, [(r, 0), (r, h)], pieces=1)


@family("nail polish", BEAUTY, mass=0.07, colours=ALL, materials=("glass",), synonyms=("nail varnish",))
def nail_polish(d: Draw) -> Shape:
    """A small bottle with a long cap."""
    r, low, h = d.between(0.0175, 0.0205), d.between(0.024, 0.031), d.between(0.056, 0.068)
    square, cap = d.chance(0.4), d.between(0.5, 0.62) * r
    profile = [(0, 0), (0.92 * r, 0), (r, 0.1 * low), (r, 0.7 * low), (0.6 * r, low), (0, low)]
    body = meshes.box((1.8 * r, 1.8 * r, low), 0.003) if square else meshes.lathe(profile, 18)
    top = meshes.lathe([(cap, low), (d.between(0.75, 1.0) * cap, h - 0.002), (0.6 * cap, h), (0, h)], 12)
    visuals = (
        *d.paint(body),
        d.coat(top, d.pick((DARK, WHITE, GOLD)) if not d.dark else d.pick((WHITE, GOLD, SILVER))),
    )
    width = 1.8 * r if square else 2 * r
    pieces = (
        block((0.96 * width, 0.96 * width, low), (0, 0, low / 2))
        if square
        else Collider("cylinder", (0.97 * r, low / 2), (0, 0, low / 2)),
        Collider("cylinder", (cap, (h - low) / 2), (0, 0, (h + low) / 2)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.75 * low), ACROSS_Y if square else None, width, square=square))


@family("lipstick", BEAUTY, mass=0.05, colours=("red", "pink", "purple", "orange", "brown"), materials=("wax",))
def lipstick(d: Draw) -> Shape:
    """Open, the slanted stick in its colour standing out."""
    r, low, mid = d.between(0.0145, 0.0165), d.between(0.022, 0.028), d.between(0.012, 0.016)
    case = meshes.lathe([(0, 0), (r, 0), (r, low), (0.86 * r, low + 0.001)], d.pick((4, 8, 16)), 30.0)
    inner = meshes.lathe([(0.78 * r, low), (0.78 * r, low + mid), (0.6 * r, low + mid + 0.001)], 14)
    s, high = 0.6 * r, low + mid + d.between(0.013, 0.018)
    angle = np.linspace(0, 2 * np.pi, 13)[:-1]
    foot = np.column_stack([s * np.cos(angle), s * np.sin(angle), np.full(12, low + mid)])
    cut = np.column_stack([s * np.cos(angle), s * np.sin(angle), high - 0.35 * (s - s * np.cos(angle))])
    stick = meshes.hull(np.concatenate([foot, cut]))
    visuals = (
        d.coat(stick, d.rgb),
        d.coat(case, d.pick((DARK, WHITE, (0.4, 0.08, 0.12))), "plastic"),
        d.metal(inner, d.pick((GOLD, SILVER))),
    )
    profile = [(0.9 * r, 0), (0.95 * r, low), (0.78 * r, low + 0.001), (0.7 * r, low + mid), (0.55 * r, high)]
    return turned(visuals, profile, grip=0.8 * low)


@family(
    "cream jar",
    BEAUTY,
    mass=0.08,
    colours=ALL,
    materials=("glass", "plastic", "ceramic"),
    synonyms=("face cream", "pot of cream"),
)
def cream_jar(d: Draw) -> Shape:
    """A low jar with a broad lid."""
    r, h = d.between(0.021, 0.0235), d.between(0.027, 0.034)
    split = d.between(0.5, 0.62) * h
    body = [(0, 0), (0.85 * r, 0), (0.97 * r, 0.12 * h), (0.97 * r, split)]
    lid = [(0.97 * r, split), (r, split + 0.001), (r, 0.92 * h), (0.94 * r, h), (0, h)]
    mark = meshes.lathe([(0.5 * r, h + 0.0004), (0.42 * r, h + 0.0004)], 16)
    cover = meshes.lathe(lid, 20)
    visuals = (
        *d.paint(meshes.lathe(body, 20)),
        d.metal(cover, d.pick((SILVER, GOLD)))
        if d.chance(0.4)
        else d.coat(cover, d.pick((WHITE, CREAM, d.accent)), "plastic"),
        d.coat(mark, d.rgb),
    )
    return turned(visuals, [(0.95 * r, 0), (r, h)], grip=0.6 * h)
