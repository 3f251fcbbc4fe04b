"""Putting an object somewhere: take it from above, carry it over everything, let it go where the goal wants it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array, rotation_z, wrap_half_turn
from sightline.envs.libero.arm import SLOW, STILL, STUCK, Arm, Skill, clear_height, heights, travel, turned_by
from sightline.envs.libero.goals import Step
from sightline.envs.libero.grasps import HAND, Grasp
from sightline.envs.libero.overhang import find_ways
from sightline.envs.libero.placing import Place, fall, find_place
from sightline.envs.libero.scene import Scene

ABOVE = 0.06  # metres above a grasp at which the hand arrives
NEAR = 0.02  # metres beside the goal within which the tool comes down
OUT = 0.01  # metres short of where it can be lifted that count as there
CLOSE = 0.005  # metres from the grasp at which the fingers close
PATIENCE = 8  # steps without getting on after which something else is tried
REOPEN = 4  # steps
EMPTY = 0.002  # metres between fingers that hold nothing
FLOOR = 0.003  # metres between finger tips and table
EXACT = 0.01  # metres beside its place within which an object is lowered all the way
SPREAD = 0.85  # of a region's usable reach: how far from its middle things go that share it
USABLE = 0.8  # of a region's half sizes that origins of objects are put within
ON = 0.012  # metres around an object's own place that are tried when something is put on it


class Put(Skill):
    """Brings ``step.subject`` to ``step.place``. ``share``: which of how many that go to the same place it is."""

    def __init__(self, step: Step, scene: Scene, share: tuple[int, int] = (0, 1)) -> None:
        super().__init__(step, scene)
        self.share = share
        self.grasp: Grasp | None = None
        self.phase = "move to the grasp"
        self._out = np.zeros(3)  # the level way to where it can be lifted
        self._origin = np.zeros(3)  # of the object when its grasp was chosen
        self._missed: list[Grasp] = []
        self._spot: Place | None = None
        self._goal = np.zeros(3)  # where the object's origin goes
        self._before = np.zeros(3)  # of what it goes to when the place was chosen
        self._yaw = 0.0  # of the hand when it lets go
        self._held = np.zeros(3)  # from the object's origin to the tool when it was taken
        self._free = np.zeros(3)  # where the tool can lift it
        self._lifted_from, self._closed = 0.0, 0.0  # height of the tool then, width of the fingers
        self._tops = np.zeros((0, 3))  # what there is to pass over
        self._still: Array | None = None  # where the tool waits while fingers move: asked for nothing, it would drift
        self._leaving = False
        self._waited = self._stalled = 0  # steps
        self._pause = 0  # steps that the fingers are still given to begin to open

    def act(self, arm: Arm) -> NDArray[np.float32]:
        """The next action [7] for the present state."""
        if self._still is None:
            self._still = arm.position
        return self._with_open(arm) if arm.opens else self._with_closed(arm)

    def leeway(self, arm: Arm) -> float:
        """Little where the hand comes down on the object."""
        if self.grasp is None or not arm.opens or self._leaving:
            return np.inf
        low = arm.position[2] < self._point()[2] + ABOVE
        return float(np.clip((HAND.opening - self.grasp.width) / 2 - 0.004, 0.003, 0.02)) if low else np.inf

    def may_slip(self, arm: Arm) -> bool:
        """Not while what it holds would fall."""
        return arm.opens or self._spot is None or arm.position[2] < self._lifted_from + 0.03

    def target(self) -> Array | None:
        """[3] of the grasp, where the object is now."""
        return None if self.grasp is None else self._point()

    def closing(self) -> float:
        """Of the grasp."""
        return float("nan") if self.grasp is None else self.grasp.closing

    def place(self) -> Array | None:
        """[3] of the tool where it lets go, once that is known."""
        return None if self._spot is None else self._goal + rotation_z(self._spot.turn) @ self._held

    # ---- with closed fingers ----------------------------------------------------------------------------------------

    def _with_closed(self, arm: Arm) -> NDArray[np.float32]:
        held = self.step.subject in arm.grasped
        if held and arm.closing < STILL:
            self._waited, self._still = 0, arm.position
            return self._carry(arm)
        self.phase, self._waited = "grasp", 0 if arm.closing > STILL else self._waited + 1
        if arm.width > EMPTY and self._waited < PATIENCE:  # a finger may still be moving what it has met
            return self._waiting(arm, -1.0)
        self._again(arm)
        return self._waiting(arm, 1.0)

    def _carry(self, arm: Arm) -> NDArray[np.float32]:
        scene, subject = self.scene, self.step.subject
        points, origin = scene.points(subject), scene.origin(subject)
        if self._spot is None:
            self._choose_place(arm, points, origin)
        assert self._spot is not None
        if arm.position[2] < self._lifted_from + ABOVE / 2 and self._is_under(arm):
            self.phase = "lift"
            return arm.towards(self._free + [0, 0, OUT], None, -1.0)
        left = rotation_z(self._yaw - arm.yaw)
        wanted = self._goal + self._centre() - self._before  # what it goes to may have been moved
        goal = wanted + left @ (arm.position - origin)
        goal[2] = arm.position[2] - (origin[2] - wanted[2])
        away = float(np.hypot(*(goal - arm.position)[:2]))
        if self.phase == "place" and (self._is_low(arm, goal, away) or self.fulfilled(arm)):
            self.phase, self._leaving, self._waited, self._closed = "place", True, 0, arm.width
            return self._waiting(arm, 1.0)
        if away < NEAR and turned_by(arm.yaw, self._yaw) < 0.15:
            self.phase = "place"
            goal[2] += 0.04 * float(np.clip((away - EXACT) / 0.01, 0, 1))
            return arm.towards(goal, self._yaw, -1.0, SLOW if arm.position[2] - goal[2] < 0.04 else 0.05)
        below, reach = self._hangs(arm, points)
        height = clear_height(self._tops, arm.position, goal, below, reach)
        height = max(height, self._lifted_from + 0.05)
        self.phase = "lift" if arm.position[2] < height - 0.03 else "carry"
        return travel(arm, goal, height, self._yaw, -1.0)

    def _is_under(self, arm: Arm) -> bool:
        """Whether the way to where it can be lifted is still to be gone."""
        length = float(np.linalg.norm(self._out))
        return bool((self._free - arm.position) @ self._out > OUT * length)

    def _waiting(self, arm: Arm, gripper: float) -> NDArray[np.float32]:
        assert self._still is not None
        return arm.towards(self._still, None, gripper)

    def _is_low(self, arm: Arm, goal: Array, away: float) -> bool:
        """Whether the object has come down as far as it goes, be it a little beside its place."""
        self._stalled = self._stalled + 1 if arm.moved < STUCK else 0
        return arm.position[2] - goal[2] < 0.004 or self._stalled > (4 if away < EXACT else PATIENCE)

    def _hangs(self, arm: Arm, points: Array) -> tuple[float, float]:
        """How far what is held reaches below the tool, and sideways."""
        sideways = np.linalg.norm(points[:, :2] - arm.position[:2], axis=1).max()
        return float(max(arm.position[2] - points[:, 2].min(), HAND.tip)), float(max(sideways, HAND.finger_reach))

    def _choose_place(self, arm: Arm, points: Array, origin: Array) -> None:
        others = self.scene.others(self.step.subject)
        spots = self._spots(origin)
        self._held, self._lifted_from, self._stalled = arm.position - origin, float(arm.position[2]), 0
        self._free = arm.position + self._out
        self._tops = heights(others)
        for spot in spots:
            spot[2] -= fall(points + (spot - origin) * [1, 1, 0], others, self.scene.surface)
        aligned = self.scene.level_axes(self.step.subject)[:2]
        aligned = np.concatenate([wrap_half_turn(-aligned), wrap_half_turn(np.pi / 2 - aligned)])
        self._spot = find_place(points, origin, arm.position, arm.yaw, others, spots, aligned)
        self._goal, self._yaw, self._before = origin + self._spot.move, arm.yaw + self._spot.turn, self._centre()

    def _centre(self) -> Array:
        """[3] of what the object goes to."""
        region = self.scene.region(self.step.place)
        return (self.scene.origin(self.step.place) if region is None else region.centre).copy()

    def _spots(self, origin: Array) -> Array:
        """[k,3] places for the object's origin, the best first."""
        region = self.scene.region(self.step.place)
        centre, reach = self._centre(), np.full(3, ON) if region is None else USABLE * region.reach
        number, of = self.share
        grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 7)] * 2, indexing="ij"), -1).reshape(-1, 2) * reach[:2]
        wish = np.array([0.0, 0.0])
        if of > 1:
            wish[int(np.argmax(reach[:2]))] = reach[:2].max() * (2 * number / (of - 1) - 1) * SPREAD
        grid = np.concatenate([wish[None], grid[np.argsort(np.linalg.norm(grid - wish, axis=1))]])
        return np.concatenate([centre[:2] + grid, np.full((len(grid), 1), origin[2])], 1)

    # ---- with open fingers ------------------------------------------------------------------------------------------

    def _with_open(self, arm: Arm) -> NDArray[np.float32]:
        self._pause -= 1
        if self._pause > 0 or arm.closing < -STILL:
            return self._waiting(arm, 1.0)
        if self._leaving:
            return self._leave(arm)
        if self.grasp is None or np.linalg.norm(self.scene.origin(self.step.subject) - self._origin) > 0.02:
            self._choose_grasp(arm)
        assert self.grasp is not None
        return self._reach(arm, self.grasp)

    def _reach(self, arm: Arm, grasp: Grasp) -> NDArray[np.float32]:
        """Above the object, down, close."""
        point = self._point()
        away, high = float(np.hypot(*(point - arm.position)[:2])), arm.position[2] - point[2]
        turn = turned_by(arm.yaw, grasp.yaw)
        self._waited = self._waited + 1 if arm.moved < STUCK and away < NEAR else 0
        if away < CLOSE and abs(high) < CLOSE and turn < 0.06:
            self.phase, self._waited, self._still = "grasp", 0, point
            return arm.towards(point, grasp.yaw, -1.0)
        if self._waited > PATIENCE:
            self.phase, self._waited, self._still = "grasp", 0, arm.position
            return self._waiting(arm, -1.0)
        self.phase = "move to the grasp"
        if away < NEAR and turn < 0.15:
            goal = point + [0, 0, ABOVE * float(np.clip(max((away - 0.004) / 0.02, (turn - 0.05) / 0.1), 0, 1))]
            return arm.towards(goal, grasp.yaw, 1.0, SLOW if high < 0.04 else 0.05)
        height = clear_height(self._tops, arm.position, point, HAND.tip, HAND.finger_reach)
        return travel(arm, point, max(height, point[2] + ABOVE), grasp.yaw, 1.0)

    def _leave(self, arm: Arm) -> NDArray[np.float32]:
        """Straight up; then it is over, or begins again where the object is not where it should be."""
        self.phase = "retreat"
        self._waited += 1
        if self._waited < 12 and (self.step.subject in arm.grasped or arm.width < self._closed + 0.01):
            return self._waiting(arm, 1.0)
        risen = arm.position[2] - self._goal[2] - self._held[2]
        if risen > ABOVE or self._waited > 40:
            self._leaving, self.over = False, self.fulfilled(arm)
            if not self.over:
                self._again(arm)
        return arm.towards(arm.position + [0, 0, 0.05], None, 1.0)

    def _again(self, arm: Arm) -> None:
        """Something went wrong: another grasp next time."""
        if self.grasp is not None:
            self._missed.append(self.grasp)
        self.grasp, self._spot, self._waited, self._pause = None, None, 0, REOPEN
        self.retries += 1

    def _point(self) -> Array:
        """[3] of the grasp where the object is now."""
        assert self.grasp is not None
        return self.grasp.point + (self.scene.origin(self.step.subject) - self._origin)

    def _choose_grasp(self, arm: Arm) -> None:
        scene, subject = self.scene, self.step.subject
        target, others = scene.points(subject), scene.others(subject)
        found = find_ways(target, others, scene.surface + FLOOR, arm.yaw, scene.level_axes(subject))
        fresh = [one for one in found if all(_differs(one[0], other) for other in self._missed)] or found
        if not fresh:  # too wide everywhere: whatever the fingers meet in its middle
            middle = Grasp(np.array([*target.mean(0)[:2], target[:, 2].max()]), arm.yaw, HAND.opening, 0.0)
            fresh = [(middle, np.zeros(3))]
        (self.grasp, self._out), self._spot, self._waited = fresh[0], None, 0
        self._origin = scene.origin(subject).copy()
        self._tops = heights(np.concatenate([target, others]))


def _differs(one: Grasp, other: Grasp) -> bool:
    return bool(np.linalg.norm(one.point - other.point) > 0.01) or turned_by(one.yaw, other.yaw) > 0.3
