"""Parts of fixtures, and things that stand on one another: how far a part has gone, and where the hand takes it."""

from __future__ import annotations

import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import SceneState
from sightline.tasks.scene_graph import REST, base_height, top_height

CENTRED = 0.5  # share of the lower thing's radius that the upper one's middle may be off
RELEASE = 0.004  # metres above its rest at which a thing is let go on another
LID_RIM = 0.016  # metres from the handle of a lid to its free edge; its hinge is at the opposite edge of its base


def opening(scene: SceneState, index: int) -> float:
    """Which share of its way a part has gone: 0 closed (not pressed), 1 as far as it goes.

    Raises SightlineError when the object has no joint.
    """
    travel = scene.objects[index].travel
    if scene.joints is None or not travel:
        raise SightlineError(f"{scene.objects[index].id} has no joint: it can neither be opened nor pressed.")
    return float(scene.joints[index]) / travel


def slid(scene: SceneState, drawer: int, share: float) -> Array:
    """[3] where the handle of a drawer is (m, base frame) when it is open by that share of its way."""
    yaw, travel = scene.yaws[drawer], scene.objects[drawer].travel
    way = (share - opening(scene, drawer)) * travel
    return scene.grasp_points[drawer] + way * np.array([np.cos(yaw), np.sin(yaw), 0.0])


def swung(scene: SceneState, lid: int, share: float) -> Array:
    """[3] where the handle of a lid is (m, base frame) when it is open by that share of its way."""
    info, yaw = scene.objects[lid], scene.yaws[lid]
    along, normal = _lid_axes(yaw, opening(scene, lid) * info.travel)
    middle = scene.positions[lid] - normal * info.height / 2  # of the lid's base
    reach, rise = (scene.grasp_points[lid] - middle) @ np.stack([along, normal], axis=1)
    hinge = middle - (reach + LID_RIM) * along
    along, normal = _lid_axes(yaw, share * info.travel)
    return hinge + (2 * reach + LID_RIM) * along + rise * normal


def _lid_axes(yaw: float, angle: float) -> tuple[Array, Array]:
    """Unit vectors from a lid's hinge to its free edge, and out of its top."""
    forward, up = np.array([np.cos(yaw), np.sin(yaw), 0.0]), np.array([0.0, 0.0, 1.0])
    return forward * np.cos(angle) + up * np.sin(angle), up * np.cos(angle) - forward * np.sin(angle)


def on_top(scene: SceneState, upper: int, lower: int) -> Array:
    """[3] where the tool lets go (m, base frame) of one thing on another."""
    grasp = scene.grasp_points[upper]
    above_base = max(float(grasp[2]) - base_height(scene, upper), 0.0)
    shift = grasp[:2] - scene.positions[upper, :2]
    return np.array([*(scene.positions[lower, :2] + shift), top_height(scene, lower) + above_base + RELEASE])


def rests_on(scene: SceneState, upper: int, lower: int) -> bool:
    """Whether one upright thing stands on the middle of another upright one."""
    offset = scene.positions[upper] - scene.positions[lower]
    rise = offset[2] - (scene.objects[upper].height + scene.objects[lower].height) / 2
    return bool(abs(rise) < REST / 2 and np.hypot(*offset[:2]) < CENTRED * scene.objects[lower].radius)
