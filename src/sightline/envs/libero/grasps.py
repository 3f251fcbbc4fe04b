"""Grasps of anything from above, from clouds of points: what the fingers close on, and what the hand would hit.

Where the open fingers fit around a part of the thing (a can, or the rim of a bowl) is a grasp. Among those the best one
is flush, deep and near the middle, and keeps the hand free of everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sightline.core.geometry import Array, rotation_z, wrap_half_turn
from sightline.core.hand import Hand

HAND = Hand(
    opening=0.0772,
    tip=0.0092,
    finger_reach=0.0655,
    finger_half=0.0105,
    pad_height=0.0116,
    palm_height=0.031,
    palm_reach=0.104,
    palm_half=0.0316,
)
"""The Panda's hand as this benchmark has it (robosuite's, with short fingers)."""

FOOT = 0.0145  # metres: how thick a finger is at its tip
SPARE = 0.003  # metres kept free around fingers and palm
SLACK = 0.006  # metres that the open fingers are wider than what they close on
STEP = 0.008  # metres between places where a grasp is tried
SPLIT = 0.008  # metres without points between two parts of a thing
DEPTHS = (0.008, 0.012, 0.02, 0.028, 0.036)  # metres from the top of what is grasped to the finger tips
TOUCH = 0.0025  # metres from the outermost point that count as in contact
YAWS = np.arange(16) * np.pi / 16
LEVER = 0.04  # metres from the middle at which a grasp is worth 37 % of one in it
# Balance and little turning weigh most: how well the points of a cloud lie between the pads is a matter of chance.
WEIGHTS = {"stance": 1.0, "depth": 0.5, "balance": 1.5, "slack": 0.3}
TURN = 0.25  # that a radian of turning costs
CROWDED = 3.0  # that the first point in the way costs, and the more the more
ROOMY = 0.01  # metres of room around the hand from which on more is no better
TIGHT = 0.6  # that less room costs: what just fits is taken otherwise as soon as a neighbour lies a little nearer


@dataclass(frozen=True)
class Grasp:
    """Where the tool goes ([3], world frame), turned by ``yaw`` about z, and how wide what it closes on is (metres)."""

    point: Array
    yaw: float
    width: float
    score: float

    @property
    def closing(self) -> float:
        """Radians about z, the direction in which the fingers close."""
        return self.yaw + np.pi / 2


def find_grasps(target: Array, others: Array, floor: float, yaw: float, own: Array, keep: int = 12) -> list[Grasp]:
    """Grasps of a thing, the best first; none where it is nowhere thin enough.

    Args:
        target, others: [N,3] points of the thing, and of everything else.
        floor: height that the finger tips stay above.
        yaw: of the tool now; grasps with less turning are better.
        own: [k] further yaws to try, such as those of the thing's own axes.
    """
    middle = target.mean(0)
    near = np.abs(others - middle).max(1) < np.ptp(target, axis=0).max() + HAND.palm_reach
    others = others[near]
    tried: list[tuple[Grasp, _Around]] = []
    for closing in np.concatenate([YAWS, own]):
        turned = nearest_turns(float(closing), yaw)[0]
        around = _Around(target, others, rotation_z(turned)[:, [1, 0, 2]])
        tried += [(grasp, around) for grasp in _with_yaw(around, middle, floor, turned, yaw)]
    return _freest(tried, keep)


def nearest_turns(tried: float, now: float, limit: float = 2.2) -> list[float]:
    """The same closing direction, by the least turning from ``now``, within what the wrist can turn."""
    base = now + float(wrap_half_turn(tried - now))
    turns = [base + k * np.pi for k in (-1, 0, 1)]
    allowed = [turn for turn in turns if abs(turn) <= limit] or turns[1:2]
    return sorted(allowed, key=lambda turn: abs(turn - now))


class _Around:
    """Points of the thing and of everything else in the hand's frame, ``frame`` [3,3]: closing, across, up."""

    def __init__(self, target: Array, others: Array, frame: Array) -> None:
        self.frame = frame
        turned = target @ frame
        self.target = turned[np.argsort(turned[:, 1])]  # so that a finger's breadth of it is a slice
        self.others = others @ frame

    def strip(self, across: float) -> Array:
        """[N,3] points of the thing as broad as a finger."""
        edges = np.searchsorted(self.target[:, 1], [across - HAND.finger_half, across + HAND.finger_half])
        return self.target[slice(*edges)]

    def crowding(self, point: Array) -> float:
        """What is in the way of a hand at ``point`` [3] (world frame), or close to it."""
        place = point @ self.frame
        others = self.others - place
        hit = blocked(self.target - place) + blocked(others) + _amid(others)
        return CROWDED * (hit > 0) + 0.02 * hit + TIGHT * (blocked(others, spare=ROOMY) > 0)


def _freest(tried: list[tuple[Grasp, _Around]], keep: int) -> list[Grasp]:
    """The best grasps once what is in their way is counted, which is dear, so that it is done for the best alone."""
    found: list[Grasp] = []
    for grasp, around in sorted(tried, key=lambda one: -one[0].score):
        if len(found) >= keep and found[keep - 1].score >= grasp.score:
            break
        found.append(replace(grasp, score=grasp.score - around.crowding(grasp.point)))
        found.sort(key=lambda one: -one.score)
    return found[:keep]


def _with_yaw(around: _Around, middle: Array, floor: float, turned: float, now: float) -> Iterator[Grasp]:
    """Grasps with one closing direction, whatever may be in the hand's way."""
    target, middle = around.target, middle @ around.frame
    low, high = target[0, 1], target[-1, 1]
    count = int((high - low) / STEP) | 1  # odd: one of them in the middle
    for across in np.linspace(low, high, count + 2)[1:-1]:
        strip = around.strip(float(across))
        if not len(strip):
            continue
        top = strip[:, 2].max()
        for tip in dict.fromkeys(round(max(top - depth, floor), 4) for depth in DEPTHS):
            # Between the fingers is all that is above their tips, but only the pads hold it.
            between = strip[strip[:, 2] > tip - 0.002]
            band = between[between[:, 2] < tip + HAND.tip + HAND.pad_height]
            for first, last in _parts(between[:, 0]):
                width = last - first
                if width > HAND.opening - SLACK:
                    continue
                place = np.array([(first + last) / 2, across, tip + HAND.tip])
                met = band[(band[:, 0] >= first) & (band[:, 0] <= last)]
                score = _worth(met, first, last, place, middle) - TURN * abs(turned - now)
                yield Grasp(around.frame @ place, turned, float(width), float(score))


def _parts(along: Array) -> Iterator[tuple[float, float]]:
    """First and last of each run of points, and of runs next to each other together."""
    if not len(along):
        return
    line = np.sort(along)
    breaks = np.flatnonzero(np.diff(line) > SPLIT)
    starts, ends = line[np.r_[0, breaks + 1]], line[np.r_[breaks, len(line) - 1]]
    for i, start in enumerate(starts):
        for end in ends[i : i + 3]:
            yield float(start), float(end)


def _worth(met: Array, first: float, last: float, place: Array, middle: Array) -> float:
    """How good the contact is, 0 to about 2."""
    stance, depth = [], []
    for side in (met[met[:, 0] < first + TOUCH], met[met[:, 0] > last - TOUCH]):
        if not len(side):  # a finger meets it above the pad
            return 0.0
        stance.append(min(1.0, float(np.ptp(side[:, 1])) / (1.6 * HAND.finger_half)))
        depth.append(min(1.0, float(np.ptp(side[:, 2])) / 0.015))
    lever = float(np.hypot(*(place - middle)[:2]))
    terms = {
        "stance": min(stance),
        "depth": min(depth),
        "balance": float(np.exp(-((lever / LEVER) ** 2))),
        "slack": min(1.0, (HAND.opening - (last - first)) / 0.03),
    }
    return sum(WEIGHTS[name] * value for name, value in terms.items())


def _amid(local: Array) -> int:
    """How many points [N,3] of other things the fingers would close on."""
    within = (np.abs(local[:, 0]) <= HAND.opening / 2) & (np.abs(local[:, 1]) < HAND.finger_half)
    return int((within & (local[:, 2] > -HAND.tip) & (local[:, 2] < HAND.palm_height)).sum())


def blocked(local: Array, opening: float = HAND.opening / 2, spare: float = SPARE) -> int:
    """How many points [N,3] (from the tool, in the hand's frame: closing, across, up) are where the hand is, or less
    than ``spare`` metres beside it."""
    along, across, up = np.abs(local[:, 0]), np.abs(local[:, 1]), local[:, 2]
    reach = np.where(up > 0.02, HAND.finger_reach, opening + FOOT)
    fingers = (across < HAND.finger_half + spare) & (along > opening) & (along < reach + spare) & (up > -HAND.tip)
    palm = (along < HAND.palm_reach + spare) & (across < HAND.palm_half + spare) & (up > HAND.palm_height - spare)
    return int((fingers | palm).sum())
