"""Lifting what an opened drawer, say, hangs over: it is first drawn out from under it, level."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from sightline.core.geometry import Array, rotation_z
from sightline.envs.libero.grasps import Grasp, blocked, find_grasps
from sightline.envs.libero.placing import TOUCHING

NEARBY = 0.3  # metres around a thing's middle within which others matter
BESIDE = 0.008  # metres kept to the side of what hangs over it
WAYS = np.stack([np.cos(np.arange(16) * np.pi / 8), np.sin(np.arange(16) * np.pi / 8), np.zeros(16)], 1)
LENGTHS = np.arange(0.02, 0.121, 0.01)  # metres that it is drawn
MANY = 40  # grasps to choose from
COST = 5.0  # of a metre of the way, in the score of a grasp
NO_WAY = 5.0  # what it costs that there is none, and the thing would be lifted against what hangs over it
BOTTOM = 0.012  # metres of a thing that may touch what it stands on


def find_ways(target: Array, others: Array, floor: float, yaw: float, own: Array) -> list[tuple[Grasp, Array]]:
    """Grasps as :func:`find_grasps` finds them, the best first, each with the level way [3] (metres) to where hand and
    thing can be lifted; zero where nothing hangs over the thing."""
    near = others[np.abs(others - target.mean(0)).max(1) < NEARBY]
    top = target[:, 2].max()
    tops, low = near[near[:, 2] > top], near[near[:, 2] <= top]
    if not len(tops) or not _covered(target, cKDTree(tops[:, :2])):
        return [(grasp, np.zeros(3)) for grasp in find_grasps(target, others, floor, yaw, own)]
    room = _Room(target, low, tops)
    ways = [(grasp, room.way_out(grasp)) for grasp in find_grasps(target, others, floor, yaw, own, keep=MANY)]
    ways.sort(key=lambda one: (NO_WAY if one[1] is None else COST * np.linalg.norm(one[1])) - one[0].score)
    return [(grasp, np.zeros(3) if way is None else way) for grasp, way in ways]


def _covered(target: Array, tops: cKDTree) -> bool:
    apart, _ = tops.query(target[:, :2], distance_upper_bound=BESIDE)
    return bool(np.isfinite(apart).any())


class _Room:
    """What is around a thing ``target`` [N,3]: ``low`` [M,3] beside it and ``tops`` [K,3] above it."""

    def __init__(self, target: Array, low: Array, tops: Array) -> None:
        self.target, self.low, self.tops = target, low, tops
        self.upper = target[target[:, 2] > target[:, 2].min() + BOTTOM]
        self.beside, self.above = cKDTree(low), cKDTree(tops[:, :2])

    def way_out(self, grasp: Grasp) -> Array | None:
        """[3] the shortest level way to where nothing is above hand and thing; None where there is none."""
        frame = rotation_z(grasp.yaw)[:, [1, 0, 2]]

        def lifts(way: Array) -> bool:
            return not _covered(self.target + way, self.above) and not blocked((self.tops - grasp.point - way) @ frame)

        def passes(way: Array) -> bool:
            apart, _ = self.beside.query(self.upper + way, distance_upper_bound=TOUCHING)
            return not np.isfinite(apart).any() and not blocked((self.low - grasp.point - way) @ frame)

        ways = (way for length in LENGTHS for way in WAYS * length)
        return next((way for way in ways if lifts(way) and passes(way / 2) and passes(way)), None)
