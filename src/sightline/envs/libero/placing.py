"""Where a thing that is held can be put down so that neither it nor the hand is in the way of anything."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.spatial import cKDTree

from sightline.core.geometry import Array, rotation_z
from sightline.envs.libero.grasps import blocked

TOUCHING = 0.005  # metres between points of two things that are in each other's way
TURNS = np.array([0.0, 1, -1, 2, -2, 3, -3, 4, -4]) * np.pi / 8
RAISES = np.arange(0.0, 0.13, 0.012)  # metres above where it lands from which it may be dropped, for the hand's sake
RANK, TURN, RAISE, DROP, TOUCHED = 0.05, 0.3, 4.0, 8.0, 5.0  # what a worse spot, a radian, metres and contact cost


CELL = 0.01  # metres
BELOW = 0.005  # metres beside a point within which something is below it


@dataclass(frozen=True)
class Place:
    """Where the held thing goes: ``move`` [3] of its origin, then ``turn`` (radians about z through its origin)."""

    move: Array
    turn: float
    cost: float


def find_place(
    held: Array,
    origin: Array,
    tool: Array,
    yaw: float,
    others: Array,
    spots: Array,
    turns: Array,
    limit: float = 2.2,
) -> Place:
    """The best of some spots, and how high above it the hand lets go.

    Args:
        held: [N,3] points of the thing as it is now; ``origin`` [3] of it.
        tool: [3] of the hand now, with its ``yaw``.
        others: [M,3] points of everything else.
        spots: [k,3] where the origin would be, the best ones first, each as low as the thing lies there.
        turns: [k] radians by which it may be turned besides TURNS, such as those that align it with a shelf.
        limit: radians that the hand can be turned.
    """
    best = None
    tree, lowest = cKDTree(others), spots[:, 2].min()
    sample = held[:: max(1, len(held) // 400)]
    for turn in np.concatenate([TURNS, turns]):
        if abs(yaw + turn) > limit and turn:
            continue
        frame = rotation_z(turn)
        shape, hand = (sample - origin) @ frame.T, frame @ (tool - origin)
        closing = rotation_z(yaw + turn)[:, [1, 0, 2]]
        for rank, spot in enumerate(spots):
            cost = RANK * rank + TURN * abs(turn) + DROP * float(spot[2] - lowest)
            if best is not None and cost >= best.cost:
                continue
            moved = shape + spot
            apart, _ = tree.query(moved[moved[:, 2] > moved[:, 2].min() + 0.012], distance_upper_bound=TOUCHING)
            cost += TOUCHED * float(np.isfinite(apart).mean()) if len(apart) else 0.0
            local = others[np.abs(others[:, :2] - (spot + hand)[:2]).max(1) < 0.13] - (spot + hand)
            for rise in RAISES:
                hit = blocked((local - [0, 0, rise]) @ closing)
                if not hit:
                    break
            whole = cost + RAISE * float(rise) + 1.0 * (hit > 0) + 0.01 * hit
            if best is None or whole < best.cost:
                best = Place(spot + [0, 0, rise] - origin, float(turn), float(whole))
    assert best is not None
    return best


def fall(held: Array, others: Array, surface: float) -> float:
    """Metres that a thing can come down until it meets what is below it; negative where it is in there already.

    Things fit closely between walls, so only what is right below holds them up.

    Args:
        held: [N,3] points of the thing.
        others: [M,3] points of everything else.
        surface: height below which nothing falls.
    """
    lowest = float(held[:, 2].min()) - surface
    first, last = held[:, :2].min(0) - BELOW, held[:, :2].max(0) + BELOW
    others = others[((others[:, :2] > first) & (others[:, :2] < last)).all(1)]
    if not len(others):
        return lowest
    under = cKDTree(others[:, :2]).query_ball_point(held[:, :2], BELOW)
    count = np.array([len(found) for found in under])
    if not count.any():
        return lowest
    heights = others[np.fromiter(chain.from_iterable(under), np.int64, int(count.sum())), 2]
    highest = np.maximum.reduceat(heights, (np.cumsum(count) - count)[count > 0])
    return min(lowest, float((held[count > 0, 2] - highest).min()))
