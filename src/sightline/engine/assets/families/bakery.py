"""Bread, pastry and other things from kitchens that are eaten as they are."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import rotation_z
from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, RGB, WHITE, shade
from sightline.engine.assets.families.family import Draw, family
from sightline.engine.assets.families.forms import blob, boxed, lumpy, lying, ring, rod, stack, turned
from sightline.engine.assets.families.growth import scaled_profile
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

BAKERY = "food/bakery"
CRUST: dict[str, RGB] = {"brown": (0.66, 0.40, 0.17)}
CRUMB: RGB = (0.93, 0.83, 0.62)
ICING = {
    "pink": (0.96, 0.5, 0.66),
    "white": (0.95, 0.93, 0.9),
    "brown": (0.33, 0.18, 0.09),
    "yellow": (0.95, 0.83, 0.3),
    "blue": (0.3, 0.5, 0.85),
    "green": (0.45, 0.7, 0.4),
}
SPRINKLES: tuple[RGB, ...] = (
    (0.85, 0.1, 0.2),
    (0.98, 0.85, 0.2),
    (0.2, 0.45, 0.85),
    (0.95, 0.95, 0.95),
    (0.2, 0.6, 0.3),
)


def sprinkles(d: Draw, radius: float, height: float, count: int, hole: float = 0.0) -> Visual:
    """Short bright rods on a disc at some height."""
    rods = []
    for _ in range(count):
        angle, out, turn = d.between(0, 2 * np.pi), d.between(hole, radius), d.between(0, np.pi)
        x, y = out * np.cos(angle), out * np.sin(angle)
        dx, dy = 0.0017 * np.cos(turn), 0.0017 * np.sin(turn)
        rods.append(rod((x - dx, y - dy, height), (x + dx, y + dy, height), 0.0008, 4))
    return Visual(meshes.merge(*rods), d.pick(SPRINKLES), shine=0.4)


@family("loaf", BAKERY, mass=0.12, materials=("crust",), natural=CRUST, synonyms=("loaf of bread",))
def loaf(d: Draw) -> Shape:
    """A tin loaf or a round-ended one, scored across."""
    x, y, z = d.between(0.066, 0.08), d.between(0.037, 0.043), d.between(0.032, 0.042)
    body = lumpy(blob((x, y, z), d.between(0.25, 0.7), d.between(0.45, 0.7)), d.rng, 0.03)
    cuts = [
        blob((0.006, 0.6 * y, 0.004), 0.8, 0.9, 8, 5).moved((at * x, 0, 0.965 * z), rotation_z(d.between(0.2, 0.5)))
        for at in np.linspace(-0.28, 0.28, d.whole(2, 4))
    ]
    return boxed((*d.paint(body), Visual(meshes.merge(*cuts), CRUMB, shine=0.0)), (0.94 * x, y, 0.97 * z))


@family("bun", BAKERY, mass=0.07, materials=("crust",), natural=CRUST, synonyms=("bread roll",))
def bun(d: Draw) -> Shape:
    """A round roll, plain, with a cross or with seeds."""
    r, h = d.between(0.0205, 0.0235), d.between(0.028, 0.036)
    profile = scaled_profile([(0, 0), (0.75, 0), (0.97, 0.16), (1, 0.4), (0.86, 0.74), (0.5, 0.95), (0, 1)], r, h)
    visuals = [*d.paint(lumpy(meshes.lathe(profile, 18, 70.0), d.rng, 0.02))]
    style = d.whole(0, 2)
    if style == 1:
        bars = [
            blob((1.0 * r, 0.005, 0.004), 0.7, 0.9, 8, 5).moved((0, 0, 0.95 * h), rotation_z(a)) for a in (0.3, 1.87)
        ]
        visuals.append(Visual(meshes.merge(*bars), CRUMB, shine=0.0))
    elif style == 2:
        visuals.append(Visual(sesame(d, r, h, 14), CREAM))
    return turned(visuals, profile, grip=0.45 * h)


def sesame(d: Draw, r: float, h: float, count: int) -> Mesh:
    """Sesame on a dome of radius r and height h."""
    grains = []
    for k in range(count):
        out, angle = 0.62 * r * np.sqrt((k + 0.5) / count), 2.4 * k
        z = h * (1 - 0.26 * (out / (0.62 * r)) ** 2.2)
        grains.append(
            meshes.ellipsoid((0.0014, 0.0008, 0.0007), (0, 0, 0), 5, 4).moved(
                (out * np.cos(angle), out * np.sin(angle), z), rotation_z(angle)
            )
        )
    return meshes.merge(*grains)


@family("baguette", BAKERY, mass=0.09, materials=("crust",), natural=CRUST)
def baguette(d: Draw) -> Shape:
    """Long, pointed, with slanting cuts."""
    x, y, z = d.between(0.105, 0.122), d.between(0.029, 0.035), d.between(0.025, 0.029)
    body = lumpy(blob((x, y, z), 0.75, 0.8, 16, 9), d.rng, 0.02)
    cuts = [
        blob((0.017, 0.006, 0.004), 0.9, 0.9, 8, 5).moved((at * x, 0, 0.94 * z * (1 - 0.4 * at * at)), rotation_z(0.5))
        for at in np.linspace(-0.3, 0.3, d.whole(3, 5))
    ]
    pieces = [block((0.7 * x, 0.9 * y, z), (0, 0, z / 2)), block((0.92 * x, 0.5 * y, 0.7 * z), (0, 0, z / 2))]
    return lying((*d.paint(body), Visual(meshes.merge(*cuts), CRUMB, shine=0.0)), pieces, 0.0, y, z)


@family("croissant", BAKERY, mass=0.06, materials=("crust",), natural={"brown": (0.78, 0.50, 0.20)})
def croissant(d: Draw) -> Shape:
    """A crescent of rolled layers."""
    bend, r, reach = d.between(0.028, 0.036), d.between(0.0155, 0.018), d.between(1.0, 1.25)
    layers = d.whole(6, 8)
    angle = np.linspace(-reach, reach, 2 * layers + 1)
    swell = np.cos(angle / reach * 1.35) ** 0.8 * (1 + 0.09 * np.where(np.arange(2 * layers + 1) % 2, 1, -1))
    arc = np.stack([bend * np.sin(angle), bend * (1 - np.cos(angle)), 0.35 * r + 0.6 * r * np.maximum(swell, 0.25)], -1)
    body = meshes.tube(arc, r * np.maximum(swell, 0.25), 10)
    low = body.vertices[:, 2].min()
    high = float(body.vertices[:, 2].max() - low)
    pieces = [block((1.1 * bend, 1.8 * r, high), (0, 0.12 * bend, high / 2))]
    for side in (-1, 1):
        turn = side * 0.72 * reach
        quat = (float(np.cos(turn / 2)), 0.0, 0.0, float(np.sin(turn / 2)))
        centre = (float(bend * np.sin(turn)), float(bend * (1 - np.cos(turn))), 0.6 * r)
        pieces.append(Collider("box", (0.4 * bend, 0.6 * r, 0.6 * r), centre, quat))
    return Shape(
        d.paint(body.moved((0, 0, -low))), tuple(pieces), Grasp((0, 0.05 * bend, max(0.015, high / 2)), ACROSS_Y, 2 * r)
    )


@family("donut", BAKERY, mass=0.06, materials=("peel",), natural=ICING, synonyms=("doughnut",))
def donut(d: Draw) -> Shape:
    """Its colour is that of the icing; lying flat, with sprinkles or without."""
    r, thick = d.between(0.0135, 0.0155), d.between(0.0085, 0.0095)
    flat = d.between(1.35, 1.6)
    dough = ring(r, thick, 18, 9, flat)
    high = 2 * thick * flat
    angle = np.linspace(0.12 * np.pi, 0.88 * np.pi, 6)
    coat = [(r + 1.06 * thick * np.cos(a), flat * thick * (1 + 1.06 * np.sin(a))) for a in angle]
    visuals = [
        Visual(dough, d.pick(((0.78, 0.52, 0.26), (0.66, 0.4, 0.2), (0.35, 0.2, 0.1))), shine=0.1),
        Visual(meshes.lathe(coat, 18, 70.0), d.rgb, shine=0.6),
    ]
    if d.chance(0.6):
        visuals += [sprinkles(d, r + 0.4 * thick, 1.03 * high, 9, r - 0.4 * thick) for _ in range(2)]
    outer = r + thick
    profile = [(0.8 * outer, 0), (outer, 0.35 * high), (outer, 0.65 * high), (0.8 * outer, high)]
    return Shape(tuple(visuals), stack(profile, 3), Grasp((0, 0, max(0.014, 0.5 * high)), None, 2 * outer))


@family("cupcake", BAKERY, mass=0.07, materials=("peel",), natural=ICING, synonyms=("muffin",))
def cupcake(d: Draw) -> Shape:
    """Its colour is that of the icing: a swirl or a dome, a cherry or sprinkles on top."""
    r, h = d.between(0.021, 0.0235), d.between(0.046, 0.056)
    case = d.between(0.4, 0.48) * h
    wrapper = meshes.lathe([(0, 0), (0.7 * r, 0), (0.94 * r, case)], d.pick((10, 14)), 5.0)
    swirl = [
        (0.9 * r, 0.96 * case),
        (r, case + 0.06 * h),
        (0.94 * r, case + 0.16 * h),
        (0.76 * r, case + 0.19 * h),
        (0.78 * r, case + 0.28 * h),
        (0.5 * r, case + 0.33 * h),
        (0.5 * r, case + 0.42 * h),
        (0, h),
    ]
    dome = [
        (0.9 * r, 0.96 * case),
        (r, case + 0.08 * h),
        (0.9 * r, case + 0.26 * h),
        (0.5 * r, case + 0.36 * h),
        (0, case + 0.4 * h),
    ]
    icing = d.pick((swirl, swirl, dome))
    top = icing[-1][1]
    visuals = [
        Visual(meshes.lathe(icing, 18, 60.0), d.rgb, shine=0.5),
        Visual(wrapper, d.pick(((0.66, 0.42, 0.22), d.accent)), shine=0.0),
    ]
    if d.chance(0.5):
        visuals.append(
            Visual(meshes.ellipsoid((0.0055,) * 3, (0, 0, top + 0.003), 10, 6), (0.75, 0.05, 0.12), shine=0.8)
        )
    return turned(visuals, [(0, 0), (0.75 * r, 0), (0.92 * r, case), *icing[1:]], grip=case + 0.1 * h, pieces=6)


@family("cake", BAKERY, mass=0.12, materials=("peel",), natural=ICING, synonyms=("birthday cake",))
def cake(d: Draw) -> Shape:
    """A little round cake of one or two storeys with dabs of cream and perhaps a candle."""
    r, low = d.between(0.0215, 0.0235), d.between(0.026, 0.036)
    profile = [(0, 0), (r, 0), (r, 0.9 * low), (0.95 * r, low), (0, low)]
    body, top, upper = [meshes.lathe(profile, 20)], low, r
    if d.chance(0.45):
        upper, top = d.between(0.55, 0.7) * r, low + d.between(0.014, 0.02)
        body.append(meshes.lathe([(upper, low), (upper, top - 0.002), (0.95 * upper, top), (0, top)], 18))
    cream = d.pick((WHITE, (0.4, 0.22, 0.12), (0.96, 0.55, 0.65), (0.85, 0.1, 0.15)))
    dabs = [
        meshes.ellipsoid((0.0035, 0.0035, 0.003), (0.78 * upper * np.cos(a), 0.78 * upper * np.sin(a), top), 8, 5)
        for a in np.linspace(0, 2 * np.pi, d.whole(5, 8), endpoint=False)
    ]
    rim = ring(0.985 * r, 0.0022, 18, 5)
    visuals = [Visual(meshes.merge(*body), d.rgb, shine=0.4), Visual(meshes.merge(rim, *dabs), cream, shine=0.4)]
    if d.chance(0.5):
        visuals.append(Visual(rod((0, 0, top), (0, 0, top + 0.014), 0.0018), d.accent))
    pieces = stack([(r, 0), (r, low)], 1) + (stack([(upper, low), (upper, top)], 1) if top > low else ())
    return Shape(tuple(visuals), pieces, Grasp((0, 0, max(0.5 * low, top - 0.05)), None, 2 * r))


@family(
    "pie",
    BAKERY,
    mass=0.1,
    materials=("crust",),
    synonyms=("tart",),
    natural={
        "brown": (0.72, 0.46, 0.2),
        "red": (0.7, 0.08, 0.12),
        "yellow": (0.93, 0.78, 0.3),
        "purple": (0.34, 0.1, 0.34),
    },
)
def pie(d: Draw) -> Shape:
    """A deep little tart; its colour is that of the filling, under a lattice or berries."""
    r, h = d.between(0.0215, 0.0235), d.between(0.026, 0.031)
    low = d.between(0.8, 0.9) * r
    crust = meshes.lathe(
        [(0, 0), (low, 0), (r, 0.9 * h), (r, h), (0.86 * r, h), (0.84 * r, 0.86 * h)], d.pick((12, 18)), 30.0
    )
    visuals = [
        d.made_of("crust", crust, (0.76, 0.52, 0.25)),
        *d.paint(meshes.lathe([(0.85 * r, 0.87 * h), (0, 0.9 * h)], 16)),
    ]
    if d.colour == "brown":
        bars = [
            meshes.plain_box((1.6 * r * np.sqrt(1 - at * at), 0.004, 0.003), (0, at * r, 0.92 * h))
            for at in (-0.5, 0, 0.5)
        ]
        bars += [bar.moved((0, 0, 0.001), rotation_z(np.pi / 2)) for bar in bars]
        visuals.append(Visual(meshes.merge(*bars), (0.8, 0.56, 0.28), shine=0.1))
    else:
        berries = [
            meshes.ellipsoid((0.0042,) * 3, (0.5 * r * np.cos(a), 0.5 * r * np.sin(a), 0.93 * h), 8, 5)
            for a in np.linspace(0, 2 * np.pi, d.whole(4, 7), endpoint=False)
        ]
        visuals.append(Visual(meshes.merge(*berries), shade(d.rgb, 0.7), shine=0.8))
    return turned(visuals, [(0, 0), (low, 0), (r, h)], grip=0.6 * h)
