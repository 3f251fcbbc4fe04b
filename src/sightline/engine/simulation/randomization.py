"""How a scene looks: colours, textures, lights and cameras. They change nothing about what happens in it."""

from __future__ import annotations

import mujoco
import numpy as np

from sightline.engine.assets.colours import wander
from sightline.engine.collections import STARTER, collection_of
from sightline.engine.surroundings.base import Look
from sightline.engine.worlds.world import World

MAX_OBJECTS = 40
FROM_OPENCV = np.diag([1.0, -1.0, -1.0])  # MuJoCo's cameras look along -z with y up


def sample_look(rng: np.random.Generator, split: str = "train", collection: str = STARTER) -> Look:
    """A random look for worlds of ``collection``: a pure function of rng, split and collection.

    Args:
        split: which lightings it may use (collection ``full``; the starter's are the same in all splits).

    Raises SightlineError on an unknown split or collection.
    """
    return collection_of(collection).surroundings.sample_look(rng, split)


def apply_look(world: World, look: Look) -> None:
    """Make ``world`` look like that: changes its model's colours, textures, lights and cameras in place.

    Raises SightlineError when look and world belong to different collections.
    """
    world.sensor = world.surroundings.wear(world.model, look)
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
