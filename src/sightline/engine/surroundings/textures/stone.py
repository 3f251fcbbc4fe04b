"""Stones, real and cast."""

from __future__ import annotations

import numpy as np

from sightline.engine.surroundings.textures.field import (
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


def granite(rng: np.random.Generator) -> Swatch:
    """Grains of three minerals."""
    base = grey(rng, 0.3, 0.75) if rng.random() < 0.6 else varied(rng, (0.62, 0.48, 0.42), 0.03, 0.12, 0.15)
    grain = rng.uniform(18, 42)
    paint = ramp(0.5 + 0.2 * noise(rng, grain, 0.9), darker(base, 0.75), base, darker(base, 1.25))
    for colour, share in ((darker(base, 0.25), 1.0), (darker(base, 1.5), 1.1), (grey(rng, 0.4, 0.9), 1.5)):
        edge = share + rng.uniform(-0.3, 0.5)
        paint = mix(paint, colour, 0.8 * smooth(noise(rng, grain, 1.0), edge, edge + 0.35))
    return swatch(paint, rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.8))


def marble(rng: np.random.Generator) -> Swatch:
    """Clouds and veins, on white, black, green or beige ground."""
    grounds = ((0.93, 0.92, 0.91), (0.14, 0.14, 0.15), (0.24, 0.36, 0.30), (0.86, 0.78, 0.67), (0.55, 0.36, 0.31))
    base = varied(rng, grounds[rng.choice(5, p=[0.45, 0.18, 0.1, 0.17, 0.1])], 0.02, 0.04, 0.05)
    light = sum(base) > 1.5
    vein = grey(rng, 0.4, 0.6) if light else grey(rng, 0.75, 0.95)
    paint = ramp(0.5 + 0.25 * noise(rng, 2.5, 1.3), darker(base, 0.9 if light else 0.7), base)
    u, v = axes()
    for strength in rng.uniform(0.25, 0.9, int(rng.integers(2, 4))):
        turns = rng.integers(-2, 3, 2)
        wave = np.sin(2 * np.pi * (turns[0] * u + turns[1] * v) + rng.uniform(1.5, 3.0) * noise(rng, 2.2, 1.25))
        width = rng.uniform(0.05, 0.22) * (1 + 0.5 * noise(rng, 4.0))
        paint = mix(paint, vein, strength * (1 - smooth(np.abs(wave) / np.maximum(width, 0.02), 0.0, 1.0)))
    return swatch(paint, rng.uniform(0.6, 1.3), rng.uniform(0.4, 0.9))


def terrazzo(rng: np.random.Generator) -> Swatch:
    """Chips of stone in cement."""
    ground = grey(rng, 0.55, 0.93) if rng.random() < 0.75 else muted(rng, (0.45, 0.8), 0.3)
    paint = ramp(0.5 + 0.12 * noise(rng, 30.0, 0.6), darker(ground, 0.93), darker(ground, 1.05))
    chips = [muted(rng, (0.25, 0.95), 0.6) for _ in range(int(rng.integers(2, 6)))]
    for count in (int(rng.integers(8, 13)), int(rng.integers(14, 24))):
        away, gap, owner = cells(rng, count, 1.0)
        size = rng.uniform(0.15, 0.45, count * count).astype(np.float32)[owner]
        chip = smooth(size - away + 0.03 * noise(rng, 30.0), 0.0, 0.05) * smooth(gap, 0.03, 0.1)
        colour = np.array(chips, np.float32)[rng.integers(len(chips), size=count * count)[owner]]
        paint = mix(paint, colour, chip)
    return swatch(paint, rng.uniform(0.35, 0.8), rng.uniform(0.2, 0.6))


def slate(rng: np.random.Generator) -> Swatch:
    """Split stone in layers."""
    base = varied(rng, hsv(rng.uniform(0.45, 0.65), 0.12, rng.uniform(0.25, 0.5)), 0.05, 0.08, 0.05)
    height = noise(rng, rng.uniform(2, 5), 1.5, along=rng.uniform(1, 4))
    layer = height - np.round(height * 2) / 2
    figure = 0.5 + 0.9 * layer + 0.1 * noise(rng, 30.0, 0.7)
    return swatch(ramp(figure, darker(base, 0.7), base, darker(base, 1.3)), rng.uniform(0.4, 1.0), 0.15)


def travertine(rng: np.random.Generator) -> Swatch:
    """Bedded limestone with small holes."""
    base = varied(rng, (0.84, 0.76, 0.63), 0.02, 0.1, 0.1)
    band = noise(rng, rng.uniform(4, 9), 1.1, along=rng.uniform(5, 12))
    paint = ramp(0.5 + 0.25 * band, darker(base, 0.8), base, darker(base, 1.1))
    holes = smooth(noise(rng, 22.0, 1.4, along=3.0) + 0.4 * band, 1.7, 2.0)
    return swatch(mix(paint, darker(base, 0.55), 0.8 * holes), rng.uniform(0.5, 1.0), rng.uniform(0.1, 0.5))


def concrete(rng: np.random.Generator) -> Swatch:
    """Cast and trowelled, with pores, stains and sometimes joints of the formwork."""
    base = grey(rng, 0.4, 0.8)
    u, v = axes()
    figure = 0.5 + 0.18 * noise(rng, 2.5, 1.1) + 0.1 * noise(rng, 30.0, 0.7)
    paint = ramp(figure, darker(base, 0.78), base, darker(base, 1.15))
    paint = mix(paint, darker(base, 0.55), 0.8 * smooth(noise(rng, 34.0, 1.2), 2.2, 2.5))
    if rng.random() < 0.4:
        count = int(rng.integers(1, 4))
        edge = np.minimum(np.abs((u * count) % 1 - 0.5), np.abs((v * count) % 1 - 0.5)) / count
        paint = mix(paint, darker(base, 0.6), 0.7 * (1 - smooth(edge, 0.002, 0.006)))
    return swatch(paint, rng.uniform(0.7, 1.5), rng.uniform(0.0, 0.2))


def quartz(rng: np.random.Generator) -> Swatch:
    """Engineered stone: even, finely sprinkled."""
    base = grey(rng, 0.15, 0.95) if rng.random() < 0.8 else muted(rng, (0.4, 0.85), 0.25)
    paint = ramp(0.5 + 0.15 * noise(rng, 6.0), darker(base, 0.95), darker(base, 1.04))
    for level, factor in ((1.5, 0.7), (1.7, 1.35)):
        paint = mix(paint, darker(base, factor), 0.6 * smooth(noise(rng, 80.0, 1.2), level, level + 0.4))
    return swatch(paint, rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.8))


def pebbles(rng: np.random.Generator) -> Swatch:
    """Round stones in mortar."""
    count = int(rng.integers(8, 16))
    away, gap, owner = cells(rng, count, 0.75)
    base, mortar = grey(rng, 0.4, 0.75), grey(rng, 0.35, 0.7)
    tone = 0.5 + 0.25 * per_piece(rng, owner, 1.0) - 0.35 * away + 0.08 * noise(rng, 20.0)
    paint = ramp(tone, darker(base, 0.6), base, varied(rng, darker(base, 1.3), 0.1, 0.06))
    return swatch(mix(paint, darker(mortar, 0.75), 1 - smooth(gap, 0.05, 0.2)), rng.uniform(0.4, 0.8), 0.2)


def flagstones(rng: np.random.Generator) -> Swatch:
    """Irregular slabs with wide joints."""
    _, gap, owner = cells(rng, int(rng.integers(3, 6)), 1.0)
    base = varied(rng, ((0.6, 0.55, 0.48), (0.5, 0.52, 0.55), (0.66, 0.52, 0.42))[rng.integers(3)], 0.03, 0.06, 0.1)
    tone = 0.5 + 0.2 * per_piece(rng, owner, 1.0) + 0.16 * noise(rng, 6.0, 0.9) + 0.06 * noise(rng, 40.0, 0.6)
    paint = ramp(tone, darker(base, 0.7), base, darker(base, 1.2))
    joint = 1 - smooth(gap + 0.02 * noise(rng, 12.0), 0.03, 0.09)
    return swatch(mix(paint, grey(rng, 0.4, 0.75), joint), rng.uniform(1.0, 1.8), 0.05)
