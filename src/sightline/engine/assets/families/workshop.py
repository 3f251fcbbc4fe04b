"""Things from a workshop."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import DARK, SILVER, shade
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, lying, prism, standing, star
from sightline.engine.assets.model import Collider, Grasp, Shape
from sightline.engine.assets.shapes import ACROSS_Y, block

WORKSHOP = "tools/workshop"


@family("tape measure", WORKSHOP, mass=0.1, colours=ALL, materials=("plastic", "rubber"), synonyms=("measuring tape",))
def tape_measure(d: Draw) -> Shape:
    """A rounded case on edge, a yellow tape peeping out."""
    x, y, z = d.between(0.045, 0.053), d.between(0.029, 0.034), d.between(0.042, 0.05)
    outline = [
        (-0.5 * x, 0),
        (0.5 * x, 0),
        (0.5 * x, 0.45 * z),
        (0.36 * x, 0.82 * z),
        (0.1 * x, z),
        (-0.2 * x, z),
        (-0.42 * x, 0.8 * z),
        (-0.5 * x, 0.5 * z),
    ]
    case = standing(prism(outline, 0.9 * y)).moved((0, 0.45 * y, 0))
    cheek = meshes.lathe([(0.36 * x, 0), (0.34 * x, 0.06 * y), (0, 0.06 * y)], 16).moved((0, 0, 0.44 * y))
    both = meshes.merge(cheek, cheek.moved((0, 0, 0), np.diag([1.0, -1.0, -1.0])))
    discs = standing(both).moved((-0.02 * x, 0, 0.5 * z))
    tongue = meshes.plain_box((0.012, 0.5 * y, 0.0015), (x / 2 + 0.006, 0, 0.003))
    hook = meshes.plain_box((0.002, 0.5 * y, 0.005), (x / 2 + 0.012, 0, 0.0025))
    visuals = (*d.paint(case), d.coat(discs, d.accent), d.coat(tongue, (0.97, 0.82, 0.15)), d.metal(hook))
    pieces = [
        block((x, 0.95 * y, 0.6 * z), (0, 0, 0.3 * z)),
        block((0.7 * x, 0.95 * y, 0.4 * z), (-0.04 * x, 0, 0.8 * z)),
    ]
    return Shape(visuals, tuple(pieces), Grasp((0, 0, 0.55 * z), ACROSS_Y, 0.97 * y))


@family("flashlight", WORKSHOP, mass=0.12, colours=ALL, materials=("metal", "plastic", "rubber"), synonyms=("torch",))
def flashlight(d: Draw) -> Shape:
    """A tube with a wider head towards +x and a switch."""
    r, length, head = d.between(0.0125, 0.0145), d.between(0.062, 0.074), d.between(1.3, 1.55)
    wide = head * r
    body = [(0, 0), (0.9 * r, 0), (r, 0.04 * length), (r, length)]
    front = [(r, length), (wide, length + 0.012), (wide, length + 0.028), (0.86 * wide, length + 0.03)]
    lens = [(0.86 * wide, length + 0.029), (0, length + 0.027)]
    shift = (-0.5 * length, 0, wide)
    knob = blob((0.012, 0.008, 0.004), 0.8, 0.8, 8, 5).moved((0.1 * length, 0, wide + 0.9 * r))
    visuals = (
        *d.paint(meshes.lying(meshes.lathe(body, 16)).moved(shift)),
        d.coat(meshes.lying(meshes.lathe(front, 16)).moved(shift), d.pick((shade(d.rgb, 0.7), DARK, SILVER))),
        d.coat(meshes.lying(meshes.lathe(lens, 16)).moved(shift), (0.98, 0.95, 0.75), "glass"),
        d.coat(knob, d.accent),
    )
    pieces = [
        block((length, 1.8 * r, wide + r), (0, 0, (wide + r) / 2)),
        block((0.03, 1.7 * wide, 2 * wide), (0.5 * length + 0.015, 0, wide)),
    ]
    return lying(visuals, pieces, 0.0, 2 * r, wide + 0.5 * r)


@family(
    "bolt",
    WORKSHOP,
    mass=0.09,
    colours=("grey", "black", "yellow", "brown"),
    materials=("metal",),
    synonyms=("screw", "big screw"),
)
def bolt(d: Draw) -> Shape:
    """Standing on its hexagonal head, with threads and perhaps a nut."""
    r, head, h = d.between(0.0105, 0.013), d.between(0.012, 0.015), d.between(0.048, 0.064)
    wide, turns = d.between(1.6, 1.8) * r, d.whole(5, 8)
    hexagon = prism(star(3, wide, wide), head)
    steps = np.linspace(head + 0.12 * h, h - 0.004, 2 * turns + 1)
    thread = [(r if k % 2 else 0.86 * r, z) for k, z in enumerate(steps)]
    shank = meshes.lathe([(0.9 * r, head), (0.9 * r, head + 0.1 * h), *thread, (0.7 * r, h), (0, h)], 14)
    parts = [hexagon, shank]
    if d.chance(0.5):
        at = d.between(0.45, 0.7) * h
        parts.append(prism(star(3, 1.5 * r, 1.5 * r), 0.8 * head).moved((0, 0, at)))
    pieces = [
        Collider("cylinder", (0.88 * wide, head / 2), (0, 0, head / 2)),
        Collider("cylinder", (r, (h - head) / 2), (0, 0, (h + head) / 2)),
    ]
    return Shape(
        d.paint(meshes.merge(*parts)),
        tuple(pieces),
        Grasp((0, 0, max(0.5 * h, h - 0.04)), ACROSS_Y, 3.0 * r if len(parts) > 2 else 2 * r),
    )


@family(
    "nut",
    WORKSHOP,
    mass=0.07,
    colours=("grey", "black", "yellow", "brown", "blue"),
    materials=("metal",),
    synonyms=("hex nut",),
)
def nut(d: Draw) -> Shape:
    """A big hexagonal nut, flat or with a collar."""
    r, h = d.between(0.0205, 0.0235), d.between(0.024, 0.03)
    hole = d.between(0.5, 0.62) * r
    low = h * d.pick((0.0, 0.0, 0.2))
    points = star(3, r, r)
    outer = prism(points, h - low).moved((0, 0, low))
    bore = meshes.lathe([(hole, h + 0.0004), (0, h + 0.0004)], 14)
    rim = meshes.lathe([(hole, h + 0.0006), (1.12 * hole, h + 0.0006)][::-1], 14)
    parts = [outer, rim] + ([meshes.lathe([(0, 0), (1.05 * r, 0), (0.9 * r, low)], 18)] if low else [])
    visuals = (*d.paint(meshes.merge(*parts)), d.coat(bore, shade(d.rgb, 0.25)))
    return Shape(visuals, (block((1.7 * r, 1.73 * r, h), (0, 0, h / 2)),), Grasp((0, 0, 0.55 * h), ACROSS_Y, 1.73 * r))


@family("spirit level", WORKSHOP, mass=0.1, colours=ALL, materials=("metal", "plastic"), synonyms=("bubble level",))
def spirit_level(d: Draw) -> Shape:
    """A bar on edge with glass vials."""
    x, y, z = d.between(0.095, 0.115), d.between(0.024, 0.028), d.between(0.028, 0.034)
    bar = meshes.box((x, y, z), 0.002)
    caps = [meshes.box((0.006, 1.04 * y, 1.04 * z), 0.0015).moved((s * (x / 2 - 0.002), 0, 0)) for s in (-1, 1)]
    green = (0.65, 0.9, 0.25)
    vials = [blob((0.022, 1.02 * y, 0.01), 0.6, 0.8, 10, 5).moved((0, 0, z - 0.009))]
    if d.chance(0.6):
        vials += [
            standing(meshes.lathe([(0.0075, 0), (0.0075, 1.04 * y), (0, 1.04 * y)], 14)).moved(
                (s * 0.33 * x, 0.52 * y, z / 2)
            )
            for s in (-1, 1)
        ]
        vials += [
            standing(meshes.lathe([(0, 0), (0.0075, 0)], 14)).moved((s * 0.33 * x, 0.52 * y, z / 2)) for s in (-1, 1)
        ]
    visuals = (
        *d.paint(bar),
        d.coat(meshes.merge(*caps), d.pick((DARK, d.accent))),
        d.coat(meshes.merge(*vials), green, "glass"),
    )
    return boxed(visuals, (x, y, z))
