"""What hangs on walls: prints, and views out of a window. They are shown once, not tiled."""

from __future__ import annotations

import numpy as np

from sightline.engine.surroundings.textures.field import (
    Swatch,
    axes,
    darker,
    grey,
    hsv,
    mix,
    muted,
    noise,
    plain,
    ramp,
    smooth,
    swatch,
)


def poster(rng: np.random.Generator) -> Swatch:
    """Discs, bars and hills on paper, within a margin."""
    u, v = axes()
    paint = plain(muted(rng, (0.6, 0.95), 0.3))
    for _ in range(int(rng.integers(2, 7))):
        colour, draw = muted(rng, (0.2, 0.9), 0.7), rng.integers(3)
        x, y, size = rng.uniform(0.2, 0.8, 2).tolist() + [rng.uniform(0.08, 0.3)]
        if draw == 0:
            form = np.hypot(u - x, v - y) - size
        elif draw == 1:
            form = np.maximum(np.abs(u - x) - size, np.abs(v - y) - 0.3 * size)
        else:
            form = y + 0.08 * np.sin(2 * np.pi * (u + x) * rng.integers(1, 4)) - v
        paint = mix(paint, colour, 1 - smooth(form, -0.004, 0.004))
    margin = np.minimum.reduce([u, v, 1 - u, 1 - v])
    return swatch(mix(paint, grey(rng, 0.8, 0.96), 1 - smooth(margin, 0.06, 0.065)), 1.0, 0.2)


def window_view(rng: np.random.Generator) -> Swatch:
    """Sky with clouds above blurred trees or houses, behind the bars of a window."""
    u, v = axes()
    hour = rng.random()
    high, low = hsv(0.58, 0.45 * hour, 0.75 + 0.25 * hour), hsv(rng.choice([0.09, 0.58]), 0.15, 0.97)
    paint = mix(ramp(v * 1.4, high, low), (1.0, 1.0, 1.0), 0.7 * smooth(noise(rng, 3.0, 1.2, along=2.0), 0.3, 1.6))
    ridge = rng.uniform(0.5, 0.75) + 0.05 * noise(rng, 3.0, 1.0)
    green = hsv(rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.5), rng.uniform(0.3, 0.6))
    paint = mix(paint, ramp(0.5 + 0.25 * noise(rng, 8.0), darker(green, 0.6), green), smooth(v - ridge, 0.0, 0.04))
    columns, rows = rng.integers(1, 4, 2)
    bar = np.minimum(0.5 - np.abs((u * columns) % 1 - 0.5), 0.5 - np.abs((v * rows) % 1 - 0.5))
    frame = grey(rng, 0.75, 0.95) if rng.random() < 0.7 else grey(rng, 0.15, 0.4)
    return swatch(mix(paint, frame, 1 - smooth(bar, 0.03, 0.04)), 1.0, 0.3)
