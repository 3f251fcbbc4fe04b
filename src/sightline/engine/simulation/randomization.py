"""How a scene looks: colours, textures, lights and cameras. They change nothing about what happens in it."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, look_at
from sightline.engine.assets.colours import wander
from sightline.engine.collections import STARTER, require_collection
from sightline.engine.surroundings import viewpoint
from sightline.engine.surroundings.dressing import FullDressing, sample_dressing
from sightline.engine.surroundings.starter_dressing import (
    StarterDressing,
    plain_dressing,
    sample_lights,
    sample_surfaces,
)
from sightline.engine.worlds.world import World

FRONT_EYE, FRONT_TARGET = np.array([1.25, 0.0, 0.65]), np.array([0.5, 0.0, 0.07])
FRONT_FOVY = 36.5
AZIMUTH, ELEVATION, DISTANCE, FOVY = np.radians(15), np.radians(5), 0.06, 2.0  # largest deviations of the front camera
MAX_OBJECTS = 40
FROM_OPENCV = np.diag([1.0, -1.0, -1.0])  # MuJoCo's cameras look along -z with y up


@dataclass(frozen=True)
class Look:
    """One look, independent of any world.

    Attributes:
        dressing: what surfaces and lights look like.
        object_seed: from which the small deviations of the objects' colours are drawn.
        front_pose [4,4] base_from_camera (OpenCV axes), front_fovy degrees.
        wrist_shift [3] metres, wrist_turn [3] radians (camera frame), wrist_fovy: deviation of the wrist camera.
    """

    dressing: StarterDressing | FullDressing
    object_seed: int
    front_pose: Array
    front_fovy: float
    wrist_shift: Array
    wrist_turn: Array
    wrist_fovy: float


def sample_look(rng: np.random.Generator, split: str = "train", collection: str = STARTER) -> Look:
    """A random look for worlds of ``collection``: a pure function of rng, split and collection.

    Args:
        split: which lightings it may use (collection ``full``; the starter's are the same in all splits).

    Raises SightlineError on an unknown split or collection.
    """
    require_collection(collection)
    return _starter_look(rng) if collection == STARTER else _full_look(rng, split)


def _full_look(rng: np.random.Generator, split: str) -> Look:
    dressing = sample_dressing(rng, split)
    object_seed = int(rng.integers(2**31))
    pose, fovy = viewpoint.sample_front(rng)
    shift, turn, wrist_fovy = viewpoint.sample_wrist(rng)
    return Look(dressing, object_seed, pose, fovy, shift, turn, wrist_fovy)


def _starter_look(rng: np.random.Generator) -> Look:
    # The order of the draws is what a seed means: it must not change.
    lights = sample_lights(rng)
    pose, fovy = _sample_front(rng)
    return Look(
        dressing=sample_surfaces(rng, *lights),
        object_seed=int(rng.integers(2**31)),
        front_pose=pose,
        front_fovy=fovy,
        wrist_shift=rng.uniform(-0.004, 0.004, 3),
        wrist_turn=rng.uniform(-0.035, 0.035, 3),
        wrist_fovy=float(rng.uniform(-2.0, 2.0)),
    )


def plain_look() -> Look:
    """The middle of the starter's looks: no deviation of cameras or colours, even light, a light wooden table."""
    return Look(
        dressing=plain_dressing(),
        object_seed=0,
        front_pose=look_at(FRONT_EYE, FRONT_TARGET),
        front_fovy=FRONT_FOVY,
        wrist_shift=np.zeros(3),
        wrist_turn=np.zeros(3),
        wrist_fovy=0.0,
    )


def apply_look(world: World, look: Look) -> None:
    """Make ``world`` look like that: changes its model's colours, textures, lights and cameras in place.

    Raises SightlineError when look and world belong to different collections.
    """
    if isinstance(look.dressing, FullDressing) != (world.surroundings is not None):
        raise SightlineError(
            "This look and this world belong to different collections: sample the look with the world's collection."
        )
    if isinstance(look.dressing, FullDressing):
        assert world.surroundings is not None  # compared above
        world.sensor = look.dressing.apply(world.model, world.surroundings)
    else:
        look.dressing.apply(world.model)
    _tint_objects(world, look)
    _aim_cameras(world, look)


def _tint_objects(world: World, look: Look) -> None:
    """Every object's colours wander a little, each object in its own way."""
    rng = np.random.default_rng(look.object_seed)
    seeds = rng.integers(2**31, size=MAX_OBJECTS)
    for index, geoms in enumerate(world.visual_geoms):
        for geom in geoms:
            own = np.random.default_rng(seeds[index])  # the parts of an object wander together
            world.model.geom_rgba[geom, :3] = wander(world.initial["geom_rgba"][geom, :3], own)


def _aim_cameras(world: World, look: Look) -> None:
    model, first = world.model, world.initial
    front, wrist = model.camera("front").id, model.camera("wrist").id
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, (look.front_pose[:3, :3] @ FROM_OPENCV).ravel())
    model.cam_pos[front], model.cam_quat[front] = look.front_pose[:3, 3], quat
    model.cam_fovy[front] = look.front_fovy
    turn, turned = np.zeros(4), np.zeros(4)
    angle = float(np.linalg.norm(look.wrist_turn))
    mujoco.mju_axisAngle2Quat(turn, look.wrist_turn / angle if angle > 0 else np.array([0.0, 0.0, 1.0]), angle)
    mujoco.mju_mulQuat(turned, first["cam_quat"][wrist], turn)
    model.cam_pos[wrist] = first["cam_pos"][wrist] + look.wrist_shift
    model.cam_quat[wrist] = turned
    model.cam_fovy[wrist] = first["cam_fovy"][wrist] + look.wrist_fovy


def _sample_front(rng: np.random.Generator) -> tuple[Array, float]:
    """Pose [4,4] and vertical field of view (degrees) of the front camera."""
    away = FRONT_EYE - FRONT_TARGET
    azimuth = rng.uniform(-AZIMUTH, AZIMUTH)
    elevation = np.arctan2(away[2], np.hypot(*away[:2])) + rng.uniform(-ELEVATION, ELEVATION)
    distance = np.linalg.norm(away) * (1 + rng.uniform(-DISTANCE, DISTANCE))
    offset = distance * np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    target = FRONT_TARGET + rng.uniform(-0.01, 0.01, 3)
    return look_at(target + offset, target, roll=rng.uniform(-0.02, 0.02)), float(FRONT_FOVY + rng.uniform(-FOVY, FOVY))
