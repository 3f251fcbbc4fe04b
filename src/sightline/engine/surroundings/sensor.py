"""What the camera makes of the light: blur, noise, exposure, white balance, tone and compression.

A pure function of the look's seed and of the moment: the same state of the same episode gives the same bytes.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
SLACK = 64  # pixels by which the stored grain is larger than a picture: every moment sees another part of it

MIDDLE = 0.45  # brightness of a scene for which a sensor's exposure is left as it is


@dataclass(frozen=True)
class Sensor:
    """How one camera develops its pictures.

    Attributes:
        seed: of the grain.
        blur: share of its light that a pixel gives to its neighbours along each axis, in 64ths (0 is sharp).
        noise: spread of the grain, of 255.
        gain: factor of exposure; balance: the same for red and blue, relative to green.
        gamma: exponent of the tone curve; below 1 lifts the shadows.
        quality: of JPEG compression, 1..95; 0 leaves it out.
    """

    seed: int
    blur: int
    noise: float
    gain: float
    balance: tuple[float, float]
    gamma: float
    quality: int

    def metered(self, brightness: float) -> Sensor:
        """This sensor with its exposure set for a scene of that brightness (0..1), as cameras do, though not fully."""
        correction = float(np.clip((MIDDLE / max(brightness, 0.01)) ** 0.4, 0.85, 1.35))
        return replace(self, gain=self.gain * correction)

    def develop(self, picture: Picture, camera: str, time: float) -> Picture:
        """The picture [H,W,3] as this sensor records it, seen by ``camera`` at ``time`` seconds of the episode."""
        if self.blur:
            picture = _blurred(picture, self.blur)
        if self.noise > 0:
            moment = zlib.crc32(f"{camera} {time:.4f}".encode())
            down, across = moment % SLACK, moment // SLACK % SLACK
            height, width = picture.shape[:2]
            grain = _grain(self.seed, height + SLACK, width + SLACK, self.noise)
            noisy = picture + grain[down : down + height, across : across + width]
            picture = np.clip(noisy, 0, 255).astype(np.uint8)
        developed = np.empty_like(picture)
        for channel in range(3):
            np.take(self._tones[channel], picture[..., channel], out=developed[..., channel])
        return _compressed(developed, self.quality) if self.quality else developed

    @cached_property
    def _tones(self) -> NDArray[np.uint8]:
        """[3,256] what each value of each channel becomes."""
        light = np.arange(256) / 255 * self.gain * np.array([self.balance[0], 1.0, self.balance[1]])[:, None]
        # Highlights roll off instead of clipping hard, as on film: straight up to 0.8, then ever flatter.
        light = np.where(light > 0.8, 0.8 + 0.2 * np.tanh((light - 0.8) / 0.2), light)
        return np.round(255 * light**self.gamma).astype(np.uint8)


def sample_sensor(rng: np.random.Generator) -> Sensor:
    """A random sensor: a pure function of rng. A third are sharp, a third free of grain, half free of compression."""
    return Sensor(
        seed=int(rng.integers(2**31)),
        blur=int(rng.integers(2, 14)) if rng.random() < 0.66 else 0,
        noise=float(rng.uniform(0.8, 6.0)) if rng.random() < 0.66 else 0.0,
        gain=float(np.exp(rng.uniform(-0.12, 0.26))),
        balance=(float(np.exp(rng.uniform(-0.08, 0.08))), float(np.exp(rng.uniform(-0.08, 0.08)))),
        gamma=float(np.exp(rng.uniform(-0.36, 0.08))),
        quality=int(rng.integers(55, 96)) if rng.random() < 0.5 else 0,
    )


def _blurred(picture: Picture, weight: int) -> Picture:
    """Three taps along each axis: ``weight`` 64ths from both neighbours. Whole numbers, so exact everywhere."""
    wide = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.uint16)
    rows = ((wide[:-2] + wide[2:]) * weight + wide[1:-1] * (64 - 2 * weight) + 32) // 64
    both = (rows[:, :-2] + rows[:, 2:]) * weight + rows[:, 1:-1] * (64 - 2 * weight)
    return ((both + 32) // 64).astype(np.uint8)


@lru_cache(maxsize=4)
def _grain(seed: int, height: int, width: int, spread: float) -> NDArray[np.int16]:
    """[height,width,3] noise: mostly the same in all channels, a third of it coloured."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((height, width, 1), np.float32)
    own = rng.standard_normal((height, width, 3), np.float32)
    return np.round(spread * (0.94 * common + 0.34 * own)).astype(np.int16)


def _compressed(picture: Picture, quality: int) -> Picture:
    """The picture after a round through JPEG."""
    sink = io.BytesIO()
    Image.fromarray(picture).save(sink, "JPEG", quality=quality)
    sink.seek(0)
    with Image.open(sink) as image:
        return np.array(image.convert("RGB"))
