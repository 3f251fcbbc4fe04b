"""Ornaments and keepsakes."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import DARK, WHITE, WOOD, shade
from sightline.engine.assets.families.family import ALL, Draw, family
from sightline.engine.assets.families.forms import boxed, handle, panel, prism, ring, rod, standing, star, turned
from sightline.engine.assets.families.growth import GREENS
from sightline.engine.assets.families.home import DECOR
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block


@family(
    "picture frame", DECOR, mass=0.09, colours=ALL, materials=("wood", "metal", "plastic"), synonyms=("photo frame",)
)
def picture_frame(d: Draw) -> Shape:
    """Upright on a thick foot, a landscape or a pattern behind glass; it faces -y."""
    x, z, y = d.between(0.05, 0.064), d.between(0.044, 0.056), d.between(0.025, 0.029)
    bar = d.between(0.006, 0.009)
    frame = [meshes.box((x, 0.8 * y, bar), 0.0015), meshes.box((x, 0.8 * y, bar), 0.0015).moved((0, 0, z - bar))]
    frame += [
        meshes.box((bar, 0.8 * y, z - 1.5 * bar), 0.0015).moved((s * (x - bar) / 2, 0, 0.75 * bar)) for s in (-1, 1)
    ]
    base = meshes.box((0.8 * x, y, 0.006), 0.001).moved((0, 0.1 * y, 0))
    sky, ground = (
        d.pick(((0.55, 0.75, 0.95), (0.95, 0.7, 0.5), (0.85, 0.88, 0.9))),
        d.pick(((0.3, 0.55, 0.25), (0.25, 0.4, 0.7), (0.8, 0.7, 0.45))),
    )
    picture = (
        prints.blush_print(ground, sky, d.rng, 0.25)
        if d.chance(0.6)
        else prints.pattern_print(d.pick(("flowers", "hearts", "stars", "marble")), sky, ground, d.rng)
    )
    view = Visual(standing(panel(x - bar, z - bar)).moved((0, -0.37 * y, z / 2)), WHITE, picture, 0.6)
    back = meshes.plain_box((x - bar, 0.72 * y, z - bar), (0, 0, z / 2))
    visuals = (*d.paint(meshes.merge(*frame)), view, d.coat(meshes.merge(back, base), shade(d.rgb, 0.6)))
    pieces = (block((x, 0.8 * y, z), (0, 0, z / 2)), block((0.8 * x, y, 0.006), (0, 0.1 * y, 0.003)))
    return Shape(visuals, pieces, Grasp((0, 0, max(0.5 * z, z - 0.05)), ACROSS_Y, 0.76 * y))


@family("hourglass", DECOR, mass=0.09, colours=ALL, materials=("wood", "metal", "plastic"), synonyms=("sand timer",))
def hourglass(d: Draw) -> Shape:
    """Two bulbs between discs on posts; sand in the lower one, in a colour of its own."""
    r, h = d.between(0.0195, 0.0225), d.between(0.05, 0.062)
    plate, bulb = 0.1 * h, 0.72 * r
    ends = [meshes.lathe([(0, z), (r, z), (r, z + plate), (0, z + plate)], 18) for z in (0.0, h - plate)]
    glass = meshes.lathe(
        [(0.6 * bulb, plate), (bulb, 0.28 * h), (0.14 * bulb, 0.5 * h), (bulb, 0.72 * h), (0.6 * bulb, h - plate)],
        14,
        75.0,
    )
    level = d.between(0.2, 0.34) * h
    sand = meshes.lathe([(0.62 * bulb, plate), (0.9 * bulb, 0.9 * level), (0, level + 0.02 * h)], 12)
    posts = [
        rod(
            (0.84 * r * np.cos(a), 0.84 * r * np.sin(a), plate / 2),
            (0.84 * r * np.cos(a), 0.84 * r * np.sin(a), h - plate / 2),
            0.0018,
            6,
        )
        for a in np.linspace(0, 2 * np.pi, d.whole(3, 4), endpoint=False)
    ]
    visuals = (
        *d.paint(meshes.merge(*ends, *posts)),
        d.made_of("glass", glass, (0.82, 0.9, 0.92)),
        d.coat(sand, d.accent, "clay"),
    )
    return turned(visuals, [(r, 0), (r, h)], pieces=1)


@family("snow globe", DECOR, mass=0.12, colours=ALL, materials=("wood", "plastic", "ceramic"))
def snow_globe(d: Draw) -> Shape:
    """A ball of glass, a tree or a house in its snow, on a foot in the main colour."""
    r, low = d.between(0.02, 0.0225), d.between(0.014, 0.019)
    base = [(0, 0), (r, 0), (0.95 * r, 0.4 * low), (0.78 * r, low), (0, low)]
    z = low + 0.8 * r
    ball = meshes.lathe([(r * np.cos(a), z + r * np.sin(a)) for a in np.linspace(-0.9, np.pi / 2, 8)], 16, 60.0)
    behind = ball.faces[(ball.vertices[:, 1] > -1e-9)[ball.faces].all(1)]
    # Half of the glass, seen from both sides, so that what is in it shows.
    shell = meshes.merge(
        meshes.Mesh(ball.vertices, behind, ball.normals, ball.uv),
        meshes.Mesh(ball.vertices, behind[:, ::-1], -ball.normals, ball.uv),
    )
    snow = meshes.lathe([(0.8 * r, low), (0.9 * r, z - 0.45 * r), (0.4 * r, z - 0.3 * r), (0, z - 0.26 * r)], 14, 60.0)
    tree = [
        meshes.lathe([((0.46 - 0.12 * k) * r, z + (0.28 * k - 0.3) * r), (0, z + (0.28 * k + 0.2) * r)], 7)
        for k in range(3)
    ]
    house = meshes.merge(
        meshes.plain_box((0.6 * r, 0.5 * r, 0.4 * r), (0, 0, z - 0.1 * r)),
        prism([(-0.36 * r, -0.3 * r), (0.36 * r, -0.3 * r), (0.36 * r, 0.3 * r), (-0.36 * r, 0.3 * r)], 0.12 * r).moved(
            (0, 0, z + 0.1 * r)
        ),
    )
    scene = Visual(meshes.merge(*tree), d.pick(GREENS)) if d.chance(0.6) else Visual(house, d.accent)
    visuals = (
        *d.paint(meshes.lathe(base, 18)),
        d.coat(shell, (0.75, 0.87, 0.95), "glass"),
        Visual(snow, (0.96, 0.97, 1.0)),
        scene,
    )
    profile = [(r, 0), (0.9 * r, 0.6 * low), (0.8 * r, low), (r, z), (0.75 * r, z + 0.65 * r), (0.3 * r, z + 0.95 * r)]
    return turned(visuals, profile, grip=z, pieces=8)


@family(
    "piggy bank",
    DECOR,
    mass=0.12,
    colours=ALL,
    materials=("ceramic",),
    patterns=("flowers", "dots", "hearts"),
    synonyms=("money box",),
)
def piggy_bank(d: Draw) -> Shape:
    """Round, with a slot in its back, a snout at +x."""
    r, long = d.between(0.0205, 0.0232), d.between(1.15, 1.3)
    lift = 0.2 * r
    body = meshes.ellipsoid((long * r, r, 0.92 * r), (0, 0, lift + 0.92 * r), 18, 10)
    legs = [
        meshes.lathe([(0, 0), (0.22 * r, 0), (0.24 * r, 0.6 * r)], 8).moved((sx * 0.55 * r, sy * 0.5 * r, 0))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    snout = meshes.lying(meshes.lathe([(0.34 * r, 0), (0.36 * r, 0.22 * r), (0, 0.24 * r)], 10)).moved(
        (0.96 * long * r, 0, lift + 0.85 * r)
    )
    ears = [
        meshes.lathe([(0.24 * r, 0), (0, 0.42 * r)], 5).moved((0.6 * long * r, s * 0.5 * r, lift + 1.6 * r))
        for s in (-1, 1)
    ]
    slot = meshes.plain_box((0.7 * r, 0.1 * r, 0.1 * r), (-0.1 * r, 0, lift + 1.82 * r))
    eyes = [meshes.ellipsoid((0.09 * r,) * 3, (0.9 * long * r, s * 0.36 * r, lift + 1.3 * r), 6, 4) for s in (-1, 1)]
    visuals = (
        *d.paint(meshes.merge(body, *legs, *ears)),
        d.coat(snout, shade(d.rgb, 0.8) if not d.dark else shade(d.rgb, 1.5)),
        d.coat(meshes.merge(slot, *eyes), DARK if not d.dark else WHITE),
    )
    pieces = (
        block((1.4 * r, 1.4 * r, 0.7 * r), (0, 0, 0.35 * r)),
        Collider("ellipsoid", (long * r, r, 0.92 * r), (0, 0, lift + 0.92 * r)),
    )
    return Shape(visuals, pieces, Grasp((0, 0, lift + 0.9 * r), ACROSS_Y, 2 * r))


@family(
    "trophy",
    DECOR,
    mass=0.12,
    colours=("yellow", "grey", "brown", "red", "blue", "green", "purple"),
    materials=("metal",),
    synonyms=("prize cup",),
)
def trophy(d: Draw) -> Shape:
    """A cup with two ears, or a star, on a dark plinth."""
    w, low, h = d.between(0.032, 0.037), d.between(0.012, 0.018), d.between(0.062, 0.076)
    plinth = d.pick((meshes.box((w, w, low), 0.001), meshes.lathe([(0, 0), (w / 2, 0), (w / 2, low), (0, low)], 18)))
    r = d.between(0.0155, 0.018)
    stem = low + 0.3 * (h - low)
    visuals = [d.made_of("wood", plinth, d.pick(((0.2, 0.12, 0.08), (0.12, 0.12, 0.13), WOOD)))]
    if d.chance(0.6):
        cup = [
            (0.55 * r, low),
            (0.2 * r, low + 0.1 * (h - low)),
            (0.18 * r, stem),
            (0.6 * r, stem + 0.15 * (h - low)),
            (r, stem + 0.4 * (h - low)),
            (0.96 * r, h),
            (0.86 * r, h),
            (0.5 * r, stem + 0.4 * (h - low)),
            (0, stem + 0.3 * (h - low)),
        ]
        ear = handle(0.8 * r, stem + 0.25 * (h - low), h - 0.003, 0.55 * r, 0.0016)
        visuals += [
            *d.paint(meshes.merge(meshes.lathe(cup, 16, 50.0), ear, ear.moved((0, 0, 0), np.diag([-1.0, -1.0, 1.0]))))
        ]
        profile = [
            (0.9 * w / 2, low + 0.001),
            (0.2 * r, low + 0.002),
            (0.2 * r, stem),
            (r, stem + 0.4 * (h - low)),
            (0.96 * r, h),
        ]
        return turned(
            visuals,
            profile,
            grip=h - 0.022,
            yaw=ACROSS_Y,
            more=[block((0.95 * w, 0.95 * w, low), (0, 0, low / 2))],
            pieces=8,
        )
    thick, size = d.between(0.024, 0.028), 0.5 * (h - low)
    top = standing(prism(star(5, 0.5 * size, size, np.pi / 2), thick)).moved((0, thick / 2, low + 0.9 * size + 0.003))
    neck = rod((0, 0, low), (0, 0, low + 0.6 * size), 0.004, 8)
    visuals += [*d.paint(meshes.merge(top, neck))]
    pieces = (
        block((0.95 * w, 0.95 * w, low), (0, 0, low / 2)),
        block((1.2 * size, thick, 1.3 * size), (0, 0, low + 0.75 * size)),
    )
    return Shape(tuple(visuals), pieces, Grasp((0, 0, low + 0.8 * size), ACROSS_Y, thick))


@family(
    "bell",
    DECOR,
    mass=0.1,
    colours=ALL,
    materials=("metal", "ceramic"),
    patterns=("bands", "stripes"),
    synonyms=("hand bell",),
)
def bell(d: Draw) -> Shape:
    """A flared bell with a handle or a loop on top."""
    r, h = d.between(0.0215, 0.0235), d.between(0.034, 0.042)
    profile = [
        (0.84 * r, 0),
        (r, 0),
        (0.96 * r, 0.1 * h),
        (0.82 * r, 0.4 * h),
        (d.between(0.52, 0.64) * r, 0.75 * h),
        (0.34 * r, 0.95 * h),
        (0, h),
    ]
    if d.chance(0.5):
        knob = meshes.lathe(
            [(0.2 * r, 0.97 * h), (0.16 * r, 1.1 * h), (0.32 * r, 1.35 * h), (0.26 * r, 1.6 * h), (0, 1.66 * h)],
            12,
            60.0,
        )
        top = d.made_of("wood", knob, d.pick((WOOD, (0.35, 0.2, 0.1))))
    else:
        top = d.coat(standing(ring(0.2 * r, 0.0018, 10, 5)).moved((0, 0.0018, 1.12 * h)), d.rgb)
    return turned((*d.paint(meshes.lathe(profile, 20, 60.0)), top), profile, grip=0.3 * h, pieces=7)


@family(
    "gift",
    DECOR,
    mass=0.08,
    colours=ALL,
    materials=("paper",),
    patterns=("stars", "dots", "stripes", "hearts", "diamonds"),
    synonyms=("present", "gift box"),
)
def gift(d: Draw) -> Shape:
    """A wrapped box with a ribbon and a bow."""
    x, y, z = d.between(0.04, 0.05), d.between(0.036, 0.043), d.between(0.03, 0.044)
    wide, e = d.between(0.005, 0.009), 0.0012
    bands = [
        meshes.plain_box((wide, y + e, z + e), (0, 0, (z + e) / 2)),
        meshes.plain_box((x + e, wide, z + e), (0, 0, (z + e) / 2)),
    ]
    loops = [ring(0.0055, 0.0026, 10, 6).moved((s * 0.0085, 0, z)) for s in (-1, 1)]
    knot = meshes.ellipsoid((0.004, 0.004, 0.0035), (0, 0, z + 0.003), 8, 5)
    ribbon = d.coat(meshes.merge(*bands, *loops, knot), d.accent, "plastic")
    return boxed((*d.paint(meshes.box((x, y, z), 0.001)), ribbon), (x, y, z))
