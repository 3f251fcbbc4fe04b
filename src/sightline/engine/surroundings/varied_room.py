"""Surroundings at the paper's scale: one surface, one backdrop, a handful of textures, four lamps.

Geometry and textures are compiled into the world; which texture a slot wears, all colours and all lamps are changed in
place for every look (``varied_dressing``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array
from sightline.engine.assets.meshes import merge
from sightline.engine.surroundings import viewpoint
from sightline.engine.surroundings.backdrops import Backdrop, backdrops
from sightline.engine.surroundings.base import Look, Surroundings
from sightline.engine.surroundings.furniture import Support, Surface, surfaces
from sightline.engine.surroundings.furniture.pieces import BASE_HALF
from sightline.engine.surroundings.joinery import Piece, block
from sightline.engine.surroundings.lighting import MAX_LAMPS
from sightline.engine.surroundings.sensor import Sensor
from sightline.engine.surroundings.textures import SIZE, Texture, textures
from sightline.engine.surroundings.varied_dressing import VariedDressing, sample_dressing

# The map covers this many metres either way of the middle of the table: with less, its far corners show dotted noise
# (MuJoCo 4.0, whatever the geometry). At 224 pixels, 768 looks like 1024 and costs hardly more than 512.
SHADOW_SPAN, SHADOW_PIXELS = 1.4, 768
# Slot of a backdrop -> what its textures must suit. All other slots are plain paint.
WEARS = {
    "floor": "floor", "wall": "wall", "side": "wall", "furniture": "body", "counter": "top",
    "cloth": "cloth", "rug": "rug", "poster": "poster", "window": "window",
}  # fmt: skip
CHOICES = {"top": 3, "floor": 2, "wall": 2}  # textures among which looks choose; 1 for all other slots
GLOW = 0.45  # of window panes


@dataclass(frozen=True, eq=False)
class VariedRoom(Surroundings):
    """One choice of all that.

    Attributes:
        surface, backdrop: what was chosen.
        support: the built surface.
        wardrobe: slot -> the textures that looks may choose for it (none: plain paint).
    """

    surface: Surface
    backdrop: Backdrop
    support: Support
    wardrobe: dict[str, tuple[Texture, ...]]
    key_light: ClassVar[str] = "lamp_0"

    @classmethod
    def add(cls, spec: mujoco.MjSpec, rng: np.random.Generator, split: str) -> VariedRoom:
        """See Surroundings; a surface, a backdrop and textures of ``split``, lamps and the size of the shadow map."""
        surface = _one_of(rng, surfaces(split))
        backdrop = _one_of(rng, backdrops(split))
        support = surface.build()
        back = float(min(part.mesh.vertices[:, 0].min() for part in support.parts))
        parts = [*support.parts, *_plinth(support), *backdrop.build(support.floor, min(back, -BASE_HALF))]
        wears = WEARS | support.wears
        wardrobe = {}
        for slot in dict.fromkeys(part.slot for part in parts):
            chosen = _choose_textures(rng, split, wears[slot], CHOICES.get(slot, 1)) if slot in wears else ()
            wardrobe[slot] = chosen
            _add_slot(spec, slot, [part for part in parts if part.slot == slot], chosen)
        for number in range(MAX_LAMPS):
            spec.worldbody.add_light(name=f"lamp_{number}", pos=[0, 0, 2], dir=[0, 0, -1], castshadow=False)
        spec.visual.quality.shadowsize = SHADOW_PIXELS
        spec.visual.map.shadowclip = SHADOW_SPAN / spec.stat.extent
        return cls(surface, backdrop, support, wardrobe)

    @staticmethod
    def sample_look(rng: np.random.Generator, split: str) -> Look:
        """See Surroundings; a lighting of ``split`` and a viewpoint from which the workspace is seen."""
        dressing = sample_dressing(rng, split)
        object_seed = int(rng.integers(2**31))
        pose, fovy = viewpoint.sample_front(rng)
        shift, turn, wrist_fovy = viewpoint.sample_wrist(rng)
        return Look(dressing, object_seed, pose, fovy, shift, turn, wrist_fovy)

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """See Surroundings."""
        return self.support.holds(points)

    def wear(self, model: mujoco.MjModel, look: Look) -> Sensor:
        """See Surroundings."""
        return look.dressed_as(VariedDressing).apply(model, self.wardrobe)


ROOM = VariedRoom


def _one_of(rng: np.random.Generator, entries: tuple) -> Any:
    """A member of a random family, so that large and small families are as likely."""
    families = tuple(dict.fromkeys(entry.family for entry in entries))
    family = families[rng.integers(len(families))]
    members = [entry for entry in entries if entry.family == family]
    return members[rng.integers(len(members))]


def _choose_textures(rng: np.random.Generator, split: str, use: str, count: int) -> tuple[Texture, ...]:
    """Textures that suit ``use``; where the split has none of its own, such as windows in ``novel``, training's."""
    entries = textures(split, use) or textures("train", use)
    return tuple(_one_of(rng, entries) for _ in range(count))


def _plinth(support: Support) -> list[Piece]:
    """What the robot stands on where the top does not reach under it; a hair lower, so that no faces coincide."""
    half = BASE_HALF
    foot = np.array([(x, y) for x in (-half, half) for y in (-half, half)])
    if support.holds(foot).all():
        return []
    return [block("body", (-half, -half, support.floor), (half, half, -0.003))]


def _add_slot(spec: mujoco.MjSpec, slot: str, parts: list[Piece], chosen: tuple[Texture, ...]) -> None:
    """One mesh, one material and its textures."""
    name, mesh = f"room_{slot}", merge(*(part.mesh for part in parts))
    spec.add_mesh(
        name=name,
        uservert=mesh.vertices.astype(np.float32).ravel(),
        userface=mesh.faces.astype(np.int32).ravel(),
        usernormal=mesh.normals.astype(np.float32).ravel(),
        usertexcoord=np.stack([mesh.uv[:, 0], 1 - mesh.uv[:, 1]], -1).astype(np.float32).ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
    material = spec.add_material(name=name, emission=GLOW if slot == "window" else 0.0)
    for number, entry in enumerate(chosen):
        texture = spec.add_texture(
            name=f"{name}_{number}", type=mujoco.mjtTexture.mjTEXTURE_2D, width=SIZE, height=SIZE, nchannel=3
        )
        texture.data = entry.swatch().picture.tobytes()
    if chosen:
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = f"{name}_0"
    spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=name,
        material=name,
        group=1,
        contype=0,
        conaffinity=0,
        mass=0.0,
    )
