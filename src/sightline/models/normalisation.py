"""One symmetric pipeline between physical units and the model, used by training and serving alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.core.errors import SightlineError, require_known
from sightline.data.modes import MODES

Floats = NDArray[np.float32]
NEAR_CONSTANT = 1e-4


# What stands for -1 and 1, by mode; the others are made of the mean and deviation, or need no statistics.
RANGES = {"q99": ("q01", "q99"), "q99_clipped": ("q01", "q99"), "min_max": ("min", "max"), "binary": ("min", "max")}
THRESHOLD = 0.5  # between the two values of a binary dimension, in physical units and in those of the model


@dataclass(frozen=True)
class Scaler:
    """Maps the range ``low``..``high`` of each dimension to [-1, 1] and back, or as its mode says.

    Dimensions that (nearly) never move keep their offset from the centre with a scale of one: dividing by their range
    would blow noise up to huge inputs. Values are not clipped (but in the mode ``q99_clipped``, where a dimension that
    never moves becomes 0 and comes back as it was), so the inverse restores every value.

    Attributes:
        low, high: [D] physical units.
        modes: [D] of sightline.data.modes.MODES; empty: all ``q99``, as in checkpoints that do not say.
    """

    low: Floats
    high: Floats
    modes: tuple[str, ...] = ()

    @staticmethod
    def from_statistics(statistics: dict[str, list], name: str) -> Scaler:
        """From one feature's statistics: lists such as ``q01`` and ``q99``, and the optional list ``mode``.

        Raises SightlineError where they are missing, of unequal length or not finite, a mode is unknown, or a binary
        dimension takes two values on the same side of 0.5.
        """
        modes = tuple(statistics.get("mode", ()))
        for mode in modes:
            require_known(f"normalisation mode of '{name}'", mode, MODES)
        if not modes:
            low, high = _bounds(statistics, name, "q99")
        else:
            low, high = np.zeros((2, len(modes)), np.float32)
            for mode in set(modes):
                chosen = np.array(modes) == mode
                bounds = _bounds(statistics, name, mode, len(modes))
                low[chosen], high[chosen] = bounds[0][chosen], bounds[1][chosen]
        scaler = Scaler(low, high, modes)
        one_side = scaler.binary & (low != high) & ((low > THRESHOLD) == (high > THRESHOLD))
        if one_side.any():
            at = int(one_side.argmax())
            raise SightlineError(
                f"Dimension {at} of '{name}' cannot be binary: it goes from {low[at]:g} to {high[at]:g}, all on one "
                f"side of {THRESHOLD}; choose another mode."
            )
        return scaler

    @cached_property
    def binary(self) -> NDArray[np.bool_]:
        """[D] dimensions that take two values."""
        return self._in_mode("binary")

    @cached_property
    def clipped(self) -> NDArray[np.bool_]:
        """[D] dimensions that never leave -1..1."""
        return self._in_mode("q99_clipped")

    def _in_mode(self, mode: str) -> NDArray[np.bool_]:
        return np.array([mine == mode for mine in self.modes or ("q99",) * len(self.low)], bool)

    @property
    def half_range(self) -> Floats:
        """[D] physical units per unit of the model."""
        half = (self.high - self.low) / 2
        return np.where(half < np.where(self.clipped, np.float32(0.0), NEAR_CONSTANT), np.float32(1.0), half)

    def forward(self, values: NDArray) -> Floats:
        """Physical [...,D] to model units."""
        half = self.half_range
        scaled = (values - (self.high + self.low) / 2) / np.where(half > 0, half, np.float32(1.0))
        scaled = np.where(self.clipped, np.clip(np.where(half > 0, scaled, 0.0), -1, 1), scaled)
        return np.where(self.binary, values > THRESHOLD, scaled).astype(np.float32)

    def inverse(self, values: NDArray) -> Floats:
        """Model units [...,D] to physical."""
        values = np.where(self.clipped, np.clip(values, -1, 1), values)
        scaled = values * self.half_range + (self.high + self.low) / 2
        return np.where(self.binary, np.where(values > THRESHOLD, self.high, self.low), scaled).astype(np.float32)


def _bounds(statistics: dict[str, list], name: str, mode: str, size: int | None = None) -> tuple[Floats, Floats]:
    """[D] values that stand for -1 and 1 in ``mode``, for all dimensions of a feature."""
    if mode == "none":
        assert size is not None
        return -np.ones(size, np.float32), np.ones(size, np.float32)
    try:
        first, second = (np.asarray(statistics[key], np.float32) for key in RANGES.get(mode, ("mean", "std")))
    except KeyError as error:
        raise SightlineError(f"The statistics of '{name}' lack {error}; compute them again from the dataset.") from None
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise SightlineError(f"The statistics of '{name}' hold NaN or infinity; the dataset is damaged.")
    if first.shape != second.shape or (size is not None and first.shape != (size,)):
        raise SightlineError(
            f"The statistics of '{name}' differ in length: {first.shape} and {second.shape}"
            f"{f' for {size} modes' if size is not None else ''}; compute them again from the dataset."
        )
    return (first, second) if mode != "mean_std" else (first - second, first + second)


def fit_picture(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture [H,W,3] uint8 resized to [side,side,3] (bicubic, aspect ratio not kept, as the official model does).

    Raises SightlineError on anything but an RGB uint8 picture.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise SightlineError(f"Expected an RGB picture [H,W,3] of uint8, got shape {image.shape} of {image.dtype}.")
    if image.shape[:2] == (side, side):
        return image
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
