"""Pots, pans and dishes: containers from a stove."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import DARK, SILVER, WHITE, WOOD, shade
from sightline.engine.assets.families.containers import round_vessel
from sightline.engine.assets.families.family import ALL, MEDIUM, VIVID, Draw, family
from sightline.engine.assets.model import Collider, Shape, Visual
from sightline.engine.assets.shapes import Target, block, rectangular_wall, ring_wall, upright_cylinder

COOKWARE = "kitchenware/cookware"


def _long_handle(d: Draw, start: float, z: float) -> tuple[Visual, Collider]:
    """A pan's handle towards +x."""
    length, wide = d.between(0.075, 0.095), d.between(0.014, 0.019)
    mesh = d.pick(
        (
            meshes.box((length, wide, 0.009), 0.003),
            meshes.lying(
                meshes.lathe(
                    [(0, 0), (0.3 * wide, 0), (0.42 * wide, 0.3 * length), (wide / 2, length - 0.004), (0, length)], 10
                )
            ).moved((-length / 2, 0, 0.005)),
        )
    )
    rgb = d.pick(((0.11, 0.1, 0.1), WOOD, shade(d.rgb, 0.8))) if not d.dark else d.pick((WOOD, SILVER))
    centre = (start + length / 2 - 0.003, 0, z)
    return d.coat(mesh.moved(centre), rgb, "plastic"), block((length, wide, 0.009), (centre[0], 0, z + 0.0045))


@family(
    "pan",
    COOKWARE,
    mass=0.3,
    colours=("black", "grey", *VIVID),
    materials=("metal", "ceramic"),
    role="container",
    synonyms=("frying pan", "skillet"),
)
def pan(d: Draw) -> Target:
    """A frying pan with a handle towards +x."""
    low, high, wall = d.between(0.064, 0.069), d.between(0.024, 0.034), 0.003
    top = low + d.between(0.005, 0.01)
    outside = [(0, 0), (low, 0), (top, high), (top - wall, high)]
    inside = [(top - wall, high), (low - wall, 0.004), (0, 0.004)]
    bar, piece = _long_handle(d, top, 0.55 * high)
    coating = (
        d.pick(((0.17, 0.17, 0.18), (0.6, 0.6, 0.62), (0.85, 0.82, 0.75))) if d.colour != "black" else (0.2, 0.2, 0.21)
    )
    visuals = (*d.paint(meshes.lathe(outside, 26)), d.coat(meshes.lathe(inside, 26), coating), bar)
    return Shape(visuals, (upright_cylinder(low, 0, 0.004), *ring_wall(low, top, 0.0, high, 0.005), piece)), (
        2 * (low - wall),
        2 * (low - wall),
    )


@family(
    "pot",
    COOKWARE,
    mass=0.3,
    colours=ALL,
    materials=("metal", "ceramic", "metal"),
    patterns=("bands", "dots", "flowers"),
    role="container",
    sizes=MEDIUM,
    synonyms=("cooking pot", "saucepan"),
)
def pot(d: Draw) -> Target:
    """Straight walls, two ears or one long handle."""
    r, high, wall = d.between(0.07, 0.077), d.between(0.044, 0.052), 0.003
    outside = [(0, 0), (0.94 * r, 0), (r, 0.08 * high), (r, 0.94 * high), (r + 0.002, high), (r - wall, high)]
    inside = [(r - wall, high), (r - wall, 0.1 * high), (0, 0.1 * high)]
    visuals = [
        *d.paint(meshes.lathe(outside, 28)),
        d.coat(meshes.lathe(inside, 28), d.pick(((0.6, 0.61, 0.63), shade(d.rgb, 0.7), (0.85, 0.83, 0.78)))),
    ]
    pieces = [upright_cylinder(0.95 * r, 0, 0.1 * high), *ring_wall(r - 0.002, r - 0.002, 0.0, high, 0.005)]
    if d.chance(0.4):
        bar, piece = _long_handle(d, r, 0.75 * high)
        visuals.append(bar)
        pieces.append(piece)
    else:
        t = np.linspace(-0.5, 0.5, 8) * np.pi
        ears = [
            meshes.tube(
                np.column_stack([s * (r + 0.013 * np.cos(t)), 0.024 * np.sin(t), np.full(8, 0.75 * high)]), 0.0035, 6
            )
            for s in (-1, 1)
        ]
        visuals.append(d.coat(meshes.merge(*ears), d.pick((DARK, d.rgb, SILVER)) if not d.dark else SILVER))
    return Shape(tuple(visuals), tuple(pieces)), (2 * (r - wall), 2 * (r - wall))


@family(
    "baking dish",
    COOKWARE,
    mass=0.3,
    colours=ALL,
    materials=("ceramic", "glass", "metal"),
    patterns=("bands", "flowers", "waves"),
    role="container",
    sizes=MEDIUM,
    synonyms=("casserole", "oven dish"),
)
def baking_dish(d: Draw) -> Target:
    """Oblong with lips to hold it by, or a round fluted one."""
    high = d.between(0.03, 0.038)
    if d.chance(0.4):
        top = d.between(0.074, 0.08)
        visuals, pieces, inner = round_vessel(d, 0.84 * top, 0.93 * top, top, high)
        return Shape(tuple(visuals), tuple(pieces)), (2 * inner, 2 * inner)
    x, y, wall, flare = d.between(0.136, 0.148), d.between(0.16, 0.178), 0.005, d.between(0.004, 0.008)
    tub = meshes.open_box((x, y, high), wall, 0.005, flare)
    lips = [meshes.box((0.06, 0.016, 0.006), 0.002).moved((0, s * (y / 2 + 0.005), high - 0.007)) for s in (-1, 1)]
    filling = (
        block((x - 2 * flare, y - 2 * flare, 0.005), (0, 0, 0.0025)),
        *rectangular_wall(x - flare, y - flare, high, 0.007),
    )
    return Shape((*d.paint(tub), d.coat(meshes.merge(*lips), d.rgb)), filling), (
        x - 2 * wall - flare,
        y - 2 * wall - flare,
    )


@family(
    "colander",
    COOKWARE,
    mass=0.25,
    colours=ALL,
    materials=("metal", "plastic"),
    role="container",
    synonyms=("strainer",),
)
def colander(d: Draw) -> Target:
    """A bowl on a foot ring, full of holes, with two ears."""
    top, high = d.between(0.074, 0.079), d.between(0.044, 0.051)
    visuals, pieces, inner = round_vessel(d, 0.6 * top, 0.9 * top, top, high)
    dark = shade(d.rgb, 0.35) if not d.dark else (0.4, 0.4, 0.42)
    holes = prints.seed_print(d.rgb, dark)
    outside, inside = (Visual(part.mesh, WHITE, holes, part.shine) for part in visuals)
    t = np.linspace(-0.5, 0.5, 8) * np.pi
    ears = [
        meshes.tube(
            np.column_stack([s * (top + 0.012 * np.cos(t)), 0.02 * np.sin(t), np.full(8, high - 0.004)]), 0.0028, 6
        )
        for s in (-1, 1)
    ]
    shape = Shape((outside, inside, d.coat(meshes.merge(*ears), d.pick((d.rgb, SILVER)))), tuple(pieces))
    return shape, (2 * inner, 2 * inner)
