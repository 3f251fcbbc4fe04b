"""A scene of LIBERO as an expert plans with it: clouds of points for what is solid, joints, regions.

All pieces that collide are boxes in this benchmark, or are taken as the boxes around them; a cloud fills them. World
frame, metres, radians.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array

FINE, COARSE = 0.005, 0.008  # metres between points of objects, and of fixtures


@dataclass(frozen=True)
class Joint:
    """How a part moves: a drawer, a door, a knob.

    Attributes:
        body: the part, by its name.
        slides: along ``axis``; else it turns about it, through ``anchor``.
        value: where it is now, metres or radians.
        far: the end of its way that is not where it begins: open, switched on.
        axis, anchor: [3] each.
    """

    body: str
    slides: bool
    value: float
    far: float
    axis: Array
    anchor: Array


@dataclass(frozen=True)
class Region:
    """A box that goals speak of: ``centre`` [3], ``turned`` [3,3], ``half`` sizes [3], ``owner`` ("" or the table)."""

    centre: Array
    turned: Array
    half: Array
    owner: str

    @property
    def reach(self) -> Array:
        """[3] half sizes along the world's axes."""
        return np.abs(self.turned @ self.half)


class Scene:
    """What is where. ``told`` and ``now`` are the worker's answers to ``geometry`` and ``bodies``."""

    def __init__(self, told: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        self._told = told
        self._now: Mapping[str, Any] = now
        self._placed: dict[int, Array] = {}  # clouds in the world frame, as far as they were asked for
        self.regions = tuple(told["regions"])
        self.bodies: list[str] = list(told["bodies"])
        self.owners: list[str] = list(told["owners"])
        self.parts = {name for name, joints in told["parts"].items() if set(joints) & set(told["joints"]["names"])}
        movable = {owner for owner in self.owners if self.owners.count(owner) == 1}
        self._clouds = [self._filled(number, owner in movable) for number, owner in enumerate(self.owners)]

    def update(self, now: Mapping[str, Any]) -> None:
        """Take notice of where things are now."""
        stayed = (now["poses"] == self._now["poses"]).all(1)
        self._placed = {body: cloud for body, cloud in self._placed.items() if stayed[body]}
        self._now = now

    def points(self, name: str) -> Array:
        """[N,3] of an object, of a fixture with its parts, or of one body."""
        return self._joined(i for i, owner in enumerate(self.owners) if name in (owner, self.bodies[i]))

    def others(self, *names: str) -> Array:
        """[N,3] of everything but these objects, fixtures or bodies."""
        return self._joined(i for i, owner in enumerate(self.owners) if not {owner, self.bodies[i]} & set(names))

    def parts_of(self, owner: str) -> list[str]:
        """The bodies of an object or a fixture."""
        return [body for body, whose in zip(self.bodies, self.owners, strict=True) if whose == owner]

    def origin(self, name: str) -> Array:
        """[3] of an object or fixture: what the benchmark takes for its place."""
        return self._now["poses"][self.owners.index(name), :3]

    def turned(self, name: str) -> Array:
        """[3,3] rotation of an object or fixture."""
        return _rotation(self._now["poses"][self.owners.index(name), 3:])

    def level_axes(self, name: str) -> Array:
        """[k] radians about z of those axes of an object that lie about level."""
        axes = self.turned(name)
        return np.array([np.arctan2(axes[1, k], axes[0, k]) for k in range(3) if np.hypot(*axes[:2, k]) > 0.5])

    def joint(self, name: str) -> Joint:
        """The joint that a word of a goal speaks of. Raises SightlineError where it has none."""
        joints = self._told["joints"]
        found = [
            joints["names"].index(joint) for joint in self._told["parts"].get(name, []) if joint in joints["names"]
        ]
        if not found:
            raise SightlineError(
                f"{name} has no part that moves, so that nothing can be opened, closed or turned there."
            )
        number = found[0]
        ends = joints["range"][number]
        return Joint(
            self.bodies[int(joints["body"][number])],
            bool(joints["slides"][number]),
            float(self._now["joints"][number]),
            float(ends[np.argmax(np.abs(ends))]),
            self._now["axes"][number],
            self._now["anchors"][number],
        )

    def region(self, name: str) -> Region | None:
        """The region of that name, None where it is an object's name."""
        regions = self._told["regions"]
        if name not in regions:
            return None
        number = list(regions).index(name)
        told = regions[name]
        half = np.resize(told["half"], 3)
        return Region(self._now["regions"][number], self._now["turned"][number], half, told["owner"])

    @cached_property
    def surface(self) -> float:
        """Height of the table or floor: what objects stood lowest on when the episode began."""
        heights = [self.points(name)[:, 2].min() for name in dict.fromkeys(self.owners) if len(self.points(name))]
        return float(min(heights))

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _filled(self, body: int, fine: bool) -> Array:
        """[N,3] points that fill the pieces of a body, in its frame."""
        pieces = self._told["pieces"]
        clouds = [np.zeros((0, 3))]
        for number in np.flatnonzero(np.asarray(pieces["body"]) == body):
            pose = pieces["pose"][number]
            grid = filled_box(pieces["half"][number], FINE if fine else COARSE)
            clouds.append(grid @ _rotation(pose[3:]).T + pose[:3])
        return np.concatenate(clouds)

    def _joined(self, numbers: Iterable[int]) -> Array:
        return np.concatenate([np.zeros((0, 3)), *(self._world(number) for number in numbers)])

    def _world(self, number: int) -> Array:
        if number not in self._placed:
            pose = self._now["poses"][number]
            self._placed[number] = self._clouds[number] @ _rotation(pose[3:]).T + pose[:3]
        return self._placed[number]


def filled_box(half: NDArray, spacing: float) -> Array:
    """[N,3] points evenly spread in a box around the origin, its corners among them."""
    lines = [np.linspace(-side, side, max(2, int(np.ceil(2 * side / spacing)) + 1)) for side in half]
    return np.stack(np.meshgrid(*lines, indexing="ij"), -1).reshape(-1, 3)


def _rotation(quaternion: Array) -> Array:
    """[3,3] of a quaternion (wxyz)."""
    return Rotation.from_quat(np.roll(quaternion, -1)).as_matrix()
