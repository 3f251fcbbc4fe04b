"""Reading mesh files (OBJ, GLB, glTF, STL, PLY): their parts with colours and textures, in the file's own units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.pictures import eight_bits
from sightline.engine.assets.model import RGB

SUFFIXES = (".obj", ".glb", ".gltf", ".stl", ".ply")
Y_UP = (".glb", ".gltf")  # by the format's definition; the others leave it open
WHITE: RGB = (1.0, 1.0, 1.0)
UNPAINTED: RGB = (0.72, 0.72, 0.72)


@dataclass(frozen=True, eq=False)
class Part:
    """One mesh of a file with one paint.

    Attributes:
        vertices: [V,3]; faces: [F,3].
        rgb: plain colour 0..1, or the tint of the texture; None when the file says nothing.
        uv: [V,2] texture coordinates, v upwards, and texture [H,W,3] uint8; both or neither.
        colours: [F,3] 0..1 when every face has its own.
    """

    vertices: Array
    faces: NDArray[np.int64]
    rgb: RGB | None = None
    uv: Array | None = None
    texture: NDArray[np.uint8] | None = None
    colours: Array | None = None

    def moved(self, scale: float, turn: Array, shift: Array) -> Part:
        """The part scaled, turned by ``turn`` [3,3] and then shifted by ``shift`` [3]."""
        return replace(self, vertices=scale * self.vertices @ turn.T + shift)


@dataclass(frozen=True, eq=False)
class MeshFile:
    """The parts of one file and what it says of its unit (metres), None when it does not."""

    parts: tuple[Part, ...]
    unit: float | None

    @property
    def longest(self) -> float:
        """Largest side of the box around everything, in the file's unit."""
        points = np.concatenate([part.vertices for part in self.parts])
        return float(np.ptp(points, axis=0).max())


def read_mesh_file(path: Path) -> MeshFile:
    """The parts of a mesh file, every instance of a scene in its place.

    Raises SightlineError, with the reason alone as its message, when the file cannot be read or holds no surface.
    """
    try:
        scene = trimesh.load_scene(path, process=False)
        loaded = [mesh for mesh in scene.dump() if isinstance(mesh, trimesh.Trimesh)]
        parts = tuple(_part(mesh) for mesh in loaded if len(mesh.faces))
    except Exception as error:  # a reader of damaged files raises anything
        raise SightlineError(f"cannot be read as {path.suffix.lstrip('.').upper()} ({error})") from None
    if not parts:
        raise SightlineError("holds no triangles")
    if not all(np.isfinite(part.vertices).all() for part in parts):
        raise SightlineError("holds points that are not finite numbers")
    # The glTF format means metres, but exporters often do not care: what it says is worth nothing.
    told = scene.units if path.suffix.lower() not in Y_UP else None
    return MeshFile(parts, trimesh.units.unit_conversion(told, "meters") if told else None)


def _part(mesh: Any) -> Part:
    vertices, faces = np.array(mesh.vertices, float), np.array(mesh.faces, np.int64)
    visual = mesh.visual
    if visual.kind == "texture":
        material = visual.material
        rgb, image = _paint(material)
        if image is not None and visual.uv is not None and len(visual.uv) == len(vertices):
            picture = np.asarray(eight_bits(image).convert("RGB"))  # glTF: profiles, EXIF and alpha count for nothing
            return Part(vertices, faces, rgb or WHITE, np.array(visual.uv, float), picture)
        return Part(vertices, faces, rgb)
    if visual.kind in ("face", "vertex"):
        colours = np.asarray(visual.face_colors, float)[:, :3] / 255
        if np.ptp(colours, axis=0).max() > 0.02:
            return Part(vertices, faces, colours=colours)
        return Part(vertices, faces, _rgb(colours[0]))
    return Part(vertices, faces)


def _paint(material: Any) -> tuple[RGB | None, Image.Image | None]:
    """Colour and picture of a simple (OBJ) or physically based (glTF) material."""
    if hasattr(material, "baseColorTexture"):
        factor = material.baseColorFactor
        colour = None if factor is None else np.asarray(factor, float)[:3]
        if colour is not None and np.asarray(factor).dtype.kind in "ui":
            colour = colour / 255
        return None if colour is None else _rgb(colour), material.baseColorTexture
    if material.image is not None:
        return WHITE, material.image  # OBJ exporters leave any colour beside a picture; viewers ignore it
    if "kd" not in material.kwargs:
        return None, None  # the MTL file is missing, and what trimesh tells is its own grey
    return _rgb(np.asarray(material.diffuse, float)[:3] / 255), None


def _rgb(colour: Array) -> RGB:
    r, g, b = np.clip(colour, 0, 1)
    return float(r), float(g), float(b)
