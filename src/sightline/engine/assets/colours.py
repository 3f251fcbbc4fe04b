"""The nameable colours and how far a colour may wander before its name is in doubt."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

RGB = tuple[float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (0.83, 0.07, 0.08),
    "green": (0.08, 0.56, 0.16),
    "blue": (0.07, 0.24, 0.85),
    "yellow": (0.98, 0.83, 0.06),
    "orange": (0.98, 0.45, 0.03),
    "purple": (0.46, 0.12, 0.64),
    "white": (0.93, 0.93, 0.91),
    "black": (0.07, 0.07, 0.08),
    "brown": (0.44, 0.26, 0.13),
}
# The full collection speaks of a few more.
PALETTE: dict[str, RGB] = COLOURS | {
    "pink": (0.96, 0.46, 0.66),
    "grey": (0.47, 0.48, 0.50),
    "turquoise": (0.10, 0.70, 0.70),
}
WHITE: RGB = (1.0, 1.0, 1.0)
CREAM: RGB = (0.95, 0.91, 0.80)
SILVER: RGB = (0.75, 0.77, 0.79)
LEAF: RGB = (0.22, 0.48, 0.14)
WOOD: RGB = (0.72, 0.52, 0.30)
DARK: RGB = (0.13, 0.12, 0.12)


def shade(rgb: RGB, factor: float) -> RGB:
    """The colour darkened (factor < 1) or lightened towards white (factor > 1)."""
    value = np.asarray(rgb)
    value = value * factor if factor <= 1 else 1 - (1 - value) / factor
    r, g, b = np.clip(value, 0, 1)
    return float(r), float(g), float(b)


def contrast(rgb: RGB) -> RGB:
    """A colour for patterns on ``rgb``: white on colours, grey on white and black."""
    light = float(np.dot(rgb, (0.3, 0.6, 0.1)))
    if light > 0.85:
        return 0.62, 0.64, 0.68
    if light < 0.12:
        return 0.36, 0.36, 0.38
    return shade(rgb, 4.0)


def wander(rgb: RGB | NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """[3] a colour near ``rgb`` that still deserves the same name."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(float(c) for c in rgb))
    hue = (hue + rng.uniform(-0.012, 0.012)) % 1
    saturation = np.clip(saturation + rng.uniform(-0.07, 0.05) * (saturation > 0.2), 0, 1)
    value = np.clip(value + rng.uniform(-0.06, 0.05), 0.02, 1)
    return np.array(colorsys.hsv_to_rgb(hue, float(saturation), float(value)))
