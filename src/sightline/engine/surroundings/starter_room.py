"""The room of collection ``starter``: a table, a floor, a wall and three lights."""

from __future__ import annotations

import mujoco
import numpy as np

from sightline.core.geometry import Array
from sightline.engine.assets.starter.textures import SURFACE_PATTERNS, SURFACE_PIXELS, surface_texture

TABLE_LOW, TABLE_HIGH = np.array([-0.45, -0.85, -0.04]), np.array([0.98, 0.85, 0.0])
FLOOR_Z, WALL_X = -0.75, -1.1
SURFACES = ("table", "floor", "wall")
SURFACE_TEXTURES = 6
LIGHTS = ("key", "fill", "rim")


def add_starter_room(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    """Table, floor, wall and lights. Their looks are set by scene; here they only come to exist."""
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
