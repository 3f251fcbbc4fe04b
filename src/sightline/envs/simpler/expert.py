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
from sightline.core.types import SceneState

STRIDE, TURN = 0.04, 0.35  # metres and radians of the command in one step
NEAR = 0.004  # metres from the tool to where it is to be: there
WAIT = 6  # steps after which it goes on all the same
GRIP, LET_GO = 4, 3  # steps that the fingers are given to close, and to open
HOVER = 0.08  # metres above a grasp at which the hand arrives
BESIDE, ASKEW = 0.012, 0.15  # metres and radians from the grasp's axis within which it comes down
MOVED = 0.01  # metres that a thing has moved: it is grasped where it is now
RETREAT = 0.10  # metres above where it let go at which the hand stays
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


@dataclass(frozen=True)
class Route:
    """Where the tool goes with one thing: positions [3] of the tool in the robot's frame.

    Attributes:
        source: [3] of the thing when this was decided.
        grasp, release: where the fingers close and open.
        yaw: of the tool about the vertical.
        height: of the tool at which it is carried.
    """

    source: Array
    grasp: Array
    release: Array
    yaw: float
    height: float


class Known(Protocol):
    """An environment that tells what its simulator knows, see SimplerEnv."""

    task: str

    def truth(self) -> dict[str, Any]: ...


class WidowXExpert:
    """Grasps the source and releases it over the target, in the environment's present episode, and then keeps away.

    It decides anew at every step from where things are, so that it can go on from wherever it was pushed to.

    Attributes:
        phase: what the last action was for.
        route: where the hand goes; None before the first action.
        retries: how often it began again.
    """

    def __init__(self, env: Known) -> None:
        self.env = env
        self.phase, self.retries = "", 0
        self.route: Route | None = None
        self._closed = self._let_go = False
        self._opening = 0  # steps that the fingers are still given to open
        self._waited = 0  # steps for the fingers, or for the arm to come where it was told to be

    def act(self) -> NDArray[np.float32]:
        """The next action [7]: delta of the commanded tool pose (rotation vector), gripper."""
        truth = self.env.truth()
        at, _ = local(truth, truth["poses"][truth["source"]])
        on_the_way = not self._closed and not self._let_go
        if self.route is None or (on_the_way and np.linalg.norm(at - self.route.source) > MOVED):
            self.route = self._plan(truth)
        return self._with_closed(truth, self.route) if self._closed else self._with_open(truth, self.route)

    def leeway(self, action: NDArray[np.float32], scene: SceneState) -> float:
        """How far (m) the tool may be off while it carries out ``action``: little where it is about to touch things."""
        if self.route is None or self.phase in ("grasp", "place", "retreat"):
            return 0.0
        low = scene.tool[2] < self.route.grasp[2] + HOVER / 2
        return 0.004 if low else np.inf

    def may_slip(self, scene: SceneState) -> bool:
        """Never: what falls may roll out of reach."""
        return False

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _with_open(self, truth: dict[str, Any], route: Route) -> NDArray[np.float32]:
        if self._let_go:
            return self._leave(truth, route)
        self.phase = "move to the grasp"
        if self._opening > 0:
            self._opening -= 1
            return self._towards(truth, truth["command"][:3], route.yaw, 1.0)
        command, tool = truth["command"], self._tool(truth)
        away = float(np.hypot(*(route.grasp - tool)[:2]))
        if away > BESIDE or _still_to_turn(command, route.yaw).magnitude() > ASKEW:
            self._waited = 0
            hover = route.grasp + [0.0, 0.0, HOVER]
            if away > BESIDE and tool[2] < hover[2] - HOVER / 2:  # up before it goes aside
                hover[:2] = command[:2]
            return self._towards(truth, hover, route.yaw, 1.0)
        if self._arrived(truth, route.grasp):
            self._closed, self._waited, self.phase = True, 0, "grasp"
            return self._towards(truth, route.grasp, route.yaw, -1.0)
        return self._towards(truth, route.grasp, route.yaw, 1.0)

    def _with_closed(self, truth: dict[str, Any], route: Route) -> NDArray[np.float32]:
        tool = self._tool(truth)
        away = float(np.hypot(*(route.release - tool)[:2]))
        if self.phase == "grasp":
            self._waited += 1
            if self._waited < GRIP:
                return self._towards(truth, route.grasp, route.yaw, -1.0)
            self._waited, self.phase = 0, "lift"
        if not truth["grasped"]:  # it missed, or has lost it
            self._closed, self._opening = False, LET_GO
            self._again(truth)
            return self._with_open(truth, route)
        if away > BESIDE:
            high = tool[2] > route.height - 0.01
            self.phase = "carry" if high or (self.phase == "carry" and tool[2] > route.height - 0.03) else "lift"
            aside = route.release if self.phase == "carry" else truth["command"]
            return self._towards(truth, np.array([*aside[:2], route.height]), route.yaw, -1.0)
        self.phase = "place"
        if self._arrived(truth, route.release):
            self._closed, self._let_go, self._waited = False, True, 0
            return self._towards(truth, route.release, route.yaw, 1.0)
        return self._towards(truth, route.release, route.yaw, -1.0)

    def _leave(self, truth: dict[str, Any], route: Route) -> NDArray[np.float32]:
        """Up, and stay there; begin again where it did not work."""
        self.phase = "retreat"
        self._waited += 1
        if self._waited <= LET_GO:
            return self._towards(truth, route.release, route.yaw, 1.0)
        if self._waited > LET_GO + 2 * WAIT and not truth["done"]:
            self._let_go = False
            self._again(truth)
        return self._towards(truth, route.release + [0.0, 0.0, RETREAT], route.yaw, 1.0)

    def _again(self, truth: dict[str, Any]) -> None:
        """Grasp it where it is now."""
        self.route, self._waited = self._plan(truth), 0
        self.retries += 1

    def _arrived(self, truth: dict[str, Any], aim: Array) -> bool:
        """Whether the tool is there, or has been told to be for long and will not come nearer."""
        if np.linalg.norm(aim - truth["command"][:3]) > 1e-4:
            self._waited = 0
            return False
        self._waited += 1
        return bool(np.linalg.norm(aim - self._tool(truth)) < NEAR) or self._waited > WAIT

    def _towards(self, truth: dict[str, Any], aim: Array, yaw: float, gripper: float) -> NDArray[np.float32]:
        """The action that moves the command towards a position of a tool that looks down, turned by ``yaw``."""
        command = truth["command"]
        move = _shortened(aim - command[:3], STRIDE)
        turn = _shortened(_still_to_turn(command, yaw).as_rotvec(), TURN)
        return np.concatenate([move, turn, [gripper]]).astype(np.float32)

    def _plan(self, truth: dict[str, Any]) -> Route:
        how = GRASPS[self.env.task]
        source, target = (truth["poses"][truth[name]] for name in ("source", "target"))
        (at, turned), (goal, _) = local(truth, source), local(truth, target)
        half, floor = truth["sizes"][truth["source"]][2] / 2, truth["sizes"][truth["target"]][2] / 2
        long = turned.apply([1.0, 0.0, 0.0])
        long[2] = 0.0
        long /= np.linalg.norm(long)
        # From a half of what looks the same to the fingers on: the benchmark's things lie at 0 and 90 degrees, and what
        # is turned to one side or the other by chance is hard to imitate.
        yaw = (np.arctan2(long[1], long[0]) + how.symmetry / 4) % how.symmetry - how.symmetry / 4
        grasp = at + how.along * long + [0.0, 0.0, how.above]
        release = goal + (grasp - at) + [0.0, 0.0, floor + half + how.drop]
        return Route(at, grasp, release, float(yaw), max(grasp[2] + how.lift, release[2]))

    @staticmethod
    def _tool(truth: dict[str, Any]) -> Array:
        return local(truth, truth["tool"])[0]


def local(truth: dict[str, Any], pose: Array) -> tuple[Array, Rotation]:
    """Position and rotation in the robot's frame of a pose [7] of the world; ``truth`` as SimplerEnv tells it."""
    back = rotation_of(truth["base"]).inv()
    return back.apply(pose[:3] - truth["base"][:3]), back * rotation_of(pose)


def _still_to_turn(command: Array, yaw: float) -> Rotation:
    """From how the hand is told to be to looking down, turned by ``yaw``."""
    return (Rotation.from_euler("z", yaw) * DOWN) * rotation_of(command).inv()


def rotation_of(pose: Array) -> Rotation:
    """Of a pose [7] xyz, wxyz."""
    return Rotation.from_quat(pose[[4, 5, 6, 3]])


def _shortened(vector: Array, most: float) -> Array:
    """The vector, or the one of length ``most`` in its direction."""
    length = float(np.linalg.norm(vector))
    return vector if length <= most else vector * (most / length)
