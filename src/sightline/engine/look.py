"""How a scene looks: colours, textures, lights and cameras. They change nothing about what happens in it."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import mujoco
import numpy as np

from sightline.core.geometry import Array, look_at
from sightline.engine.assets.colours import wander
from sightline.engine.world import LIGHTS, SURFACE_TEXTURES, SURFACES, World

FRONT_EYE, FRONT_TARGET = np.array([1.25, 0.0, 0.65]), np.array([0.5, 0.0, 0.07])
FRONT_FOVY = 36.5
AZIMUTH, ELEVATION, DISTANCE, FOVY = np.radians(15), np.radians(5), 0.06, 2.0  # largest deviations of the front camera
MAX_OBJECTS = 40
FROM_OPENCV = np.diag([1.0, -1.0, -1.0])  # MuJoCo's cameras look along -z with y up


@dataclass(frozen=True)
class Look:
    """One look, independent of any world.

    Attributes:
        surface_rgb [3,3], surface_texture [3], surface_repeat [3]: of table, floor and wall.
        light_direction [3,3], light_strength [3,3] (RGB), ambient [3]: of the lights in the order of ``world.LIGHTS``.
        object_seed: from which the small deviations of the objects' colours are drawn.
        front_pose [4,4] base_from_camera (OpenCV axes), front_fovy degrees.
        wrist_shift [3] metres, wrist_turn [3] radians (camera frame), wrist_fovy: deviation of the wrist camera.
    """

    surface_rgb: Array
    surface_texture: tuple[int, ...]
    surface_repeat: Array
    light_direction: Array
    light_strength: Array
    ambient: Array
    object_seed: int
    front_pose: Array
    front_fovy: float
    wrist_shift: Array
    wrist_turn: Array
    wrist_fovy: float


def sample_look(rng: np.random.Generator) -> Look:
    """A random look: a pure function of rng."""
    directions, strengths, ambient = _sample_lights(rng)
    pose, fovy = _sample_front(rng)
    return Look(
        surface_rgb=np.stack([_surface_colour(rng, name) for name in SURFACES]),
        surface_texture=tuple(int(k) for k in rng.integers(SURFACE_TEXTURES, size=len(SURFACES))),
        surface_repeat=rng.uniform(0.8, 3.0, len(SURFACES)),
        light_direction=directions,
        light_strength=strengths,
        ambient=ambient,
        object_seed=int(rng.integers(2**31)),
        front_pose=pose,
        front_fovy=fovy,
        wrist_shift=rng.uniform(-0.004, 0.004, 3),
        wrist_turn=rng.uniform(-0.035, 0.035, 3),
        wrist_fovy=float(rng.uniform(-2.0, 2.0)),
    )


def plain_look() -> Look:
    """The middle of all looks: no deviation of cameras or colours, even light, a light wooden table."""
    return Look(
        surface_rgb=np.array([[0.72, 0.62, 0.50], [0.45, 0.46, 0.48], [0.75, 0.76, 0.78]]),
        surface_texture=(0, 1, 2),
        surface_repeat=np.array([1.5, 2.0, 2.0]),
        light_direction=np.array([[-0.35, 0.35, -0.87], [-0.2, -0.7, -0.68], [0.7, 0.2, -0.68]]),
        light_strength=np.array([[0.52] * 3, [0.2] * 3, [0.1] * 3]),
        ambient=np.full(3, 0.36),
        object_seed=0,
        front_pose=look_at(FRONT_EYE, FRONT_TARGET),
        front_fovy=FRONT_FOVY,
        wrist_shift=np.zeros(3),
        wrist_turn=np.zeros(3),
        wrist_fovy=0.0,
    )


def apply_look(world: World, look: Look) -> None:
    """Make ``world`` look like that: changes its model's colours, textures, lights and cameras in place."""
    model = world.model
    for k, name in enumerate(SURFACES):
        material = model.material(name).id
        model.mat_rgba[material, :3] = look.surface_rgb[k]
        model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB] = model.texture(
            f"surface_{look.surface_texture[k]}"
        ).id
        model.mat_texrepeat[material] = look.surface_repeat[k]
    for k, name in enumerate(LIGHTS):
        light = model.light(name).id
        model.light_dir[light] = look.light_direction[k]
        model.light_diffuse[light] = look.light_strength[k]
        model.light_specular[light] = 0.6 * look.light_strength[k]
        model.light_ambient[light] = 0.0
    model.vis.headlight.ambient[:] = look.ambient
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


def _surface_colour(rng: np.random.Generator, name: str) -> Array:
    """Muted colours, so that objects stand out: mostly woods and greys, sometimes a dull tint."""
    draw = rng.random()
    if draw < 0.4:
        hue, saturation, value = rng.uniform(0.06, 0.11), rng.uniform(0.2, 0.45), rng.uniform(0.45, 0.9)
    elif draw < 0.75:
        hue, saturation, value = rng.random(), rng.uniform(0.0, 0.08), rng.uniform(0.4, 0.9)
    else:
        hue, saturation, value = rng.random(), rng.uniform(0.08, 0.22), rng.uniform(0.45, 0.85)
    if name == "floor":
        value *= 0.7
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value))


def _sample_lights(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Directions [3,3] (unit, downwards), RGB strengths [3,3], ambient [3]: total brightness stays within reason."""
    around = rng.uniform(-np.pi, np.pi, 3)
    steep = np.radians(rng.uniform([35, 25, 20], [80, 60, 50]))
    directions = np.stack([np.cos(steep) * np.cos(around), np.cos(steep) * np.sin(around), -np.sin(steep)], -1)
    strengths = rng.uniform([0.42, 0.14, 0.0], [0.64, 0.28, 0.18])
    warmth = rng.uniform(-0.06, 0.06)
    tint = np.array([1 + warmth, 1.0, 1 - warmth])
    return directions, strengths[:, None] * tint, rng.uniform(0.32, 0.45) * tint


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
