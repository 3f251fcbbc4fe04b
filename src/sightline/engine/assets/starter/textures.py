"""Small procedural pictures painted on objects, tables, floors and walls. All are pure functions of their arguments."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError, did_you_mean
from sightline.engine.assets.noise import Picture, smooth_noise

OBJECT_PATTERNS = ("stripes", "bands", "dots", "speckle", "label", "check", "weave", "wood")
SURFACE_PATTERNS = (
    "plain",
    "grain",
    "planks",
    "granite",
    "marble",
    "tiles",
    "checker",
    "cloth",
    "stripes",
    "plaster",
    "bricks",
    "parquet",
)
OBJECT_PIXELS, SURFACE_PIXELS = 64, 128


def _mix(mask: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> Picture:
    mask = np.clip(mask, 0, 1)[..., None]
    return np.clip(255 * (low * (1 - mask) + high * mask), 0, 255).astype(np.uint8)


@lru_cache(maxsize=256)
def object_texture(pattern: str, colour: tuple[float, float, float], contrast: tuple[float, float, float]) -> Picture:
    """[64,64,3] picture in which ``colour`` (RGB 0..1) dominates and ``contrast`` draws the pattern.

    Raises SightlineError on an unknown pattern.
    """
    size = OBJECT_PIXELS
    u, v = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    rng = np.random.default_rng(OBJECT_PATTERNS.index(pattern) if pattern in OBJECT_PATTERNS else 0)
    if pattern == "stripes":
        mask = (np.abs((u * 6) % 1 - 0.5) < 0.15).astype(float)
    elif pattern == "bands":
        mask = ((np.abs(v - 0.42) < 0.05) | (np.abs(v - 0.58) < 0.05)).astype(float)
    elif pattern == "dots":
        mask = (np.hypot((u * 6 + 0.5 * (np.floor(v * 6) % 2)) % 1 - 0.5, (v * 6) % 1 - 0.5) < 0.24).astype(float)
    elif pattern == "speckle":
        mask = (smooth_noise(rng, size, 16, 2) > 0.62).astype(float)
    elif pattern == "label":
        panel = (np.abs((u * 2) % 1 - 0.5) < 0.3) & (np.abs(v - 0.5) < 0.16)
        text = (np.abs((v * 16) % 1 - 0.5) < 0.22) & (np.abs((u * 2) % 1 - 0.5) < 0.2) & (np.abs(v - 0.5) < 0.1)
        mask = panel.astype(float) - 0.75 * text
    elif pattern == "check":
        mask = 0.35 * ((np.floor(u * 8) % 2) + (np.floor(v * 8) % 2))
    elif pattern == "weave":
        column, row = np.floor(u * 8), np.floor(v * 6)
        over = (column + row) % 2
        along = np.where(over > 0, (u * 8) % 1, (v * 6) % 1)
        mask = 0.55 * over + 0.45 * (1 - np.sin(np.pi * along))
    elif pattern == "wood":
        mask = 0.35 + 0.3 * np.sin(2 * np.pi * (v * 5 + 0.35 * smooth_noise(rng, size, 2, 2)))
    else:
        raise SightlineError(f"Unknown object pattern '{pattern}'{did_you_mean(pattern, OBJECT_PATTERNS)}.")
    return _mix(mask, np.array(colour), np.array(contrast))


@lru_cache(maxsize=64)
def surface_texture(pattern: str, seed: int) -> Picture:
    """[128,128,3] nearly grey tileable picture for a table, floor or wall; its colour comes from the material's tint.

    Raises SightlineError on an unknown pattern.
    """
    size = SURFACE_PIXELS
    rng = np.random.default_rng([seed, SURFACE_PATTERNS.index(pattern) if pattern in SURFACE_PATTERNS else 0])
    u, v = np.meshgrid(np.arange(size) / size, np.arange(size) / size)
    fine = smooth_noise(rng, size, 32, 2)
    if pattern == "plain":
        shade = 0.93 + 0.02 * fine
    elif pattern == "grain":
        shade = 0.82 + 0.1 * np.sin(2 * np.pi * (v * 6 + 0.5 * smooth_noise(rng, size, 2, 3))) + 0.03 * fine
    elif pattern == "planks":
        plank = np.floor(v * 4).astype(int)
        shade = (
            0.8
            + 0.12 * (rng.uniform(-1, 1, 4)[plank])
            + 0.06 * np.sin(2 * np.pi * (v * 22 + 0.6 * smooth_noise(rng, size, 2, 3)))
        )
        shade -= 0.3 * ((v * 4) % 1 < 0.04)
    elif pattern == "granite":
        shade = 0.84 + 0.1 * np.sign(fine) * (np.abs(fine) > 0.35) + 0.04 * smooth_noise(rng, size, 8, 3)
    elif pattern == "marble":
        veins = np.abs(np.sin(2 * np.pi * (u + v + 0.7 * smooth_noise(rng, size, 3, 4))))
        shade = 0.95 - 0.3 * np.clip(1 - veins * 5, 0, 1) + 0.05 * smooth_noise(rng, size, 4, 3)
    elif pattern == "tiles":
        joint = ((u * 4) % 1 < 0.05) | ((v * 4) % 1 < 0.05)
        tone = rng.uniform(-0.06, 0.06, (4, 4))[np.floor(v * 4).astype(int), np.floor(u * 4).astype(int)]
        shade = np.where(joint, 0.62, 0.88 + tone) + 0.02 * fine
    elif pattern == "checker":
        shade = 0.72 + 0.2 * ((np.floor(u * 4) + np.floor(v * 4)) % 2) + 0.02 * fine
    elif pattern == "cloth":
        shade = (
            0.85 + 0.07 * np.sin(2 * np.pi * u * 32) * np.sin(2 * np.pi * v * 32) + 0.05 * smooth_noise(rng, size, 6, 3)
        )
    elif pattern == "stripes":
        shade = 0.78 + 0.16 * (np.abs((u * 4) % 1 - 0.5) < 0.25) + 0.02 * fine
    elif pattern == "plaster":
        shade = 0.85 + 0.08 * smooth_noise(rng, size, 6, 4)
    elif pattern == "bricks":
        row = np.floor(v * 8)
        shift = u * 4 + 0.5 * (row % 2)
        shade = np.where((((v * 8) % 1) < 0.1) | ((shift % 1) < 0.05), 0.65, 0.87) + 0.04 * fine
    elif pattern == "parquet":
        block = (np.floor(u * 4) + np.floor(v * 4)) % 2
        shade = 0.82 + 0.08 * np.sin(2 * np.pi * np.where(block > 0, u, v) * 16) + 0.05 * block + 0.03 * fine
    else:
        raise SightlineError(f"Unknown surface pattern '{pattern}'{did_you_mean(pattern, SURFACE_PATTERNS)}.")
    warmth = np.array([1.0, 1.0, 1.0]) + rng.uniform(-0.03, 0.03, 3)
    return np.clip(255 * np.clip(shade, 0, 1)[..., None] * warmth, 0, 255).astype(np.uint8)
