"""The everyday objects that the robosuite package ships (MIT), rescaled to the gripper. Only its files are read."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fast_simplification
import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, grip_height, upright_cylinder

TEXTURE_PIXELS = 128
MAX_FACES = 500


@dataclass(frozen=True)
class Package:
    """One shipped object: mesh and texture file, its size (x, y, z) in metres at scale 1, and how it stands."""

    mesh: str
    texture: str
    size: tuple[float, float, float]
    form: str  # "box" or "cylinder": the collider


PACKAGES = {
    "cereal box": Package("cereal", "cereal", (0.08, 0.034, 0.105), "box"),
    "milk carton": Package("milk", "ceramic", (0.044, 0.044, 0.1), "box"),
    "bread": Package("bread", "bread", (0.062, 0.046, 0.05), "box"),
    "soda can": Package("can", "soda", (0.044, 0.044, 0.07), "cylinder"),
}


def _folder() -> Path:
    found = importlib.util.find_spec("robosuite")
    folder = Path(found.origin).parent / "models" / "assets" if found and found.origin else None
    if folder is None or not (folder / "objects" / "meshes").is_dir():
        raise SightlineError(
            "robosuite's object files are missing: install them with `pip install --no-deps robosuite==1.5.2` "
            "(only its files are used)."
        )
    return folder


@cache
def _texture(name: str) -> NDArray[np.uint8]:
    with Image.open(_folder() / "textures" / f"{name}.png") as picture:
        small = picture.convert("RGB").resize((TEXTURE_PIXELS, TEXTURE_PIXELS), Image.Resampling.BOX)
    return np.asarray(small)


@cache
def _mesh(name: str) -> Mesh:
    """The mesh with its own texture coordinates; a mesh of too many faces is welded, decimated and wrapped anew."""
    loaded = trimesh.load(_folder() / "objects" / "meshes" / f"{name}.obj", process=False, force="mesh")
    uv = np.array(loaded.visual.uv, float)
    if len(loaded.faces) > MAX_FACES:
        loaded.merge_vertices(merge_tex=True, merge_norm=True)
        vertices, faces = fast_simplification.simplify(
            np.asarray(loaded.vertices, np.float32), np.asarray(loaded.faces, np.int32), target_count=MAX_FACES
        )
        loaded = trimesh.Trimesh(vertices, faces, process=False)
        uv = np.stack(
            [np.arctan2(vertices[:, 1], vertices[:, 0]) / (2 * np.pi), vertices[:, 2] / np.ptp(vertices[:, 2])], -1
        )
    normals = np.array(loaded.vertex_normals, float)
    normals[np.linalg.norm(normals, axis=1) < 0.5] = 0.0, 0.0, 1.0  # vertices that no face uses
    return Mesh(np.array(loaded.vertices, float), np.array(loaded.faces, np.int64), normals, uv)


def packaged(kind: str, s: float) -> Shape:
    """The packaged object ``kind`` at scale ``s``. Raises SightlineError when robosuite's files are missing."""
    package = PACKAGES[kind]
    x, y, z = (s * value for value in package.size)
    mesh = _mesh(package.mesh)
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    mesh = mesh.moved(-(low + high) / 2).scaled(np.array([x, y, z]) / (high - low)).moved((0, 0, z / 2))
    collider: Collider = (
        upright_cylinder(x / 2, 0, z) if package.form == "cylinder" else block((x, y, z), (0, 0, z / 2))
    )
    grasp = Grasp((0, 0, min(grip_height(z), 0.06)), None if package.form == "cylinder" else ACROSS_Y, y, square=x == y)
    return Shape((Visual(mesh, (1.0, 1.0, 1.0), _texture(package.texture), 0.3),), (collider,), grasp)
