"""Tiles, bricks and paving: pieces in a pattern, with joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.engine.surroundings.textures.field import (
    RGB,
    SIZE,
    Field,
    Swatch,
    axes,
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


def _glaze(rng: np.random.Generator) -> RGB:
    """A colour that tiles come in."""
    draw = rng.random()
    if draw < 0.45:
        return grey(rng, 0.65, 0.95)
    if draw < 0.7:
        return hsv(rng.uniform(0.05, 0.11), rng.uniform(0.1, 0.45), rng.uniform(0.5, 0.9))
    return muted(rng, (0.3, 0.85), 0.4)


def _fired(rng: np.random.Generator, piece: NDArray[np.int64], colour: RGB, spread: float, edge: Field) -> NDArray:
    """Tiles that differ a little, cloudy within, lighter along one edge of the relief ``edge`` (1 inside, 0 joint)."""
    cloud = 0.5 + spread * per_piece(rng, piece, 1.0) + rng.uniform(0.03, 0.15) * noise(rng, 9.0, 0.9)
    relief = 0.5 * (edge - np.roll(edge, (2, 2), (0, 1)))
    return ramp(cloud + relief, darker(colour, 0.72), colour, darker(colour, 1.18))


def _grouted(rng: np.random.Generator, paint: NDArray, inside: Field) -> NDArray:
    """The joints filled with light or dark mortar."""
    grout = grey(rng, 0.65, 0.92) if rng.random() < 0.65 else grey(rng, 0.2, 0.5)
    return mix(paint, grout, 1 - inside)


def _bricks(rows: int, columns: int, shift: float, width: float) -> tuple[NDArray[np.int64], Field]:
    """Rows of pieces, every other one shifted by ``shift`` of a piece: piece number, and 1 inside the pieces.

    ``width`` is that of the joints as a share of a row's height.
    """
    u, v = axes()
    row = np.floor(v * rows).astype(int)
    x = u * columns + shift * (row % 2)
    piece = row * columns + np.floor(x).astype(int) % columns
    aspect = rows / columns
    edge = np.minimum(0.5 - np.abs((v * rows) % 1 - 0.5), aspect * (0.5 - np.abs(x % 1 - 0.5)))
    return piece, smooth(edge, 0.3 * width, width)


def square_tiles(rng: np.random.Generator) -> Swatch:
    """A plain grid, sometimes with a second colour here and there."""
    count = int(rng.integers(2, 9))
    piece, inside = _bricks(count, count, 0.0, rng.uniform(0.03, 0.07))
    colour = _glaze(rng)
    paint = _fired(rng, piece, colour, rng.uniform(0.0, 0.14), inside)
    if rng.random() < 0.25:
        paint = mix(paint, varied(rng, _glaze(rng)), rng.random(count * count)[piece] < 0.15)
    side = rng.choice([0.05, 0.1, 0.15, 0.2, 0.3])
    return swatch(_grouted(rng, paint, inside), max(0.3, count * side), rng.uniform(0.15, 0.8))


def subway_tiles(rng: np.random.Generator) -> Swatch:
    """Long tiles in running bond, or stacked."""
    columns = int(rng.integers(2, 5))
    rows = columns * 2 if rng.random() < 0.6 else columns * 3 + columns % 2
    rows += rows % 2
    piece, inside = _bricks(rows, columns, float(rng.choice([0.0, 0.5, 0.33])), rng.uniform(0.05, 0.1))
    paint = _fired(rng, piece, _glaze(rng), rng.uniform(0.02, 0.14), inside)
    return swatch(_grouted(rng, paint, inside), columns * rng.uniform(0.12, 0.22), rng.uniform(0.3, 0.9))


def bricks(rng: np.random.Generator) -> Swatch:
    """Masonry: red, yellow, grey or whitewashed."""
    columns = int(rng.integers(3, 6))
    piece, inside = _bricks(2 * int(columns * 1.5), columns, 0.5, rng.uniform(0.1, 0.2))
    tones = ((0.58, 0.30, 0.22), (0.70, 0.55, 0.38), (0.55, 0.52, 0.50), (0.86, 0.84, 0.81), (0.40, 0.26, 0.22))
    base = varied(rng, tones[rng.integers(5)], 0.02, 0.08, 0.08)
    cloud = 0.5 + 0.2 * per_piece(rng, piece, 1.0) + 0.16 * noise(rng, 24.0, 0.7) + 0.08 * noise(rng, 4.0)
    paint = ramp(cloud, darker(base, 0.62), base, darker(base, 1.2))
    ragged = smooth(inside + 0.2 * noise(rng, 40.0, 0.8), 0.35, 0.7)
    mortar = ramp(0.5 + 0.2 * noise(rng, 40.0, 0.6), *(darker(grey(rng, 0.55, 0.85), f) for f in (0.85, 1.1)))
    return swatch(mix(mortar, paint, ragged), columns * 0.24, 0.0)


def checkerboard(rng: np.random.Generator) -> Swatch:
    """Two colours in turn, square or on edge."""
    u, v = axes()
    count = 2 * int(rng.integers(1, 4))
    x, y = (u * count, v * count) if rng.random() < 0.6 else ((u + v) * count / 2, (u - v) * count / 2)
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    dark = (column + row) % 2
    first = _glaze(rng)
    second = darker(first, rng.uniform(0.3, 0.7)) if rng.random() < 0.5 else _glaze(rng)
    cloud = 0.5 + 0.12 * noise(rng, 4.0, 1.1) + 0.04 * noise(rng, 40.0)
    colours = [ramp(cloud, darker(c, 0.85), darker(c, 1.12)) for c in (first, second)]
    edge = np.minimum(0.5 - np.abs(x % 1 - 0.5), 0.5 - np.abs(y % 1 - 0.5))
    paint = mix(colours[0], colours[1], dark)
    return swatch(mix(paint, grey(rng, 0.3, 0.8), 0.8 * (1 - smooth(edge, 0.008, 0.025))), count * 0.2, 0.4)


def hexagons(rng: np.random.Generator) -> Swatch:
    """Honeycomb; two rows of hexagons fit twice as often across as down, nearly regular."""
    u, v = axes()
    columns = int(rng.integers(4, 12))
    rows = 2 * max(1, round(columns * 2 / np.sqrt(3) / 2))
    x, y = u * columns, v * rows
    best, second = np.full((SIZE, SIZE), 9.0, np.float32), np.full((SIZE, SIZE), 9.0, np.float32)
    piece = np.zeros((SIZE, SIZE), int)
    base = np.floor(y)
    for down in (-1, 0, 1):
        row = base + down
        shift = 0.5 * (row % 2)
        for across in (0, 1):
            column = np.floor(x - shift) + across
            away = np.hypot(x - shift - column, (y - row) * np.sqrt(3) / 2)
            nearer = away < best
            second = np.where(nearer, best, np.minimum(second, away))
            piece = np.where(nearer, (row % rows * columns + column % columns).astype(int), piece)
            best = np.where(nearer, away, best)
    inside = smooth(second - best, 0.04, 0.12)
    paint = _fired(rng, piece, _glaze(rng), rng.uniform(0.02, 0.12), inside)
    if rng.random() < 0.4:
        paint = mix(paint, varied(rng, _glaze(rng)), inside * (rng.random(rows * columns)[piece] < 0.25))
    return swatch(_grouted(rng, paint, inside), columns * rng.uniform(0.04, 0.12), rng.uniform(0.2, 0.7))


def penny_tiles(rng: np.random.Generator) -> Swatch:
    """Small round tiles in staggered rows."""
    u, v = axes()
    columns = int(rng.integers(8, 15))
    rows = 2 * round(columns / np.sqrt(3))
    row = np.floor(v * rows)
    x = u * columns + 0.5 * (row % 2)
    away = np.hypot(x % 1 - 0.5, ((v * rows) % 1 - 0.5) * columns / rows)
    piece = (row * columns + np.floor(x) % columns).astype(int)
    inside = 1 - smooth(away, 0.4, 0.46)
    paint = _fired(rng, piece, _glaze(rng), rng.uniform(0.0, 0.16), inside)
    return swatch(_grouted(rng, paint, inside), columns * rng.uniform(0.02, 0.035), 0.6)


def mosaic(rng: np.random.Generator) -> Swatch:
    """Small stones in a family of colours."""
    count = int(rng.integers(8, 17))
    piece, inside = _bricks(count, count, 0.0, 0.16)
    colours = [varied(rng, _glaze(rng), 0.03) for _ in range(int(rng.integers(2, 5)))]
    base = varied(rng, colours[0])
    colours += [varied(rng, base, 0.03, 0.1, 0.2) for _ in range(3)]
    pick = rng.integers(len(colours), size=count * count)[piece]
    paint = np.array(colours, np.float32)[pick] * (1 + 0.05 * noise(rng, 30.0))[..., None]
    return swatch(_grouted(rng, paint, inside), count * rng.uniform(0.02, 0.035), rng.uniform(0.2, 0.8))


def cement_tiles(rng: np.random.Generator) -> Swatch:
    """Patterned tiles: an ornament with the symmetry of the square, drawn from a few waves."""
    u, v = axes()
    count = int(rng.integers(2, 4))
    x, y = (u * count) % 1 - 0.5, (v * count) % 1 - 0.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    petals = 4 * int(rng.integers(1, 3))
    shape = radius - rng.uniform(0.2, 0.34) * (
        1 + rng.uniform(0.15, 0.4) * np.cos(petals * angle + np.pi * rng.integers(2))
    )
    corner = np.hypot(0.5 - np.abs(x), 0.5 - np.abs(y)) - rng.uniform(0.14, 0.24)
    inner = radius - rng.uniform(0.06, 0.15) * (1 + 0.3 * np.cos(4 * angle))
    ground, figure, accent = grey(rng, 0.7, 0.93), muted(rng, (0.25, 0.6), 0.5), muted(rng, (0.4, 0.8), 0.5)
    paint = plain(ground)
    paint = mix(paint, figure, 1 - smooth(shape, -0.006, 0.006))
    paint = mix(paint, accent, 1 - smooth(corner, -0.006, 0.006))
    paint = mix(paint, ground if rng.random() < 0.5 else accent, 1 - smooth(inner, -0.006, 0.006))
    edge = np.minimum(0.5 - np.abs(x), 0.5 - np.abs(y))
    paint = mix(paint, darker(ground, 0.6), 0.8 * (1 - smooth(edge, 0.004, 0.014)))
    worn = 1 + 0.05 * noise(rng, 12.0, 0.8)
    return swatch(paint * worn[..., None], count * rng.uniform(0.15, 0.22), 0.15)


def paving(rng: np.random.Generator) -> Swatch:
    """Large slabs of stone look, with thin joints."""
    rows = 2 * int(rng.integers(1, 3))
    piece, inside = _bricks(rows, rows // 2 if rng.random() < 0.5 else rows, float(rng.choice([0.0, 0.5])), 0.02)
    base = grey(rng, 0.3, 0.85)
    vein = noise(rng, 3.0, 1.0, along=rng.uniform(1, 4))
    cloud = 0.5 + 0.08 * per_piece(rng, piece, 1.0) + 0.13 * vein + 0.05 * noise(rng, 50.0, 0.7)
    paint = ramp(cloud, darker(base, 0.75), base, darker(base, 1.2))
    return swatch(mix(paint, darker(base, 0.55), 1 - inside), rows * rng.uniform(0.3, 0.5), rng.uniform(0.1, 0.7))
