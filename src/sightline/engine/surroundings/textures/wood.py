"""Woods: boards, floors, blocks and what is pressed from chips."""

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
    hsv,
    mix,
    muted,
    noise,
    per_piece,
    ramp,
    sampled,
    smooth,
    swatch,
    varied,
)

# (early wood, late wood) of each species.
SPECIES: dict[str, tuple[RGB, RGB]] = {
    "oak": ((0.78, 0.62, 0.43), (0.60, 0.44, 0.27)),
    "white oak": ((0.83, 0.73, 0.58), (0.68, 0.56, 0.41)),
    "maple": ((0.90, 0.80, 0.65), (0.80, 0.67, 0.50)),
    "birch": ((0.91, 0.84, 0.71), (0.80, 0.70, 0.54)),
    "pine": ((0.90, 0.74, 0.50), (0.76, 0.53, 0.30)),
    "ash": ((0.85, 0.77, 0.64), (0.66, 0.56, 0.43)),
    "beech": ((0.84, 0.66, 0.49), (0.73, 0.53, 0.37)),
    "cherry": ((0.70, 0.42, 0.26), (0.55, 0.29, 0.17)),
    "teak": ((0.66, 0.46, 0.26), (0.48, 0.31, 0.16)),
    "mahogany": ((0.50, 0.25, 0.17), (0.35, 0.15, 0.10)),
    "walnut": ((0.47, 0.33, 0.23), (0.29, 0.19, 0.13)),
    "smoked oak": ((0.42, 0.35, 0.29), (0.26, 0.21, 0.17)),
    "wenge": ((0.27, 0.21, 0.17), (0.13, 0.10, 0.08)),
    "driftwood": ((0.66, 0.62, 0.57), (0.47, 0.44, 0.40)),
    "limed oak": ((0.88, 0.85, 0.79), (0.74, 0.69, 0.62)),
}


def _species(rng: np.random.Generator) -> tuple[RGB, RGB]:
    names = list(SPECIES)
    light, dark = SPECIES[names[rng.integers(len(names))]]
    return varied(rng, light, 0.01, 0.05, 0.05), varied(rng, dark, 0.01, 0.05, 0.05)


def _grain(rng: np.random.Generator, rings: int, wander: float) -> Field:
    """Year rings cut lengthwise, running along u, with fibres and pores: 0 early wood .. 1 late wood."""
    _, v = axes()
    phase = v * rings + wander * noise(rng, 2.0, 1.6, along=5.0)
    ring = phase - np.floor(phase)
    late = ring**2.5 * (1 - smooth(ring, 0.88, 1.0))
    fibre = noise(rng, 40.0, 0.8, along=40.0)
    return (0.22 + 0.55 * late + 0.12 * fibre + 0.06 * noise(rng, 3.0, 1.2, along=3.0)).astype(np.float32)


def _laid(
    grain: Field, rng: np.random.Generator, piece: NDArray[np.int64], row: NDArray, column: NDArray
) -> tuple[Field, Field]:
    """Every piece cut from another spot of the wood: grain, and how much lighter or darker the piece is."""
    shifts = rng.integers(SIZE, size=(int(piece.max()) + 1, 2))[piece]
    return sampled(grain, row + shifts[..., 0], column + shifts[..., 1]), per_piece(rng, piece, 1.0)


def _joints(*gaps: NDArray, width: float) -> Field:
    """1 in the joints: where any of the distances to a piece's edge is below ``width``."""
    return 1 - smooth(np.minimum.reduce(gaps), 0.4 * width, width)


def boards(rng: np.random.Generator) -> Swatch:
    """A few wide boards glued side by side."""
    _, v = axes()
    count = int(rng.integers(1, 6))
    light, dark = _species(rng)
    grain = _grain(rng, int(rng.integers(5, 14)), rng.uniform(0.3, 1.1))
    piece = np.floor(v * count).astype(int)
    u = axes()[0]
    figure, tone = _laid(grain, rng, piece, v * SIZE, u * SIZE)
    paint = ramp(figure + 0.07 * tone * (count > 1), light, dark)
    edge = np.abs((v * count + 0.5) % 1 - 0.5) / count
    paint = mix(paint, darker(dark, 0.7), 0.45 * _joints(edge, width=0.004) * (count > 1))
    return swatch(paint, rng.uniform(0.5, 1.0), rng.uniform(0.05, 0.5))


def planks(rng: np.random.Generator) -> Swatch:
    """Floorboards with staggered ends."""
    u, v = axes()
    rows, across = int(rng.integers(4, 9)), int(rng.integers(1, 3))
    light, dark = _species(rng)
    row = np.floor(v * rows).astype(int)
    along = (u * across + rng.random(rows).astype(np.float32)[row]) % across
    piece = row * across + np.floor(along).astype(int)
    figure, tone = _laid(_grain(rng, 10, 0.6), rng, piece, v * SIZE, u * SIZE)
    paint = ramp(figure + rng.uniform(0.06, 0.16) * tone, light, dark)
    gap = _joints(np.abs((v * rows + 0.5) % 1 - 0.5) / rows, np.abs((along + 0.5) % 1 - 0.5) / across, width=0.005)
    return swatch(mix(paint, darker(dark, 0.45), 0.8 * gap), rng.uniform(0.7, 1.3), rng.uniform(0.02, 0.3))


def butcher_block(rng: np.random.Generator) -> Swatch:
    """Many short staves glued together: kitchen counters."""
    u, v = axes()
    rows, across = int(rng.integers(8, 17)), int(rng.integers(2, 4))
    light, dark = _species(rng)
    row = np.floor(v * rows).astype(int)
    along = (u * across + rng.random(rows).astype(np.float32)[row]) % across
    piece = row * across + np.floor(along).astype(int)
    figure, tone = _laid(_grain(rng, 6, 0.4), rng, piece, v * SIZE, u * SIZE)
    paint = ramp(0.8 * figure + rng.uniform(0.1, 0.24) * tone + 0.08, light, dark)
    return swatch(paint, rng.uniform(0.5, 0.9), rng.uniform(0.05, 0.4))


def end_grain(rng: np.random.Generator) -> Swatch:
    """Cutting boards: blocks that show their year rings, in two woods."""
    u, v = axes()
    count = int(rng.integers(5, 9))
    row, column = np.floor(v * count).astype(int), np.floor(u * count).astype(int)
    piece = row * count + column
    centre = rng.uniform(-1.2, 1.2, (count * count, 2)).astype(np.float32)[piece]
    away = np.hypot((u * count) % 1 - 0.5 - centre[..., 0], (v * count) % 1 - 0.5 - centre[..., 1])
    rings = 0.5 + 0.5 * np.sin(away * rng.uniform(30, 60) + noise(rng, 8.0))
    figure = 0.25 + 0.4 * rings + 0.1 * noise(rng, 40.0, 0.6) + 0.15 * per_piece(rng, piece, 1.0)
    paint = ramp(figure, *_species(rng))
    if rng.random() < 0.5:
        paint = mix(paint, ramp(figure, *_species(rng)), (row + column) % 2)
    gap = _joints(np.abs((v * count + 0.5) % 1 - 0.5), np.abs((u * count + 0.5) % 1 - 0.5), width=0.05)
    return swatch(mix(paint, (0.25, 0.18, 0.12), 0.5 * gap), rng.uniform(0.25, 0.45), 0.2)


def _parquet(rng: np.random.Generator, turned: NDArray, piece: NDArray, gap: Field, metres: float) -> Swatch:
    """Blocks that lie along u, or along v where ``turned``."""
    u, v = axes()
    light, dark = _species(rng)
    row, column = np.where(turned, u, v) * SIZE, np.where(turned, v, u) * SIZE
    figure, tone = _laid(_grain(rng, 9, 0.5), rng, piece, row, column)
    paint = ramp(figure + rng.uniform(0.08, 0.18) * tone + 0.05 * turned, light, dark)
    return swatch(mix(paint, darker(dark, 0.5), 0.7 * gap), metres, rng.uniform(0.05, 0.35))


def basket_parquet(rng: np.random.Generator) -> Swatch:
    """Squares of parallel strips, turned in turn."""
    u, v = axes()
    squares, strips = 2 * int(rng.integers(1, 4)), int(rng.integers(3, 6))
    row, column = np.floor(v * squares).astype(int), np.floor(u * squares).astype(int)
    turned = (row + column) % 2 == 1
    across = np.where(turned, u, v) * squares * strips
    piece = (row * squares + column) * strips + np.floor(across).astype(int) % strips
    ends = np.abs((np.where(turned, v, u) * squares + 0.5) % 1 - 0.5) * strips
    gap = _joints(np.abs((across + 0.5) % 1 - 0.5), ends, width=0.05)
    return _parquet(rng, turned, piece, gap, 0.3 * squares * rng.uniform(0.7, 1.2))


def herringbone(rng: np.random.Generator) -> Swatch:
    """Blocks of 1 x 4 laid in steps."""
    u, v = axes()
    length = 4
    repeats = int(rng.integers(1, 3))
    side = 2 * length * repeats
    x, y = u * side, v * side
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    step = (column - row) % (2 * length)
    turned = step >= length
    start = np.where(turned, row - (2 * length - 1 - step), column - step)
    lane = np.where(turned, column, row)
    piece = (start % side) * side + lane % side + turned * side * side
    inside, along = np.where(turned, x, y) % 1, np.where(turned, y, x) - start
    ends = np.minimum(np.abs(along), np.abs(length - along))
    gap = _joints(np.minimum(inside, 1 - inside), ends, width=0.06)
    return _parquet(rng, turned, piece, gap, 0.07 * side * rng.uniform(0.8, 1.3))


def bamboo(rng: np.random.Generator) -> Swatch:
    """Narrow strips with a node here and there."""
    u, v = axes()
    strips = int(rng.integers(16, 29))
    strip = np.floor(v * strips).astype(int)
    place = rng.random(strips).astype(np.float32)[strip]
    node = 1 - smooth(np.abs((u + place + 0.5) % 1 - 0.5), 0.004, 0.012)
    light = varied(rng, (0.86, 0.72, 0.46) if rng.random() < 0.6 else (0.62, 0.42, 0.22), 0.015, 0.1, 0.08)
    figure = 0.25 + 0.12 * noise(rng, 60.0, 0.7, along=40.0) + 0.22 * per_piece(rng, strip, 1.0) + 0.3 * node
    gap = _joints(np.abs((v * strips + 0.5) % 1 - 0.5), width=0.09)
    paint = mix(ramp(figure, light, darker(light, 0.65)), darker(light, 0.45), 0.5 * gap)
    return swatch(paint, rng.uniform(0.3, 0.6), 0.3)


def chipboard(rng: np.random.Generator) -> Swatch:
    """Oriented strand board: flakes of wood pressed flat."""
    base = varied(rng, (0.78, 0.63, 0.42), 0.02, 0.12, 0.08)
    paint = ramp(0.5 + 0.2 * noise(rng, 20.0), darker(base, 0.8), base)
    for _ in range(2):
        _, gap, owner = cells(rng, int(rng.integers(8, 13)), 1.0)
        flake = per_piece(rng, owner, 1.0) + 0.15 * noise(rng, 30.0, 0.8, along=float(rng.choice([0.1, 10.0])))
        cover = smooth(gap, 0.0, 0.12) * (per_piece(rng, owner, 1.0) > -0.2)
        paint = mix(paint, ramp(0.5 + 0.22 * flake, darker(base, 0.72), hsv(0.1, 0.32, 0.95)), 0.85 * cover)
    return swatch(paint, rng.uniform(0.35, 0.6), 0.05)


def cork(rng: np.random.Generator) -> Swatch:
    """Pressed cork with dark grains."""
    base = varied(rng, (0.72, 0.54, 0.36), 0.015, 0.1, 0.12)
    _, gap, owner = cells(rng, int(rng.integers(18, 30)), 1.0)
    figure = 0.5 + 0.2 * per_piece(rng, owner, 1.0) + 0.1 * noise(rng, 40.0, 0.6)
    paint = ramp(figure, darker(base, 0.72), base, darker(base, 1.18))
    paint = mix(paint, darker(base, 0.5), 0.4 * (1 - smooth(gap, 0.0, 0.15)))
    paint = mix(paint, darker(base, 0.4), 0.8 * (per_piece(rng, owner, 1.0) > 1.7))
    return swatch(paint, rng.uniform(0.25, 0.5), 0.0)


def painted_wood(rng: np.random.Generator) -> Swatch:
    """Painted boards, worn off here and there."""
    u, v = axes()
    count = int(rng.integers(3, 8))
    light, dark = _species(rng)
    coat = muted(rng, (0.4, 0.95), 0.4)
    piece = np.floor(v * count).astype(int)
    figure, tone = _laid(_grain(rng, 12, 0.6), rng, piece, v * SIZE, u * SIZE)
    gap = _joints(np.abs((v * count + 0.5) % 1 - 0.5) / count, width=0.006)
    wear = smooth(noise(rng, 6.0, 0.9, along=6.0) + 0.8 * gap, rng.uniform(1.0, 2.4), 3.0)
    paint = ramp(0.5 + 0.3 * (figure - 0.4) + 0.08 * tone, darker(coat, 1.06), darker(coat, 0.88))
    paint = mix(paint, ramp(figure, light, dark), wear)
    return swatch(mix(paint, darker(coat, 0.4), 0.7 * gap), rng.uniform(0.5, 1.1), rng.uniform(0.0, 0.25))
