"""Things from cupboards and drawers."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import rotation_z
from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import CREAM, DARK, SILVER, WHITE
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, handle, panel, sleeve, standing, turned, wrapped_box
from sightline.engine.assets.model import Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

SUPPLY = "household/supplies"


@family("padlock", SUPPLY, mass=0.12, colours=ALL, materials=("metal", "plastic"), synonyms=("lock",))
def padlock(d: Draw) -> Shape:
    """A body with a keyhole that faces -y, its shackle shut or open."""
    x, y, z = d.between(0.038, 0.046), d.between(0.026, 0.03), d.between(0.032, 0.039)
    body = d.pick((meshes.box((x, y, z), 0.003), blob((x, y, z), 0.3, 0.35, 16, 8)))
    arc = np.linspace(0, np.pi, 9)
    half, thick, lift = 0.3 * x, d.between(0.0032, 0.0042), d.pick((0.0, 0.0, 0.008))
    path = np.stack([half * np.cos(arc), 0 * arc, z + lift + 0.008 + half * np.sin(arc)], -1)
    bow = meshes.tube(np.concatenate([[[half, 0, z - 0.001 + lift]], path, [[-half, 0, z - 0.001]]]), thick, 7)
    hole = meshes.merge(
        standing(meshes.lathe([(0.0035, 0), (0, 0.0004)], 10)).moved((0, -y / 2 - 0.0004, 0.55 * z)),
        meshes.plain_box((0.0025, 0.001, 0.009), (0, -y / 2 - 0.0002, 0.42 * z)),
    )
    pieces = [block((0.75 * x, 2 * thick, half + 0.008), (0, 0, z + (half + 0.008) / 2))]
    return boxed(
        (*d.paint(body), d.metal(bow), d.coat(hole, DARK if not d.dark else SILVER)),
        (0.96 * x, y, z),
        grip=0.6 * z,
        more=pieces,
    )


@family(
    "watering can",
    "household/garden",
    mass=0.09,
    colours=ALL,
    materials=("metal", "plastic"),
    patterns=("dots", "flowers"),
)
def watering_can(d: Draw) -> Shape:
    """A can with a spout to -x and a handle to +x."""
    r, h = d.between(0.0205, 0.0228), d.between(0.036, 0.045)
    top = d.between(0.75, 1.0)
    profile = [(0, 0), (r, 0), (r, 0.06 * h), (top * r, h), (0.8 * top * r, h), (0.7 * top * r, 0.9 * h), (0, 0.9 * h)]
    spout = meshes.tube(
        np.array([[-0.9 * r, 0, 0.22 * h], [-1.5 * r, 0, 0.6 * h], [-1.9 * r, 0, 1.02 * h]]),
        np.array([0.22, 0.16, 0.13]) * r,
        7,
    )
    rose = meshes.lathe([(0.14 * r, 0), (0.36 * r, 0.3 * r), (0, 0.36 * r)], 10)
    tilt = np.array([[0.85, 0, -0.53], [0, 1, 0], [0.53, 0, 0.85]])
    ear = handle(0.85 * top * r, 0.25 * h, 1.05 * h, 0.8 * r, 0.0028)
    visuals = (
        *d.paint(meshes.lathe(profile, 18)),
        d.coat(meshes.merge(spout, ear), d.rgb),
        d.coat(rose.moved((-1.88 * r, 0, 0.98 * h), tilt), d.accent),
    )
    pieces = [
        block((0.9 * r, 0.35 * r, 0.6 * h), (-1.35 * r, 0, 0.62 * h)),
        block((0.6 * r, 0.25 * r, 0.6 * h), (1.2 * r, 0, 0.6 * h)),
    ]
    return turned(visuals, [(r, 0), (top * r, h)], grip=0.55 * h, yaw=ACROSS_Y, more=pieces, pieces=3)


@family(
    "dumbbell",
    "household/sports",
    mass=0.16,
    colours=ALL,
    materials=("metal", "rubber"),
    synonyms=("weight", "barbell"),
)
def dumbbell(d: Draw) -> Shape:
    """Two hexagonal, round or stepped heads on a bar along x."""
    x, r, bar = d.between(0.072, 0.086), d.between(0.0185, 0.022), d.between(0.0115, 0.0135)
    head, style = d.between(0.24, 0.3) * x, d.whole(0, 2)
    outline = [(0, 0), (r, 0), (r, head), (0, head)]
    if style == 1:
        outline = [(0, 0), (0.9 * r, 0), (r, 0.15 * head), (r, 0.85 * head), (0.9 * r, head), (0, head)]
    elif style == 2:
        outline = [(0, 0), (0.75 * r, 0), (0.75 * r, 0.4 * head), (r, 0.4 * head), (r, head), (0, head)]
    sides = 6 if style == 0 else 16
    flat = r * np.cos(np.pi / 6) if style == 0 else r
    weight = meshes.lathe(outline, sides, 30.0)
    turn = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
    spin = np.eye(3) if style else rotation_z(np.pi / 6)
    left = weight.moved((0, 0, 0), spin).moved((0, 0, 0), turn).moved((-x / 2 + head, 0, flat))
    right = left.moved((0, 0, 0), np.diag([-1.0, -1.0, 1.0]))
    grip_bar = meshes.lying(
        meshes.lathe([(0.85 * bar, 0), (bar, 0.5 * (x - 2 * head)), (0.85 * bar, x - 2 * head)], 12, 60.0)
    ).moved((-x / 2 + head, 0, flat))
    visuals = (*d.paint(left, right), d.metal(grip_bar))
    pieces = [block((head, 1.7 * r, 2 * flat), (s * (x - head) / 2, 0, flat)) for s in (-1, 1)] + [
        block((x - head, 1.8 * bar, 1.8 * bar), (0, 0, flat))
    ]
    return Shape(visuals, tuple(pieces), Grasp((0, 0, flat), ACROSS_Y, 1.9 * bar))


@family("magnet", SUPPLY, mass=0.08, colours=ALL, materials=("plastic", "metal"), synonyms=("horseshoe magnet",))
def magnet(d: Draw) -> Shape:
    """A horseshoe lying flat, its poles bright, towards +x."""
    r, thick, h = d.between(0.0135, 0.0155), d.between(0.0085, 0.01), d.between(0.024, 0.028)
    outer, inner, leg = r + thick / 2, r - thick / 2, d.between(0.018, 0.026)
    angle = np.linspace(np.pi / 2, 1.5 * np.pi, 11)
    arcs = [
        meshes.hull(
            np.array(
                [
                    [s * np.cos(a), s * np.sin(a), z]
                    for a in (angle[k], angle[k + 1])
                    for s in (inner, outer)
                    for z in (0, h)
                ]
            )
        )
        for k in range(10)
    ]
    legs = [meshes.plain_box((0.6 * leg, thick, h), (0.3 * leg, s * r, h / 2)) for s in (-1, 1)]
    poles = [meshes.plain_box((0.4 * leg, thick, h), (0.8 * leg, s * r, h / 2)) for s in (-1, 1)]
    pieces = (block((0.9 * r + leg, 2 * outer, h), ((leg - 0.9 * r) / 2, 0, h / 2)),)
    return Shape(
        (*d.paint(meshes.merge(*arcs, *legs)), d.metal(meshes.merge(*poles))),
        pieces,
        Grasp((0.2 * leg, 0, 0.6 * h), ACROSS_Y, 2 * outer),
    )


@family("matchbox", SUPPLY, mass=0.04, colours=ALL, materials=("cardboard",), synonyms=("box of matches",))
def matchbox(d: Draw) -> Shape:
    """A printed sleeve, its drawer pushed out a little with matches in it."""
    x, y, z = d.between(0.052, 0.062), d.between(0.034, 0.04), d.between(0.024, 0.029)
    out = d.between(0.1, 0.3) * x
    tray = meshes.open_box((x, 0.92 * y, 0.86 * z), 0.0016, 0.4 * z).moved((out, 0, 0.05 * z))
    red = d.pick(((0.75, 0.12, 0.1), (0.3, 0.15, 0.1), (0.1, 0.3, 0.5)))
    sticks = [
        meshes.plain_box((0.8 * x, 0.0022, 0.0022), (out, at * y, 0.5 * z + 0.003))
        for at in np.linspace(-0.32, 0.32, 6)
    ]
    heads = [
        meshes.plain_box((0.005, 0.0032, 0.0032), (out + 0.42 * x, at * y, 0.5 * z + 0.003))
        for at in np.linspace(-0.32, 0.32, 6)
    ]
    top = Visual(panel(x, y, (0, 0, z + 0.0004)), WHITE, prints.label_print(d.rgb, WHITE, DARK, d.rng, 1, y / x), 0.1)
    visuals = (
        *d.paint(wrapped_box(x, y, z)),
        top,
        d.coat(tray, CREAM),
        d.coat(meshes.merge(*sticks), (0.85, 0.7, 0.45)),
        d.coat(meshes.merge(*heads), red),
    )
    pieces = (block((x, y, z), (0, 0, z / 2)), block((x, 0.9 * y, 0.8 * z), (out, 0, 0.45 * z)))
    return Shape(visuals, pieces, Grasp((0, 0, 0.6 * z), ACROSS_Y, y))


@family("medicine bottle", SUPPLY, mass=0.09, colours=ALL, synonyms=("pill bottle", "bottle of pills"))
def medicine_bottle(d: Draw) -> Shape:
    """A short wide bottle with a ribbed white lid and a label."""
    r, h = d.between(0.0185, 0.0215), d.between(0.048, 0.058)
    neck = 0.72 * h
    body = [(0, 0), (0.95 * r, 0), (r, 0.04 * h), (r, 0.62 * h), (0.85 * r, neck)]
    lid = meshes.lathe([(0.98 * r, neck), (0.98 * r, h - 0.002), (0.9 * r, h), (0, h)], d.pick((10, 14)), 10.0)
    visuals = (
        *d.paint(meshes.lathe(body, 18)),
        d.coat(lid, WHITE if not d.light else d.accent),
        d.label(sleeve(r + 0.0005, 0.1 * h, 0.56 * h), d.rgb, 2, 0.46 * h / (np.pi * r)),
    )
    return turned(visuals, [*body, (0.98 * r, neck + 0.001), (0.98 * r, h)])
