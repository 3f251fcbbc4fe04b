"""What objects stand on, as families of parametric pieces: each a pure function of (family, number).

The top is the plane z = 0 of the base frame and covers where tools and objects go (``REACHED``). Nothing rises above it
there; rims stay below 35 mm, and what is higher stands behind the robot.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from sightline.engine.surroundings.furniture import cabinets, spreads, tables
from sightline.engine.surroundings.furniture.pieces import REACHED, Rng, Support
from sightline.engine.surroundings.joinery import hashed
from sightline.engine.surroundings.registry import member, require_member

__all__ = ["FAMILIES", "REACHED", "Support", "Surface", "content_hash", "surface", "surfaces"]

PER_FAMILY = 14
FAMILIES: dict[str, Callable[[Rng], Support]] = {
    "desk": tables.desk,
    "round table": tables.round_table,
    "squircle table": tables.squircle_table,
    "polygon table": tables.polygon_table,
    "trestle table": tables.trestle_table,
    "bench": tables.bench,
    "framed table": tables.framed_table,
    "counter": cabinets.counter,
    "island": cabinets.island,
    "shelf": cabinets.shelf,
    "office desk": cabinets.office_desk,
    "lab bench": cabinets.lab_bench,
    "workbench": cabinets.workbench,
    "tray": spreads.tray,
    "board": spreads.board,
    "mat": spreads.mat,
    "laid table": spreads.laid_table,
    "trolley": spreads.trolley,
}
NOVEL = frozenset({"polygon table", "framed table", "trolley"})


@dataclass(frozen=True)
class Surface:
    """Number ``number`` of a family of furniture; ``build()`` makes it."""

    family: str
    number: int

    @property
    def name(self) -> str:
        """Unique, e.g. ``round table 3``."""
        return f"{self.family} {self.number}"

    def build(self) -> Support:
        """Its geometry."""
        return _built(self.family, self.number)


@lru_cache(maxsize=32)
def _built(family: str, number: int) -> Support:
    return FAMILIES[family](np.random.default_rng([zlib.crc32(family.encode()), number]))


def surface(family: str, number: int) -> Surface:
    """One surface. Raises SightlineError when there is no such family or number."""
    require_member("surface", family, number, FAMILIES, PER_FAMILY)
    return Surface(family, number)


@cache
def surfaces(split: str | None = None) -> tuple[Surface, ...]:
    """The surfaces that ``split`` may use (all without one). Raises SightlineError on an unknown split."""
    return tuple(
        Surface(family, number)
        for family in FAMILIES
        for number in range(PER_FAMILY)
        if member(split, family in NOVEL, number)
    )


def content_hash(entry: Surface) -> str:
    """Hash of the geometry alone, whatever it wears."""
    return hashed(entry.build().parts)
