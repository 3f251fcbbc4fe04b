"""Toy vehicles. Their noses point to +x."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import rotation_z
from sightline.engine.assets import meshes
from sightline.engine.assets.colours import DARK, RGB, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, prism, rod, standing, turned, wheel
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

VEHICLE = "toys/vehicles"
GLASS: RGB = (0.55, 0.72, 0.82)
TOY = ("plastic", "plastic", "metal", "wood")


def wheels(d: Draw, at: list[float], radius: float, track: float, width: float) -> list[Visual]:
    """Pairs of wheels with hubs at some places along x."""
    tyres = [wheel(radius, width).moved((x, s * track / 2, radius)) for x in at for s in (-1, 1)]
    hubs = [wheel(0.5 * radius, 1.12 * width, 8).moved((x, s * track / 2, radius)) for x in at for s in (-1, 1)]
    return [
        Visual(meshes.merge(*tyres), DARK if not d.dark else (0.35, 0.35, 0.36), shine=0.1),
        Visual(meshes.merge(*hubs), d.pick((SILVER, WHITE, d.accent)), shine=0.6),
    ]


def side_view(outline: list[tuple[float, float]], width: float) -> Mesh:
    """A body with this outline (x, z) seen from the side."""
    return standing(prism(outline, width)).moved((0, width / 2, 0))


@family(
    "toy car", VEHICLE, mass=0.09, colours=ALL, materials=TOY, patterns=("stripes", "dots", "check"), synonyms=("car",)
)
def toy_car(d: Draw) -> Shape:
    """A saloon, hatchback, buggy or racing car."""
    x, y, z = d.between(0.07, 0.084), d.between(0.036, 0.042), d.between(0.034, 0.042)
    r = d.between(0.0085, 0.0105)
    low, deck = 0.6 * r, d.between(0.5, 0.6) * z
    hull = [
        (-x / 2, low),
        (x / 2, low),
        (x / 2, 0.8 * deck),
        (0.42 * x, deck),
        (-0.46 * x, deck),
        (-x / 2, 0.85 * deck),
    ]
    rear, back, front, nose = d.pick(
        ((-0.44, -0.3, 0.1, 0.28), (-0.5, -0.46, 0.05, 0.26), (-0.3, -0.18, 0.12, 0.2), (-0.46, -0.4, 0.2, 0.36))
    )
    cabin = [(rear * x, deck), (nose * x, deck), (front * x, z), (back * x, z)]
    panes = [
        (0.9 * rear * x, deck),
        (nose * x * 0.94, deck + 0.001),
        (front * x * 0.98, 0.93 * z),
        (back * x * 0.98, 0.93 * z),
    ]
    visuals = [*d.paint(meshes.merge(side_view(hull, y), side_view(cabin, 0.86 * y)))]
    screen = side_view([(px * 1.015 if px > 0 else px, pz) for px, pz in panes], 0.7 * y)
    visuals += [d.coat(meshes.merge(side_view(panes, 0.9 * y), screen), GLASS, "glass")]
    visuals += wheels(d, [-0.3 * x, 0.3 * x], r, 0.92 * y, 0.18 * y)
    lamps = [blob((0.004, 0.007, 0.005), 0.8, 0.8, 8, 5).moved((0.5 * x, s * 0.32 * y, 0.6 * deck)) for s in (-1, 1)]
    visuals.append(d.coat(meshes.merge(*lamps), (0.98, 0.93, 0.7), "glass"))
    if d.chance(0.25):
        visuals.append(d.coat(meshes.plain_box((0.006, 0.9 * y, 0.002), (-0.46 * x, 0, 1.25 * deck)), d.accent))
    pieces = (
        block((x, y, deck), (0, 0, deck / 2)),
        block(((front - back + 0.1) * x, 0.86 * y, z - deck), ((front + back) / 2 * x, 0, (z + deck) / 2)),
    )
    return Shape(tuple(visuals), pieces, Grasp((0, 0, 0.5 * z), ACROSS_Y, y))


@family("truck", VEHICLE, mass=0.11, colours=ALL, materials=TOY, synonyms=("lorry", "toy truck"))
def truck(d: Draw) -> Shape:
    """A cab in the main colour and a box, a tank, a tipper or a flat bed with a load behind it."""
    x, y, z, r = d.between(0.082, 0.094), d.between(0.036, 0.042), d.between(0.042, 0.05), d.between(0.0085, 0.01)
    cab, floor = d.between(0.26, 0.33) * x, 1.5 * r
    front = [
        (x / 2 - cab, 0.7 * r),
        (x / 2, 0.7 * r),
        (x / 2, 0.5 * z),
        (x / 2 - d.between(0.1, 0.35) * cab, 0.95 * z),
        (x / 2 - cab, 0.95 * z),
    ]
    pane = meshes.plain_box((0.45 * cab, 1.02 * y, 0.24 * z), (x / 2 - 0.58 * cab, 0, 0.72 * z))
    frame = meshes.plain_box((x - cab, 0.7 * y, 0.5 * r), (-cab / 2, 0, floor - 0.25 * r))
    room, middle = x - cab - 0.004, -cab / 2 - 0.002
    style, top = d.whole(0, 3), z - floor
    if style == 0:
        cargo: Mesh = meshes.box((room, y, top), 0.001).moved((middle, 0, floor))
    elif style == 1:
        cargo = blob((room, 0.96 * y, top), 0.6, 0.8).moved((middle, 0, floor))
    elif style == 2:
        cargo = meshes.open_box((room, y, 0.62 * top), 0.003, 0.004, 0.003).moved((middle, 0, floor))
    else:
        logs = [
            meshes.lying(meshes.lathe([(0, 0), (0.24 * y, 0), (0.24 * y, 0.94 * room), (0, 0.94 * room)], 8))
            for _ in range(3)
        ]
        spots = ((-0.25, 0.24), (0.25, 0.24), (0.0, 0.66))
        cargo = meshes.merge(
            *(log.moved((middle - 0.47 * room, a * y, floor + b * y)) for log, (a, b) in zip(logs, spots, strict=True))
        )
    load = (
        d.made_of("wood", cargo, WOOD) if style == 3 else d.coat(cargo, d.accent, "metal" if style == 1 else "plastic")
    )
    visuals = (
        *d.paint(side_view(front, y)),
        d.coat(pane, GLASS, "glass"),
        load,
        d.coat(frame, DARK, "rubber"),
        *wheels(d, [-0.36 * x, -0.16 * x, 0.34 * x], r, 0.9 * y, 0.2 * y),
    )
    high = floor + (0.62 if style == 2 else 0.9) * top
    pieces = (block((cab, y, 0.95 * z), (x / 2 - cab / 2, 0, 0.475 * z)), block((room, y, high), (middle, 0, high / 2)))
    return Shape(visuals, pieces, Grasp((-0.05 * x, 0, 0.45 * z), ACROSS_Y, y))


@family("bus", VEHICLE, mass=0.11, colours=ALL, materials=("plastic", "metal"), synonyms=("coach",))
def bus(d: Draw) -> Shape:
    """One deck or two, with rows of windows."""
    double = d.chance(0.4)
    x, y = d.between(0.078, 0.09), d.between(0.034, 0.039)
    z, r = d.between(0.052, 0.058) if double else d.between(0.038, 0.045), d.between(0.008, 0.0095)
    body = meshes.box((x, y, z - 0.6 * r), 0.003).moved((0, 0, 0.6 * r))
    rows = (0.45, 0.78) if double else (0.66,)
    count = d.whole(4, 6)
    panes = [
        meshes.plain_box(
            (0.8 * 0.9 * x / count, 1.015 * y, 0.2 * z if double else 0.3 * z),
            (x * 0.92 * ((k + 0.5) / count - 0.5), 0, row * z),
        )
        for row in rows
        for k in range(count)
    ]
    panes.append(meshes.plain_box((1.01 * x, 0.8 * y, 0.26 * z), (0, 0, rows[-1] * z)))
    line = meshes.plain_box((1.005 * x, 1.012 * y, 0.05 * z), (0, 0, 0.3 * z))
    visuals = (
        *d.paint(body),
        d.coat(meshes.merge(*panes), GLASS, "glass"),
        d.coat(line, d.accent),
        *wheels(d, [-0.3 * x, 0.3 * x], r, 0.94 * y, 0.14 * y),
    )
    return boxed(visuals, (x, y, z), grip=0.5 * z)


@family("train", VEHICLE, mass=0.11, colours=ALL, materials=TOY, synonyms=("locomotive", "steam engine"))
def train(d: Draw) -> Shape:
    """A steam engine: boiler, chimney, cab, wheels."""
    x, y, z, r = d.between(0.074, 0.086), d.between(0.034, 0.039), d.between(0.042, 0.05), d.between(0.0085, 0.0105)
    floor, boiler = 1.5 * r, d.between(0.34, 0.4) * y
    cab = d.between(0.28, 0.34) * x
    base = meshes.plain_box((x, 0.9 * y, 0.8 * r), (0, 0, floor - 0.4 * r))
    house = meshes.plain_box((cab, y, z - floor - 0.003), (-x / 2 + cab / 2, 0, (floor + z - 0.003) / 2))
    roof = meshes.box((1.15 * cab, 1.08 * y, 0.004), 0.001).moved((-x / 2 + cab / 2, 0, z - 0.004))
    drum = meshes.lying(
        meshes.lathe([(0, 0), (boiler, 0), (boiler, x - cab - 0.004), (0.85 * boiler, x - cab), (0, x - cab)], 14)
    ).moved((-x / 2 + cab, 0, floor + boiler))
    funnel = meshes.lathe(
        [(0.25 * boiler, 0), (0.3 * boiler, 0.008), (0.55 * boiler, 0.016), (0.3 * boiler, 0.016), (0, 0.014)], 10
    )
    chimney = meshes.merge(
        funnel.moved((0.34 * x, 0, floor + 1.85 * boiler)),
        meshes.ellipsoid((0.3 * boiler,) * 3, (0.1 * x, 0, floor + 1.95 * boiler), 8, 5),
    )
    pane = meshes.plain_box(
        (0.45 * cab, 1.02 * y, 0.3 * (z - floor)), (-x / 2 + cab / 2, 0, floor + 0.65 * (z - floor))
    )
    visuals = (
        *d.paint(meshes.merge(house, drum)),
        d.coat(meshes.merge(roof, chimney), d.accent),
        d.coat(base, shade(d.rgb, 0.5)),
        d.coat(pane, (0.95, 0.9, 0.6), "glass"),
        *wheels(d, [-0.34 * x, 0, 0.32 * x], r, 0.86 * y, 0.16 * y),
    )
    pieces = (
        block((x, y, floor), (0, 0, floor / 2)),
        block((cab, y, z - floor), (-x / 2 + cab / 2, 0, (z + floor) / 2)),
        block((x - cab, 1.8 * boiler, 1.9 * boiler), (cab / 2, 0, floor + boiler)),
    )
    return Shape(visuals, pieces, Grasp((-0.05 * x, 0, 0.4 * z), ACROSS_Y, y))


@family(
    "boat",
    VEHICLE,
    mass=0.08,
    colours=ALL,
    materials=("plastic", "wood"),
    patterns=("stripes", "bands"),
    synonyms=("ship", "toy boat"),
)
def boat(d: Draw) -> Shape:
    """A hull with a pointed bow and a cabin, a funnel or a sail."""
    x, y, deck = d.between(0.07, 0.082), d.between(0.036, 0.041), d.between(0.02, 0.024)
    keel = 0.72
    outline = np.array(
        [
            [-0.5, -0.42],
            [-0.2, -0.5],
            [0.1, -0.46],
            [0.34, -0.26],
            [0.5, 0],
            [0.34, 0.26],
            [0.1, 0.46],
            [-0.2, 0.5],
            [-0.5, 0.42],
        ]
    ) * [x, y]
    low = np.column_stack([outline * [0.9, keel], np.zeros(9)])
    hull = meshes.hull(np.concatenate([low, np.column_stack([outline, np.full(9, deck)])]))
    planks = prism(outline * 0.9, 0.001).moved((0, 0, deck - 0.0004))
    visuals = [*d.paint(hull), d.made_of("wood", planks, WOOD)]
    pieces = [
        block((0.6 * x, 0.94 * y, deck), (-0.15 * x, 0, deck / 2)),
        block((0.3 * x, 0.5 * y, deck), (0.25 * x, 0, deck / 2)),
    ]
    if d.chance(0.5):
        cabin = d.between(0.3, 0.42) * x
        house = meshes.box((cabin, 0.6 * y, 0.014), 0.002).moved((-0.12 * x, 0, deck))
        chimney = meshes.lathe([(0.1 * y, 0), (0.1 * y, 0.014), (0, 0.014)], 10).moved((-0.18 * x, 0, deck + 0.014))
        pane = meshes.plain_box((0.7 * cabin, 0.62 * y, 0.005), (-0.12 * x, 0, deck + 0.008))
        visuals += [
            d.coat(house, WHITE if not d.light else d.accent),
            d.coat(chimney, d.accent),
            d.coat(pane, GLASS, "glass"),
        ]
        pieces.append(block((cabin, 0.6 * y, 0.014), (-0.12 * x, 0, deck + 0.007)))
    else:
        mast = d.between(0.04, 0.05)
        sail = standing(prism([(0.004, 0.006), (0.36 * x, 0.006), (0.004, 0.92 * mast)], 0.0016)).moved(
            (0, 0.0008, deck)
        )
        jib = standing(prism([(-0.004, 0.01), (-0.004, 0.8 * mast), (-0.3 * x, 0.01)], 0.0016)).moved((0, 0.0008, deck))
        visuals += [
            d.coat(meshes.merge(sail, jib), d.pick((WHITE, d.accent)), "cloth"),
            d.made_of("wood", rod((0, 0, deck), (0, 0, deck + mast), 0.0018), WOOD),
        ]
    return Shape(tuple(visuals), tuple(pieces), Grasp((-0.12 * x, 0, 0.62 * deck), ACROSS_Y, y))


@family(
    "rocket",
    VEHICLE,
    mass=0.08,
    colours=ALL,
    materials=("plastic", "metal"),
    patterns=("stripes", "bands", "check"),
    synonyms=("spaceship",),
)
def rocket(d: Draw) -> Shape:
    """Standing on its fins, with a round window."""
    r, h = d.between(0.0165, 0.0195), d.between(0.07, 0.084)
    low, cone = 0.1 * h, d.between(0.62, 0.72) * h
    profile = [(0, low), (0.7 * r, low), (0.9 * r, 0.25 * h), (r, 0.45 * h), (0.93 * r, cone)]
    nose = [(0.93 * r, cone), (0.66 * r, 0.85 * h), (0.3 * r, 0.96 * h), (0, h)]
    fin = standing(
        prism(
            [
                (0.5 * r, 0.18 * h),
                (0.9 * r, 0.06 * h),
                (1.15 * r, 0),
                (1.3 * r, 0),
                (1.2 * r, 0.18 * h),
                (0.9 * r, 0.36 * h),
                (0.6 * r, 0.34 * h),
            ],
            0.003,
        )
    ).moved((0, 0.0015, 0))
    fins = [fin.moved((0, 0, 0), rotation_z(a)) for a in np.linspace(0, 2 * np.pi, d.whole(3, 4), endpoint=False) + 0.5]
    jet = meshes.lathe([(0.3 * r, 0.02 * h), (0.55 * r, 0.02 * h), (0.4 * r, low)], 12)
    window = standing(
        meshes.lathe([(0.36 * r, 0), (0.36 * r, 0.3 * r), (0.28 * r, 0.36 * r), (0, 0.36 * r)], 12)
    ).moved((0, -0.72 * r, 0.55 * h))
    visuals = (
        *d.paint(meshes.lathe(profile, 16)),
        d.coat(meshes.merge(meshes.lathe(nose, 16, 60.0), *fins), d.accent),
        d.coat(jet, DARK),
        d.coat(window, GLASS, "glass"),
    )
    return turned(
        visuals,
        [(1.05 * r, 0), (1.05 * r, 0.12 * h), (0.9 * r, 0.2 * h), *profile[3:], *nose[1:]],
        grip=max(0.42 * h, h - 0.055),
        pieces=8,
    )


@family(
    "plane",
    VEHICLE,
    mass=0.08,
    colours=ALL,
    materials=("plastic", "wood"),
    patterns=("stripes", "bands"),
    synonyms=("airplane", "toy plane", "aeroplane"),
)
def plane(d: Draw) -> Shape:
    """A stout fuselage with stubby wings and a tail."""
    x, r = d.between(0.072, 0.084), d.between(0.0145, 0.0165)
    lift = 0.006
    shape = [(0, 0), (0.36, 0.02), (0.55, 0.2), (1, 0.55), (0.95, 0.82), (0.5, 0.98), (0, 1)]
    body = meshes.lying(meshes.lathe([(a * r, b * x) for a, b in shape], 14, 70.0)).moved((-x / 2, 0, r + lift))
    span, chord = d.between(0.056, 0.066), d.between(0.015, 0.02)
    at = d.between(0.0, 0.08) * x
    wing = meshes.box((chord, span, 0.0035), 0.001).moved((at, 0, lift + d.pick((0.5, 1.85)) * r))
    tail = meshes.box((0.6 * chord, 0.42 * span, 0.003), 0.001).moved((-0.44 * x, 0, lift + 1.1 * r))
    fin = standing(prism([(-0.5 * x, r), (-0.36 * x, r), (-0.44 * x, 2.5 * r), (-0.5 * x, 2.5 * r)], 0.003)).moved(
        (0, 0.0015, lift)
    )
    glass = blob((0.3 * x, 1.2 * r, 0.9 * r), 0.8, 0.8, 12, 7).moved((0.16 * x, 0, lift + 1.45 * r))
    nose = meshes.lying(meshes.lathe([(0.24 * r, 0), (0.24 * r, 0.004), (0, 0.006)], 8)).moved((0.49 * x, 0, r + lift))
    blades = meshes.plain_box((0.0016, 0.004, 1.7 * r), (0.51 * x, 0, r + lift))
    legs = [wheel(0.004, 0.004, 8).moved((0.2 * x, s * 0.5 * r, 0.004)) for s in (-1, 1)] + [
        meshes.plain_box((0.002, 0.002, lift + 0.3 * r), (0.2 * x, s * 0.5 * r, lift)) for s in (-1, 1)
    ]
    prop = meshes.merge(nose, blades, *legs, rod((-0.45 * x, 0, 0), (-0.45 * x, 0, lift + r), 0.0016))
    visuals = (
        *d.paint(body),
        d.coat(meshes.merge(wing, tail, fin), d.accent),
        d.coat(glass, GLASS, "glass"),
        d.coat(prop, DARK),
    )
    pieces = (
        block((0.62 * x, 1.8 * r, 2 * r + lift), (0.08 * x, 0, r + lift / 2)),
        block((0.36 * x, 0.9 * r, r + lift), (-0.32 * x, 0, (1.4 * r + lift) / 2)),
    )
    return Shape(visuals, pieces, Grasp((-0.12 * x, 0, r + lift), ACROSS_Y, 1.75 * r))
