"""Cloths, carpets and what is woven from cane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.engine.surroundings.textures.field import (
    RGB,
    SIZE,
    Field,
    Swatch,
    axes,
    cells,
    darker,
    grey,
    hsv,
    mix,
    muted,
    noise,
    per_piece,
    plain,
    ramp,
    smooth,
    swatch,
    varied,
)


def _dye(rng: np.random.Generator) -> RGB:
    """A colour that table linen comes in; quieter than the objects'."""
    if rng.random() < 0.35:
        return hsv(rng.uniform(0.06, 0.13), rng.uniform(0.03, 0.3), rng.uniform(0.6, 0.94))
    return hsv(rng.random(), rng.uniform(0.1, 0.42), rng.uniform(0.3, 0.85))


def _threads(rng: np.random.Generator, count: int, depth: float, over: int = 1) -> Field:
    """Light and shade of a weave, about 1. ``over``: 1 plain; 2 or 3 a twill, whose threads float over several."""
    u, v = axes()
    x, y = u * count, v * count
    warp_up = (np.floor(x) + np.floor(y)) % (over + 1) < (over + 1) / 2
    bulge = np.where(warp_up, np.abs(np.sin(np.pi * x)), np.abs(np.sin(np.pi * y)))
    slub = noise(rng, 60.0, 0.8, along=12.0) + noise(rng, 60.0, 0.8, along=1 / 12)
    return (1 + depth * (bulge - 0.6 + 0.25 * (warp_up - 0.5)) + 0.3 * depth * slub).astype(np.float32)


def _woven(rng: np.random.Generator, colours: NDArray, metres: float, depth: float = 0.16) -> Swatch:
    """A pattern of colours in plain weave."""
    shade = _threads(rng, int(rng.choice([32, 48, 64])), depth)
    return swatch(colours * shade[..., None], metres, 0.0)


def linen(rng: np.random.Generator) -> Swatch:
    """One colour, plain weave with visible threads."""
    colour = plain(_dye(rng))
    shade = _threads(rng, int(rng.choice([24, 32, 48, 64])), rng.uniform(0.12, 0.3))
    return swatch(colour * shade[..., None], rng.uniform(0.12, 0.3), 0.0)


def twill(rng: np.random.Generator) -> Swatch:
    """Denim and gabardine: dyed warp over a pale weft, in diagonals."""
    dye = _dye(rng)
    u, v = axes()
    count = int(rng.choice([24, 32, 48]))
    rib = 0.5 + 0.5 * np.sin(2 * np.pi * count * (u + (-v if rng.random() < 0.5 else v)))
    slub = noise(rng, 50.0, 0.8, along=1 / 14)
    pale = dye if rng.random() < 0.4 else varied(rng, (0.85, 0.84, 0.80))
    paint = ramp(0.15 + 0.35 * rib + 0.12 * slub, darker(dye, 0.8), dye, pale)
    return swatch(paint, rng.uniform(0.12, 0.3), 0.0)


def tweed(rng: np.random.Generator) -> Swatch:
    """Herringbone of two yarns."""
    u, v = axes()
    columns, lines = 2 * int(rng.integers(4, 9)), int(rng.choice([24, 32, 48]))
    zigzag = np.abs((u * columns / 2) % 1 - 0.5) * 2
    rib = 0.5 + 0.5 * np.sin(2 * np.pi * (v * lines + zigzag * lines / columns))
    dark = muted(rng, (0.25, 0.6), 0.3)
    light = varied(rng, grey(rng, 0.65, 0.9))
    return swatch(ramp(rib + 0.12 * noise(rng, 60.0, 0.6), dark, light), rng.uniform(0.15, 0.4), 0.0)


def gingham(rng: np.random.Generator) -> Swatch:
    """White and one colour in checks."""
    u, v = axes()
    count = int(rng.integers(3, 9))
    both = ((u * count) % 1 < 0.5).astype(np.float32) + ((v * count) % 1 < 0.5)
    paint = ramp(both / 2, (0.93, 0.92, 0.90), _dye(rng))
    return _woven(rng, paint, count * rng.uniform(0.03, 0.08))


def tartan(rng: np.random.Generator) -> Swatch:
    """The same sett of coloured stripes in both directions, woven through one another."""
    u, v = axes()
    ground, second = _dye(rng), muted(rng, (0.15, 0.5), 0.5)
    colours = np.array([ground, second, varied(rng, ground), grey(rng, 0.8, 0.95), muted(rng, (0.5, 0.9), 0.6)])
    widths = rng.uniform(0.3, 1.0, 9) * np.array([3, 2, 0.4, 2, 3, 0.3, 1.2, 0.3, 1.5])
    edges = np.cumsum(widths) / widths.sum()
    sett = colours[np.array([0, 1, 3, 1, 0, 4, 2, 3, 0])].astype(np.float32)
    repeats = int(rng.integers(1, 3))
    warp = sett[np.searchsorted(edges, (u * repeats) % 1).clip(0, 8)]
    weft = sett[np.searchsorted(edges, (v * repeats) % 1).clip(0, 8)]
    over = ((np.floor(u * SIZE / 2) + np.floor(v * SIZE / 2)) % 4 < 2).astype(np.float32)
    return swatch(mix(weft, warp, 0.2 + 0.6 * over), repeats * rng.uniform(0.15, 0.3), 0.0)


def striped_cloth(rng: np.random.Generator) -> Swatch:
    """Broad and narrow stripes: tea towels, ticking, awnings."""
    _, v = axes()
    count = int(rng.integers(3, 10))
    base, stripe = (grey(rng, 0.8, 0.95), _dye(rng)) if rng.random() < 0.7 else (_dye(rng), _dye(rng))
    y = (v * count) % 1
    band = np.abs(y - 0.5) < rng.uniform(0.08, 0.27)
    if rng.random() < 0.5:
        thin = rng.uniform(0.32, 0.42)
        band = band | (np.abs(np.abs(y - 0.5) - thin) < 0.025)
    return _woven(rng, ramp(band, base, stripe), count * rng.uniform(0.04, 0.1))


def dotted_cloth(rng: np.random.Generator) -> Swatch:
    """Dots in staggered rows."""
    u, v = axes()
    count = 2 * int(rng.integers(2, 6))
    row = np.floor(v * count)
    away = np.hypot((u * count + 0.5 * (row % 2)) % 1 - 0.5, (v * count) % 1 - 0.5)
    size = rng.uniform(0.13, 0.3)
    base, dot = (_dye(rng), (0.94, 0.93, 0.9)) if rng.random() < 0.6 else (grey(rng, 0.85, 0.95), _dye(rng))
    return _woven(rng, ramp(1 - smooth(away, size - 0.04, size + 0.02), base, dot), count * rng.uniform(0.025, 0.06))


def block_print(rng: np.random.Generator) -> Swatch:
    """Flowers stamped in rows."""
    u, v = axes()
    count = 2 * int(rng.integers(1, 4))
    row = np.floor(v * count)
    x, y = (u * count + 0.5 * (row % 2)) % 1 - 0.5, (v * count) % 1 - 0.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    petals = int(rng.integers(5, 9))
    flower = radius - rng.uniform(0.2, 0.3) * (0.7 + 0.3 * np.cos(petals * angle))
    leaf = np.abs(np.hypot(np.abs(x) - 0.42, np.abs(y) - 0.42) - 0.1) - rng.uniform(0.02, 0.05)
    base, print_, accent = grey(rng, 0.82, 0.95), _dye(rng), _dye(rng)
    if rng.random() < 0.35:
        base, print_ = print_, base
    paint = ramp(1 - smooth(flower, -0.01, 0.015), base, print_)
    paint = mix(paint, accent, 1 - smooth(radius - 0.07, -0.01, 0.015))
    paint = mix(paint, accent, 0.8 * (1 - smooth(leaf, -0.01, 0.015)))
    return _woven(rng, paint, count * rng.uniform(0.06, 0.14), 0.1)


def felt(rng: np.random.Generator) -> Swatch:
    """Matted wool, mottled."""
    dye = _dye(rng)
    figure = 0.5 + 0.13 * noise(rng, 40.0, 0.6) + 0.08 * noise(rng, 5.0) + 0.1 * noise(rng, 25.0, 0.9, along=4.0)
    return swatch(ramp(figure, darker(dye, 0.7), dye, darker(dye, 1.25)), rng.uniform(0.2, 0.5), 0.0)


def burlap(rng: np.random.Generator) -> Swatch:
    """Coarse jute with holes between the threads."""
    u, v = axes()
    count = int(rng.integers(20, 40))
    base = hsv(rng.uniform(0.07, 0.12), rng.uniform(0.25, 0.5), rng.uniform(0.5, 0.8))
    across = np.abs(np.sin(np.pi * u * count)) + 0.25 * noise(rng, 30.0, 0.7, along=1 / 10)
    down = np.abs(np.sin(np.pi * v * count)) + 0.25 * noise(rng, 30.0, 0.7, along=10.0)
    over = (np.floor(u * count) + np.floor(v * count)) % 2
    thread = np.maximum(across * (0.75 + 0.25 * over), down * (1 - 0.25 * over))
    return swatch(ramp(thread - 0.15, darker(base, 0.4), base, darker(base, 1.15)), rng.uniform(0.1, 0.25), 0.0)


def knit(rng: np.random.Generator) -> Swatch:
    """Stocking stitch: columns of small Vs."""
    u, v = axes()
    columns, rows = int(rng.integers(10, 20)), int(rng.integers(12, 26))
    slant = np.abs((u * columns) % 1 - 0.5) * 2
    stitch = 0.5 + 0.5 * np.cos(2 * np.pi * (v * rows - 0.8 * slant))
    edge = np.sqrt(np.abs(np.sin(np.pi * slant)))
    dye = _dye(rng)
    paint = ramp(0.2 + 0.6 * stitch * edge + 0.08 * noise(rng, 40.0, 0.6), darker(dye, 0.55), dye, darker(dye, 1.2))
    return swatch(paint, rng.uniform(0.15, 0.35), 0.0)


def carpet(rng: np.random.Generator) -> Swatch:
    """Loops of pile, plain or mottled."""
    base = muted(rng, (0.25, 0.75), 0.45)
    tuft = noise(rng, 60.0, 0.9)
    figure = 0.5 + 0.2 * tuft + rng.uniform(0.0, 0.2) * noise(rng, 6.0, 1.0)
    paint = ramp(figure, darker(base, 0.6), base, varied(rng, darker(base, 1.3), 0.05))
    return swatch(paint, rng.uniform(0.4, 0.9), 0.0)


def rug(rng: np.random.Generator) -> Swatch:
    """A woven rug: medallions and zigzags, mirrored both ways."""
    u, v = axes()
    x, y = np.abs(u - 0.5) * 2, np.abs(v - 0.5) * 2
    colours = [muted(rng, (0.25, 0.85), 0.6) for _ in range(4)]
    diamond = x + y * rng.uniform(0.7, 1.3)
    level = np.floor((diamond + 0.12 * np.abs((y * rng.integers(4, 9)) % 1 - 0.5)) * rng.integers(4, 8)).astype(int)
    paint = np.array(colours, np.float32)[level % 4]
    border = np.maximum(x, y)
    paint = mix(paint, colours[1], border > 0.82)
    paint = mix(paint, colours[2], (border > 0.82) & (np.abs((diamond * 8) % 1 - 0.5) < 0.2))
    pile = 1 + 0.09 * noise(rng, 70.0, 0.8, along=2.0)
    return swatch(paint * pile[..., None], rng.uniform(0.7, 1.4), 0.0)


def wicker(rng: np.random.Generator) -> Swatch:
    """Cane woven over rods."""
    u, v = axes()
    rods, canes = 2 * int(rng.integers(5, 10)), 2 * int(rng.integers(8, 16))
    over = (np.floor(u * rods) + np.floor(v * canes)) % 2
    hump = np.sin(np.pi * ((u * rods) % 1)) * (2 * over - 1)
    round_ = np.abs(np.sin(np.pi * v * canes)) ** 0.5
    base = hsv(rng.uniform(0.06, 0.11), rng.uniform(0.25, 0.6), rng.uniform(0.35, 0.85))
    piece = np.floor(v * canes).astype(int)
    figure = 0.35 * round_ + 0.2 * hump + 0.25 + 0.07 * per_piece(rng, piece, 1.0) + 0.05 * noise(rng, 50.0, along=8.0)
    return swatch(ramp(figure, darker(base, 0.3), base, darker(base, 1.2)), rng.uniform(0.2, 0.4), 0.15)


def quilt(rng: np.random.Generator) -> Swatch:
    """Patches of several cloths, stitched together."""
    u, v = axes()
    count = int(rng.integers(3, 6))
    row, column = np.floor(v * count).astype(int), np.floor(u * count).astype(int)
    piece = row * count + column
    colours = np.array([_dye(rng) for _ in range(5)], np.float32)[rng.integers(5, size=count * count)[piece]]
    _, _, owner = cells(rng, 24, 0.2)
    print_ = 0.08 * per_piece(rng, owner, 1.0) * (rng.random(count * count)[piece] < 0.5)
    seam = np.minimum(0.5 - np.abs((u * count) % 1 - 0.5), 0.5 - np.abs((v * count) % 1 - 0.5))
    paint = colours * (1 + print_ - 0.3 * (1 - smooth(seam, 0.0, 0.05)))[..., None]
    return _woven(rng, paint, count * rng.uniform(0.07, 0.14), 0.1)
