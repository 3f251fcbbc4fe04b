"""Clothes and handicraft."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.families.family import ALL, WOVEN_IN, Draw, family
from sightline.engine.assets.families.forms import blob, loft, prism, turned
from sightline.engine.assets.model import Collider, Grasp, Shape
from sightline.engine.assets.shapes import ACROSS_Y, block, foot

CLOTHES = "household/clothes"
CRAFT = "household/handicraft"


@family("spool of thread", CRAFT, mass=0.06, colours=ALL, materials=("cloth",), synonyms=("thread", "reel of thread"))
def spool(d: Draw) -> Shape:
    """Thread in the main colour between two flanges."""
    r, h, rim = d.between(0.0185, 0.0218), d.between(0.04, 0.052), d.between(0.1, 0.16)
    wound = d.between(0.72, 0.95) * r
    bulge = d.between(0.9, 1.05)
    body = meshes.lathe([(wound, rim * h), (min(bulge * wound * 1.03, 0.98 * r), 0.5 * h), (wound, (1 - rim) * h)], 18)
    flange = [(0.22 * r, 0), (r, 0), (r, 0.5 * rim * h), (wound, rim * h)]
    low = meshes.lathe([(0, 0.001), *flange], 18)
    high = meshes.lathe(
        [(wound, (1 - rim) * h), (r, (1 - 0.5 * rim) * h), (r, h), (0.22 * r, h), (0.2 * r, 0.8 * h), (0, 0.8 * h)], 18
    )
    ends = (
        d.made_of("wood", meshes.merge(low, high), WOOD)
        if d.chance(0.6)
        else d.coat(meshes.merge(low, high), d.pick((WHITE, d.accent)), "plastic")
    )
    return turned(
        (*d.paint(body), ends),
        [(r, 0), (r, 0.1 * h), (wound, 0.14 * h), (wound, 0.86 * h), (r, 0.9 * h), (r, h)],
        pieces=7,
    )


@family("ball of yarn", CRAFT, mass=0.05, colours=ALL, materials=("cloth",), synonyms=("yarn", "wool"))
def yarn(d: Draw) -> Shape:
    """A ball with strands around it and a loose end."""
    r = d.between(0.0205, 0.0228)
    loops = []
    for _ in range(d.whole(5, 7)):
        axis = d.rng.normal(size=3)
        axis /= np.linalg.norm(axis)
        side = np.cross(axis, [0.3, 0.5, 0.8])
        side /= np.linalg.norm(side)
        other, lift = np.cross(axis, side), d.between(-0.5, 0.5)
        t = np.linspace(0, 2 * np.pi, 15)
        around = np.sqrt(1 - lift**2) * (np.cos(t)[:, None] * side + np.sin(t)[:, None] * other) + lift * axis
        loops.append(meshes.tube(0.965 * r * around + [0, 0, r], 0.0016, 4))
    end = meshes.tube(
        np.array(
            [
                [0.5 * r, 0.6 * r, 0.4 * r],
                [1.0 * r, 0.7 * r, 0.0016],
                [1.5 * r, 0.3 * r, 0.0016],
                [1.7 * r, 0.6 * r, 0.0016],
            ]
        ),
        0.0016,
        4,
    )
    core = meshes.ellipsoid((0.97 * r,) * 3, (0, 0, r), 16, 9)
    visuals = (*d.paint(core), d.coat(meshes.merge(*loops, end), shade(d.rgb, d.pick((0.8, 1.35)))))
    return Shape(visuals, (Collider("sphere", (r,), (0, 0, r)), foot(r)), Grasp((0, 0, r), ACROSS_Y, 2 * r), rolls=True)


@family(
    "button",
    CRAFT,
    mass=0.05,
    colours=ALL,
    materials=("plastic", "wood"),
    patterns=("marble", "speckle"),
    synonyms=("big button",),
)
def button(d: Draw) -> Shape:
    """A very big button with two or four holes."""
    r, h = d.between(0.021, 0.0236), d.between(0.024, 0.028)
    body = meshes.lathe(
        [
            (0, 0),
            (0.9 * r, 0),
            (r, 0.2 * h),
            (r, 0.8 * h),
            (0.92 * r, h),
            (0.74 * r, h),
            (0.66 * r, 0.86 * h),
            (0, 0.84 * h),
        ],
        20,
    )
    places = [(-1, 0), (1, 0)] if d.chance(0.4) else [(-1, -1), (1, -1), (-1, 1), (1, 1)]
    away = 0.24 * r
    holes = [meshes.lathe([(0.11 * r, 0.862 * h), (0, 0.864 * h)], 8).moved((x * away, y * away, 0)) for x, y in places]
    return turned(
        (*d.paint(body), d.coat(meshes.merge(*holes), shade(d.rgb, 0.25) if not d.dark else SILVER)),
        [(r, 0), (r, h)],
        grip=0.6 * h,
        pieces=1,
    )


@family(
    "shoe",
    CLOTHES,
    mass=0.08,
    colours=ALL,
    materials=("cloth", "leather", "rubber"),
    patterns=("stripes", "dots"),
    synonyms=("sneaker", "baby shoe"),
)
def shoe(d: Draw) -> Shape:
    """A child's shoe, toe towards +x, with a light sole and laces."""
    x, y, z = d.between(0.068, 0.08), d.between(0.033, 0.038), d.between(0.032, 0.04)
    lows = []
    tops = d.between(0.42, 0.55)
    for at in np.linspace(0, 1, 7):
        height = (
            z * (1.0 if at < 0.42 else 1.0 - (1 - tops) * min(1.0, (at - 0.42) / 0.4)) * (1.0 if at < 0.95 else 0.75)
        )
        wide = y / 2 * (0.78 + 0.22 * np.sin(np.pi * min(1.0, at * 1.25)) if at < 0.8 else 1.0 - 1.6 * (at - 0.8))
        angle = np.linspace(0, 2 * np.pi, 15)[:-1]
        lows.append(
            np.column_stack(
                [
                    np.full(14, (at - 0.5) * x),
                    wide * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.6,
                    height / 2 + height / 2 * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.6,
                ]
            )
        )
    upper = loft(lows)
    outline = [
        (0.5 * x * np.cos(a), 0.5 * y * (0.92 + 0.1 * np.cos(a)) * np.sin(a))
        for a in np.linspace(0, 2 * np.pi, 18)[:-1]
    ]
    sole = prism(outline, 0.2 * z)
    opening = blob((0.32 * x, 0.62 * y, 0.004), 0.9, 0.9, 12, 5).moved((-0.27 * x, 0, 0.975 * z))
    laces = [
        meshes.plain_box((0.004, 0.5 * y, 0.003), ((0.0 + 0.08 * k) * x, 0, z * (0.97 - 0.12 * k))) for k in range(3)
    ]
    pale = WHITE if not d.light else d.pick((CREAM, shade(d.rgb, 0.6)))
    visuals = (
        *d.paint(upper),
        d.coat(sole, pale, "rubber"),
        d.coat(opening, shade(d.rgb, 0.3)),
        d.coat(meshes.merge(*laces), d.pick((WHITE, d.accent)), "cloth"),
    )
    pieces = (
        block((0.92 * x, 0.9 * y, 0.5 * z), (0, 0, 0.25 * z)),
        block((0.45 * x, 0.8 * y, 0.48 * z), (-0.22 * x, 0, 0.74 * z)),
    )
    return Shape(visuals, pieces, Grasp((-0.2 * x, 0, 0.6 * z), ACROSS_Y, 0.95 * y))


@family("hat", CLOTHES, mass=0.05, colours=ALL, materials=("cloth", "leather", "wicker"), patterns=WOVEN_IN)
def hat(d: Draw) -> Shape:
    """A doll's hat with a narrow brim and a band, or a top hat."""
    r, h = d.between(0.0165, 0.0195), d.between(0.032, 0.046)
    brim, top = d.between(1.2, 1.32) * r, d.between(0.8, 1.05)
    crown = [
        (0, 0),
        (brim, 0),
        (brim * 1.01, 0.003),
        (1.02 * r, 0.004),
        (r, 0.006),
        (top * r, 0.92 * h),
        (0.8 * top * r, h),
        (0, d.between(0.9, 1.0) * h),
    ]
    band = meshes.lathe([(1.015 * r + 0.0006, 0.005), (r * (1 + 0.2 * (top - 1)) + 0.0012, 0.26 * h)], 18)
    return turned(
        (*d.paint(meshes.lathe(crown, 20)), d.coat(band, d.accent, "cloth")),
        [(brim, 0), (brim, 0.004), (r, 0.005), (top * r, h)],
        grip=max(0.55 * h, 0.018),
        pieces=8,
    )
