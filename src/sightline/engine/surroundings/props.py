"""Things that stand or hang in rooms: cabinets, books, chairs, plants, pictures. All are cheap boxes and panels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.engine.surroundings.joinery import Piece, beam, block, panel, turned

# Slots whose material is one plain colour, chosen by the look; all others wear textures.
PAINTS = ("paint_0", "paint_1", "paint_2")
Rng = np.random.Generator


@dataclass(frozen=True)
class RoomSize:
    """The size of a room in metres: floor and ceiling (z), back wall (x), left and right wall (y, seen from the robot;
    infinite where there is none)."""

    floor: float
    top: float
    back: float
    left: float = np.inf
    right: float = np.inf


def hung(slot: str, rng: Rng, room: RoomSize, size: NDArray, low: float) -> list[Piece]:
    """A picture or a window in a frame, on the back wall.

    size: width and height, low: z of its lower edge, metres.
    """
    width, height = size
    y = rng.uniform(-0.9, 0.9)
    x, z = room.back + 0.012, max(room.floor + 0.1, low)
    frame = block(
        "paint_0", (room.back, y - width / 2 - 0.03, z - 0.03), (x - 0.002, y + width / 2 + 0.03, z + height + 0.03)
    )
    return [frame, panel(slot, (x, y - width / 2, z), (0, width, 0), (0, 0, height), once=True)]


def cabinet(rng: Rng, room: RoomSize, y: float) -> list[Piece]:
    """A chest or cupboard at the back wall."""
    width, depth, height = rng.uniform(0.5, 1.2), rng.uniform(0.25, 0.4), rng.uniform(0.5, 1.5)
    front = room.back + depth
    parts = [block("furniture", (room.back, y - width / 2, room.floor), (front, y + width / 2, room.floor + height))]
    rows, columns = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    for row in range(rows):
        for column in range(columns):
            low = np.array([y - width / 2 + width * column / columns, room.floor + 0.05 + (height - 0.08) * row / rows])
            high = low + [width / columns, (height - 0.08) / rows]
            parts.append(block("paint_1", (front, *(low + 0.012)), (front + 0.012, *(high - 0.012))))
    return parts


def bookcase(rng: Rng, room: RoomSize, y: float) -> list[Piece]:
    """Open boards with books and boxes."""
    width, depth = rng.uniform(0.7, 1.4), rng.uniform(0.22, 0.32)
    parts = [
        block(
            "furniture",
            (room.back, y + s * width / 2 - 0.012, room.floor),
            (room.back + depth, y + s * width / 2 + 0.012, room.top),
        )
        for s in (-1, 1)
    ]
    step = rng.uniform(0.28, 0.4)
    for level in np.arange(room.floor + 0.06, min(room.top, 0.7), step):
        parts.append(
            block("furniture", (room.back, y - width / 2, level), (room.back + depth, y + width / 2, level + 0.02))
        )
        at = y - width / 2 + 0.03
        while at < y + width / 2 - 0.1:
            thick, high = rng.uniform(0.02, 0.09), rng.uniform(0.5, 0.85) * step
            slot = PAINTS[rng.integers(3)]
            parts.append(
                block(slot, (room.back + 0.03, at, level + 0.02), (room.back + depth - 0.03, at + thick, level + high))
            )
            at += thick + (0.002 if rng.random() < 0.8 else rng.uniform(0.03, 0.2))
    return parts


def stool(rng: Rng, room: RoomSize, x: float, y: float) -> list[Piece]:
    """A stool, or a chair with a back."""
    seat, half = room.floor + rng.uniform(0.4, 0.5), rng.uniform(0.16, 0.22)
    parts = [block("furniture", (x - half, y - half, seat), (x + half, y + half, seat + 0.03))]
    for sx in (-1, 1):
        for sy in (-1, 1):
            corner = (x + sx * (half - 0.03), y + sy * (half - 0.03))
            parts.append(beam("furniture", (*corner, seat), (*corner, room.floor), 0.03))
    if rng.random() < 0.5:
        parts.append(
            block(
                "furniture",
                (x - half, y - half, seat + 0.03),
                (x - half + 0.025, y + half, seat + rng.uniform(0.3, 0.45)),
            )
        )
    return parts


def boxes(rng: Rng, room: RoomSize, x: float, y: float) -> list[Piece]:
    """A stack of crates."""
    parts, level = [], room.floor
    for _ in range(int(rng.integers(1, 4))):
        half, height = rng.uniform(0.14, 0.24, 2), rng.uniform(0.15, 0.35)
        slot = str(rng.choice(["furniture", *PAINTS]))
        parts.append(block(slot, (x - half[0], y - half[1], level), (x + half[0], y + half[1], level + height)))
        level += height
    return parts


def plant(rng: Rng, room: RoomSize, x: float, y: float) -> list[Piece]:
    """A pot with upright leaves."""
    wide, high = rng.uniform(0.1, 0.18), rng.uniform(0.2, 0.4)
    top = room.floor + high
    parts = [
        turned(
            "paint_1",
            [(0, room.floor), (0.75 * wide, room.floor), (wide, top), (0.9 * wide, top), (0, top - 0.03)],
            (x, y),
            14,
        )
    ]
    for angle in rng.uniform(0, 2 * np.pi, int(rng.integers(6, 12))):
        reach, rise = rng.uniform(0.08, 0.35), rng.uniform(0.3, 0.7)
        tip = (x + reach * np.cos(angle), y + reach * np.sin(angle), top + rise)
        parts.append(beam("leaf", (x, y, top - 0.05), tip, rng.uniform(0.015, 0.05), 0.008))
    return parts


def sofa(rng: Rng, room: RoomSize, y: float) -> list[Piece]:
    """Seat, back and arms."""
    width, depth, seat = rng.uniform(1.2, 1.9), rng.uniform(0.6, 0.8), room.floor + rng.uniform(0.34, 0.44)
    x0, x1 = room.back + 0.05, room.back + 0.05 + depth
    parts = [
        block("cloth", (x0, y - width / 2, room.floor + 0.1), (x1, y + width / 2, seat)),
        block("cloth", (x0, y - width / 2, seat), (x0 + 0.2, y + width / 2, seat + rng.uniform(0.3, 0.45))),
    ]
    for side in (-1, 1):
        end = y + side * width / 2
        parts.append(block("cloth", (x0, end - 0.08, room.floor + 0.1), (x1, end + 0.08, seat + 0.16)))
    for place in rng.uniform(-0.35, 0.35, int(rng.integers(0, 4))) * width:
        parts.append(beam("paint_1", (x0 + 0.32, y + place, seat), (x0 + 0.22, y + place, seat + 0.32), 0.34, 0.1))
    return parts


def curtain(rng: Rng, room: RoomSize, y: float) -> list[Piece]:
    """Cloth in folds from top to bottom."""
    width, folds = rng.uniform(0.5, 1.3), int(rng.integers(5, 12))
    edges = np.linspace(y - width / 2, y + width / 2, 2 * folds + 1)
    near, far = room.back + 0.1, room.back + 0.05
    xs = np.where(np.arange(len(edges)) % 2, near, far)
    rise = (0, 0, room.top - room.floor)
    return [
        panel("cloth", (xs[k], edges[k], room.floor), (xs[k + 1] - xs[k], edges[k + 1] - edges[k], 0), rise)
        for k in range(len(edges) - 1)
    ]
