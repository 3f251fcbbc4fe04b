"""Things from a desk."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import DARK, PALETTE, SILVER, WOOD, shade
from sightline.engine.assets.families.family import ALL, DECORATED, VIVID, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, prism, rod, smoothed, standing, turned
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

DESK = "office/desk"


@family("stapler", DESK, mass=0.12, colours=ALL, materials=("plastic", "metal"))
def stapler(d: Draw) -> Shape:
    """A jaw over a base, open towards +x."""
    x, y, z = d.between(0.078, 0.092), d.between(0.026, 0.031), d.between(0.031, 0.038)
    base = meshes.box((x, y, 0.26 * z), 0.002)
    side = [
        (-x / 2, 0.25 * z),
        (-0.3 * x, 0.25 * z),
        (0.47 * x, 0.52 * z),
        (0.5 * x, 0.62 * z),
        (0.44 * x, 0.78 * z),
        (-0.1 * x, z),
        (-0.42 * x, 0.97 * z),
        (-x / 2, 0.75 * z),
    ]
    jaw = standing(prism(side, 0.86 * y)).moved((0, 0.43 * y, 0))
    rail = meshes.hull(
        np.array(
            [
                [a * x, s * 0.3 * y, c * z]
                for a, c in ((-0.3, 0.26), (0.48, 0.44), (0.48, 0.56), (-0.3, 0.6))
                for s in (-1, 1)
            ]
        )
    )
    visuals = (
        *d.paint(jaw),
        d.coat(base, d.pick((DARK, shade(d.rgb, 0.6))) if not d.dark else (0.35, 0.35, 0.36)),
        d.metal(rail),
    )
    pieces = [
        block((x, y, 0.26 * z), (0, 0, 0.13 * z)),
        block((0.55 * x, 0.9 * y, 0.74 * z), (-0.2 * x, 0, 0.63 * z)),
        block((0.38 * x, 0.86 * y, 0.5 * z), (0.28 * x, 0, 0.5 * z)),
    ]
    return Shape(visuals, tuple(pieces), Grasp((-0.1 * x, 0, 0.6 * z), ACROSS_Y, y))


@family("tape dispenser", DESK, mass=0.12, colours=ALL, materials=("plastic",), synonyms=("sticky tape",))
def tape_dispenser(d: Draw) -> Shape:
    """A heavy foot that carries a roll, a cutter at its front."""
    x, y, z = d.between(0.072, 0.084), d.between(0.03, 0.035), d.between(0.026, 0.031)
    side = [
        (-x / 2, 0),
        (x / 2, 0),
        (x / 2, 0.75 * z),
        (0.4 * x, 0.78 * z),
        (0.24 * x, 0.42 * z),
        (0.02 * x, 0.3 * z),
        (-0.26 * x, 0.42 * z),
        (-0.4 * x, 0.9 * z),
        (-x / 2, 0.8 * z),
    ]
    walls = [standing(prism(side, 0.16 * y)).moved((0, s * 0.42 * y + 0.08 * y, 0)) for s in (-1, 1)]
    floor = meshes.plain_box((x, 0.9 * y, 0.3 * z), (0, 0, 0.15 * z))
    r = 0.6 * z
    roll = standing(meshes.lathe([(0.5 * r, 0), (r, 0), (r, 0.55 * y), (0.5 * r, 0.55 * y), (0.5 * r, 0)], 18)).moved(
        (-0.08 * x, 0.275 * y, 0.32 * z + r)
    )
    teeth = meshes.plain_box((0.003, 0.6 * y, 0.005), (0.47 * x, 0, 0.8 * z))
    block_front = meshes.plain_box((0.1 * x, 0.7 * y, 0.7 * z), (0.44 * x, 0, 0.35 * z))
    visuals = (
        *d.paint(meshes.merge(floor, block_front, *walls)),
        d.coat(roll, (0.93, 0.88, 0.65), "paper"),
        d.metal(teeth),
    )
    pieces = [
        block((x, y, 0.6 * z), (0, 0, 0.3 * z)),
        block((2 * r, 0.56 * y, 1.5 * r), (-0.08 * x, 0, 0.4 * z + 0.9 * r)),
        block((0.16 * x, y, 0.85 * z), (-0.42 * x, 0, 0.42 * z)),
    ]
    return Shape(visuals, tuple(pieces), Grasp((0, 0, 0.5 * z), ACROSS_Y, y))


@family(
    "tape roll",
    DESK,
    mass=0.07,
    colours=ALL,
    materials=("plastic", "paper"),
    patterns=("stripes", "dots"),
    synonyms=("roll of tape",),
)
def tape_roll(d: Draw) -> Shape:
    """A thick roll lying flat."""
    r, h = d.between(0.0205, 0.0235), d.between(0.024, 0.032)
    hole, core = d.between(0.5, 0.62) * r, 0.08 * r
    tape = meshes.lathe([(hole + core, 0), (r, 0), (r, h), (hole + core, h)], 22)
    cardboard = meshes.lathe([(hole + core, h), (hole, h), (hole, 0.0)], 18)
    visuals = (*d.paint(tape), d.coat(cardboard, (0.72, 0.58, 0.4), "cardboard"))
    return turned(visuals, [(r, 0), (r, h)], grip=0.6 * h, pieces=1)


@family("stamp", DESK, mass=0.07, colours=ALL, materials=("wood", "plastic"), synonyms=("rubber stamp",))
def stamp(d: Draw) -> Shape:
    """A knob on a block with a rubber sole."""
    w, low = d.between(0.036, 0.042), d.between(0.016, 0.022)
    h, r = low + d.between(0.028, 0.038), d.between(0.0105, 0.013)
    plate = d.pick(
        (
            meshes.box((w, w, low), 0.002).moved((0, 0, 0.004)),
            meshes.lathe([(0, 0.004), (w / 2, 0.004), (w / 2, low + 0.004), (0, low + 0.004)], 18),
        )
    )
    sole = meshes.lathe([(0, 0), (0.46 * w, 0), (0.46 * w, 0.004)], 18)
    knob = [
        (0.55 * r, low),
        (0.5 * r, low + 0.3 * (h - low)),
        (r, low + 0.62 * (h - low)),
        (0.8 * r, h - 0.1 * (h - low)),
        (0, h),
    ]
    visuals = (
        *d.paint(plate, meshes.lathe(knob, 14, 60.0)),
        d.coat(sole, d.pick(((0.5, 0.1, 0.15), (0.15, 0.15, 0.4), DARK)), "rubber"),
    )
    pieces = (
        block((0.94 * w, 0.94 * w, low), (0, 0, low / 2)),
        Collider("cylinder", (0.92 * r, (h - low) / 2), (0, 0, (h + low) / 2)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, low + 0.55 * (h - low)), None, 1.9 * r))


@family(
    "pen cup",
    DESK,
    mass=0.1,
    colours=ALL,
    materials=("plastic", "metal", "wood", "ceramic"),
    patterns=DECORATED,
    synonyms=("pen holder", "pencil holder"),
)
def pen_cup(d: Draw) -> Shape:
    """A round or square cup with pencils in it."""
    r, h = d.between(0.0195, 0.0225), d.between(0.042, 0.052)
    square = d.chance(0.3)
    if square:
        w = 1.75 * r
        mesh = meshes.open_box((w, w, h), 0.002, 0.003)
    else:
        mesh = meshes.lathe([(0, 0), (r, 0), (r, h), (0.92 * r, h), (0.9 * r, 0.3 * h), (0, 0.3 * h)], 18)
    names, pens = list(VIVID), []
    for k in range(d.whole(2, 4)):
        angle, lean, top = 2.1 * k + 0.4, d.between(0.5, 0.85) * r, h + d.between(0.01, 0.02)
        foot, end = (
            (0.2 * r * np.cos(angle + 3), 0.2 * r * np.sin(angle + 3), 0.3 * h),
            (lean * np.cos(angle), lean * np.sin(angle), top),
        )
        tip = tuple(np.array(end) + 0.12 * (np.array(end) - np.array(foot)))
        pens += [
            Visual(rod(foot, end, 0.0022), PALETTE[d.pick(names)], shine=0.4),
            Visual(meshes.tube(np.array([end, tip]), np.array([0.0021, 0.0004]), 6), WOOD),
        ]
    if square:
        return boxed((*d.paint(mesh), *pens), (w, w, h), square=True)
    return turned((*d.paint(mesh), *pens), [(r, 0), (r, h)], pieces=1)


@family("desk bell", DESK, mass=0.08, colours=ALL, materials=("metal",), synonyms=("service bell",))
def desk_bell(d: Draw) -> Shape:
    """A dome on a foot with a button on top."""
    r, h = d.between(0.021, 0.0235), d.between(0.03, 0.037)
    low = 0.24 * h
    base = meshes.lathe([(0, 0), (r, 0), (0.94 * r, low), (0, low)], 20)
    dome = meshes.lathe(
        [(0.9 * r, low), (0.97 * r, low + 0.02 * h), (0.85 * r, 0.6 * h), (0.5 * r, 0.82 * h), (0, 0.88 * h)], 20, 60.0
    )
    button = meshes.lathe([(0.12 * r, 0.86 * h), (0.12 * r, 0.94 * h), (0.24 * r, 0.96 * h), (0.2 * r, h), (0, h)], 10)
    visuals = (*d.paint(dome), d.coat(base, DARK if not d.dark else WOOD, "plastic"), d.metal(button))
    return turned(visuals, [(r, 0), (0.97 * r, 0.3 * h), (0.85 * r, 0.6 * h), (0.4 * r, h)], grip=0.42 * h)


@family("computer mouse", DESK, mass=0.07, colours=ALL, synonyms=("mouse",))
def computer_mouse(d: Draw) -> Shape:
    """A rounded body with two keys and a wheel at +x."""
    x, y, z = d.between(0.058, 0.068), d.between(0.036, 0.042), d.between(0.025, 0.031)
    body = blob((x, y, z), d.between(0.6, 0.8), d.between(0.7, 0.9), 18, 9)
    vertices = body.vertices.copy()
    vertices[:, 2] *= np.where(vertices[:, 0] > 0, 1 - 0.3 * (2 * vertices[:, 0] / x) ** 2, 1.0)
    shell = smoothed(vertices, body.faces, body.uv)
    line = meshes.plain_box((0.42 * x, 0.0012, 0.5 * z), (0.24 * x, 0, 0.66 * z))
    roller = standing(meshes.lathe([(0, 0), (0.13 * x, 0), (0.13 * x, 0.1 * y), (0, 0.1 * y)], 12)).moved(
        (0.26 * x, 0.05 * y, 0.8 * z)
    )
    ink = DARK if not d.dark else SILVER
    visuals = (*d.paint(shell), d.coat(meshes.merge(line, roller), ink))
    pieces = (
        block((0.9 * x, 0.96 * y, 0.55 * z), (0, 0, 0.28 * z)),
        block((0.56 * x, 0.76 * y, 0.42 * z), (-0.08 * x, 0, 0.74 * z)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, max(0.014, 0.5 * z)), ACROSS_Y, y))


@family(
    "paper clip box", DESK, mass=0.06, colours=ALL, materials=("plastic",), synonyms=("clip box", "box of paper clips")
)
def paper_clip_box(d: Draw) -> Shape:
    """A small open box with a dark magnet ring or a heap of clips."""
    x, y, z = d.between(0.046, 0.056), d.between(0.036, 0.042), d.between(0.027, 0.034)
    tub = meshes.open_box((x, y, z), 0.002, 0.7 * z)
    clips = []
    for _ in range(7):
        cx, cy, turn = d.between(-0.3, 0.3) * x, d.between(-0.26, 0.26) * y, d.between(0, 3.1)
        cos, sin = np.cos(turn), np.sin(turn)
        wire = np.array(
            [
                [-0.006, -0.002, 0],
                [0.006, -0.002, 0],
                [0.007, 0.002, 0],
                [-0.005, 0.002, 0],
                [-0.005, 0, 0],
                [0.004, 0, 0],
            ]
        )
        clips.append(
            meshes.tube(wire, 0.0007, 4).moved(
                (cx, cy, 0.7 * z + d.between(0.001, 0.004)), np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
            )
        )
    return boxed((*d.paint(tub), d.coat(meshes.merge(*clips), d.pick((SILVER, SILVER, d.accent)), "metal")), (x, y, z))


@family("hole punch", DESK, mass=0.13, colours=ALL, materials=("metal", "plastic"), synonyms=("paper punch",))
def hole_punch(d: Draw) -> Shape:
    """A lever over a base with two pins."""
    x, y, z = d.between(0.058, 0.068), d.between(0.036, 0.042), d.between(0.034, 0.042)
    base = meshes.box((x, y, 0.24 * z), 0.002)
    side = [
        (-0.46 * x, 0.5 * z),
        (-0.2 * x, 0.6 * z),
        (0.42 * x, 0.84 * z),
        (0.46 * x, z),
        (0.2 * x, 0.96 * z),
        (-0.46 * x, 0.72 * z),
    ]
    lever = standing(prism(side, 0.9 * y)).moved((0, 0.45 * y, 0))
    posts = [
        meshes.lathe([(0.12 * y, 0.22 * z), (0.12 * y, 0.62 * z), (0, 0.62 * z)], 10).moved((-0.2 * x, s * 0.26 * y, 0))
        for s in (-1, 1)
    ]
    visuals = (
        *d.paint(lever),
        d.coat(base, d.pick((DARK, d.accent)) if not d.dark else SILVER),
        d.metal(meshes.merge(*posts)),
    )
    pieces = [
        block((x, y, 0.24 * z), (0, 0, 0.12 * z)),
        block((0.5 * x, 0.9 * y, 0.5 * z), (-0.2 * x, 0, 0.5 * z)),
        block((0.6 * x, 0.9 * y, 0.3 * z), (0.15 * x, 0, 0.8 * z)),
    ]
    return Shape(visuals, tuple(pieces), Grasp((-0.05 * x, 0, 0.6 * z), ACROSS_Y, y))


@family(
    "paperweight",
    DESK,
    mass=0.14,
    colours=ALL,
    materials=("stone", "glass", "metal"),
    patterns=("marble", "speckle", "waves"),
)
def paperweight(d: Draw) -> Shape:
    """A heavy dome, block or faceted stone."""
    r, h = d.between(0.021, 0.0235), d.between(0.028, 0.036)
    style = d.whole(0, 2)
    if style == 0:
        profile = [(0, 0), (0.9 * r, 0), (r, 0.16 * h), (0.92 * r, 0.5 * h), (0.6 * r, 0.86 * h), (0, h)]
        return turned(d.paint(meshes.lathe(profile, 20, 60.0)), profile, grip=0.42 * h)
    sides = d.pick((6, 8))
    angle = np.arange(sides) * 2 * np.pi / sides + np.pi / sides
    rings = [
        np.column_stack([s * r * np.cos(angle), s * r * np.sin(angle), np.full(sides, z * h)])
        for s, z in ((0.85, 0), (1, 0.3), (1, 0.6), (0.6, 1))
    ]
    visuals = d.paint(meshes.hull(np.concatenate(rings)))
    flat = float(np.cos(np.pi / sides))
    pieces = (
        Collider("cylinder", (flat * r, 0.35 * h), (0, 0, 0.35 * h)),
        Collider("cylinder", (0.66 * r, 0.14 * h), (0, 0, 0.84 * h)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.5 * h), ACROSS_Y, 2 * flat * r))
