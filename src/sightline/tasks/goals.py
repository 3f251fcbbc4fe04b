"""When a task of any kind is done and where it goes, from the state of the scene alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sightline.core.geometry import Array
from sightline.core.types import SceneState, Task
from sightline.tasks import pick_place
from sightline.tasks.scene_graph import holds as stands
from sightline.tasks.skills import CLOSED, PRESSED, SKILLS


def place_point(scene: SceneState, task: Task) -> Array:
    """[3] base-frame position of the tool point (m) at which the target, or the handle of it, is let go.

    Uses the target's current grasp point relative to its centre, so it also holds while the target is in the fingers
    (provided that the tool keeps its yaw between grasp and release). NaN for a task that lets nothing go.
    """
    skill = SKILLS.get(task.relation)
    return pick_place.place_point(scene, task) if skill is None else skill.place_point(scene, task)


def holds(scene: SceneState, task: Task) -> bool:
    """Whether a scene is as the task wants it to be, whatever has brought that about."""
    skill = SKILLS.get(task.relation)
    return stands(task.relation, scene, task.target, task.reference) if skill is None else skill.holds(scene, task)


def is_done(scene: SceneState, task: Task, started: SceneState) -> bool:
    """Whether the goal holds now, by the target's own movement since ``started``.

    Geometry only: that the target has been let go and is at rest is for the simulation to check.
    """
    skill = SKILLS.get(task.relation)
    if skill is None:
        return pick_place.is_done(scene, task, started)
    return skill.holds(scene, task) and skill.moved(started, scene, task)


def stages(task: Task) -> Mapping[str, str]:
    """What the robot does for a task, one after the other, in words: {t} the target, {r} the reference."""
    skill = SKILLS.get(task.relation)
    return pick_place.stages(task.relation) if skill is None else skill.stages


def work(task: Task) -> str:
    """The stage of a task that does the job."""
    return SKILLS[task.relation].work if task.relation in SKILLS else pick_place.WORK


def endings(task: Task) -> tuple[str, ...]:
    """Stages with which an episode may end: whoever reaches the goal in another one has done so by accident."""
    return SKILLS[task.relation].endings if task.relation in SKILLS else pick_place.ENDINGS


def other_part_moved(scene: SceneState, started: SceneState, task: Task) -> bool:
    """Whether another drawer or lid was moved, or another button pressed, than the one that was meant."""
    if scene.joints is None or started.joints is None:
        return False
    travel = np.array([info.travel for info in scene.objects])
    buttons = np.array([info.role == "button" for info in scene.objects], bool)
    share = np.abs(scene.joints - started.joints) / np.where(travel > 0, travel, 1.0)
    moved = np.where(buttons, scene.joints / np.where(travel > 0, travel, 1.0) >= PRESSED, share > CLOSED)
    moved[task.target] = False
    return bool(np.any(moved & scene.present & (travel > 0)))


def wrong_object_moved(scene: SceneState, started: SceneState, task: Task, limit: float = 0.03) -> bool:
    """Whether a present object other than the target has moved by more than ``limit`` metres since ``started``.

    The reference may be nudged by twice the limit in the table plane, since placing touches it. No part of a fixture
    may be moved, and no button pressed, but the one that was meant.
    """
    if other_part_moved(scene, started, task):
        return True
    shift = scene.positions - started.positions
    plane, rise = np.hypot(shift[:, 0], shift[:, 1]), np.abs(shift[:, 2])
    allowed = np.full(len(plane), limit)
    allowed[task.reference] = 2 * limit
    wrong = scene.present & ((plane > allowed) | (rise > limit))
    wrong[task.target] = False
    return bool(wrong.any())
