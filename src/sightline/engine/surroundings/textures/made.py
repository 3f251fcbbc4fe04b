"""What factories make: metals, laminates, papers, leathers, rubber."""

from __future__ import annotations

import numpy as np

from sightline.engine.surroundings.textures.field import (
    RGB,
    SIZE,
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
    ramp,
    smooth,
    swatch,
    varied,
)


def _metal(rng: np.random.Generator) -> RGB:
    tones = ((0.68, 0.69, 0.71), (0.50, 0.51, 0.53), (0.78, 0.66, 0.42), (0.70, 0.48, 0.36), (0.33, 0.34, 0.36))
    return varied(rng, tones[rng.choice(5, p=[0.45, 0.2, 0.12, 0.08, 0.15])], 0.01, 0.03, 0.06)


def brushed_metal(rng: np.random.Generator) -> Swatch:
    """Fine parallel scratches."""
    base = _metal(rng)
    figure = 0.5 + 0.16 * noise(rng, 70.0, 0.6, along=60.0) + 0.08 * noise(rng, 2.0, 1.4)
    return swatch(ramp(figure, darker(base, 0.8), base, darker(base, 1.15)), rng.uniform(0.3, 0.7), 0.8)


def scratched_steel(rng: np.random.Generator) -> Swatch:
    """Sheet metal after years of use: scratches in all directions, stains."""
    base = _metal(rng)
    figure = 0.5 + 0.15 * noise(rng, 3.0, 1.1) + 0.05 * noise(rng, 60.0, 0.6)
    for _ in range(3):
        curve = 1 - smooth(np.abs(noise(rng, rng.uniform(1.5, 4), 2.5, along=rng.uniform(0.2, 5))), 0.0, 0.03)
        figure = figure + rng.uniform(-0.3, 0.4) * curve * smooth(noise(rng, 4.0), 0.0, 1.0)
    return swatch(ramp(figure, darker(base, 0.7), base, darker(base, 1.25)), rng.uniform(0.4, 0.9), 0.6)


def checker_plate(rng: np.random.Generator) -> Swatch:
    """Raised lozenges, turned in turn."""
    u, v = axes()
    count = 2 * int(rng.integers(3, 7))
    column, row = np.floor(u * count), np.floor(v * count)
    x, y = (u * count) % 1 - 0.5, (v * count) % 1 - 0.5
    flip = np.where((column + row) % 2 > 0, 1.0, -1.0)
    along, across = (x + flip * y) / np.sqrt(2), (x - flip * y) / np.sqrt(2)
    bump = 1 - smooth(np.hypot(along / 3.2, across), 0.06, 0.13)
    relief = bump - np.roll(bump, (1, 1), (0, 1))
    base = _metal(rng)
    figure = 0.45 + 0.12 * bump + 0.35 * relief + 0.06 * noise(rng, 4.0) + 0.03 * noise(rng, 60.0, 0.6)
    return swatch(ramp(figure, darker(base, 0.5), base, darker(base, 1.3)), count * rng.uniform(0.03, 0.05), 0.6)


def perforated_metal(rng: np.random.Generator) -> Swatch:
    """A sheet with round holes: pegboards and racks."""
    u, v = axes()
    count = 2 * int(rng.integers(4, 9))
    shift = 0.5 * (np.floor(v * count) % 2) * rng.integers(2)
    away = np.hypot((u * count + shift) % 1 - 0.5, (v * count) % 1 - 0.5)
    base = _metal(rng) if rng.random() < 0.5 else muted(rng, (0.4, 0.9), 0.35)
    size = rng.uniform(0.12, 0.3)
    paint = ramp(0.5 + 0.1 * noise(rng, 4.0), darker(base, 0.9), darker(base, 1.08))
    return swatch(mix(paint, darker(base, 0.2), 1 - smooth(away, size, size + 0.06)), count * 0.025, 0.4)


def hammered_metal(rng: np.random.Generator) -> Swatch:
    """Dents side by side."""
    away, gap, owner = cells(rng, int(rng.integers(9, 18)), 0.9)
    base = _metal(rng)
    tilt = np.roll(away, (2, 2), (0, 1)) - away
    figure = 0.5 + 0.8 * tilt + 0.08 * per_piece(rng, owner, 1.0) - 0.15 * (1 - smooth(gap, 0.0, 0.1))
    return swatch(ramp(figure, darker(base, 0.5), base, darker(base, 1.3)), rng.uniform(0.25, 0.5), 0.8)


def galvanised(rng: np.random.Generator) -> Swatch:
    """Zinc crystals."""
    _, _, owner = cells(rng, int(rng.integers(10, 22)), 1.0)
    base = grey(rng, 0.5, 0.75)
    figure = 0.5 + 0.18 * per_piece(rng, owner, 1.0) + 0.08 * noise(rng, 30.0, 0.6, along=3.0)
    return swatch(ramp(figure, darker(base, 0.8), base, darker(base, 1.15)), rng.uniform(0.3, 0.6), 0.6)


def laminate(rng: np.random.Generator) -> Swatch:
    """A plain board of one colour, hardly structured."""
    base = grey(rng, 0.2, 0.95) if rng.random() < 0.5 else muted(rng, (0.3, 0.9), 0.4)
    figure = 0.5 + rng.uniform(0.05, 0.2) * noise(rng, 50.0, 0.7) + 0.05 * noise(rng, 3.0)
    return swatch(ramp(figure, darker(base, 0.95), darker(base, 1.05)), rng.uniform(0.3, 0.6), rng.uniform(0.1, 0.7))


def linoleum(rng: np.random.Generator) -> Swatch:
    """Marbled or flecked floor covering."""
    base = muted(rng, (0.35, 0.85), 0.4)
    second = varied(rng, base, 0.06, 0.1, 0.15)
    flow = noise(rng, rng.uniform(6, 16), 0.9, along=rng.uniform(1, 6))
    paint = ramp(0.5 + 0.25 * flow, base, second)
    fleck = smooth(noise(rng, 40.0, 1.1, along=2.0), 1.6, 1.9)
    return swatch(mix(paint, grey(rng, 0.2, 0.95), 0.7 * fleck), rng.uniform(0.4, 0.9), rng.uniform(0.1, 0.5))


def paper(rng: np.random.Generator) -> Swatch:
    """Kraft paper, cardboard, sketching paper with a ruling."""
    u, v = axes()
    kinds = ((0.93, 0.92, 0.88), (0.76, 0.62, 0.45), (0.85, 0.80, 0.70))
    base = varied(rng, kinds[rng.integers(3)], 0.02, 0.05, 0.05)
    fibre = noise(rng, 50.0, 0.7, along=4.0) + noise(rng, 50.0, 0.7, along=0.25)
    paint = ramp(0.5 + 0.1 * fibre + 0.06 * noise(rng, 3.0), darker(base, 0.88), base, darker(base, 1.07))
    if rng.random() < 0.5:
        count = int(rng.integers(8, 20))
        rule = np.abs((v * count) % 1 - 0.5)
        if rng.random() < 0.6:
            rule = np.minimum(rule, np.abs((u * count) % 1 - 0.5))
        ink = hsv(rng.uniform(0.5, 0.65), 0.35, 0.6)
        paint = mix(paint, ink, 0.5 * (1 - smooth(rule / count * SIZE, 0.5, 1.2)))
    return swatch(paint, rng.uniform(0.25, 0.6), 0.0)


def leather(rng: np.random.Generator) -> Swatch:
    """Wrinkled grain."""
    _, gap, owner = cells(rng, int(rng.integers(20, 34)), 1.0)
    base = hsv(rng.uniform(0.02, 0.09), rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.6))
    base = base if rng.random() < 0.7 else muted(rng, (0.15, 0.7), 0.4)
    figure = 0.3 + 0.35 * smooth(gap, 0.0, 0.35) + 0.12 * noise(rng, 4.0) + 0.04 * per_piece(rng, owner, 1.0)
    return swatch(ramp(figure, darker(base, 0.6), base, darker(base, 1.2)), rng.uniform(0.25, 0.5), 0.35)


def rubber_mat(rng: np.random.Generator) -> Swatch:
    """Studs, ribs or a fine grid, in dark or dull colours."""
    u, v = axes()
    count = int(rng.integers(10, 24))
    draw = rng.integers(3)
    if draw == 0:
        form = 1 - smooth(np.hypot((u * count) % 1 - 0.5, (v * count) % 1 - 0.5), 0.26, 0.36)
    elif draw == 1:
        form = smooth(np.abs((v * count) % 1 - 0.5), 0.15, 0.3)
    else:
        form = smooth(np.minimum(np.abs((u * count) % 1 - 0.5), np.abs((v * count) % 1 - 0.5)), 0.02, 0.08)
    base = grey(rng, 0.12, 0.45) if rng.random() < 0.6 else muted(rng, (0.25, 0.6), 0.5)
    relief = form - np.roll(form, (2, 2), (0, 1))
    figure = 0.4 + 0.2 * form + 0.3 * relief + 0.05 * noise(rng, 40.0, 0.6)
    return swatch(ramp(figure, darker(base, 0.6), base, darker(base, 1.4)), rng.uniform(0.25, 0.5), 0.15)


def cutting_mat(rng: np.random.Generator) -> Swatch:
    """A dull mat with a printed grid."""
    u, v = axes()
    base = hsv(rng.choice([0.40, 0.58, 0.0, 0.85]), rng.uniform(0.05, 0.5), rng.uniform(0.25, 0.55))
    count = int(rng.integers(2, 5)) * 5
    edge = np.minimum(0.5 - np.abs((u * count) % 1 - 0.5), 0.5 - np.abs((v * count) % 1 - 0.5)) / count * SIZE
    wide = np.minimum(0.5 - np.abs((u * count / 5) % 1 - 0.5), 0.5 - np.abs((v * count / 5) % 1 - 0.5))
    ink = 0.35 * (1 - smooth(edge, 0.3, 1.0)) + 0.5 * (1 - smooth(wide * 5 / count * SIZE, 0.5, 1.6))
    paint = ramp(0.5 + 0.1 * noise(rng, 50.0, 0.6), darker(base, 0.92), darker(base, 1.08))
    return swatch(mix(paint, hsv(0.13, 0.2, 0.9), ink), count * rng.uniform(0.01, 0.025), 0.1)


def enamel(rng: np.random.Generator) -> Swatch:
    """Lacquered sheet metal with flakes or speckles."""
    base = muted(rng, (0.3, 0.95), 0.45)
    paint = ramp(0.5 + 0.06 * noise(rng, 3.0), darker(base, 0.93), darker(base, 1.06))
    speckle = smooth(noise(rng, rng.uniform(25, 60), 1.2), 1.4, 1.7)
    return swatch(mix(paint, grey(rng, 0.1, 0.95), 0.8 * speckle), rng.uniform(0.2, 0.5), 0.7)
