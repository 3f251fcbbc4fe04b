"""What covers walls: plasters, papers, panels."""

from __future__ import annotations

import numpy as np

from sightline.engine.surroundings.textures.field import (
    RGB,
    Swatch,
    axes,
    darker,
    grey,
    hsv,
    mix,
    muted,
    noise,
    per_piece,
    ramp,
    smooth,
    swatch,
    varied,
)


def _wall_paint(rng: np.random.Generator) -> RGB:
    if rng.random() < 0.45:
        return grey(rng, 0.6, 0.95)
    return hsv(rng.random(), rng.uniform(0.04, 0.22), rng.uniform(0.5, 0.92))


def plaster(rng: np.random.Generator) -> Swatch:
    """Smooth, a little cloudy."""
    base = _wall_paint(rng)
    figure = 0.5 + 0.2 * noise(rng, 3.0, 1.1) + rng.uniform(0.02, 0.1) * noise(rng, 40.0, 0.6)
    return swatch(ramp(figure, darker(base, 0.88), base, darker(base, 1.05)), rng.uniform(0.8, 1.8), 0.0)


def stucco(rng: np.random.Generator) -> Swatch:
    """Rough, lit from the side."""
    base = _wall_paint(rng)
    height = noise(rng, rng.uniform(14, 40), rng.uniform(0.9, 1.5), along=rng.choice([1.0, 1.0, 3.0]))
    relief = height - np.roll(height, (2, 2), (0, 1))
    return swatch(ramp(0.5 + 0.35 * relief, darker(base, 0.68), base, darker(base, 1.12)), rng.uniform(0.5, 1.2), 0.0)


def limewash(rng: np.random.Generator) -> Swatch:
    """Brushed on crosswise, in clouds."""
    base = _wall_paint(rng)
    strokes = noise(rng, 14.0, 0.8, along=6.0) + noise(rng, 14.0, 0.8, along=1 / 6)
    figure = 0.5 + 0.14 * strokes + 0.18 * noise(rng, 2.5, 1.2)
    return swatch(ramp(figure, darker(base, 0.75), base, darker(base, 1.12)), rng.uniform(0.8, 1.6), 0.0)


def striped_wallpaper(rng: np.random.Generator) -> Swatch:
    """Upright stripes, broad and narrow."""
    u, _ = axes()
    count = int(rng.integers(3, 11))
    base = _wall_paint(rng)
    other = varied(rng, base, 0.04, 0.12, 0.18) if rng.random() < 0.6 else grey(rng, 0.75, 0.95)
    x = np.abs((u * count) % 1 - 0.5)
    paint = ramp(smooth(x, 0.23, 0.26), base, other)
    if rng.random() < 0.5:
        paint = mix(paint, darker(base, 0.6), 1 - smooth(np.abs(x - 0.3), 0.01, 0.03))
    return swatch(paint * (1 + 0.02 * noise(rng, 40.0))[..., None], count * rng.uniform(0.08, 0.2), 0.0)


def damask_wallpaper(rng: np.random.Generator) -> Swatch:
    """Medallions in staggered rows, tone on tone."""
    u, v = axes()
    count = 2 * int(rng.integers(1, 4))
    column = np.floor(u * count)
    x, y = (u * count) % 1 - 0.5, (v * count / 2 + 0.5 * (column % 2)) % 1 - 0.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    lobes = int(rng.integers(2, 5))
    form = radius - rng.uniform(0.26, 0.36) * (0.75 + 0.25 * np.cos(2 * lobes * angle))
    inner = np.abs(radius - 0.16 * (1 + 0.4 * np.cos(4 * angle))) - rng.uniform(0.02, 0.05)
    base = _wall_paint(rng)
    figure = darker(base, rng.uniform(0.65, 0.85)) if rng.random() < 0.7 else darker(base, 1.15)
    paint = ramp(1 - smooth(form, -0.012, 0.012), base, figure)
    paint = mix(paint, base, 1 - smooth(inner, -0.01, 0.01))
    return swatch(paint * (1 + 0.02 * noise(rng, 40.0))[..., None], count * rng.uniform(0.15, 0.3), 0.0)


def geometric_wallpaper(rng: np.random.Generator) -> Swatch:
    """Scales, chevrons or lattices."""
    u, v = axes()
    count = 2 * int(rng.integers(2, 6))
    draw = rng.integers(3)
    if draw == 0:
        row = np.floor(v * count)
        away = np.hypot((u * count + 0.5 * (row % 2)) % 1 - 0.5, (v * count) % 1)
        line = np.abs(((away * 3) % 1) - 0.5) * 2
    elif draw == 1:
        line = np.abs((v * count + 2 * np.abs((u * count / 2) % 1 - 0.5)) % 1 - 0.5) * 2
    else:
        line = 2 * np.minimum(np.abs(((u + v) * count / 2) % 1 - 0.5), np.abs(((u - v) * count / 2) % 1 - 0.5))
    base = _wall_paint(rng)
    other = grey(rng, 0.8, 0.95) if rng.random() < 0.5 else darker(base, rng.uniform(0.55, 0.8))
    edge = rng.uniform(0.15, 0.6)
    paint = ramp(smooth(line, edge - 0.08, edge + 0.08), other, base)
    return swatch(paint * (1 + 0.02 * noise(rng, 40.0))[..., None], count * rng.uniform(0.06, 0.15), 0.0)


def beadboard(rng: np.random.Generator) -> Swatch:
    """Painted tongue-and-groove, upright."""
    u, _ = axes()
    count = int(rng.integers(5, 13))
    base = _wall_paint(rng)
    x = (u * count) % 1
    groove = np.exp(-(((x - 0.5) / 0.05) ** 2)) - 0.7 * np.exp(-(((x - 0.6) / 0.05) ** 2))
    piece = np.floor(u * count + 0.5).astype(int) % count
    figure = 0.55 - 0.5 * groove + 0.04 * per_piece(rng, piece, 1.0) + 0.04 * noise(rng, 20.0, along=0.1)
    return swatch(ramp(figure, darker(base, 0.6), base, darker(base, 1.08)), count * rng.uniform(0.06, 0.12), 0.1)


def corrugated_panel(rng: np.random.Generator) -> Swatch:
    """Sheets with waves, for sheds and workshops."""
    u, _ = axes()
    count = int(rng.integers(6, 16))
    base = grey(rng, 0.4, 0.85) if rng.random() < 0.6 else _wall_paint(rng)
    wave = np.sin(2 * np.pi * u * count)
    figure = 0.5 + 0.3 * wave + 0.08 * noise(rng, 3.0) + 0.05 * noise(rng, 30.0, 0.7, along=0.2)
    return swatch(ramp(figure, darker(base, 0.65), base, darker(base, 1.12)), count * rng.uniform(0.05, 0.09), 0.3)


def acoustic_foam(rng: np.random.Generator) -> Swatch:
    """Soft panels with pores and seams."""
    u, v = axes()
    count = int(rng.integers(2, 5))
    base = muted(rng, (0.25, 0.7), 0.4)
    seam = np.minimum(0.5 - np.abs((u * count) % 1 - 0.5), 0.5 - np.abs((v * count) % 1 - 0.5))
    figure = 0.35 + 0.3 * smooth(seam, 0.0, 0.08) + 0.1 * noise(rng, 45.0, 0.8)
    return swatch(ramp(figure, darker(base, 0.6), base, darker(base, 1.15)), count * rng.uniform(0.25, 0.5), 0.0)
