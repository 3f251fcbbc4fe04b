"""How a room is lit: one to four lamps and the light from everywhere, as families of parametric instances.

Every lighting is scaled so that a white table is about equally bright under all of them (``EXPOSED``); how bright the
picture becomes is the camera's affair (``sensor``). At most one lamp casts shadows, and it is one of parallel light:
the renderer's shadows of spot lights are full of dotted noise (MuJoCo 4.0).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from sightline.core.geometry import Array
from sightline.engine.surroundings.registry import digest, member, require_member

MAX_LAMPS = 4
EXPOSED = (0.92, 1.08)  # what reaches the middle of the table, all lamps and the ambient light together
WORK = np.array([0.5, 0.0, 0.0])  # metres: the middle of the table, where lamps point
DISTANCE = 1.5  # metres from there to a lamp that has no place of its own
PER_FAMILY = 8
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Lamp:
    """One lamp. ``kind``: ``sun`` (parallel light) or ``bulb`` (weaker with distance; with a cutoff a spot light).

    Attributes:
        direction: [3] unit vector along which the light travels.
        position: [3] metres.
        colour: [3] RGB strength before it fades.
        fade: metres from which on a bulb's light is weakened by its distance; larger is more even.
        cutoff: half the opening of a bulb's cone of light in degrees; 90 shines everywhere before it.
        shadow: whether it casts shadows.
    """

    kind: str
    direction: Array
    position: Array
    colour: Array
    fade: float = 1.5
    cutoff: float = 90.0
    shadow: bool = False

    @property
    def exponent(self) -> float:
        """How much a spot light is weaker towards the border of its cone: with this power of the cosine."""
        return 1.0 if self.cutoff < 90 else 0.0

    def attenuation(self) -> Array:
        """[3] constant, linear and quadratic term by which a bulb's light is divided."""
        return np.array([1.0, 0.0, 1 / self.fade**2]) if self.kind == "bulb" else np.array([1.0, 0.0, 0.0])

    def reaching(self, point: Array) -> float:
        """Share of its light that falls on a horizontal patch at a point [3]."""
        if self.kind == "sun":
            return float(max(-self.direction[2], 0.0))
        away = point - self.position
        distance = float(np.linalg.norm(away))
        cosine = float(away @ self.direction) / distance
        if cosine < np.cos(np.radians(self.cutoff)):
            return 0.0
        fallen = max(-away[2] / distance, 0.0) * cosine**self.exponent
        return float(fallen / (self.attenuation() @ [1.0, distance, distance**2]))


@dataclass(frozen=True, eq=False)
class Lighting:
    """lamps: the key lamp first; ambient: [3] RGB light from everywhere."""

    lamps: tuple[Lamp, ...]
    ambient: Array

    def reaching(self, point: Array) -> Array:
        """[3] RGB light on a horizontal white patch at a point [3]."""
        return self.ambient + sum((lamp.reaching(point) * lamp.colour for lamp in self.lamps), np.zeros(3))


def _tint(rng: Rng, kelvin: tuple[float, float]) -> Array:
    """[3] colour of light of some temperature, green at 1: 2700 is a bulb, 6500 neutral, 9000 a blue sky.

    Half as strong as in nature, as eyes and cameras adapt: white things must not be called yellow.
    """
    warm = np.log(6500 / rng.uniform(*kelvin))
    return np.array([1 + 0.2 * warm, 1.0, 1 - 0.34 * warm])


def _towards(azimuth: float, elevation: float) -> Array:
    """[3] direction of light that comes from azimuth (degrees from x to y) and elevation (degrees)."""
    a, e = np.radians([azimuth, elevation])
    return -np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])


def _sun(rng: Rng, azimuth: tuple, elevation: tuple, strength: float, kelvin: tuple, shadow: bool = False) -> Lamp:
    direction = _towards(rng.uniform(*sorted(azimuth)), rng.uniform(*elevation))
    return Lamp("sun", direction, WORK - DISTANCE * direction, strength * _tint(rng, kelvin), shadow=shadow)


def _bulb(rng: Rng, low: tuple, high: tuple, strength: float, kelvin: tuple, fade: float, cutoff: float = 90.0) -> Lamp:
    """A bulb somewhere between two corners, that points to the middle of the table."""
    position = rng.uniform(np.minimum(low, high), np.maximum(low, high))
    away = WORK + rng.uniform([-0.1, -0.15, 0], [0.1, 0.15, 0]) - position
    colour = strength * (1 + np.sum((WORK - position) ** 2) / fade**2) * _tint(rng, kelvin)
    return Lamp("bulb", away / np.linalg.norm(away), position, colour, fade, cutoff)


ANY = (-180.0, 180.0)


def ceiling_panel(rng: Rng) -> Lighting:
    """Large bright panels overhead: even light, hardly a direction."""
    lamps = [
        _sun(rng, ANY, (60, 88), 0.5, (4500, 7000)),
        _sun(rng, ANY, (30, 60), rng.uniform(0.1, 0.25), (4500, 7000)),
    ]
    return Lighting(tuple(lamps), rng.uniform(0.4, 0.55) * _tint(rng, (5000, 7000)))


def pendant(rng: Rng) -> Lighting:
    """One lamp above the table, warm, with shadows; darker around."""
    kelvin, fade = (2600, 4000), rng.uniform(0.7, 1.2)
    lamps = [
        _sun(rng, ANY, (55, 80), 0.4, kelvin, True),
        _bulb(rng, (0.1, -0.4, 0.8), (0.9, 0.4, 1.3), 0.35, kelvin, fade),
    ]
    return Lighting(tuple(lamps), rng.uniform(0.28, 0.4) * _tint(rng, (3000, 6000)))


def _window(rng: Rng, side: int) -> Lighting:
    sky = _bulb(rng, (-0.2, side * 1.6, 0.5), (1.0, side * 1.2, 1.3), 0.6, (6000, 9000), rng.uniform(0.8, 1.6))
    lamps = [sky, _sun(rng, ANY, (40, 70), rng.uniform(0.05, 0.2), (4000, 6500))]
    return Lighting(tuple(lamps), rng.uniform(0.28, 0.42) * _tint(rng, (5500, 7500)))


def window_left(rng: Rng) -> Lighting:
    """Daylight from the robot's left, fading across the table."""
    return _window(rng, 1)


def window_right(rng: Rng) -> Lighting:
    """Daylight from the robot's right."""
    return _window(rng, -1)


def skylight(rng: Rng) -> Lighting:
    """Sun through a window in the roof: hard shadows, blue fill."""
    lamps = [_sun(rng, ANY, (50, 75), 0.62, (5000, 6500), True), _sun(rng, ANY, (30, 60), 0.12, (7000, 9500))]
    return Lighting(tuple(lamps), rng.uniform(0.28, 0.38) * _tint(rng, (6500, 9000)))


def low_sun(rng: Rng) -> Lighting:
    """Morning or evening: warm light from the side, long shadows."""
    azimuth = (50, 130) if rng.random() < 0.5 else (-130, -50)
    lamps = [_sun(rng, azimuth, (22, 38), 0.8, (3000, 4500), True), _sun(rng, ANY, (50, 80), 0.15, (6000, 8000))]
    return Lighting(tuple(lamps), rng.uniform(0.35, 0.45) * _tint(rng, (5500, 8000)))


def desk_lamp(rng: Rng) -> Lighting:
    """A lamp at the side of the table that lights a part of it and throws long shadows."""
    side, kelvin, fade = rng.choice([-1, 1]), (2700, 5000), rng.uniform(0.5, 0.9)
    beam = _sun(rng, (side * 60, side * 120), (35, 55), 0.4, kelvin, True)
    bulb = _bulb(rng, (0.2, side * 0.75, 0.5), (0.6, side * 0.5, 0.8), 0.35, kelvin, fade)
    return Lighting((beam, bulb), rng.uniform(0.3, 0.42) * _tint(rng, (4000, 6500)))


def dusk(rng: Rng) -> Lighting:
    """Blue evening outside, a weak warm lamp inside."""
    lamp = _bulb(rng, (-0.3, -1.0, 0.8), (0.8, 1.0, 1.4), 0.4, (2700, 3600), 1.2)
    lamps = (lamp, _sun(rng, ANY, (25, 50), 0.2, (7500, 10000)))
    return Lighting(lamps, rng.uniform(0.36, 0.48) * _tint(rng, (7000, 9000)))


def neon(rng: Rng) -> Lighting:
    """Rows of tubes: flat, cool or greenish."""
    cast = np.array([0.96, 1.0, 0.95]) if rng.random() < 0.5 else np.ones(3)
    lamps = [_sun(rng, ANY, (65, 85), 0.3, (4500, 7500)) for _ in range(int(rng.integers(2, 4)))]
    lamps = [replace(lamp, colour=lamp.colour * cast) for lamp in lamps]
    return Lighting(tuple(lamps), rng.uniform(0.38, 0.5) * cast)


def overcast(rng: Rng) -> Lighting:
    """A grey day: soft light from a wide sky."""
    lamps = [_sun(rng, ANY, (40, 80), rng.uniform(0.12, 0.25), (6000, 8000)) for _ in range(3)]
    return Lighting(tuple(lamps), rng.uniform(0.45, 0.6) * _tint(rng, (6000, 8000)))


def track_spots(rng: Rng) -> Lighting:
    """Spots on a rail: the first throws shadows, the others pools of light."""
    kelvin = (2800, 4500)
    lamps = [_sun(rng, ANY, (45, 70), 0.42, kelvin, True)]
    for strength in rng.uniform(0.12, 0.3, int(rng.integers(1, 4))):
        lamps.append(_bulb(rng, (-0.2, -1.0, 1.1), (1.1, 1.0, 1.6), strength, kelvin, 1.6, rng.uniform(35, 60)))
    return Lighting(tuple(lamps), rng.uniform(0.3, 0.42) * _tint(rng, (3500, 6000)))


def mixed(rng: Rng) -> Lighting:
    """A warm lamp on one side, a cool one on the other."""
    side = rng.choice([-1, 1])
    warm = _bulb(rng, (0.0, side * 1.2, 0.7), (0.9, side * 0.8, 1.2), 0.38, (2600, 3400), 1.2)
    cool = _bulb(rng, (0.0, -side * 1.2, 0.7), (0.9, -side * 0.8, 1.2), 0.33, (7000, 10000), 1.2)
    return Lighting((warm, cool), rng.uniform(0.3, 0.42) * _tint(rng, (4500, 7000)))


def studio(rng: Rng) -> Lighting:
    """Key, fill and rim, as in a photographer's studio."""
    side = rng.choice([-1, 1])
    key = _sun(rng, (side * 30, side * 70), (40, 60), 0.65, (5000, 6500), True)
    fill = _sun(rng, (-side * 30, -side * 80), (25, 45), rng.uniform(0.1, 0.25), (5000, 6500))
    rim = _sun(rng, (150, 210), (25, 45), rng.uniform(0.1, 0.3), (5000, 7500))
    return Lighting((key, fill, rim), rng.uniform(0.28, 0.4) * _tint(rng, (5500, 6500)))


def from_behind(rng: Rng) -> Lighting:
    """Light from behind the robot, towards the camera: shadows fall to the front."""
    lamps = [
        _sun(rng, (140, 220), (30, 50), 0.55, (4500, 7500), True),
        _sun(rng, (-40, 40), (40, 70), 0.2, (4500, 6500)),
    ]
    return Lighting(tuple(lamps), rng.uniform(0.36, 0.48) * _tint(rng, (5000, 7500)))


def lantern(rng: Rng) -> Lighting:
    """A weak warm light in a dim room, brightened by a long exposure."""
    lamp = _bulb(rng, (0.0, -0.8, 0.6), (1.0, 0.8, 1.0), 0.6, (2200, 2800), rng.uniform(0.6, 1.0))
    return Lighting((lamp,), rng.uniform(0.3, 0.42) * _tint(rng, (2800, 4000)))


FAMILIES: dict[str, Callable[[Rng], Lighting]] = {
    "ceiling panel": ceiling_panel,
    "pendant": pendant,
    "window left": window_left,
    "window right": window_right,
    "skylight": skylight,
    "low sun": low_sun,
    "desk lamp": desk_lamp,
    "dusk": dusk,
    "neon": neon,
    "overcast": overcast,
    "track spots": track_spots,
    "mixed": mixed,
    "studio": studio,
    "from behind": from_behind,
    "lantern": lantern,
}
NOVEL = frozenset({"mixed", "from behind"})


@dataclass(frozen=True)
class Light:
    """Number ``number`` of a family of lightings; ``build()`` makes it."""

    family: str
    number: int

    @property
    def name(self) -> str:
        """Unique, e.g. ``desk lamp 3``."""
        return f"{self.family} {self.number}"

    def build(self) -> Lighting:
        """Its lamps, scaled so that the table is well exposed."""
        return _built(self.family, self.number)


@lru_cache(maxsize=256)
def _built(family: str, number: int) -> Lighting:
    rng = np.random.default_rng([zlib.crc32(family.encode()), number])
    drawn = FAMILIES[family](rng)
    scale = rng.uniform(*EXPOSED) / float(drawn.reaching(WORK).mean())
    lamps = [replace(lamp, colour=scale * lamp.colour) for lamp in drawn.lamps]
    return Lighting(tuple(lamps), scale * drawn.ambient)


def light(family: str, number: int) -> Light:
    """One lighting. Raises SightlineError when there is no such family or number."""
    require_member("light", family, number, FAMILIES, PER_FAMILY)
    return Light(family, number)


@cache
def lights(split: str | None = None) -> tuple[Light, ...]:
    """The lightings that ``split`` may use (all without one). Raises SightlineError on an unknown split."""
    return tuple(
        Light(family, number)
        for family in FAMILIES
        for number in range(PER_FAMILY)
        if member(split, family in NOVEL, number)
    )


def content_hash(entry: Light) -> str:
    """Hash of all lamps' parameters and the ambient light."""
    lit = entry.build()
    rows = [
        np.concatenate([lamp.direction, lamp.position, lamp.colour, lamp.attenuation(), [lamp.cutoff, lamp.shadow]])
        for lamp in lit.lamps
    ]
    return digest(*(lamp.kind for lamp in lit.lamps), np.round(np.array(rows), 6), np.round(lit.ambient, 6))
