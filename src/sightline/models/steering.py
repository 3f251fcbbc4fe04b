"""Steering: a person's word about where to act, drawn into a camera's picture, in place of what the planner points at.

    policy.steer(observation, Steer("front", point=np.array([120, 90])))

From then on the planner looks for the episode's target there: its box, height and grasp axis are read off the picture
around the point, remembered as a place in the robot's frame, and followed in every view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array

STEERED = ("target", "place")  # roles that a person can point out: what to take, and where it goes


@dataclass(frozen=True, eq=False)
class Steer:
    """One of a point, a box and a trace, in pixels of the original picture of ``camera``.

    Attributes:
        camera: in whose picture.
        point: [2] (u, v) on the thing, or the place.
        box: [4] (x1, y1, x2, y2) around it; its middle is what is pointed at.
        trace: [N,2], N >= 2: from the thing to the place for it. Its ends count; between them the policy finds its way.
        role: what a point or a box shows, ``target`` or ``place``.

    Raises SightlineError unless exactly one of the three is given, finite and of the right shape.
    """

    camera: str
    point: Array | None = None
    box: Array | None = None
    trace: Array | None = None
    role: str = "target"

    def __post_init__(self) -> None:
        require_known("role to steer", self.role, STEERED)
        given = {name: value for name in ("point", "box", "trace") if (value := getattr(self, name)) is not None}
        if len(given) != 1:
            raise SightlineError(f"Steer with one of a point, a box and a trace, not {' and '.join(given) or 'none'}.")
        ((name, value),) = given.items()
        values = np.asarray(value, dtype=np.float64)
        right = values.shape == {"point": (2,), "box": (4,)}.get(name, (len(np.atleast_1d(values)), 2))
        if not right or not np.isfinite(values).all() or (name == "trace" and len(values) < 2):
            raise SightlineError(f"A {name} that steers is {SHAPES[name]} finite pixels, got shape {values.shape}.")

    def points(self) -> dict[str, Array]:
        """Role -> [2] the pixel that is pointed at."""
        if self.trace is not None:
            return {"target": np.asarray(self.trace[0], np.float64), "place": np.asarray(self.trace[-1], np.float64)}
        if self.box is not None:
            return {self.role: np.asarray(self.box, np.float64).reshape(2, 2).mean(0)}
        return {self.role: np.asarray(self.point, np.float64)}


SHAPES = {"point": "[2]", "box": "[4]", "trace": "[N,2] with N >= 2"}
