"""Things to drink and pour from."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import CREAM, DARK, WHITE, shade
from sightline.engine.assets.families.family import ALL, DECORATED, Draw, family
from sightline.engine.assets.families.forms import Profile, handle, radius_at, sleeve, turned
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block

DRINKWARE = "kitchenware/drinkware"


def hollow(outside: Profile, wall: float, floor: float) -> Mesh:
    """The inside of a vessel whose outside ends at its rim."""
    top = outside[-1][1]
    heights = np.linspace(top, floor, 4)
    radii = np.maximum(radius_at(outside, heights) - wall, 0.002)
    return meshes.lathe([*zip(radii.tolist(), heights.tolist(), strict=True), (0.0, floor)])


def vessel(d: Draw, outside: Profile, wall: float) -> tuple[Visual, ...]:
    """A vessel with its inside in a shade of its own."""
    top = outside[-1]
    body = meshes.lathe([*outside, (top[0] - wall, top[1])])
    lining = d.pick((shade(d.rgb, 0.75), WHITE, CREAM, d.accent)) if d.material == "ceramic" else shade(d.rgb, 0.75)
    return (*d.paint(body), d.coat(hollow(outside, wall, 0.15 * top[1]), lining))


@family(
    "mug",
    DRINKWARE,
    mass=0.12,
    colours=ALL,
    materials=("ceramic", "ceramic", "metal"),
    patterns=DECORATED,
    synonyms=("coffee mug",),
)
def mug(d: Draw) -> Shape:
    """Straight, round-bellied or tapered, with an ear towards +x."""
    r, h = d.between(0.021, 0.025), d.between(0.048, 0.06)
    low, belly, top = d.pick(((0.92, 1.0, 1.0), (0.72, 1.0, 0.9), (0.74, 0.9, 1.0), (1.0, 0.94, 0.9)))
    outside = [
        (0, 0),
        (0.88 * low * r, 0),
        (low * r, 0.06 * h),
        (belly * r, 0.45 * h),
        (0.5 * (belly + top) * r, 0.75 * h),
        (top * r, h),
    ]
    ear = handle(
        0.9 * r,
        d.between(0.15, 0.28) * h,
        d.between(0.72, 0.86) * h,
        d.between(0.5, 0.72) * r,
        d.between(0.11, 0.17) * r,
        d.chance(0.3),
    )
    visuals = (*vessel(d, outside, 0.0028), d.coat(ear, d.pick((d.rgb, shade(d.rgb, 0.9), d.accent))))
    return turned(visuals, outside, yaw=ACROSS_Y, more=[block((0.6 * r, 0.3 * r, 0.55 * h), (1.15 * r, 0, 0.5 * h))])


@family(
    "cup",
    DRINKWARE,
    mass=0.06,
    materials=("paper", "plastic", "metal"),
    patterns=DECORATED,
    synonyms=("beaker", "paper cup"),
)
def cup(d: Draw) -> Shape:
    """Tapered, without an ear; sometimes rimmed or with a drinking lid."""
    top, h = d.between(0.021, 0.0245), d.between(0.05, 0.07)
    low = d.between(0.66, 0.8) * top
    outside = [(0, 0), (low, 0), (top, h)]
    if d.chance(0.35):
        lid = meshes.lathe(
            [
                (top + 0.001, h - 0.003),
                (top + 0.001, h),
                (0.86 * top, h + 0.001),
                (0.82 * top, h + 0.006),
                (0, h + 0.006),
            ]
        )
        collar = [(0, 0), (low, 0), (top, h), (0.85 * top, h + 0.006)]
        return turned((*d.paint(meshes.lathe(outside)), d.coat(lid, d.pick((WHITE, DARK, CREAM)))), collar)
    rim = meshes.lathe([(top, h - 0.002), (top + 0.0012, h - 0.001), (top + 0.0012, h), (top - 0.001, h)])
    return turned((*vessel(d, outside, 0.002), d.coat(rim, d.pick((d.rgb, WHITE, shade(d.rgb, 0.7))))), outside)


@family("glass", DRINKWARE, mass=0.1, materials=("glass",), synonyms=("tumbler", "drinking glass"))
def glass(d: Draw) -> Shape:
    """A tumbler of tinted glass, smooth or with facets."""
    top, h = d.between(0.0195, 0.024), d.between(0.055, 0.075)
    low, waist = d.between(0.78, 0.98) * top, d.between(0.9, 1.02)
    outside = [(0, 0), (0.94 * low, 0), (low, 0.004), (waist * 0.5 * (low + top), 0.5 * h), (top, h)]
    facets = d.pick((20, 20, 8, 10))
    body = meshes.lathe([*outside, (top - 0.002, h)], facets)
    fill = d.between(0.1, 0.75)
    drink = d.coat(
        hollow([*outside[:-1], (float(radius_at(outside, fill * h)), fill * h)], 0.002, 0.96 * fill * h),
        shade(d.rgb, 0.6),
    )
    wall = d.coat(hollow(outside, 0.002, fill * h), shade(d.rgb, 1.6))
    return turned((*d.paint(body), wall, drink), outside)


@family("goblet", DRINKWARE, mass=0.09, materials=("glass", "metal"), synonyms=("wine glass", "chalice"))
def goblet(d: Draw) -> Shape:
    """A bowl on a stem and a broad foot."""
    r, h, foot = d.between(0.019, 0.0225), d.between(0.068, 0.084), d.between(0.018, 0.021)
    stem = d.between(0.3, 0.42) * h
    mouth = d.between(0.82, 1.0)
    outside = [
        (0, 0),
        (foot, 0),
        (foot, 0.0015),
        (0.3 * foot, 0.006),
        (0.0035, 0.5 * stem),
        (0.0035, stem),
        (0.7 * r, stem + 0.12 * h),
        (r, stem + 0.35 * (h - stem) + 0.05 * h),
        (mouth * r, h),
    ]
    body = meshes.lathe([*outside, (mouth * r - 0.002, h)], 18, 60.0)
    inner = hollow([(0.3 * r, stem), (0.7 * r, stem + 0.12 * h), *outside[-2:]], 0.002, stem + 0.1 * h)
    return turned((*d.paint(body), d.coat(inner, shade(d.rgb, 0.7))), outside, grip=stem + 0.4 * (h - stem), pieces=8)


@family(
    "thermos",
    DRINKWARE,
    mass=0.15,
    colours=ALL,
    materials=("metal", "plastic"),
    patterns=("bands", "dipped", "speckle"),
    synonyms=("vacuum flask",),
)
def thermos(d: Draw) -> Shape:
    """A tall flask whose lid is a cup."""
    r, h = d.between(0.0185, 0.022), d.between(0.082, 0.098)
    neck = d.between(0.62, 0.74) * h
    lid_r = d.between(0.7, 0.92) * r
    body = [(0, 0), (0.94 * r, 0), (r, 0.003), (r, neck - 0.008), (lid_r, neck), (0, neck)]
    lid = [(lid_r, neck), (lid_r, h - 0.003), (0.85 * lid_r, h), (0, h)]
    visuals = [*d.paint(meshes.lathe(body)), d.metal(meshes.lathe(lid, 16))]
    visuals.append(d.coat(sleeve(r + 0.0004, 0.0, d.between(0.006, 0.014)), d.pick((DARK, d.accent))))
    return turned(visuals, [*body[:-1], *lid], grip=max(0.5 * neck, h - 0.056), pieces=8)


@family("bottle", DRINKWARE, mass=0.12, colours=ALL, materials=("plastic", "glass"), synonyms=("flask",))
def bottle(d: Draw) -> Shape:
    """Shoulders low or high, a cap, and mostly a label around the belly."""
    r, h = d.between(0.0185, 0.022), d.between(0.086, 0.099)
    neck_r, shoulder, neck = d.between(0.32, 0.48) * r, d.between(0.48, 0.6) * h, d.between(0.7, 0.8) * h
    waist = d.pick((1.0, 1.0, 0.9))
    body = [
        (0, 0),
        (0.88 * r, 0),
        (r, 0.04 * h),
        (waist * r, 0.28 * h),
        (r, shoulder),
        (0.86 * r, shoulder + 0.35 * (neck - shoulder)),
        (neck_r * 1.15, neck),
        (neck_r, 0.9 * h),
    ]
    cap = [(neck_r * 1.25, 0.87 * h), (neck_r * 1.25, h), (0, h)]
    cap_rgb = d.accent if d.chance(0.6) else WHITE if d.dark else DARK
    visuals = [*d.paint(meshes.lathe(body)), d.coat(meshes.lathe(cap, 12), cap_rgb)]
    if d.chance(0.75):
        top = d.between(0.38, 0.46) * h
        visuals.append(d.label(sleeve(r + 0.0005, 0.1 * h, top), d.rgb, 2, (top - 0.1 * h) / (np.pi * r)))
    return turned(visuals, [*body, (neck_r, h)], grip=max(0.45 * h, h - 0.055), pieces=8)


@family("jug", DRINKWARE, mass=0.14, materials=("ceramic", "glass", "metal"), patterns=DECORATED, synonyms=("pitcher",))
def jug(d: Draw) -> Shape:
    """A belly, a narrower neck, a lip for pouring towards -x and an ear towards +x."""
    r, h = d.between(0.021, 0.024), d.between(0.062, 0.078)
    foot, neck, mouth = d.between(0.65, 0.85) * r, d.between(0.6, 0.75) * r, d.between(0.72, 0.86) * r
    outside = [(0, 0), (foot, 0), (r, d.between(0.25, 0.36) * h), (0.95 * r, 0.5 * h), (neck, 0.8 * h), (mouth, h)]
    lip = meshes.hull(
        np.array(
            [
                [-1.4 * mouth, 0, h],
                [-0.8 * mouth, 0.5 * mouth, h],
                [-0.8 * mouth, -0.5 * mouth, h],
                [-0.85 * mouth, 0, 0.84 * h],
                [-0.7 * mouth, 0, h],
            ]
        )
    )
    ear = handle(0.75 * neck, d.between(0.25, 0.4) * h, 0.92 * h, d.between(0.75, 1.0) * r, 0.0035)
    visuals = (*vessel(d, outside, 0.0028), d.coat(meshes.merge(lip, ear), d.rgb))
    return turned(
        visuals,
        outside,
        grip=max(0.4 * h, h - 0.055),
        yaw=ACROSS_Y,
        more=[block((0.5 * r, 0.007, 0.45 * h), (1.2 * r, 0, 0.62 * h))],
    )


@family("teapot", DRINKWARE, mass=0.18, materials=("ceramic", "ceramic", "metal"), patterns=DECORATED)
def teapot(d: Draw) -> Shape:
    """A round pot with a lid, its spout towards -x."""
    r, h = d.between(0.0215, 0.0235), d.between(0.038, 0.046)
    high = d.between(0.4, 0.55)
    outside = [
        (0, 0),
        (0.62 * r, 0),
        (0.66 * r, 0.003),
        (0.95 * r, (high - 0.15) * h),
        (r, high * h),
        (0.9 * r, 0.78 * h),
        (0.55 * r, h),
    ]
    lid = [
        (0.56 * r, h),
        (0.5 * r, 1.06 * h),
        (0.12 * r, 1.12 * h),
        (0.18 * r, 1.2 * h),
        (0.12 * r, 1.26 * h),
        (0, 1.27 * h),
    ]
    reach = d.between(1.5, 1.75) * r
    spout = meshes.tube(
        np.array([[-0.85 * r, 0, 0.35 * h], [-1.25 * r, 0, 0.5 * h], [-reach, 0, 0.95 * h]]),
        np.array([0.3, 0.22, 0.15]) * r,
        8,
    )
    ear = handle(0.85 * r, 0.25 * h, 0.8 * h, d.between(0.6, 0.8) * r, 0.13 * r, d.chance(0.25))
    visuals = (
        *d.paint(meshes.lathe(outside)),
        d.coat(meshes.lathe(lid, 16), d.pick((d.rgb, d.accent))),
        d.coat(meshes.merge(spout, ear), d.rgb),
    )
    pieces = [
        block((0.6 * r, 0.3 * r, 0.4 * h), (-1.2 * r, 0, 0.65 * h)),
        block((0.5 * r, 0.25 * r, 0.5 * h), (1.2 * r, 0, 0.52 * h)),
    ]
    return turned(visuals, [*outside, *lid], grip=0.5 * h, yaw=ACROSS_Y, more=pieces, pieces=6)
