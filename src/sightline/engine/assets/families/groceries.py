"""Food in packages: cans, cartons, boxes and tubs with printed labels, and the packages that robosuite ships."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, packaged
from sightline.engine.assets.colours import CREAM, DARK, SILVER, WHITE, shade
from sightline.engine.assets.families.family import ALL, BRIGHT, Draw, family
from sightline.engine.assets.families.forms import blob, boxed, fronts, rod, sleeve, turned, wrapped_box
from sightline.engine.assets.model import Grasp, Shape
from sightline.engine.assets.shapes import ACROSS_Y, block

PACKAGE = "food/packages"


@family("can", PACKAGE, mass=0.1, colours=ALL, materials=("metal",), synonyms=("drink can",))
def can(d: Draw) -> Shape:
    """Slim or stout, its label all around, silver ends with a ring."""
    r, h = d.between(0.0185, 0.0225), d.between(0.056, 0.07)
    neck = d.between(0.82, 0.9)
    side = sleeve(r, 0.07 * h, 0.9 * h, 20)
    low = meshes.lathe([(0, 0), (neck * r, 0), (r, 0.07 * h)], 20)
    high = meshes.lathe(
        [
            (r, 0.9 * h),
            (neck * r, 0.97 * h),
            (neck * r, h),
            (0.92 * neck * r, h),
            (0.9 * neck * r, 0.975 * h),
            (0, 0.975 * h),
        ],
        20,
    )
    tab = meshes.box((0.6 * r, 0.3 * r, 0.002), 0.0005).moved((0.1 * r, 0, 0.975 * h))
    visuals = (
        d.label(side, d.rgb, 2, 0.83 * h / (np.pi * r)),
        d.metal(meshes.merge(low, high)),
        d.coat(tab, d.pick((SILVER, d.rgb))),
    )
    return turned(visuals, [(neck * r, 0), (r, 0.07 * h), (r, 0.9 * h), (neck * r, h)])


@family("tin", PACKAGE, mass=0.13, colours=ALL, materials=("metal",), synonyms=("food tin", "tin of food"))
def tin(d: Draw) -> Shape:
    """Ribbed metal with rims and a paper label in between."""
    r, h = d.between(0.0215, 0.0235), d.between(0.038, 0.054)
    rim = 1.03 * r
    shell = [
        (0, 0),
        (rim, 0),
        (rim, 0.003),
        (r, 0.004),
        (r, h - 0.004),
        (rim, h - 0.003),
        (rim, h),
        (0.94 * rim, h),
        (0.9 * r, h - 0.003),
        (0, h - 0.003),
    ]
    margin = d.between(0.08, 0.2)
    band = sleeve(r + 0.0005, margin * h, (1 - margin) * h, 20)
    visuals = [d.metal(meshes.lathe(shell, 20)), d.label(band, d.rgb, 2, (1 - 2 * margin) * h / (np.pi * r))]
    if d.chance(0.3):
        visuals.append(d.metal(meshes.box((0.9 * r, 0.35 * r, 0.002), 0.0005).moved((0.2 * r, 0, h - 0.003))))
    return turned(visuals, [(rim, 0), (rim, h)], pieces=1)


@family("carton", PACKAGE, mass=0.12, colours=ALL, materials=("paper",), synonyms=("drink carton",))
def carton(d: Draw) -> Shape:
    """A gable-top carton, its ridge along x, with or without a screw cap."""
    w, h = d.between(0.036, 0.043), d.between(0.05, 0.064)
    ridge, half = h + d.between(0.016, 0.022), w / 2
    gable = meshes.hull(
        np.array(
            [[x * half, y * half, h] for x in (-1, 1) for y in (-1, 1)]
            + [[x * half, 0, ridge - 0.006] for x in (-1, 1)]
        )
    )
    seam = meshes.plain_box((w, 0.003, 0.01), (0, 0, ridge - 0.005))
    roof = d.pick((d.rgb, WHITE, CREAM, shade(d.rgb, 0.6)))
    visuals = [d.label(wrapped_box(w, w, h), d.rgb, 1, h / w), d.coat(meshes.merge(gable, seam), roof)]
    if d.chance(0.5):
        cap = meshes.lathe([(0, 0), (0.24 * w, 0), (0.24 * w, 0.008), (0, 0.008)], 12)
        slope = np.arctan2(ridge - 0.006 - h, half)
        turn = np.array([[1, 0, 0], [0, np.cos(slope), -np.sin(slope)], [0, np.sin(slope), np.cos(slope)]])
        visuals.append(d.coat(cap.moved((0, -0.5 * half, (h + ridge - 0.006) / 2), turn), d.accent))
    pieces = (block((w, w, h), (0, 0, h / 2)), block((w, 0.4 * w, ridge - h), (0, 0, (h + ridge) / 2)))
    return Shape(tuple(visuals), pieces, Grasp((0, 0, max(0.7 * h, ridge - 0.056)), ACROSS_Y, w, square=True))


@family("juice box", PACKAGE, mass=0.1, colours=ALL, materials=("paper",), synonyms=("drink box",))
def juice_box(d: Draw) -> Shape:
    """A small drink box with a straw."""
    x, y, z = d.between(0.042, 0.05), d.between(0.03, 0.037), d.between(0.054, 0.068)
    bend = (0.24 * x, 0, z + d.between(0.012, 0.016))
    straw = meshes.merge(
        rod((0.24 * x, 0, z), bend, 0.0018), rod(bend, (0.24 * x + d.between(0.006, 0.014), 0, bend[2] + 0.006), 0.0018)
    )
    visuals = (d.label(wrapped_box(x, y, z), d.rgb, 1, z / x), d.coat(straw, d.pick((WHITE, d.accent))))
    return boxed(visuals, (x, y, z))


@family("yoghurt", PACKAGE, mass=0.09, colours=ALL, materials=("plastic",), synonyms=("yoghurt pot", "yogurt"))
def yoghurt(d: Draw) -> Shape:
    """A tapered pot under a lid of foil."""
    top, h = d.between(0.02, 0.0232), d.between(0.04, 0.055)
    low = d.between(0.74, 0.88) * top
    body = [(0, 0), (low, 0), (0.96 * top, 0.9 * h), (top, 0.92 * h), (top, h)]
    margin = 0.12 * h
    at = low + (0.96 * top - low) * np.array([margin, 0.8 * h]) / (0.9 * h)
    band = meshes.lathe([(at[0] + 0.0005, margin), (at[1] + 0.0005, 0.8 * h)], 20)
    lid = meshes.lathe([(1.03 * top, h), (1.03 * top, h + 0.001), (0, h + 0.001)], 20)
    visuals = (
        d.coat(meshes.lathe(body, 20), d.pick((d.rgb, WHITE))),
        d.label(band, d.rgb, 2, 0.7 * h / (np.pi * top)),
        d.metal(lid, d.pick((SILVER, d.rgb))),
    )
    return turned(visuals, [(low, 0), (top, h)])


@family("crisps tube", PACKAGE, mass=0.08, colours=ALL, materials=("cardboard",), synonyms=("chips tube",))
def crisps_tube(d: Draw) -> Shape:
    """A tall printed tube with a plastic lid."""
    r, h = d.between(0.0185, 0.0215), d.between(0.078, 0.094)
    base = meshes.lathe([(0, 0), (r + 0.0006, 0), (r + 0.0006, 0.004), (r, 0.004)], 20)
    lid = meshes.lathe(
        [(r, 0.93 * h), (r + 0.001, 0.93 * h), (r + 0.001, h), (0.9 * r, h), (0.86 * r, h - 0.002), (0, h - 0.002)], 20
    )
    visuals = (
        d.label(sleeve(r, 0.004, 0.93 * h, 20), d.rgb, 2, 0.9 * h / (np.pi * r)),
        d.metal(base),
        d.coat(lid, d.pick((WHITE, DARK, d.accent)), "plastic"),
    )
    return turned(visuals, [(r, 0), (r, h)], grip=max(0.5 * h, h - 0.05), pieces=1)


@family("tea box", PACKAGE, mass=0.06, colours=ALL, materials=("cardboard",), synonyms=("packet of tea",))
def tea_box(d: Draw) -> Shape:
    """A cardboard box, lying or upright, printed on its sides."""
    x, y, z = d.between(0.05, 0.064), d.between(0.033, 0.042), d.between(0.034, 0.05)
    flap = meshes.plain_box((0.96 * x, 0.5 * y, 0.0012), (0, -0.2 * y, z + 0.0004))
    return boxed((d.label(wrapped_box(x, y, z), d.rgb, 1, z / x), d.coat(flap, shade(d.rgb, 0.85))), (x, y, z))


@family(
    "ketchup",
    PACKAGE,
    mass=0.12,
    colours=("red", "yellow", "brown", "green", "white", "orange"),
    synonyms=("sauce bottle", "squeeze bottle"),
)
def ketchup(d: Draw) -> Shape:
    """A squeeze bottle of sauce, flat or round, with a pointed nozzle."""
    h, r = d.between(0.07, 0.084), d.between(0.0185, 0.0215)
    cap_rgb = d.pick((WHITE, shade(d.rgb, 0.55), DARK, d.rgb))
    neck = 0.76 * h
    nozzle = meshes.lathe(
        [(0.6 * r, neck), (0.62 * r, neck + 0.08 * h), (0.2 * r, neck + 0.12 * h), (0.1 * r, h), (0, h)], 14
    )
    if d.chance(0.5):
        profile = [(0, 0), (0.9 * r, 0), (r, 0.05 * h), (0.9 * r, 0.4 * h), (r, 0.6 * h), (0.62 * r, neck)]
        band = d.label(
            meshes.lathe([(r + 0.0003, 0.1 * h), (0.9 * r + 0.0012, 0.4 * h), (r + 0.0003, 0.58 * h)], 18),
            d.rgb,
            2,
            0.5 * h / (np.pi * r),
        )
        return turned(
            (*d.paint(meshes.lathe(profile)), d.coat(nozzle, cap_rgb), band),
            [*profile, (0.3 * r, h)],
            grip=max(0.5 * h, h - 0.056),
            pieces=8,
        )
    x, y = d.between(2.2, 2.5) * r, d.between(1.65, 1.85) * r
    body = blob((x, y, neck + 0.004), 0.5, 0.25, 16, 9)
    front = fronts(0.6 * x, 0.55 * neck, y, 0.48 * neck)
    pieces = [
        block((0.8 * x, y, 0.9 * neck), (0, 0, 0.45 * neck)),
        block((1.1 * r, 1.1 * r, h - 0.9 * neck), (0, 0, (h + 0.9 * neck) / 2)),
    ]
    visuals = (*d.paint(body), d.coat(nozzle, cap_rgb), d.label(front, d.rgb, 1, 0.9 * neck / x))
    return Shape(visuals, tuple(pieces), Grasp((0, 0, max(0.55 * neck, h - 0.056)), ACROSS_Y, y))


@family(
    "honey jar",
    PACKAGE,
    mass=0.13,
    materials=("glass",),
    synonyms=("honey pot",),
    natural={"yellow": (0.93, 0.68, 0.12), "orange": (0.85, 0.42, 0.06), "brown": (0.5, 0.27, 0.08)},
)
def honey_jar(d: Draw) -> Shape:
    """Many-sided or bulging, with a checked cloth or a gold lid."""
    r, h = d.between(0.0205, 0.0232), d.between(0.04, 0.05)
    neck, sides = d.between(0.74, 0.86) * r, d.pick((6, 8, 20))
    body = [(0, 0), (0.94 * r, 0), (r, 0.1 * h), (r, 0.64 * h), (neck, 0.78 * h)]
    lid = [(1.08 * neck, 0.78 * h), (1.1 * neck, h - 0.001), (neck, h), (0, h)]
    gold, cloth = (
        (0.85, 0.68, 0.25),
        [(1.25 * neck, 0.72 * h), (1.12 * neck, 0.92 * h), (1.08 * neck, 1.02 * h), (0, 1.02 * h)],
    )
    visuals = [
        *d.paint(meshes.lathe(body, sides, 30.0 if sides < 10 else 40.0)),
        d.metal(meshes.lathe(lid, 18), d.pick((gold, SILVER))),
    ]
    if d.chance(0.4):
        visuals.append(
            d.coat(
                meshes.lathe(cloth, 12, 20.0), d.pick(((0.8, 0.12, 0.12), (0.2, 0.35, 0.7), (0.25, 0.5, 0.25))), "cloth"
            )
        )
    visuals.append(d.label(sleeve(r + 0.0006, 0.2 * h, 0.58 * h, sides), (0.4, 0.24, 0.08), 2, 0.38 * h / (np.pi * r)))
    return turned(visuals, [*body, (1.1 * neck, 0.8 * h), (1.1 * neck, h)], grip=0.5 * h)


@family(
    "chocolate", PACKAGE, mass=0.06, colours=(*BRIGHT, "brown"), materials=("paper",), synonyms=("bar of chocolate",)
)
def chocolate(d: Draw) -> Shape:
    """A thick bar whose wrapper is torn open at one end."""
    x, y, z = d.between(0.072, 0.088), d.between(0.036, 0.043), d.between(0.024, 0.028)
    dark = d.pick(((0.28, 0.15, 0.08), (0.42, 0.24, 0.12), (0.93, 0.88, 0.76)))
    cut = d.between(0.55, 0.75)
    paper = wrapped_box(cut * x, y, z).moved((-(1 - cut) * x / 2, 0, 0))
    rows = d.whole(2, 3)
    pieces = [
        meshes.box((0.9 * (1 - cut) * x / 2, 0.88 * y / rows, 0.8 * z), 0.003).moved(
            (x / 2 - (1 - cut) * x * at, (k - (rows - 1) / 2) * 0.92 * y / rows, 0.08 * z)
        )
        for at in (0.25, 0.75)
        for k in range(rows)
    ]
    bar = meshes.plain_box(((1 - cut) * x, 0.9 * y, 0.6 * z), (x / 2 - (1 - cut) * x / 2, 0, 0.4 * z))
    foil = meshes.plain_box((0.006, 0.98 * y, 0.96 * z), (-(1 - cut) * x / 2 + cut * x / 2 + 0.002, 0, 0.48 * z))
    visuals = (d.label(paper, d.rgb, 1, z / (cut * x)), d.coat(meshes.merge(bar, *pieces), dark, "wax"), d.metal(foil))
    return boxed(visuals, (x, y, z))


@family(
    "sack of flour",
    PACKAGE,
    mass=0.14,
    colours=ALL,
    materials=("cloth", "paper"),
    synonyms=("flour bag", "bag of flour"),
)
def sack(d: Draw) -> Shape:
    """A bulging bag tied at its neck, with a printed panel."""
    x, y, h = d.between(0.042, 0.05), d.between(0.035, 0.041), d.between(0.048, 0.06)
    body = blob((x, y, h), 0.55, 0.55, 16, 9)
    neck = meshes.lathe(
        [(0.36 * y, 0.9 * h), (0.2 * y, 0.98 * h), (0.2 * y, 1.02 * h), (0.36 * y, 1.14 * h), (0, 1.08 * h)], 12, 60.0
    )
    cord = meshes.lathe([(0.2 * y, 0.98 * h), (0.25 * y, 1.0 * h), (0.2 * y, 1.02 * h)], 12, 90.0)
    shield = fronts(0.5 * x, 0.42 * h, 0.99 * y, 0.48 * h)
    visuals = (*d.paint(body, neck), d.coat(cord, d.accent), d.label(shield, d.rgb, 1, 0.84 * h / x))
    pieces = [
        block((0.8 * x, 0.98 * y, 0.86 * h), (0, 0, 0.43 * h)),
        block((0.5 * y, 0.5 * y, 0.24 * h), (0, 0, 0.98 * h)),
    ]
    return Shape(visuals, tuple(pieces), Grasp((0, 0, 0.55 * h), ACROSS_Y, y))


def _shipped(kind: str, d: Draw) -> Shape:
    """One of robosuite's objects, a little larger or smaller."""
    return packaged.packaged(kind, d.between(0.95, 1.05))


@family("cereal box", PACKAGE, mass=0.12, colours=("",), materials=("cardboard",), count=12)
def cereal_box(d: Draw) -> Shape:
    """robosuite's cereal."""
    return _shipped("cereal box", d)


@family("milk carton", PACKAGE, mass=0.12, colours=("",), materials=("paper",), count=12)
def milk_carton(d: Draw) -> Shape:
    """robosuite's milk."""
    return _shipped("milk carton", d)


@family("bread", "food/bakery", mass=0.1, colours=("",), materials=("crust",), count=12)
def bread(d: Draw) -> Shape:
    """robosuite's bread."""
    return _shipped("bread", d)


@family("soda can", PACKAGE, mass=0.1, colours=("",), materials=("metal",), count=12)
def soda_can(d: Draw) -> Shape:
    """robosuite's can."""
    return _shipped("soda can", d)
