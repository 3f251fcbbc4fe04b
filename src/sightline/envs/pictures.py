"""Pictures of other people's simulators at the size that a card names."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array


def resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture [H,W,3] made smaller to (height, width): each pixel the mean of the area that it covers."""
    if picture.shape[:2] == size:
        return picture
    rows, columns = (_shares(*sides) for sides in zip(size, picture.shape[:2], strict=True))
    return np.rint(np.einsum("hH,wW,HWc->hwc", rows, columns, picture, optimize=True)).astype(np.uint8)


@cache
def _shares(small: int, large: int) -> Array:
    """[small,large] how much of each pixel of a line each of its fewer pixels covers; rows sum to 1."""
    edges, width = np.arange(small + 1) * large / small, large / small
    pixels = np.arange(large)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.clip(covered, 0.0, None) / width
