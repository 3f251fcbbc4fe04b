"""When a skill's task is done and where it goes, from the state of the scene alone.

:mod:`sightline.tasks.pick_place` answers the same questions about pick-and-place, and asks here about the rest.
"""

from __future__ import annotations

import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import SceneState, Task
from sightline.language.scene_graph import REST, base_height, top_height

OPEN, CLOSED = 0.7, 0.12  # shares of its way from which a drawer counts as open, or up to which as closed
PULLED, PUSHED = 0.95, 0.02  # shares to which the robot brings it
PRESSED = 0.6  # share of its way from which a button counts as pressed
CENTRED = 0.5  # share of the lower thing's radius that the upper one's middle may be off
RELEASE = 0.004  # metres above its rest at which a thing is let go on another
NOWHERE = np.full(3, np.nan)


def opening(scene: SceneState, index: int) -> float:
    """Which share of its way a part has gone: 0 closed (not pressed), 1 as far as it goes.

    Raises SightlineError when the object has no joint.
    """
    travel = scene.objects[index].travel
    if scene.joints is None or not travel:
        raise SightlineError(f"{scene.objects[index].id} has no joint: it can neither be opened nor pressed.")
    return float(scene.joints[index]) / travel


def place_point(scene: SceneState, task: Task) -> Array:
    """[3] where the tool lets go (m, base frame) of a stacked thing or of a drawer's handle; NaN for a button."""
    if task.relation == "stack":
        return _on_top(scene, task)
    if task.relation == "press":
        return NOWHERE.copy()
    goal = PULLED if task.relation == "open" else PUSHED
    yaw, travel = scene.yaws[task.target], scene.objects[task.target].travel
    way = (goal - opening(scene, task.target)) * travel
    return scene.grasp_points[task.target] + way * np.array([np.cos(yaw), np.sin(yaw), 0.0])


def _on_top(scene: SceneState, task: Task) -> Array:
    target, reference = task.target, task.reference
    grasp = scene.grasp_points[target]
    above_base = max(float(grasp[2]) - base_height(scene, target), 0.0)
    shift = grasp[:2] - scene.positions[target, :2]
    return np.array([*(scene.positions[reference, :2] + shift), top_height(scene, reference) + above_base + RELEASE])


def is_done(scene: SceneState, task: Task, started: SceneState) -> bool:
    """Whether the goal of a skill holds now, by what has happened since ``started`` (as for tasks.is_done)."""
    if not holds(scene, task):
        return False
    if task.relation == "stack":
        return float(np.linalg.norm(scene.positions[task.target] - started.positions[task.target])) > REST
    moved = abs(opening(scene, task.target) - opening(started, task.target))
    return task.relation == "press" or moved > CLOSED


def holds(scene: SceneState, task: Task) -> bool:
    """Whether a scene is as the task of a skill wants it to be, whatever has brought that about."""
    if task.relation == "stack":
        return rests_on(scene, task.target, task.reference)
    share = opening(scene, task.target)
    return {"open": share >= OPEN, "close": share <= CLOSED, "press": share >= PRESSED}[task.relation]


def rests_on(scene: SceneState, upper: int, lower: int) -> bool:
    """Whether one upright thing stands on the middle of another upright one."""
    offset = scene.positions[upper] - scene.positions[lower]
    rise = offset[2] - (scene.objects[upper].height + scene.objects[lower].height) / 2
    return bool(abs(rise) < REST / 2 and np.hypot(*offset[:2]) < CENTRED * scene.objects[lower].radius)


def other_part_moved(scene: SceneState, started: SceneState, task: Task) -> bool:
    """Whether another drawer was moved, or another button pressed, than the one that was meant."""
    if scene.joints is None or started.joints is None:
        return False
    travel = np.array([info.travel for info in scene.objects])
    buttons = np.array([info.role == "button" for info in scene.objects], bool)
    share = np.abs(scene.joints - started.joints) / np.where(travel > 0, travel, 1.0)
    moved = np.where(buttons, scene.joints / np.where(travel > 0, travel, 1.0) >= PRESSED, share > CLOSED)
    moved[task.target] = False
    return bool(np.any(moved & scene.present & (travel > 0)))
