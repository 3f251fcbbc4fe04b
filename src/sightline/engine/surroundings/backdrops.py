"""What is behind and below the table: floor, walls and what stands in rooms, as cheap geometry.

The camera looks at the robot from the front, so everything that rises above the table stands behind it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from sightline.engine.surroundings.joinery import Piece, beam, block, hashed, panel
from sightline.engine.surroundings.props import (
    PAINTS,
    RoomSize,
    bookcase,
    boxes,
    cabinet,
    curtain,
    hung,
    plant,
    sofa,
    stool,
)
from sightline.engine.surroundings.registry import member, require_member

PER_FAMILY = 8
Rng = np.random.Generator
WIDE = 6.0  # metres to either side: how far back walls and floors reach where no side wall ends them


@dataclass(frozen=True)
class Place:
    """Where a room goes: z of its floor, and x behind which it may put things, metres."""

    floor: float
    back: float


def _shell(room: RoomSize) -> list[Piece]:
    """Floor and walls."""
    right, left = -min(room.right, WIDE), min(room.left, WIDE)
    rise = (0.0, 0.0, room.top - room.floor)
    parts = [
        panel("floor", (room.back, right, room.floor), (3.0 - room.back, 0, 0), (0, left - right, 0)),
        panel("wall", (room.back, right, room.floor), (0, left - right, 0), rise),
    ]
    if np.isfinite(room.left):
        parts.append(panel("side", (room.back, left, room.floor), (2.5 - room.back, 0, 0), rise))
    if np.isfinite(room.right):
        parts.append(panel("side", (2.5, right, room.floor), (room.back - 2.5, 0, 0), rise))
    return parts


def _skirting(room: RoomSize, slot: str = "paint_0") -> list[Piece]:
    """A board along the foot of the back wall."""
    right, left = -min(room.right, WIDE), min(room.left, WIDE)
    return [block(slot, (room.back, right, room.floor), (room.back + 0.015, left, room.floor + 0.09))]


def _room(rng: Rng, place: Place, depth: float, sides: str = "") -> RoomSize:
    """A room of random size with ``depth`` metres free between table and back wall.

    sides: which walls there are beside the back one, of ``l`` and ``r``.
    """
    left, right = rng.uniform(1.5, 2.4, 2)
    back = place.back - depth - rng.uniform(0.0, 1.0)
    return RoomSize(
        place.floor, rng.uniform(1.3, 1.8), back, left if "l" in sides else np.inf, right if "r" in sides else np.inf
    )


def bare(rng: Rng, place: Place) -> list[Piece]:
    """Floor and one wall."""
    room = _room(rng, place, 0.1)
    return _shell(room) + (_skirting(room) if rng.random() < 0.7 else [])


def corner(rng: Rng, place: Place) -> list[Piece]:
    """Two walls, perhaps a plant or boxes in the corner."""
    side = "l" if rng.random() < 0.5 else "r"
    room = _room(rng, place, 0.7, side)
    y = room.left - 0.35 if side == "l" else 0.35 - room.right
    filler = (plant, boxes, stool)[rng.integers(3)]
    return _shell(room) + _skirting(room) + filler(rng, room, room.back + 0.4, y)


def alcove(rng: Rng, place: Place) -> list[Piece]:
    """Three walls, a picture."""
    room = _room(rng, place, 0.1, "lr")
    size = rng.uniform(0.4, 0.9, 2)
    return _shell(room) + _skirting(room) + hung("poster", rng, room, size, rng.uniform(-0.4, 0.2))


def kitchen(rng: Rng, place: Place) -> list[Piece]:
    """A row of low cupboards under a worktop, tiles above."""
    room = _room(rng, place, 0.6)
    parts, top = _shell(room), room.floor + rng.uniform(0.8, 0.92)
    front, edges = room.back + 0.5, np.arange(-4.0, 4.0, rng.uniform(0.4, 0.7))
    parts.append(block("furniture", (room.back, -4.0, room.floor + 0.08), (front, 4.0, top)))
    for y, end in zip(edges[:-1], edges[1:] - 0.015, strict=True):
        parts.append(block("paint_1", (front, y, room.floor + 0.1), (front + 0.015, end, top - 0.03)))
        parts.append(
            block(
                "paint_0",
                (front + 0.015, (y + end) / 2 - 0.06, top - 0.09),
                (front + 0.03, (y + end) / 2 + 0.06, top - 0.075),
            )
        )
    parts.append(block("counter", (room.back, -4.0, top), (front + 0.03, 4.0, top + 0.035)))
    return parts


def library(rng: Rng, place: Place) -> list[Piece]:
    """One or two bookcases."""
    room = _room(rng, place, 0.4)
    places = (-0.8, 0.75) if rng.random() < 0.6 else (rng.uniform(-0.6, 0.6),)
    return _shell(room) + _skirting(room) + [part for y in places for part in bookcase(rng, room, y)]


def office(rng: Rng, place: Place) -> list[Piece]:
    """A window, a cabinet, a chair."""
    room = _room(rng, place, 0.8, str(rng.choice(["", "l", "r"])))
    window = hung("window", rng, room, rng.uniform(0.7, 1.3, 2), rng.uniform(-0.2, 0.2))
    side = rng.choice([-1, 1])
    parts = _shell(room) + _skirting(room) + window + cabinet(rng, room, side * rng.uniform(0.6, 1.0))
    return parts + stool(rng, room, room.back + rng.uniform(0.4, 0.6), -side * rng.uniform(0.4, 1.0))


def workshop(rng: Rng, place: Place) -> list[Piece]:
    """Crates, a cabinet, tools hung on the wall."""
    room = _room(rng, place, 0.9)
    parts = _shell(room) + cabinet(rng, room, rng.uniform(-1.0, 1.0))
    for y in rng.uniform(-1.4, 1.4, int(rng.integers(1, 4))):
        parts += boxes(rng, room, room.back + rng.uniform(0.5, 0.7), y)
    for y in rng.uniform(-1.5, 1.5, int(rng.integers(4, 10))):
        low, length = rng.uniform(-0.2, 0.4), rng.uniform(0.1, 0.35)
        parts.append(
            beam(
                PAINTS[rng.integers(3)],
                (room.back + 0.02, y, low),
                (room.back + 0.02, y + rng.uniform(-0.03, 0.03), low + length),
                0.03,
            )
        )
    return parts


def living_room(rng: Rng, place: Place) -> list[Piece]:
    """A sofa on a rug below a picture."""
    room = _room(rng, place, 0.95, str(rng.choice(["", "l", "r"])))
    y = rng.uniform(-0.5, 0.5)
    rug = panel("rug", (room.back + 0.5, y - 1.0, room.floor + 0.006), (1.4, 0, 0), (0, 2.0, 0))
    poster = hung("poster", rng, room, rng.uniform(0.4, 0.8, 2), 0.1)
    return [
        *_shell(room),
        *_skirting(room),
        rug,
        *poster,
        *sofa(rng, room, y),
        *plant(rng, room, room.back + 0.4, y + rng.choice([-1, 1]) * 1.3),
    ]


def curtains(rng: Rng, place: Place) -> list[Piece]:
    """A window between curtains."""
    room = _room(rng, place, 0.2)
    window = panel("window", (room.back + 0.01, -0.6, room.floor + 0.3), (0, 1.2, 0), (0, 0, 1.2), once=True)
    drapes = [part for y in (-rng.uniform(0.7, 1.1), rng.uniform(0.7, 1.1)) for part in curtain(rng, room, y)]
    return [*_shell(room), *_skirting(room), window, *drapes]


def panelled(rng: Rng, place: Place) -> list[Piece]:
    """A wall with a dado: another material below a rail."""
    room = _room(rng, place, 0.6, str(rng.choice(["", "l", "r"])))
    height = rng.uniform(0.5, 1.0)
    dado = panel("side", (room.back + 0.012, -WIDE, room.floor), (0, 2 * WIDE, 0), (0, 0, height))
    rail = block(
        "paint_0", (room.back, -WIDE, room.floor + height), (room.back + 0.03, WIDE, room.floor + height + 0.04)
    )
    filler = (
        cabinet(rng, room, rng.uniform(-1.0, 1.0))
        if rng.random() < 0.5
        else stool(rng, room, room.back + 0.4, rng.uniform(-1, 1))
    )
    return [*_shell(room), *_skirting(room), dado, rail, *filler]


def hall(rng: Rng, place: Place) -> list[Piece]:
    """A wide space: a far wall with pillars, boxes on the floor."""
    room = RoomSize(place.floor, 2.2, place.back - rng.uniform(1.8, 2.6))
    parts = _shell(room)
    wide = rng.uniform(0.12, 0.25)
    for y in np.arange(-0.8 * WIDE, 0.8 * WIDE, rng.uniform(0.9, 1.6)):
        parts.append(block("side", (room.back, y - wide, room.floor), (room.back + 0.2, y + wide, room.top)))
    for _ in range(int(rng.integers(1, 4))):
        parts += boxes(rng, room, rng.uniform(room.back + 0.6, place.back - 0.3), rng.uniform(-1.5, 1.5))
    return parts


FAMILIES: dict[str, Callable[[Rng, Place], list[Piece]]] = {
    "bare": bare,
    "corner": corner,
    "alcove": alcove,
    "kitchen": kitchen,
    "library": library,
    "office": office,
    "workshop": workshop,
    "living room": living_room,
    "curtains": curtains,
    "panelled": panelled,
    "hall": hall,
}
NOVEL = frozenset({"alcove", "panelled"})


@dataclass(frozen=True)
class Backdrop:
    """Number ``number`` of a family of rooms; ``build`` makes it for a table of some height."""

    family: str
    number: int

    def build(self, floor: float, back: float) -> tuple[Piece, ...]:
        """Its parts, with the floor at z = ``floor`` and everything behind x = ``back``, metres."""
        rng = np.random.default_rng([zlib.crc32(self.family.encode()), self.number])
        return tuple(FAMILIES[self.family](rng, Place(floor, back)))


def backdrop(family: str, number: int) -> Backdrop:
    """One backdrop. Raises SightlineError when there is no such family or number."""
    require_member("backdrop", family, number, FAMILIES, PER_FAMILY)
    return Backdrop(family, number)


@cache
def backdrops(split: str | None = None) -> tuple[Backdrop, ...]:
    """The backdrops that ``split`` may use (all without one). Raises SightlineError on an unknown split."""
    return tuple(
        Backdrop(family, number)
        for family in FAMILIES
        for number in range(PER_FAMILY)
        if member(split, family in NOVEL, number)
    )


def content_hash(entry: Backdrop) -> str:
    """Hash of the geometry alone, behind a table of the usual size."""
    return hashed(entry.build(-0.75, -0.5))
