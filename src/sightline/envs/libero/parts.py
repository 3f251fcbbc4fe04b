"""Moving parts of fixtures: drawers by their handles, doors by their free edge, knobs by their grip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.geometry import Array
from sightline.envs.libero.arm import SLOW, STILL, STUCK, Arm, Skill, clear_height, heights, travel, turned_by
from sightline.envs.libero.goals import CLOSE, OPEN, SWITCH_ON, Step
from sightline.envs.libero.grasps import HAND, Grasp, find_grasps
from sightline.envs.libero.scene import Joint, Scene

FLAT = np.radians(82.0)  # from pointing down: how the hand takes a handle, fingers above and below it
SLOPED = np.radians(60.0)  # the same for pushing, fingers beside each other: leaves room above a table
BEFORE = 0.09  # metres in front of a handle from which it is approached
THICK = 0.03  # metres: a handle is among the foremost so many of a drawer
THERE = 0.008  # metres from where it should be that count as there
ADVANCE = 0.05  # metres ahead of where it is that a part is pushed or pulled
PATIENCE = 12  # steps without getting on
AHEAD = 0.25  # radians by which a knob or a door is led
RISE = 0.06  # metres above a handle to which the hand rises when it leaves
BESIDE = 0.05  # metres between a door and the middle of the hand beside it


def part_skill(step: Step, scene: Scene) -> Skill:
    """Who moves the part of this step. Raises SightlineError where it has none that moves."""
    joint = scene.joint(step.subject)
    if joint.slides:
        return Drawer(step, scene)
    return Knob(step, scene) if step.verb not in (OPEN, CLOSE) else Door(step, scene)


class Part(Skill):
    """What drawers, doors and knobs have in common."""

    def __init__(self, step: Step, scene: Scene) -> None:
        super().__init__(step, scene)
        self.outward = step.verb in (OPEN, SWITCH_ON)
        self._stage, self._waited = 0, 0
        self._tops = heights(np.concatenate([scene.points(name) for name in dict.fromkeys(scene.owners)]))

    @property
    def joint(self) -> Joint:
        """The joint as it is now."""
        return self.scene.joint(self.step.subject)

    def done(self, arm: Arm) -> bool:
        """Whether the part is where it should be."""
        joint = self.joint
        if self.step.goal is not None:
            return self.fulfilled(arm)
        share = joint.value / joint.far
        return share > 0.93 if self.outward else share < 0.02

    def _stuck(self, arm: Arm) -> bool:
        self._waited = self._waited + 1 if arm.moved < STUCK else 0
        return self._waited > PATIENCE

    def _enter(self, stage: int) -> None:
        self._stage, self._waited = stage, 0


class Drawer(Part):
    """Draws a drawer by its handle, or pushes it with closed fingers; the hand lies nearly flat."""

    def act(self, arm: Arm) -> NDArray[np.float32]:
        """The next action [7] for the present state."""
        joint = self.joint
        out = joint.axis * np.sign(joint.far)
        handle, turned = handle_of(self.scene, joint), self._flat(arm, out)
        gripper = 1.0 if self.outward else -1.0
        if self._stage == 0:  # in front of the handle, from above
            self.phase = "move to the grasp"
            goal = handle + BEFORE * out
            height = clear_height(self._tops, arm.position, goal, 0.11, 0.12)
            if np.hypot(*(goal - arm.position)[:2]) > 0.03:
                return travel(arm, goal, max(height, goal[2]), None, gripper)
            self._enter(1)
        if self._stage == 1:  # turned and down
            goal = handle + BEFORE * out
            there = np.linalg.norm(goal - arm.position) < THERE and _apart(arm, turned) < 0.12
            if there or self._stuck(arm):
                self._enter(2)
            ready = _apart(arm, turned) < 0.4
            return arm.towards(
                goal if ready else np.array([*goal[:2], max(arm.position[2], goal[2] + 0.08)]), turned, gripper
            )
        if self._stage == 2:  # at the handle
            self.phase = "grasp" if self.outward else "push"
            if not self.outward:
                return self._push(arm, out, handle, turned)
            if np.linalg.norm(handle - arm.position) < THERE or self._stuck(arm):
                self._enter(3)
            return arm.towards(handle, turned, 1.0, SLOW)
        if self._stage == 3:
            self._waited += 1
            if self._waited > 4 and arm.closing < STILL:
                self._enter(4)
            return arm.towards(handle, turned, -1.0)
        if self._stage == 4:
            self.phase = "pull"
            if self.done(arm):
                self._enter(5)
            elif np.linalg.norm(handle - arm.position) > 0.04 or self._stuck(arm):
                self.retries += 1
                self._enter(5)
            goal = arm.position + out * ADVANCE
            goal += (handle - arm.position) - out * ((handle - arm.position) @ out)
            return arm.towards(goal, turned, -1.0)
        return self._leave(arm, out, handle, turned)

    def _push(self, arm: Arm, out: Array, handle: Array, turned: Array) -> NDArray[np.float32]:
        if self.done(arm) or self._stuck(arm):
            self._enter(5)
        goal = arm.position - out * ADVANCE
        aside = (handle - arm.position) - out * ((handle - arm.position) @ out)
        return arm.towards(goal + aside, turned, -1.0)

    def _leave(self, arm: Arm, out: Array, handle: Array, turned: Array) -> NDArray[np.float32]:
        self.phase = "retreat"
        self._waited += 1
        if self._waited < 8:
            return arm.towards(arm.position, turned, 1.0)
        if self._waited < 16:
            return arm.towards(arm.position + out * 0.05, turned, 1.0)
        if self._waited >= 26:
            self.over = self.done(arm)
            self._enter(0)
        # No higher than it must: far out and high up, the arm is stretched, and cannot bend its elbow any more.
        rise = float(np.clip(handle[2] + RISE - arm.position[2], 0.0, 0.05))
        return arm.towards(arm.position + [0, 0, rise], None, 1.0)

    def _flat(self, arm: Arm, out: Array) -> Array:
        """[3,3] the hand pointing at the drawer, its fingers above or beside each other; the nearer of two such."""
        up, tilt = np.array([0.0, 0.0, 1.0]), FLAT if self.outward else SLOPED
        ahead = -np.sin(tilt) * out - np.cos(tilt) * up
        closing = np.sin(tilt) * up - np.cos(tilt) * out if self.outward else np.cross(up, out)
        both = [np.stack([np.cross(y, ahead), y, ahead], 1) for y in (closing, -closing)]
        return min(both, key=lambda turned: _apart(arm, turned))

    def target(self) -> Array | None:
        """[3] the middle of the handle."""
        return handle_of(self.scene, self.joint)

    def place(self) -> Array | None:
        """[3] where the handle is when the drawer is where it should be."""
        joint = self.joint
        return handle_of(self.scene, joint) + joint.axis * ((joint.far if self.outward else 0.0) - joint.value)


class Door(Part):
    """Pushes a door shut with closed fingers, on the side away from where it goes."""

    def act(self, arm: Arm) -> NDArray[np.float32]:
        """The next action [7] for the present state."""
        goal, ahead = self._beside(0.0), self._beside(AHEAD)
        self.phase = "move to the door"
        if self._stage == 0:
            height = clear_height(self._tops, arm.position, goal, HAND.tip, HAND.finger_reach)
            if np.hypot(*(goal - arm.position)[:2]) > 0.02:
                return travel(arm, goal, max(height, goal[2]), None, -1.0)
            self._enter(1)
        if self._stage == 1:
            if arm.position[2] - goal[2] < THERE or self._stuck(arm):
                self._enter(2)
            return arm.towards(goal, None, -1.0)
        if self._stage == 2:
            self.phase = "push"
            if self.done(arm) or self._stuck(arm):
                self._enter(3)
            return arm.towards(ahead, None, -1.0)
        self.phase = "retreat"
        self._waited += 1
        if self._waited > 12:
            self.over = self.done(arm)
            self._enter(0)
        return arm.towards(arm.position + (self._beside(-0.3) - goal) * [1, 1, 0] + [0, 0, 0.03], None, -1.0)

    def _beside(self, ahead: float) -> Array:
        """[3] where the hand is beside the door when that has gone ``ahead`` (radians) towards being closed."""
        joint = self.joint
        points = self.scene.points(joint.body)
        arms = points - joint.anchor
        arms[:, 2] = 0.0
        way = arms[np.linalg.norm(arms, axis=1).argmax()]
        closing = -np.sign(joint.far) if not self.outward else np.sign(joint.far)
        way = Rotation.from_rotvec(joint.axis * closing * ahead).apply(way)
        length = float(np.linalg.norm(way))
        tangent = np.cross(joint.axis * closing, way / length)
        height = (points[:, 2].min() + points[:, 2].max()) / 2
        place = joint.anchor + 0.8 * way - BESIDE * tangent
        return np.array([place[0], place[1], height])


class Knob(Part):
    """Takes a knob between the fingers and turns the hand with it."""

    def __init__(self, step: Step, scene: Scene) -> None:
        super().__init__(step, scene)
        self.grasp: Grasp | None = None

    def act(self, arm: Arm) -> NDArray[np.float32]:
        """The next action [7] for the present state."""
        grasp = self.grasp or self._choose(arm)
        point = grasp.point
        away, turn = float(np.hypot(*(point - arm.position)[:2])), turned_by(arm.yaw, grasp.yaw)
        self.phase = "move to the grasp"
        if self._stage == 0:
            if away > 0.015 or turn > 0.15:
                height = clear_height(self._tops, arm.position, point, HAND.tip, HAND.finger_reach)
                return travel(arm, point, max(height, point[2] + 0.05), grasp.yaw, 1.0)
            if np.linalg.norm(point - arm.position) < THERE or self._stuck(arm):
                self._enter(1)
            return arm.towards(point, grasp.yaw, 1.0, SLOW)
        if self._stage == 1:
            self.phase, self._waited = "grasp", self._waited + 1
            if self._waited > 4 and arm.closing < STILL:
                self._enter(2)
            return arm.towards(point, None, -1.0)
        if self._stage == 2:
            self.phase = "turn"
            sense = np.sign(self.joint.far) * (1 if self.outward else -1) * np.sign(self.joint.axis[2])
            self._waited += 1
            if self.done(arm) or self._waited > 60 or abs(arm.yaw + sense * AHEAD) > 2.5:
                self._enter(3)
            return arm.towards(point, arm.yaw + sense * AHEAD, -1.0)
        self.phase, self._waited = "retreat", self._waited + 1
        if self._waited > 20:
            self.over, self.grasp = self.done(arm), None
            self._enter(0)
        return arm.towards(arm.position + [0, 0, 0.05 * (self._waited > 7)], None, 1.0)

    def _choose(self, arm: Arm) -> Grasp:
        """The best grasp around the axis, with room to turn."""
        joint, best = self.joint, knob_grasp(self.scene, self.joint, arm.yaw)
        sense = float(np.sign(joint.far) * (1 if self.outward else -1) * np.sign(joint.axis[2]))
        turns = [
            t for t in (best.yaw - np.pi, best.yaw, best.yaw + np.pi) if abs(t + 0.5 * sense) < 1.9 and abs(t) < 2.2
        ]
        yaw = min(turns or [best.yaw], key=lambda t: abs(t + 0.4 * sense))
        self.grasp = replace(best, yaw=yaw)
        return self.grasp

    def target(self) -> Array | None:
        """[3] of the tool at the knob."""
        return None if self.grasp is None else self.grasp.point


def knob_grasp(scene: Scene, joint: Joint, yaw: float) -> Grasp:
    """How a knob is taken: on its axis, with the hand turned as little as possible from ``yaw``."""
    owner = scene.owners[scene.bodies.index(joint.body)]
    rest = [scene.points(body) for body in scene.parts_of(owner) if body != joint.body]
    others = np.concatenate([scene.others(owner), *rest])
    found = find_grasps(scene.points(joint.body), others, scene.surface + 0.003, yaw, np.zeros(0))
    best = min(found, key=lambda g: 4 * np.hypot(*(g.point - joint.anchor)[:2]) - 0.1 * g.score)
    return replace(best, point=np.array([*joint.anchor[:2], best.point[2]]))


def is_knob(scene: Scene, joint: Joint) -> bool:
    """Whether a part that turns is so small that fingers take it, and no door."""
    return not joint.slides and bool(np.ptp(scene.points(joint.body), axis=0).max() < HAND.opening + 0.02)


def handle_of(scene: Scene, joint: Joint) -> Array:
    """[3] the middle of a drawer's handle, now."""
    points = scene.points(joint.body)
    along = points @ (joint.axis * np.sign(joint.far))
    foremost = points[along > along.max() - THICK / 2]
    return (foremost.min(0) + foremost.max(0)) / 2


def _apart(arm: Arm, turned: Array) -> float:
    """Radians between how the hand is and how it should be."""
    return float(np.linalg.norm(Rotation.from_matrix(turned @ arm.rotation.T).as_rotvec()))
