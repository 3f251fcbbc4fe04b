"""The room of collection ``starter``: a table, a floor, a wall and three lights, and how they look in one picture."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import ClassVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array, look_at
from sightline.engine.assets.starter.textures import SURFACE_PATTERNS, SURFACE_PIXELS, surface_texture
from sightline.engine.surroundings.base import Look, Surroundings

TABLE_LOW, TABLE_HIGH = np.array([-0.45, -0.85, -0.04]), np.array([0.98, 0.85, 0.0])
FLOOR_Z, WALL_X = -0.75, -1.1
SURFACES = ("table", "floor", "wall")
SURFACE_TEXTURES = 6
LIGHTS = ("key", "fill", "rim")
FRONT_EYE, FRONT_TARGET = np.array([1.25, 0.0, 0.65]), np.array([0.5, 0.0, 0.07])
FRONT_FOVY = 36.5
AZIMUTH, ELEVATION, DISTANCE, FOVY = np.radians(15), np.radians(5), 0.06, 2.0  # largest deviations of the front camera


@dataclass(frozen=True)
class StarterDressing:
    """Surfaces and lights of one look.

    Attributes:
        surface_rgb [3,3], surface_texture [3], surface_repeat [3]: of table, floor and wall.
        light_direction [3,3], light_strength [3,3] (RGB), ambient [3]: of the lights, in the order of ``LIGHTS``.
    """

    surface_rgb: Array
    surface_texture: tuple[int, ...]
    surface_repeat: Array
    light_direction: Array
    light_strength: Array
    ambient: Array

    def apply(self, model: mujoco.MjModel) -> None:
        """Change the model's materials and lights in place."""
        for k, name in enumerate(SURFACES):
            material = model.material(name).id
            model.mat_rgba[material, :3] = self.surface_rgb[k]
            model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB] = model.texture(
                f"surface_{self.surface_texture[k]}"
            ).id
            model.mat_texrepeat[material] = self.surface_repeat[k]
        for k, name in enumerate(LIGHTS):
            light = model.light(name).id
            model.light_dir[light] = self.light_direction[k]
            model.light_diffuse[light] = self.light_strength[k]
            model.light_specular[light] = 0.6 * self.light_strength[k]
            model.light_ambient[light] = 0.0
        model.vis.headlight.ambient[:] = self.ambient


@dataclass(frozen=True, eq=False)
class StarterRoom(Surroundings):
    """The same in every split."""

    key_light: ClassVar[str] = LIGHTS[0]

    @classmethod
    def add(cls, spec: mujoco.MjSpec, rng: np.random.Generator, split: str) -> StarterRoom:
        """See Surroundings; their looks are set by scene, here they only come to exist."""
        patterns = rng.permutation(len(SURFACE_PATTERNS))[:SURFACE_TEXTURES]
        for k, pattern in enumerate(patterns):
            picture = surface_texture(SURFACE_PATTERNS[pattern], int(rng.integers(4)))
            texture = spec.add_texture(
                name=f"surface_{k}",
                type=mujoco.mjtTexture.mjTEXTURE_2D,
                width=SURFACE_PIXELS,
                height=SURFACE_PIXELS,
                nchannel=3,
            )
            texture.data = picture.tobytes()
        for name in SURFACES:
            material = spec.add_material(name=name, specular=0.1, shininess=0.1, texuniform=True, texrepeat=[2.0, 2.0])
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "surface_0"
        _add_slab(spec, "table", (TABLE_LOW + TABLE_HIGH) / 2, (TABLE_HIGH - TABLE_LOW) / 2)
        _add_slab(spec, "floor", np.array([0.0, 0.0, FLOOR_Z - 0.02]), np.array([2.5, 2.5, 0.02]))
        _add_slab(
            spec, "wall", np.array([WALL_X, 0.0, 0.25]), np.array([1.0, 2.5, 0.02]), [np.sqrt(0.5), 0, np.sqrt(0.5), 0]
        )
        for name in LIGHTS:
            spec.worldbody.add_light(
                name=name, type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[0, 0, 3], dir=[0, 0, -1], castshadow=False
            )
        return cls()

    @staticmethod
    def sample_look(rng: np.random.Generator, split: str) -> Look:
        """See Surroundings."""
        lights = _sample_lights(rng)
        pose, fovy = _sample_front(rng)
        return Look(
            dressing=_sample_surfaces(rng, *lights),
            object_seed=int(rng.integers(2**31)),
            front_pose=pose,
            front_fovy=fovy,
            wrist_shift=rng.uniform(-0.004, 0.004, 3),
            wrist_turn=rng.uniform(-0.035, 0.035, 3),
            wrist_fovy=float(rng.uniform(-2.0, 2.0)),
        )

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """See Surroundings."""
        return ~np.any((points < TABLE_LOW[:2]) | (points > TABLE_HIGH[:2]), axis=-1)

    def wear(self, model: mujoco.MjModel, look: Look) -> None:
        """See Surroundings."""
        look.dressed_as(StarterDressing).apply(model)


ROOM = StarterRoom


def plain_look() -> Look:
    """The middle of the starter's looks: no deviation of cameras or colours, even light, a light wooden table."""
    dressing = StarterDressing(
        surface_rgb=np.array([[0.72, 0.62, 0.50], [0.45, 0.46, 0.48], [0.75, 0.76, 0.78]]),
        surface_texture=(0, 1, 2),
        surface_repeat=np.array([1.5, 2.0, 2.0]),
        light_direction=np.array([[-0.35, 0.35, -0.87], [-0.2, -0.7, -0.68], [0.7, 0.2, -0.68]]),
        light_strength=np.array([[0.52] * 3, [0.2] * 3, [0.1] * 3]),
        ambient=np.full(3, 0.36),
    )
    return Look(
        dressing=dressing,
        object_seed=0,
        front_pose=look_at(FRONT_EYE, FRONT_TARGET),
        front_fovy=FRONT_FOVY,
        wrist_shift=np.zeros(3),
        wrist_turn=np.zeros(3),
        wrist_fovy=0.0,
    )


def _add_slab(
    spec: mujoco.MjSpec, name: str, centre: Array, half: Array, quat: list[float] | None = None
) -> mujoco.MjsGeom:
    return spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=centre,
        size=half,
        quat=quat or [1, 0, 0, 0],
        material=name,
        group=1,
        contype=0,
        conaffinity=0,
    )


def _sample_surfaces(rng: np.random.Generator, directions: Array, strengths: Array, ambient: Array) -> StarterDressing:
    """Random surfaces under the given lights (see ``_sample_lights``)."""
    return StarterDressing(
        surface_rgb=np.stack([_surface_colour(rng, name) for name in SURFACES]),
        surface_texture=tuple(int(k) for k in rng.integers(SURFACE_TEXTURES, size=len(SURFACES))),
        surface_repeat=rng.uniform(0.8, 3.0, len(SURFACES)),
        light_direction=directions,
        light_strength=strengths,
        ambient=ambient,
    )


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
