"""One symmetric pipeline between physical units and the model, used by training and serving alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.core.errors import SightlineError

Floats = NDArray[np.float32]
NEAR_CONSTANT = 1e-4


@dataclass(frozen=True)
class Scaler:
    """Maps the 1 %..99 % range of each dimension to [-1, 1] and back.

    Dimensions that (nearly) never move keep their offset from the centre with a scale of one: dividing by their range
    would blow noise up to huge inputs. Values are not clipped, so the inverse restores every value.
    """

    low: Floats
    high: Floats

    @staticmethod
    def from_statistics(statistics: dict[str, list[float]], name: str) -> Scaler:
        """From one feature's ``q01`` and ``q99``. Raises SightlineError where they are missing or not finite."""
        try:
            low, high = (np.asarray(statistics[key], dtype=np.float32) for key in ("q01", "q99"))
        except KeyError as error:
            raise SightlineError(
                f"The statistics of '{name}' lack {error}; compute them again from the dataset."
            ) from None
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise SightlineError(f"The statistics of '{name}' hold NaN or infinity; the dataset is damaged.")
        return Scaler(low, high)

    @property
    def half_range(self) -> Floats:
        """[D] physical units per unit of the model."""
        half = (self.high - self.low) / 2
        return np.where(half < NEAR_CONSTANT, np.float32(1.0), half)

    def forward(self, values: NDArray) -> Floats:
        """Physical [...,D] to model units."""
        return ((values - (self.high + self.low) / 2) / self.half_range).astype(np.float32)

    def inverse(self, values: NDArray) -> Floats:
        """Model units [...,D] to physical."""
        return (values * self.half_range + (self.high + self.low) / 2).astype(np.float32)


def fit_picture(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture [H,W,3] uint8 resized to [side,side,3] (bicubic, aspect ratio not kept, as the official model does).

    Raises SightlineError on anything but an RGB uint8 picture.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise SightlineError(f"Expected an RGB picture [H,W,3] of uint8, got shape {image.shape} of {image.dtype}.")
    if image.shape[:2] == (side, side):
        return image
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
