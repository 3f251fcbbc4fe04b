"""Electric things from a household."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import DARK, RGB, SILVER, WHITE, shade
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import (
    blob,
    boxed,
    handle,
    prism,
    rod,
    sleeve,
    standing,
    turned,
    wrapped_box,
)
from sightline.engine.assets.model import Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

ELECTRIC = "household/electrics"
STEEL: RGB = (0.6, 0.61, 0.63)
BRASS: RGB = (0.8, 0.62, 0.25)


@family("light bulb", ELECTRIC, mass=0.05, colours=ALL, materials=("glass",), synonyms=("bulb",))
def light_bulb(d: Draw) -> Shape:
    """Standing on its screw thread."""
    r, base, h = d.between(0.0195, 0.0225), d.between(0.0115, 0.0135), d.between(0.056, 0.066)
    low = 0.34 * h
    ridges = [(base * (1.0 if k % 2 else 0.88), z) for k, z in enumerate(np.linspace(0.1 * h, 0.28 * h, 7))]
    cap = meshes.lathe([(0, 0), (base, 0), (base, 0.06 * h), *ridges, (base, low)], 14)
    profile = [(base, low), (1.1 * base, 0.42 * h), (r, 0.68 * h), (0.86 * r, 0.86 * h), (0.5 * r, 0.97 * h), (0, h)]
    visuals = (*d.paint(meshes.lathe(profile, 16, 60.0)), d.metal(cap, d.pick((STEEL, BRASS))))
    return turned(visuals, [(base, 0), *profile], grip=0.68 * h, pieces=8)


@family("battery", ELECTRIC, mass=0.08, colours=ALL, materials=("metal",))
def battery(d: Draw) -> Shape:
    """A round cell with a pole, one end in another colour, or a block with two poles."""
    h, marks = d.between(0.05, 0.064), d.pick((DARK, BRASS, SILVER, d.accent))
    if d.chance(0.65):
        r, split = d.between(0.0145, 0.0185), d.between(0.62, 0.78) * h
        low = meshes.lathe([(0, 0), (0.96 * r, 0), (r, 0.003), (r, split)], 16)
        high = meshes.lathe(
            [(r, split), (r, 0.93 * h), (0.9 * r, 0.95 * h), (0.36 * r, 0.95 * h), (0.34 * r, h), (0, h)], 16
        )
        sign = prints.written("+", marks, WHITE)
        top = Visual(sleeve(r + 0.0003, split + 0.04 * h, 0.9 * h, 16), WHITE, sign, 0.5)
        return turned(
            (*d.paint(low), d.coat(high, marks), top), [(r, 0), (r, 0.95 * h)], grip=max(0.6 * h, h - 0.035), pieces=1
        )
    x, y = d.between(0.036, 0.042), d.between(0.029, 0.033)
    body = wrapped_box(x, y, 0.7 * h)
    lid = meshes.box((x, y, 0.16 * h), 0.001).moved((0, 0, 0.7 * h))
    poles = [
        meshes.lathe([(0.005, 0), (0.005, 0.005), (0, 0.005)], 6 if s > 0 else 12).moved((s * 0.25 * x, 0, 0.86 * h))
        for s in (-1, 1)
    ]
    return boxed(
        (d.label(body, d.rgb, 1, 0.7 * h / x), d.coat(lid, marks), d.metal(meshes.merge(*poles))), (x, y, 0.86 * h)
    )


@family(
    "camera", ELECTRIC, mass=0.12, colours=ALL, materials=("plastic", "metal", "leather"), synonyms=("photo camera",)
)
def camera(d: Draw) -> Shape:
    """A body with a lens towards -y, a shutter and a flash."""
    x, y, z = d.between(0.054, 0.064), d.between(0.025, 0.029), d.between(0.035, 0.041)
    r = d.between(0.32, 0.38) * z
    body = meshes.box((x, y, z), 0.003)
    lens = standing(meshes.lathe([(r, 0), (r, 0.007), (0.85 * r, 0.009), (0.8 * r, 0.006), (0, 0.006)], 18)).moved(
        (0.16 * x, -y / 2, 0.46 * z)
    )
    glass = standing(meshes.lathe([(0.5 * r, 0.007), (0, 0.0085)], 14)).moved((0.16 * x, -y / 2, 0.46 * z))
    hump = meshes.box((0.3 * x, 0.8 * y, 0.007), 0.0015).moved((0.04 * x, 0, z))
    knobs = [
        meshes.lathe([(0.005, z), (0.005, z + 0.004), (0, z + 0.004)], 12).moved((at * x, 0, 0)) for at in (-0.34, 0.36)
    ]
    flash = meshes.plain_box((0.16 * x, 0.002, 0.14 * z), (-0.32 * x, -y / 2, 0.8 * z))
    trim = meshes.plain_box((1.004 * x, 1.01 * y, 0.2 * z), (0, 0, 0.9 * z))
    metal = SILVER if not d.light else DARK
    visuals = (
        *d.paint(body),
        d.coat(meshes.merge(trim, hump, *knobs), d.pick((metal, d.accent))),
        d.coat(lens, DARK if not d.dark else (0.3, 0.3, 0.32)),
        d.coat(meshes.merge(glass, flash), (0.6, 0.72, 0.85), "glass"),
    )
    return Shape(visuals, (block((x, y, z), (0, 0, z / 2)),), Grasp((-0.3 * x, 0, 0.5 * z), ACROSS_Y, y))


@family("remote control", ELECTRIC, mass=0.07, colours=ALL, synonyms=("remote",))
def remote_control(d: Draw) -> Shape:
    """A thick handset with rows of buttons."""
    x, y, z = d.between(0.086, 0.102), d.between(0.028, 0.034), d.between(0.0225, 0.026)
    body = d.pick((meshes.box((x, y, z), 0.004), blob((x, y, z), 0.3, 0.35, 16, 7)))
    rows, columns = d.whole(4, 6), d.whole(2, 3)
    keys = [
        meshes.plain_box(
            (0.5 * 0.6 * x / rows, 0.5 * 0.75 * y / columns, 0.002),
            (-0.36 * x + 0.6 * x * (i + 0.5) / rows, 0.75 * y * ((j + 0.5) / columns - 0.5), z + 0.0006),
        )
        for i in range(rows)
        for j in range(columns)
    ]
    power = meshes.lathe([(0.12 * y, 0), (0.1 * y, 0.003), (0, 0.003)], 10).moved((0.38 * x, 0.26 * y, z - 0.001))
    pad = meshes.lathe([(0.3 * y, 0), (0.26 * y, 0.0025), (0, 0.0025)], 14).moved((0.31 * x, -0.08 * y, z - 0.001))
    ink = d.pick((WHITE, SILVER)) if not d.light else d.pick((DARK, shade(d.rgb, 0.5)))
    return boxed(
        (*d.paint(body), d.coat(meshes.merge(*keys, pad), ink, "rubber"), d.coat(power, (0.85, 0.1, 0.1), "rubber")),
        (0.97 * x, y, z),
        grip=0.015,
    )


@family("radio", ELECTRIC, mass=0.12, colours=ALL, materials=("plastic", "wood", "leather"))
def radio(d: Draw) -> Shape:
    """A case with a loudspeaker, a scale and knobs on its front, -y, and an aerial or a handle."""
    x, y, z = d.between(0.058, 0.07), d.between(0.029, 0.034), d.between(0.035, 0.043)
    case = d.pick((meshes.box((x, y, z), 0.004), blob((x, y, z), 0.25, 0.25, 16, 8)))
    r = 0.34 * z
    cone = standing(meshes.lathe([(r, 0), (0.9 * r, 0.0016), (0.3 * r, 0.0006), (0, 0.0014)], 16)).moved(
        (-0.22 * x, -y / 2 + 0.0004, 0.48 * z)
    )
    scale = meshes.plain_box((0.4 * x, 0.002, 0.22 * z), (0.22 * x, -y / 2, 0.68 * z))
    knobs = [
        standing(meshes.lathe([(0.0045, 0), (0.004, 0.004), (0, 0.004)], 10)).moved((at * x, -y / 2, 0.3 * z))
        for at in (0.12, 0.33)
    ]
    rail = (
        handle(0, 0, 0.64 * x, 0.009, 0.0018, True)
        .moved((0, 0, 0), np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]))
        .moved((0.32 * x, 0, z - 0.001))
    )
    mast = rod((0.4 * x, 0.2 * y, z), (0.3 * x, 0.2 * y, z + 0.022), 0.0012, 5)
    bow = rail if d.chance(0.5) else mast
    visuals = (
        *d.paint(case),
        d.coat(cone, DARK if not d.dark else SILVER),
        d.coat(scale, (0.95, 0.92, 0.75), "glass"),
        d.metal(meshes.merge(bow, *knobs)),
    )
    return boxed(visuals, (x, y, z), grip=0.6 * z)


@family("phone", ELECTRIC, mass=0.09, colours=ALL, materials=("plastic",), synonyms=("telephone", "toy phone"))
def phone(d: Draw) -> Shape:
    """A desk telephone: a sloping body with a dial or keys, the receiver across its top along x."""
    x, y, z = d.between(0.05, 0.058), d.between(0.038, 0.044), d.between(0.026, 0.031)
    side = [(-y / 2, 0), (y / 2, 0), (0.4 * y, z), (-0.05 * y, z), (-0.48 * y, 0.4 * z)]
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    body = standing(prism(side, x)).moved((0, x / 2, 0)).moved((0, 0, 0), quarter)
    slope = np.arctan2(0.6 * z, 0.43 * y)
    tilt = np.array([[1, 0, 0], [0, np.cos(slope), -np.sin(slope)], [0, np.sin(slope), np.cos(slope)]])
    centre = (0, -0.28 * y, 0.72 * z)
    if d.chance(0.5):
        keys = meshes.merge(
            *(
                meshes.plain_box((0.0055, 0.0045, 0.002), ((i - 1) * 0.0085, (j - 1) * 0.0065, 0.0008))
                for i in range(3)
                for j in range(3)
            )
        )
    else:
        keys = meshes.merge(
            meshes.lathe([(0.28 * y, 0), (0.26 * y, 0.002), (0.12 * y, 0.002), (0.1 * y, 0.001), (0, 0.001)], 16)
        )
    t = np.linspace(-0.5, 0.5, 9)
    bar = meshes.tube(
        np.stack([1.1 * x * t, np.full(9, 0.18 * y), z + 0.006 + 0.006 * (1 - (2 * t) ** 4)], -1), 0.0055, 8
    )
    ears = [blob((0.016, 0.016, 0.011), 0.9, 0.6, 10, 6).moved((s * 0.46 * x, 0.18 * y, z - 0.001)) for s in (-1, 1)]
    other = d.pick((d.rgb, DARK if not d.dark else SILVER, d.accent))
    visuals = (
        *d.paint(body),
        d.coat(keys.moved(centre, tilt), WHITE if not d.light else DARK),
        d.coat(meshes.merge(bar, *ears), other),
    )
    pieces = (
        block((x, 0.96 * y, 0.45 * z), (0, 0, 0.22 * z)),
        block((x, 0.5 * y, 0.6 * z), (0, 0.16 * y, 0.7 * z)),
        block((1.05 * x, 0.014, 0.014), (0, 0.18 * y, z + 0.008)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, 0.5 * z), ACROSS_Y, y))
