"""What every part of the expert shares: where the arm is, what it holds, and actions towards poses."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.geometry import Array, rotation_z, wrap_angle
from sightline.envs.libero.goals import Step
from sightline.envs.libero.grasps import HAND
from sightline.envs.libero.placing import CELL
from sightline.envs.libero.protocol import MOVE, TURN
from sightline.envs.libero.scene import Scene

GAIN = 1.5  # of the distance still to go, per action: the controller covers about a third of what it is asked
SLOW = 0.025  # metres per action asked at the end of a descent
MARGIN = 0.015  # metres of clearance kept from things passed over
STILL = 0.0008  # metres per step: fingers that move less have met something or their end
STUCK = 0.001  # metres per step: a tool that moves less does not get on
DOWN = np.diag([1.0, -1.0, -1.0])  # the hand points down, its fingers close along y


@dataclass
class Arm:
    """The arm at one moment.

    Attributes:
        position: [3] of the tool, world frame.
        rotation: [3,3] of the hand.
        width: between the fingers, metres; ``closing``: by how much it shrank since the step before.
        moved: metres that the tool came since the step before.
        opens: whether the last command opened the gripper.
        grasped: objects between both fingers.
        fulfilled: of each goal.
    """

    position: Array
    rotation: Array
    width: float
    closing: float
    moved: float
    opens: bool
    grasped: tuple[str, ...]
    fulfilled: tuple[bool, ...]

    @property
    def yaw(self) -> float:
        """Radians about z from where the fingers close along y."""
        return float(np.arctan2(self.rotation[1, 0], self.rotation[0, 0]))

    def towards(
        self, goal: Array, turned: float | Array | None, gripper: float, most: float = MOVE
    ) -> NDArray[np.float32]:
        """The action [7] (metres, radians, gripper +1 open) towards a tool position.

        Args:
            turned: how the hand is to be: pointing down with that yaw (None: the present one), or a rotation [3,3].
            most: metres asked at once.
        """
        wanted = turned if isinstance(turned, np.ndarray) else rotation_z(self.yaw if turned is None else turned) @ DOWN
        turn = Rotation.from_matrix(wanted @ self.rotation.T).as_rotvec()
        move = GAIN * (np.asarray(goal, np.float64) - self.position)
        return np.concatenate([_limited(move, most), _limited(turn, TURN), [gripper]]).astype(np.float32)


class Skill:
    """Does one step, an action at a time, from what it sees.

    Attributes:
        phase: what the last action was for.
        over: whether the step is done and the hand has left, or has given up.
        retries: how often it began again.
    """

    def __init__(self, step: Step, scene: Scene) -> None:
        self.step, self.scene = step, scene
        self.phase, self.over, self.retries = "", False, 0

    @abstractmethod
    def act(self, arm: Arm) -> NDArray[np.float32]:
        """The next action [7] for the present state."""

    def fulfilled(self, arm: Arm) -> bool:
        """Whether the goal that it works for holds."""
        return self.step.goal is not None and arm.fulfilled[self.step.goal]

    def leeway(self, arm: Arm) -> float:
        """How far (m) the tool may be off in this phase."""
        return np.inf

    def may_slip(self, arm: Arm) -> bool:
        """Whether it can make good what a slip of the gripper does now."""
        return False

    def target(self) -> Array | None:
        """[3] where the tool takes or touches it."""
        return None

    def closing(self) -> float:
        """Radians about z, the direction in which the fingers close on it; NaN where they do not close level."""
        return float("nan")

    def place(self) -> Array | None:
        """[3] where the tool lets go of it."""
        return None


def travel(arm: Arm, goal: Array, height: float, yaw: float | None, gripper: float) -> NDArray[np.float32]:
    """One step on the way to above ``goal``: up to ``height`` first, then across."""
    position = arm.position
    if position[2] < height - 0.03:
        return arm.towards(np.array([*position[:2], height + 0.01]), None, gripper)
    return arm.towards(np.array([*goal[:2], height]), yaw, gripper)


def heights(points: Array) -> Array:
    """[K,3] the highest of the points in each cell of a grid."""
    if not len(points):
        return points
    order = np.argsort(points[:, 2])
    cells = np.floor(points[order, :2] / CELL).astype(np.int64)
    _, last = np.unique(cells[::-1], axis=0, return_index=True)
    return points[order][::-1][last]


def clear_height(tops: Array, start: Array, goal: Array, below: float, reach: float) -> float:
    """Height of the tool at which the way from ``start`` to ``goal`` is clear of what ``tops`` [K,3] describes.

    Args:
        below: how far the fingers, or what they hold, reach below the tool; ``reach``: how far sideways.
    """
    if not len(tops):
        return -np.inf
    way = (goal - start)[:2]
    along = np.clip((tops[:, :2] - start[:2]) @ way / max(float(way @ way), 1e-9), 0, 1)
    apart = np.linalg.norm(start[:2] + along[:, None] * way - tops[:, :2], axis=1)
    under, beside = apart < reach + MARGIN, apart < HAND.palm_reach
    return max(
        float(np.max(tops[under, 2], initial=-np.inf)) + below + MARGIN,
        float(np.max(tops[beside, 2], initial=-np.inf)) - HAND.palm_height + MARGIN,
    )


def turned_by(yaw: float, goal: float) -> float:
    """Radians still to turn."""
    return float(abs(wrap_angle(goal - yaw)))


def _limited(vector: Array, most: float) -> Array:
    """The vector, shortened so that no component exceeds ``most``."""
    return vector * min(1.0, most / max(float(np.abs(vector).max()), 1e-9))
