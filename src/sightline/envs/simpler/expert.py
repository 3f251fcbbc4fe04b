"""A scripted expert for SimplerEnv's WidowX tasks: from poses that the simulator knows to actions of the card.

Everything is in the robot's frame: metres, radians, z up. The tool looks down and its fingers close across the long
side of what they grasp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.geometry import Array

STRIDE, TURN = 0.04, 0.35  # metres and radians of the command in one step
NEAR = 0.004  # metres from the tool to where it is to be: there
WAIT = 6  # steps after which it goes on all the same
DOWN = Rotation.from_euler("y", np.pi / 2)  # the tool's x axis, along which it reaches, points down


@dataclass(frozen=True)
class Grasp:
    """How one of the things is handled.

    Attributes:
        along: metres from its middle along its long side to where it is grasped.
        above: metres from its middle up to the tool.
        symmetry: angle by which it may be turned without looking different to the fingers.
        lift: metres up before it is carried.
        drop: metres between its underside and what it is released over.
    """

    along: float = 0.0
    above: float = 0.004
    symmetry: float = np.pi
    lift: float = 0.10
    drop: float = 0.008


GRASPS = {
    "widowx_spoon_on_towel": Grasp(along=0.02, above=0.004),
    "widowx_carrot_on_plate": Grasp(),
    "widowx_stack_cube": Grasp(above=0.006, symmetry=np.pi / 2, drop=0.004),
    # Over the wall of the sink, and let fall into the basket.
    "widowx_put_eggplant_in_basket": Grasp(above=0.0, lift=0.12, drop=0.11),
}


@dataclass
class Waypoint:
    """Where the tool is to be next.

    Attributes:
        position: [3] of the tool.
        yaw: of the tool about the vertical.
        gripper: +1 open, -1 closed.
        hold: steps that are spent there.
    """

    position: Array
    yaw: float
    gripper: float
    hold: int = 0


class Known(Protocol):
    """An environment that tells what its simulator knows, see SimplerEnv."""

    task: str

    def truth(self) -> dict[str, Any]: ...


class WidowXExpert:
    """Grasps the source and releases it over the target, in the environment's present episode."""

    def __init__(self, env: Known) -> None:
        self.env = env
        truth = env.truth()
        command = truth["command"]
        self._position, self._rotation = command[:3].copy(), _rotation(command)
        self._plan: list[Waypoint] = []
        self._waited = 0

    def act(self) -> NDArray[np.float32]:
        """The next action [7]: delta of the commanded tool pose (rotation vector), gripper."""
        if not self._plan:
            self._plan = self._route()
        self._advance()
        aim = self._plan[0]
        move = _shortened(aim.position - self._position, STRIDE)
        wanted = Rotation.from_euler("z", aim.yaw) * DOWN
        turn = Rotation.from_rotvec(_shortened((wanted * self._rotation.inv()).as_rotvec(), TURN))
        self._position, self._rotation = self._position + move, turn * self._rotation
        return np.concatenate([move, turn.as_rotvec(), [aim.gripper]]).astype(np.float32)

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """On to the next waypoint where the tool is at this one, or will not come nearer."""
        aim = self._plan[0]
        if len(self._plan) == 1 or np.linalg.norm(aim.position - self._position) > 1e-6:
            return
        self._waited += 1
        near = np.linalg.norm(aim.position - self._tool()) < NEAR
        if self._waited > aim.hold and (near or self._waited > aim.hold + WAIT):
            self._plan.pop(0)
            self._waited = 0

    def _route(self) -> list[Waypoint]:
        truth, how = self.env.truth(), GRASPS[self.env.task]
        source, target = (truth["poses"][truth[name]] for name in ("source", "target"))
        (at, turned), (goal, _) = self._local(source), self._local(target)
        half, floor = truth["sizes"][truth["source"]][2] / 2, truth["sizes"][truth["target"]][2] / 2
        long = turned.apply([1.0, 0.0, 0.0])
        long[2] = 0.0
        long /= np.linalg.norm(long)
        yaw = (np.arctan2(long[1], long[0]) + how.symmetry / 2) % how.symmetry - how.symmetry / 2
        grasp = at + how.along * long + [0.0, 0.0, how.above]
        carried = grasp - at
        up = grasp + [0.0, 0.0, how.lift]
        release = goal + carried + [0.0, 0.0, floor + half + how.drop]
        over = np.array([release[0], release[1], max(up[2], release[2])])
        return [
            Waypoint(grasp + [0.0, 0.0, 0.08], yaw, 1.0),
            Waypoint(grasp, yaw, 1.0),
            Waypoint(grasp, yaw, -1.0, hold=3),
            Waypoint(up, yaw, -1.0),
            Waypoint(over, yaw, -1.0),
            Waypoint(release, yaw, -1.0, hold=1),
            Waypoint(release, yaw, 1.0, hold=3),
            Waypoint(release + [0.0, 0.0, 0.10], yaw, 1.0),
        ]

    def _local(self, pose: Array) -> tuple[Array, Rotation]:
        """Position and rotation in the robot's frame of a pose [7] of the world."""
        base = self.env.truth()["base"]
        back = _rotation(base).inv()
        return back.apply(pose[:3] - base[:3]), back * _rotation(pose)

    def _tool(self) -> Array:
        return self._local(self.env.truth()["tool"])[0]


def _rotation(pose: Array) -> Rotation:
    """Of a pose [7] xyz, wxyz."""
    return Rotation.from_quat(pose[[4, 5, 6, 3]])


def _shortened(vector: Array, most: float) -> Array:
    """The vector, or the one of length ``most`` in its direction."""
    length = float(np.linalg.norm(vector))
    return vector if length <= most else vector * (most / length)
