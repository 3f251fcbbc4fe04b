"""Cutlery and utensils. Flat things are drawn with the thick handles of children's cutlery, so that fingers can take
them from a table."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import CREAM, DARK, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.families.family import ALL, DECORATED, METALS, VIVID, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, disc, grip, lying, prism, rod, standing, turned
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Collider, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

CUTLERY, UTENSIL = "kitchenware/cutlery", "kitchenware/utensils"
HANDLES = ("plastic", "plastic", "wood", "rubber")


def _handled(d: Draw, head: Visual, piece: Collider, thick: float, length: float) -> Shape:
    """A handle towards -x whose end, at x = 0, carries the head; its upper edge is ``thick`` high."""
    bar, filling = grip(d, length, thick, -length)
    return lying((bar, head), (filling, piece), -0.42 * length, thick, thick)


def _neck(thick: float, reach: float) -> Mesh:
    """The metal that comes out of a handle's end and bends down to the table."""
    path = np.array([[-0.004, 0, 0.5 * thick], [0.3 * reach, 0, 0.45 * thick], [reach, 0, 0.003]])
    return meshes.tube(path, 0.0024, 6)


@family("fork", CUTLERY, mass=0.05, materials=HANDLES, patterns=("stripes", "dots", "check"))
def fork(d: Draw) -> Shape:
    """Three or four tines."""
    thick, length, reach = d.between(0.021, 0.024), d.between(0.056, 0.066), d.between(0.048, 0.056)
    tines, wide = d.whole(3, 4), d.between(0.019, 0.023)
    palm = prism(
        [
            (0.4 * reach, -0.2 * wide),
            (0.55 * reach, -wide / 2),
            (0.66 * reach, -wide / 2),
            (0.66 * reach, wide / 2),
            (0.55 * reach, wide / 2),
            (0.4 * reach, 0.2 * wide),
        ],
        0.003,
    )
    across = np.linspace(-0.42 * wide, 0.42 * wide, tines)
    prongs = [meshes.plain_box((0.36 * reach, 0.0028, 0.0028), (0.82 * reach, y, 0.0016)) for y in across]
    head = d.metal(meshes.merge(_neck(thick, 0.5 * reach), palm, *prongs))
    return _handled(d, head, block((0.7 * reach, wide, 0.004), (0.65 * reach, 0, 0.002)), thick, length)


@family("spoon", CUTLERY, mass=0.05, materials=HANDLES, patterns=("stripes", "dots", "check"))
def spoon(d: Draw) -> Shape:
    """An oval bowl, deep or shallow."""
    thick, length, reach = d.between(0.021, 0.024), d.between(0.056, 0.066), d.between(0.046, 0.054)
    wide, long = d.between(0.022, 0.027), d.between(0.029, 0.035)
    outside = meshes.lathe([(0, 0), (0.6, 0.08), (0.92, 0.5), (1, 1), (0.9, 1), (0.55, 0.3), (0, 0.2)], 16, 60.0)
    bowl = outside.scaled((long / 2, wide / 2, 0.008)).moved((reach - long / 2, 0, 0))
    head = d.metal(meshes.merge(_neck(thick, reach - long), bowl))
    return _handled(d, head, block((0.8 * long, 0.8 * wide, 0.006), (reach - long / 2, 0, 0.003)), thick, length)


@family(
    "knife", CUTLERY, mass=0.06, materials=HANDLES, patterns=("stripes", "dots", "check"), synonyms=("table knife",)
)
def knife(d: Draw) -> Shape:
    """A blade on edge, its back straight or curved."""
    thick, length, reach = d.between(0.021, 0.024), d.between(0.054, 0.062), d.between(0.052, 0.062)
    high, tip = d.between(0.016, 0.02), d.between(0.3, 0.9)
    side = [
        (0, 0.12 * high),
        (0.2 * reach, 0),
        (0.9 * reach, 0),
        (reach, tip * 0.6 * high),
        (0.85 * reach, 0.95 * high),
        (0, high),
    ]
    blade = standing(prism(side, 0.0028)).moved((-0.002, 0.0014, 0))
    head = d.metal(blade)
    return _handled(d, head, block((0.8 * reach, 0.004, 0.8 * high), (0.5 * reach, 0, 0.4 * high)), thick, length)


@family("spatula", UTENSIL, mass=0.07, materials=HANDLES, synonyms=("turner",))
def spatula(d: Draw) -> Shape:
    """A slotted blade at an angle."""
    thick, length, reach = d.between(0.021, 0.024), d.between(0.055, 0.065), d.between(0.05, 0.058)
    wide, slots = d.between(0.028, 0.036), d.whole(2, 4)
    bars = [
        meshes.plain_box((0.5 * reach, 0.6 * wide / (2 * slots + 1), 0.003), (0.7 * reach, y, 0.0018))
        for y in np.linspace(-0.47 * wide, 0.47 * wide, slots + 1)
    ]
    ends = [meshes.plain_box((0.1 * reach, wide, 0.003), (x * reach, 0, 0.0018)) for x in (0.45, 0.95)]
    solid = meshes.plain_box((0.5 * reach, wide, 0.0026), (0.7 * reach, 0, 0.0016))
    rgb, plastic = (DARK if not d.dark else SILVER), d.chance(0.5)
    mesh = meshes.merge(_neck(thick, 0.5 * reach), *((solid,) if d.chance(0.3) else (*bars, *ends)))
    head = d.coat(mesh, rgb, "plastic") if plastic else d.metal(mesh)
    return _handled(d, head, block((0.6 * reach, wide, 0.004), (0.7 * reach, 0, 0.002)), thick, length)


@family("ladle", UTENSIL, mass=0.08, materials=HANDLES, synonyms=("soup ladle",))
def ladle(d: Draw) -> Shape:
    """A deep round bowl that stands on the table and carries the end of the handle."""
    thick, length, r = d.between(0.021, 0.023), d.between(0.06, 0.068), d.between(0.017, 0.02)
    deep = d.between(0.9, 1.15) * r
    cup = meshes.lathe(
        [
            (0, 0),
            (0.6 * r, 0.06 * deep),
            (0.93 * r, 0.5 * deep),
            (r, deep),
            (0.92 * r, deep),
            (0.82 * r, 0.5 * deep),
            (0, 0.12 * deep),
        ],
        16,
        55.0,
    ).moved((0.014 + r, 0, 0))
    arm = meshes.tube(np.array([[-0.004, 0, thick / 2], [0.008, 0, 0.6 * thick], [0.018, 0, 0.9 * deep]]), 0.003, 6)
    head = d.metal(meshes.merge(cup, arm))
    return _handled(d, head, block((1.4 * r, 1.4 * r, deep), (0.014 + r, 0, deep / 2)), thick, length)


@family("whisk", UTENSIL, mass=0.06, materials=HANDLES)
def whisk(d: Draw) -> Shape:
    """A balloon of wires."""
    thick, length, reach = d.between(0.021, 0.024), d.between(0.052, 0.06), d.between(0.05, 0.06)
    r = d.between(0.5, 0.62) * thick * 1.1
    t = np.linspace(0, np.pi, 9)
    along, out = reach * (1 - np.cos(t)) / 2, r * np.sin(t) ** 0.8 * (0.75 + 0.25 * np.sin(t - 0.9))
    wires = []
    for turn in np.linspace(0, np.pi, d.whole(3, 4), endpoint=False):
        for side in (-1, 1):
            path = np.stack([along, side * out * np.cos(turn), thick / 2 + side * out * np.sin(turn)], -1)
            wires.append(meshes.tube(path, 0.0011, 4))
    head = d.metal(meshes.merge(*wires).moved((-0.003, 0, 0)))
    piece = Collider("ellipsoid", (0.42 * reach, 0.8 * r, 0.8 * r), (0.55 * reach, 0, thick / 2))
    return _handled(d, head, piece, thick, length)


@family("rolling pin", UTENSIL, mass=0.14, colours=ALL, materials=("wood", "wood", "plastic"))
def rolling_pin(d: Draw) -> Shape:
    """A roller with a handle at each end."""
    r, length, knob = d.between(0.0165, 0.02), d.between(0.062, 0.075), d.between(0.018, 0.024)
    roller = meshes.lathe([(0, 0), (0.92 * r, 0), (r, 0.003), (r, length - 0.003), (0.92 * r, length), (0, length)], 16)
    k = d.between(0.36, 0.5) * r
    stub = meshes.lathe(
        [(0, 0), (0.6 * k, 0), (k, 0.35 * knob), (0.95 * k, 0.8 * knob), (0.4 * k, knob), (0, knob)], 10
    )
    ends = meshes.merge(
        meshes.lying(stub).moved((length / 2, 0, r)),
        meshes.lying(stub).moved((length / 2, 0, r)).moved((0, 0, 0), np.diag([-1.0, -1.0, 1.0])),
    )
    visuals = (*d.paint(meshes.lying(roller).moved((-length / 2, 0, r))), d.coat(ends, d.pick((d.rgb, d.accent))))
    pieces = [block((length, 1.8 * r, 2 * r), (0, 0, r)), block((length + 1.6 * knob, k, k), (0, 0, r))]
    return lying(visuals, pieces, 0.0, 2 * r, 2 * r)


@family("grater", UTENSIL, mass=0.1, colours=(*METALS, *VIVID[:4]), synonyms=("cheese grater",))
def grater(d: Draw) -> Shape:
    """Four perforated sides that lean together, a handle on top."""
    low, top, h = d.between(0.036, 0.042), d.between(0.024, 0.03), d.between(0.064, 0.078)
    deep = d.between(0.7, 0.85)
    corners = np.array(
        [[sx * w / 2, sy * deep * w / 2, z] for w, z in ((low, 0), (top, h)) for sx in (-1, 1) for sy in (-1, 1)]
    )
    holes = prints.pattern_print("dots", SILVER, (0.25, 0.26, 0.28), d.rng)
    body = Visual(meshes.hull(corners), WHITE, holes, 0.9)
    arc = np.array(
        [[-0.4 * top, 0, h - 0.002], [-0.42 * top, 0, h + 0.012], [0.42 * top, 0, h + 0.012], [0.4 * top, 0, h - 0.002]]
    )
    loop = meshes.tube(arc, d.between(0.003, 0.0045), 7)
    rim = meshes.box((low + 0.003, deep * low + 0.003, 0.005), 0.001)
    pieces = [
        block((low, deep * low, 0.3 * h), (0, 0, 0.15 * h)),
        block((0.8 * (low + top) / 2, deep * 0.9 * (low + top) / 2, 0.5 * h), (0, 0, 0.5 * h)),
        block((top, deep * top, 0.25 * h), (0, 0, 0.875 * h)),
        block((top, 0.007, 0.012), (0, 0, h + 0.007)),
    ]
    shape = boxed((body, *d.paint(meshes.merge(loop, rim))), (low, deep * low, h), grip=0.55 * h)
    return Shape(shape.visuals, tuple(pieces), shape.grasp)


@family("egg cup", UTENSIL, mass=0.07, colours=ALL, materials=("ceramic", "wood", "plastic"), patterns=DECORATED)
def egg_cup(d: Draw) -> Shape:
    """A little cup on a foot, with an egg in it or without."""
    r, h, foot = d.between(0.0175, 0.021), d.between(0.034, 0.042), d.between(0.75, 0.95)
    waist = d.between(0.35, 0.6)
    outside = [(0, 0), (foot * r, 0), (0.9 * foot * r, 0.06 * h), (waist * r, 0.36 * h), (0.8 * r, 0.58 * h), (r, h)]
    body = meshes.lathe([*outside, (0.86 * r, h), (0.6 * r, 0.7 * h), (0, 0.6 * h)])
    visuals = [*d.paint(body)]
    if d.chance(0.6):
        egg = meshes.ellipsoid((0.84 * r, 0.84 * r, 1.15 * r), (0, 0, h + 0.12 * r), 14, 9)
        visuals.append(d.coat(egg, d.pick((CREAM, (0.8, 0.58, 0.42), WHITE)), "peel"))
        return turned(visuals, [*outside, (0.8 * r, h + 0.4 * r), (0.4 * r, h + 1.2 * r)], grip=0.8 * h)
    return turned(visuals, outside, grip=0.72 * h)


@family(
    "salt shaker",
    UTENSIL,
    mass=0.08,
    colours=ALL,
    materials=("ceramic", "plastic", "glass", "wood"),
    patterns=("bands", "stripes", "dots"),
    synonyms=("shaker",),
)
def salt_shaker(d: Draw) -> Shape:
    """A waisted or straight body with a perforated cap."""
    r, h = d.between(0.0165, 0.02), d.between(0.045, 0.058)
    waist, cap = d.between(0.8, 1.0), d.between(0.66, 0.8) * h
    body = [(0, 0), (0.95 * r, 0), (r, 0.05 * h), (waist * r, 0.45 * h), (0.86 * r, cap)]
    top = [(0.9 * r, cap), (0.9 * r, 0.85 * h), (0.7 * r, 0.96 * h), (0, h)]
    holes = [
        rod((x, y, 0.97 * h), (x, y, h + 0.0004), 0.0012, 5)
        for x, y in ((0, 0), (0.3 * r, 0), (-0.3 * r, 0), (0, 0.3 * r), (0, -0.3 * r))
    ]
    visuals = (*d.paint(meshes.lathe(body)), d.metal(meshes.lathe(top, 16, 50.0)), d.coat(meshes.merge(*holes), DARK))
    return turned(visuals, [*body, *top])


@family(
    "pepper mill", UTENSIL, mass=0.1, colours=ALL, materials=("wood", "wood", "plastic"), synonyms=("pepper grinder",)
)
def pepper_mill(d: Draw) -> Shape:
    """A turned column with a round head."""
    r, h = d.between(0.0165, 0.02), d.between(0.07, 0.086)
    neck, low_waist = d.between(0.5, 0.7) * r, d.between(0.62, 0.85) * r
    body = [
        (0, 0),
        (r, 0),
        (r, 0.12 * h),
        (low_waist, 0.3 * h),
        (0.9 * r, 0.52 * h),
        (0.92 * r, 0.6 * h),
        (neck, 0.64 * h),
    ]
    head = [(neck, 0.64 * h), (0.85 * r, 0.7 * h), (0.9 * r, 0.8 * h), (0.6 * r, 0.92 * h), (0, 0.94 * h)]
    knob = meshes.ellipsoid((0.2 * r, 0.2 * r, 0.2 * r), (0, 0, 0.96 * h), 10, 6)
    visuals = (*d.paint(meshes.lathe([*body, *head[1:]], 16, 60.0)), d.metal(knob))
    return turned(visuals, [*body, *head[1:]], grip=max(0.55 * h, h - 0.055), pieces=8)


@family("kitchen timer", UTENSIL, mass=0.09, synonyms=("egg timer",))
def kitchen_timer(d: Draw) -> Shape:
    """A round clockwork timer with a dial, upright on a foot, or a squat knob with marks."""
    if d.chance(0.5):
        r, thick = d.between(0.019, 0.022), d.between(0.028, 0.032)
        drum = standing(
            meshes.lathe([(0, 0), (0.9 * r, 0), (r, 0.003), (r, thick - 0.003), (0.9 * r, thick), (0, thick)], 20)
        )
        case = drum.moved((0, thick / 2, r + 0.003))
        dial = Visual(
            standing(disc(0.82 * r)).moved((0, -thick / 2 - 0.0006, r + 0.003)),
            WHITE,
            prints.dial_print(WHITE, DARK, d.rng),
            0.3,
        )
        foot = meshes.box((1.3 * r, thick, 0.008), 0.002)
        visuals = (*d.paint(case), dial, d.coat(foot, shade(d.rgb, 0.7)))
        return boxed(visuals, (1.6 * r, thick, 2 * r), grip=r)
    r, h = d.between(0.02, 0.0235), d.between(0.03, 0.04)
    low = meshes.lathe([(0, 0), (r, 0), (r, 0.35 * h), (0.96 * r, 0.4 * h)], 20)
    dome = meshes.lathe([(0.96 * r, 0.42 * h), (0.9 * r, 0.7 * h), (0.6 * r, 0.92 * h), (0, h)], 18, 60.0)
    band = d.label(meshes.lathe([(r + 0.0004, 0.05 * h), (r + 0.0004, 0.35 * h)], 20), WHITE, 4, 0.5)
    ridge = meshes.box((1.2 * r, 0.006, 0.012), 0.002).moved((0, 0, h - 0.006))
    visuals = (*d.paint(dome), d.coat(low, shade(d.rgb, 0.7)), band, d.coat(ridge, d.accent))
    return turned(visuals, [(0, 0), (r, 0), (r, 0.5 * h), (0.9 * r, 0.7 * h), (0.5 * r, h)], grip=0.5 * h, yaw=ACROSS_Y)


@family("jar", UTENSIL, mass=0.12, colours=ALL, materials=("glass", "ceramic", "plastic"), synonyms=("storage jar",))
def jar(d: Draw) -> Shape:
    """Squat or tall, with a lid of wood, metal or colour, and a label."""
    r, h = d.between(0.0205, 0.0235), d.between(0.044, 0.062)
    neck, low = d.between(0.78, 0.9) * r, d.between(0.84, 0.97) * r
    body = [(0, 0), (low, 0), (r, 0.12 * h), (r, 0.6 * h), (neck, 0.76 * h)]
    lid = [(1.08 * neck, 0.76 * h), (1.08 * neck, 0.95 * h), (0.95 * neck, h), (0, h)]
    top = meshes.lathe(lid, 18)
    cover = d.pick((d.metal(top), d.made_of("wood", top, WOOD), d.coat(top, d.accent)))
    visuals = [*d.paint(meshes.lathe(body)), cover]
    if d.chance(0.7):
        visuals.append(
            d.label(
                meshes.lathe([(r + 0.0005, 0.18 * h), (r + 0.0005, 0.55 * h)], 20), d.rgb, 2, 0.37 * h / (np.pi * r)
            )
        )
    return turned(visuals, [*body, *lid], grip=0.5 * h)


@family("sponge", "household/cleaning", mass=0.04, colours=VIVID, materials=("foam",))
def sponge(d: Draw) -> Shape:
    """A soft block with a scouring layer, waisted sometimes."""
    x, y, z = d.between(0.062, 0.074), d.between(0.036, 0.043), d.between(0.027, 0.034)
    waist = d.between(0.78, 1.0)
    outline = [
        (-x / 2, -y / 2),
        (0, -waist * y / 2),
        (x / 2, -y / 2),
        (x / 2, y / 2),
        (0, waist * y / 2),
        (-x / 2, y / 2),
    ]
    rough, soft = prism(outline, 0.26 * z), prism(outline, 0.74 * z).moved((0, 0, 0.26 * z))
    visuals = (*d.paint(soft), d.coat(rough, d.pick((shade(d.rgb, 0.4), (0.1, 0.35, 0.2), DARK))))
    return boxed(visuals, (x, waist * y, z))


@family("dish brush", "household/cleaning", mass=0.07, materials=HANDLES, synonyms=("scrubbing brush",))
def dish_brush(d: Draw) -> Shape:
    """A head full of bristles, with a long handle or as a block."""
    bristle = d.pick((CREAM, WHITE, DARK, d.accent))
    if d.chance(0.5):
        x, y, z = d.between(0.082, 0.1), d.between(0.032, 0.038), d.between(0.034, 0.04)
        tufts = meshes.plain_box((0.92 * x, 0.8 * y, 0.5 * z), (0, 0, 0.25 * z))
        top = blob((x, y, 0.55 * z), d.between(0.3, 0.8), 0.5).moved((0, 0, 0.45 * z))
        return boxed((*d.paint(top), d.coat(tufts, bristle, "foam")), (0.9 * x, y, z), grip=0.6 * z)
    thick, length, r = d.between(0.021, 0.024), d.between(0.058, 0.068), d.between(0.017, 0.021)
    disc = meshes.lathe([(0, 0), (r, 0), (r, 0.4 * thick), (0.8 * r, 0.5 * thick), (0, 0.5 * thick)], 14)
    tufts = meshes.lathe([(0.85 * r, 0), (r * 1.05, 0), (0.85 * r, 0.5 * thick)], 14)
    head = d.coat(meshes.merge(tufts, disc.moved((0, 0, 0.5 * thick))).moved((0.8 * r, 0, 0)), bristle, "foam")
    return _handled(d, head, block((1.6 * r, 1.6 * r, thick), (0.8 * r, 0, thick / 2)), thick, length)
