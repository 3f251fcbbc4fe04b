"""Tileable fields in two dimensions, and how they become colours: what every texture is made of.

A field is a [256,256] float32 array over the unit square; u runs along its columns, v along its rows.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

SIZE = 256
Field = NDArray[np.float32]
Picture = NDArray[np.uint8]
RGB = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Swatch:
    """A tileable picture [256,256,3] uint8, the side of one tile in metres, and how glossy it is (0 matt .. 1)."""

    picture: Picture
    metres: float
    shine: float = 0.1


def swatch(paint: NDArray, metres: float, shine: float = 0.1) -> Swatch:
    """The swatch of colours ``paint`` [256,256,3] in 0..1; beyond that they are clipped."""
    return Swatch((np.clip(paint, 0, 1) * 255 + 0.5).astype(np.uint8), float(metres), float(shine))


@cache
def axes() -> tuple[Field, Field]:
    """u and v of every pixel, in [0, 1)."""
    steps = np.arange(SIZE, dtype=np.float32) / np.float32(SIZE)
    u, v = np.broadcast_to(steps, (SIZE, SIZE)), np.broadcast_to(steps[:, None], (SIZE, SIZE))
    return u, v


def noise(rng: np.random.Generator, cells: float, slope: float = 1.2, along: float = 1.0) -> Field:
    """Tileable noise of zero mean and unit spread.

    Args:
        cells: about how many bumps fit along v.
        slope: how fast finer detail fades; 0.6 is rough, 2 is smooth.
        along: how many times longer than wide the bumps are, along u.
    """
    down, across = np.fft.fftfreq(SIZE, 1 / SIZE)[:, None], np.fft.rfftfreq(SIZE, 1 / SIZE)[None]
    strength = (1 + (down**2 + (across * along) ** 2) / cells**2) ** -slope
    strength[0, 0] = 0.0
    waves = rng.standard_normal((SIZE, SIZE // 2 + 1, 2), np.float32).view(np.complex64)[..., 0]
    field = fft.irfft2(waves * strength.astype(np.float32), s=(SIZE, SIZE))
    return field / max(float(field.std()), 1e-9)


def cells(rng: np.random.Generator, count: int, jitter: float = 0.9) -> tuple[Field, Field, NDArray[np.int64]]:
    """Tileable cells around ``count`` x ``count`` scattered seeds.

    Returns:
        distance to the nearest seed and how much farther the second one is (both in cell widths), number of the cell.
    """
    u, v = axes()
    seeds = 0.5 + jitter * rng.uniform(-0.5, 0.5, (2, count, count)).astype(np.float32)
    numbers = np.arange(count * count).reshape(count, count)
    row, column = np.floor(v * count), np.floor(u * count)
    x, y = u * count - column, v * count - row
    here = (row * count + column).astype(int)
    first = np.full((SIZE, SIZE), 9.0, np.float32)  # squared distances
    second, owner = first.copy(), here
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            beside = np.roll(numbers, (-down, -across), (0, 1)).ravel()
            away = (x - across - seeds[0].take(beside)[here]) ** 2 + (y - down - seeds[1].take(beside)[here]) ** 2
            nearer = away < first
            second = np.where(nearer, first, np.minimum(second, away))
            owner = np.where(nearer, beside[here], owner)
            first = np.where(nearer, away, first)
    first, second = np.sqrt(first), np.sqrt(second)
    return first, second - first, owner


def smooth(field: NDArray, low: float, high: float) -> Field:
    """0 below ``low``, 1 above ``high``, softly in between."""
    t = np.clip((field - low) / (high - low), 0, 1).astype(np.float32)
    return t * t * (3 - 2 * t)


def ramp(field: NDArray, *stops: RGB | NDArray) -> NDArray[np.float32]:
    """Colours [256,256,3]: the field, clipped to 0..1, read off a band of evenly spaced colours."""
    colours = np.array(stops, np.float32)
    at = np.linspace(0, 1, 256)
    band = np.stack([np.interp(at, np.linspace(0, 1, len(colours)), colours[:, c]) for c in range(3)], -1)
    return band.astype(np.float32)[(np.clip(field, 0, 1) * 255).astype(np.uint8)]


def plain(rgb: RGB) -> NDArray[np.float32]:
    """One colour everywhere, [256,256,3]."""
    return np.broadcast_to(np.array(rgb, np.float32), (SIZE, SIZE, 3))


def mix(below: NDArray, above: NDArray | RGB, cover: NDArray) -> NDArray[np.float32]:
    """Colours ``above`` laid over ``below`` where the field ``cover`` is 1."""
    share = np.asarray(cover, np.float32)[..., None]
    return below + (np.asarray(above, np.float32) - below) * share


def hsv(hue: float, saturation: float, value: float) -> RGB:
    """The RGB colour; hue wraps around, the others are clipped to 0..1."""
    return colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))


def varied(rng: np.random.Generator, rgb: RGB, hue: float = 0.012, saturation: float = 0.08, value: float = 0.1) -> RGB:
    """A colour near ``rgb``."""
    h, s, v = colorsys.rgb_to_hsv(*rgb)
    return hsv(h + rng.uniform(-hue, hue), s + rng.uniform(-saturation, saturation), v + rng.uniform(-value, value))


def muted(rng: np.random.Generator, value: tuple[float, float] = (0.35, 0.9), most: float = 0.35) -> RGB:
    """A quiet colour, so that objects stand out: any hue, at most ``most`` saturated."""
    return hsv(rng.random(), most * rng.random() ** 1.5, rng.uniform(*value))


def grey(rng: np.random.Generator, low: float = 0.3, high: float = 0.9) -> RGB:
    """A nearly neutral grey, a little warm or cool."""
    return hsv(rng.choice([0.09, 0.6]), rng.uniform(0, 0.07), rng.uniform(low, high))


def darker(rgb: RGB, factor: float) -> RGB:
    """The colour times ``factor``."""
    r, g, b = rgb
    return r * factor, g * factor, b * factor


def per_piece(rng: np.random.Generator, piece: NDArray[np.int64], spread: float) -> Field:
    """A random number about 0 for every numbered piece, at each of its pixels."""
    return rng.normal(0, spread, int(piece.max()) + 1).astype(np.float32)[piece]


def sampled(field: Field, row: NDArray, column: NDArray) -> Field:
    """The tileable field read at other pixels (rows and columns wrap around)."""
    return field[np.asarray(row).astype(int) % SIZE, np.asarray(column).astype(int) % SIZE]
