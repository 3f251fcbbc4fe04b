"""What an episode of LIBERO looks like as one of ours: objects, scenes, views with boxes and masks, the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array, Camera
from sightline.core.types import ObjectInfo, SceneState, Task, View
from sightline.engine.simulation.renderer import boxes_of
from sightline.envs.libero.arm import Arm, Skill
from sightline.envs.libero.goals import CLOSE, OPEN, PUT, Step
from sightline.envs.libero.grasps import find_grasps
from sightline.envs.libero.parts import handle_of, is_knob, knob_grasp
from sightline.envs.libero.put import FLOOR
from sightline.envs.libero.scene import Scene

RELATIONS = {OPEN: "open", CLOSE: "close"}  # of what is no putting; a knob that is turned is pressed, in our words
MOVES = ("top", "middle", "bottom")  # drawers, by what their bodies are called


class Labeller:
    """Names and measures what is in an episode, once, and then says how each moment is.

    Args:
        scene: as the episode begins.
        base: [3] of the robot, world frame: labels are in its frame.
        steps: of the expert's plan.

    Attributes:
        objects: movable things, then each fixture, followed by its parts.
    """

    def __init__(self, scene: Scene, base: Array, steps: Sequence[Step]) -> None:
        self.scene, self.base = scene, base
        self.names = list(_names(scene))
        self.objects = tuple(self._info(name, steps) for name in self.names)
        self._travel = np.array([info.travel for info in self.objects])
        self._grasps = {name: self._grasp(name) for name in self.names if name in scene.owners}
        joints = [scene.joint(part) for part in scene.parts]
        self._drawers = {joint.body: joint for joint in joints if joint.slides}
        self._knobs = {joint.body: knob_grasp(scene, joint, 0.0).point for joint in joints if is_knob(scene, joint)}

    def index(self, name: str) -> int:
        """The number of what a goal speaks of: an object, a part, whose region it is; 0 for what is none of these."""
        return self._number(name, self.scene.parts)

    def doing(self, step: Step) -> tuple[int, int]:
        """Target and reference of one step."""
        if step.verb == PUT:
            return self.index(step.subject), self._number(step.place, set())
        return self.index(step.subject), self.names.index(self._owner(step.subject))

    def task(self, steps: Sequence[Step], instruction: str) -> Task:
        """What the whole episode is about: its first goal that puts something, or else its first goal."""
        first = next((step for step in steps if step.verb == PUT and step.goal is not None), steps[-1])
        target, reference = self.doing(first)
        if first.verb == PUT:
            relation = "into" if self.objects[reference].role == "container" else "onto"
        else:
            relation = RELATIONS.get(first.verb, "press")
        said = [self._said(index) for index in (target, reference)]
        return Task(relation, target, reference, instruction, *said)

    def now(self, arm: Arm, skill: Skill) -> SceneState:
        """The scene at this moment."""
        boxes = [self._box(name) for name in self.names]
        positions = np.array([(low + high) / 2 for low, high in boxes]) - self.base
        taken = [self._taken(name, middle + self.base) for name, middle in zip(self.names, positions, strict=True)]
        grasps, yaws = np.array([point for point, _ in taken]) - self.base, np.array([yaw for _, yaw in taken])
        point = skill.target()
        if point is not None:
            target = self.index(skill.step.subject)
            grasps[target], yaws[target] = point - self.base, np.nan_to_num(skill.closing())
        return SceneState(
            self.objects,
            positions,
            np.array([self._heading(name) for name in self.names]),
            np.ones(len(self.names), bool),
            grasps,
            yaws,
            arm.position - self.base,
            arm.yaw,
            arm.width,
            self._joints() if (self._travel > 0).any() else None,
        )

    def view(self, seen: Mapping[str, Any], picture: NDArray[np.uint8], camera: Camera) -> View:
        """A picture with its masks and boxes; ``seen`` is the worker's answer to ``look`` with ``owners``."""
        owners = np.asarray(seen["owners"])[::-1]
        table = np.zeros(len(self.scene.bodies) + 1, np.uint8)
        for body, (name, owner) in enumerate(zip(self.scene.bodies, self.scene.owners, strict=True)):
            table[body + 1] = 1 + self.names.index(name if name in self.names else owner)
        ids = np.ascontiguousarray(table[owners])
        return View(camera, picture, ids, boxes_of(ids, len(self.objects)))

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _owner(self, name: str) -> str:
        """The object or fixture that a word of a goal is about."""
        region = self.scene.region(name)
        return name if region is None else region.owner

    def _number(self, name: str, parts: set[str]) -> int:
        if name in parts:
            return self.names.index(self.scene.joint(name).body)
        owner = self._owner(name)
        return self.names.index(owner) if owner in self.names else 0

    def _said(self, index: int) -> str:
        info = self.objects[index]
        return f"the {info.label} {info.kind}" if info.label else f"the {info.kind}"

    def _info(self, name: str, steps: Sequence[Step]) -> ObjectInfo:
        low, high = self._box(name)
        radius = float(np.hypot(*(high - low)[:2]) / 2)
        kind, role, label, travel = self._kind(name, steps)
        return ObjectInfo(name, kind, "", "medium", role, radius, float(high[2] - low[2]), label, travel)

    def _kind(self, name: str, steps: Sequence[Step]) -> tuple[str, str, str, float]:
        """Noun, role, what tells it from its like, and how far it goes."""
        scene = self.scene
        if name not in scene.owners:
            joint = next(joint for part in scene.parts if (joint := scene.joint(part)).body == name)
            label = next((word for word in MOVES if name.endswith(word)), "")
            # By what it is, whatever is done here: what is a knob in one task must not be called a door in the others.
            if is_knob(scene, joint):
                return "knob", "button", label, abs(joint.far)
            noun, role = ("drawer", "drawer") if joint.slides else ("door", "lid")
            return noun, role, label, abs(joint.far)
        kind = name.rstrip("0123456789_").replace("_", " ")
        if len(scene.parts_of(name)) > 1:
            return kind, "fixture", "", 0.0
        if any(region.startswith(name) for region in scene.regions):
            return kind, "container", "", 0.0
        return kind, "surface" if any(step.place == name for step in steps) else "item", "", 0.0

    def _box(self, name: str) -> tuple[Array, Array]:
        points = self.scene.points(name)
        if not len(points):
            points = self.scene.origin(name)[None]
        return points.min(0), points.max(0)

    def _heading(self, name: str) -> float:
        if name not in self.scene.owners:
            return 0.0
        turned = self.scene.turned(name)
        return float(np.arctan2(turned[1, 0], turned[0, 0]))

    def _grasp(self, name: str) -> tuple[Array, float]:
        """Where a thing would be taken as the episode begins: [3] from its origin to the tool, and how fingers close;
        where nothing fits between them, its middle."""
        scene = self.scene
        low, high = self._box(name)
        if self.objects[self.names.index(name)].role == "item":
            floor, own = scene.surface + FLOOR, scene.level_axes(name)
            found = find_grasps(scene.points(name), scene.others(name), floor, 0.0, own, keep=1)
            if found:
                return found[0].point - scene.origin(name), found[0].closing
        return (low + high) / 2 - scene.origin(name), 0.0

    def _taken(self, name: str, middle: Array) -> tuple[Array, float]:
        """[3] where the tool would take a thing or a part now (world frame), and how the fingers would close."""
        if name in self._grasps:
            offset, yaw = self._grasps[name]
            return self.scene.origin(name) + offset, yaw
        if name in self._knobs:
            return self._knobs[name], 0.0
        return handle_of(self.scene, self._drawers[name]) if name in self._drawers else middle, 0.0

    def _joints(self) -> Array:
        """[n] how far each part has gone, NaN for what has none."""
        gone = np.full(len(self.names), np.nan)
        for part in self.scene.parts:
            joint = self.scene.joint(part)
            if joint.body in self.names:
                gone[self.names.index(joint.body)] = abs(joint.value)
        return gone


def moved_along(view: View, camera: Camera, then: Array, now: Array) -> View:
    """A view that was not drawn: picture and masks of ``view``, boxes moved as far as the middles of things have moved.

    Args:
        camera: as it is now.
        then, now: [n,3] the middles, robot's frame, when ``view`` was drawn and now.
    """
    gone = camera.project(now)[0] - view.camera.project(then)[0]
    edge = np.tile([camera.width, camera.height], 2)
    boxes = np.clip(view.boxes + np.tile(gone, 2), 0, edge)
    boxes[~(boxes[:, 2:] > boxes[:, :2]).all(-1)] = np.nan  # out of the picture
    return View(camera, view.image, view.ids, boxes)


def _names(scene: Scene) -> list[str]:
    moving = {scene.joint(part).body for part in scene.parts}
    owners = list(dict.fromkeys(scene.owners))
    loose = [name for name in owners if len(scene.parts_of(name)) == 1]
    fixed = [name for name in owners if name not in loose]
    return loose + [n for name in fixed for n in (name, *(b for b in scene.parts_of(name) if b in moving))]
