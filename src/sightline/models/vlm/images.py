"""Pictures of any size as planners take them in: resized to whole visual tokens, normalised, cut into patches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.core.errors import SightlineError

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
MOST_ELONGATED = 200  # long side over short side


@dataclass(frozen=True)
class Patches:
    """One picture as planner input.

    Attributes:
        values: [t*h*w, 3*temporal_patch*patch*patch] float32, normalised, merge groups together.
        grid: t, h, w: patches in time (1 for a still picture), height and width.
    """

    values: NDArray[np.float32]
    grid: tuple[int, int, int]


@dataclass(frozen=True)
class PictureFormat:
    """How pictures become patches, and where words say that something is in them.

    Attributes:
        patch, merge, temporal_patch: as in PlannerConfig.
        min_pixels, max_pixels: limits of a picture's area after resizing.
        side: side of the square that every picture becomes, for planners that have learned from squares alone; 0 keeps
            the shape of pictures.
        span: what a picture measures in words, whatever its size, such as 1000; 0 = its pixels as it is seen.
        mean, std: of each colour, from 0 to 1.
    """

    patch: int = 14
    merge: int = 2
    temporal_patch: int = 2
    min_pixels: int = 56 * 56
    max_pixels: int = 3584 * 3584
    side: int = 0
    span: int = 0
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD

    def seen_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width in pixels at which a picture of this size is seen."""
        if self.side:
            return self.side, self.side
        return smart_resize(height, width, self.patch * self.merge, self.min_pixels, self.max_pixels)

    def written_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that a picture of this size has in words: what boxes and points in them lie between."""
        return (self.span, self.span) if self.span else self.seen_size(height, width)

    def token_grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of visual tokens of a picture of this size."""
        seen_height, seen_width = self.seen_size(height, width)
        cell = self.patch * self.merge
        return seen_height // cell, seen_width // cell

    def patches(self, image: NDArray[np.uint8]) -> Patches:
        """A picture [H,W,3] uint8 resized (bicubic), normalised and cut into patches.

        Raises SightlineError on anything but an RGB picture, and on one that is too elongated.
        """
        height, width = self.seen_size(*checked_size(image))
        if image.shape[:2] != (height, width):
            image = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
        mean, std = (np.array(values, dtype=np.float32) for values in (self.mean, self.std))
        values = ((image.astype(np.float64) / 255).astype(np.float32) - mean) / std
        patch, merge = self.patch, self.merge
        rows, columns = height // (patch * merge), width // (patch * merge)
        cut = values.reshape(rows, merge, patch, columns, merge, patch, 3).transpose(0, 3, 1, 4, 6, 2, 5)
        repeated = np.repeat(cut[:, :, :, :, :, None], self.temporal_patch, axis=5)
        return Patches(repeated.reshape(rows * columns * merge * merge, -1), (1, rows * merge, columns * merge))


def smart_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """The size nearest to ``height`` x ``width`` whose sides are multiples of ``factor`` and whose area lies between
    ``min_pixels`` and ``max_pixels``, the shape kept as far as that allows.

    Raises SightlineError where one side is over 200 times the other.
    """
    if max(height, width) > MOST_ELONGATED * min(height, width):
        raise SightlineError(
            f"A picture of {width} x {height} pixels is too elongated: the long side may be {MOST_ELONGATED} times the "
            "short one; crop it."
        )
    high, wide = round(height / factor) * factor, round(width / factor) * factor
    if high * wide > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        high, wide = (max(factor, math.floor(side / shrink / factor) * factor) for side in (height, width))
    elif high * wide < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        high, wide = (math.ceil(side * grow / factor) * factor for side in (height, width))
    return high, wide


def checked_size(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Height and width of a picture. Raises SightlineError on anything but an RGB picture [H,W,3] of uint8."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise SightlineError(f"Expected an RGB picture [H,W,3] of uint8, got shape {image.shape} of {image.dtype}.")
    return image.shape[0], image.shape[1]
