"""How the starter's room looks: colours and textures of table, floor and wall, and three lights."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import mujoco
import numpy as np

from sightline.core.geometry import Array
from sightline.engine.surroundings.starter_room import LIGHTS, SURFACE_TEXTURES, SURFACES


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


def plain_dressing() -> StarterDressing:
    """Even light, a light wooden table."""
    return StarterDressing(
        surface_rgb=np.array([[0.72, 0.62, 0.50], [0.45, 0.46, 0.48], [0.75, 0.76, 0.78]]),
        surface_texture=(0, 1, 2),
        surface_repeat=np.array([1.5, 2.0, 2.0]),
        light_direction=np.array([[-0.35, 0.35, -0.87], [-0.2, -0.7, -0.68], [0.7, 0.2, -0.68]]),
        light_strength=np.array([[0.52] * 3, [0.2] * 3, [0.1] * 3]),
        ambient=np.full(3, 0.36),
    )


def sample_surfaces(rng: np.random.Generator, directions: Array, strengths: Array, ambient: Array) -> StarterDressing:
    """Random surfaces under the given lights (see ``sample_lights``)."""
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


def sample_lights(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Directions [3,3] (unit, downwards), RGB strengths [3,3], ambient [3]: total brightness stays within reason."""
    around = rng.uniform(-np.pi, np.pi, 3)
    steep = np.radians(rng.uniform([35, 25, 20], [80, 60, 50]))
    directions = np.stack([np.cos(steep) * np.cos(around), np.cos(steep) * np.sin(around), -np.sin(steep)], -1)
    strengths = rng.uniform([0.42, 0.14, 0.0], [0.64, 0.28, 0.18])
    warmth = rng.uniform(-0.06, 0.06)
    tint = np.array([1 + warmth, 1.0, 1 - warmth])
    return directions, strengths[:, None] * tint, rng.uniform(0.32, 0.45) * tint
