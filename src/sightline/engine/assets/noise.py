"""Tileable noise, of which prints and textures are made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def smooth_noise(rng: np.random.Generator, size: int, cells: int, octaves: int = 3) -> NDArray[np.float64]:
    """[size,size] tileable noise, about zero mean and unit range, ``cells`` bumps along a side in the first octave."""
    total = np.zeros((size, size))
    for octave in range(octaves):
        count = cells * 2**octave
        grid = rng.uniform(-1, 1, (count, count))
        at = np.arange(size) * count / size
        low = at.astype(int)
        blend = at - low
        blend = blend * blend * (3 - 2 * blend)
        rows = grid[low % count] * (1 - blend)[:, None] + grid[(low + 1) % count] * blend[:, None]
        total += (rows[:, low % count] * (1 - blend) + rows[:, (low + 1) % count] * blend) / 2**octave
    return total
