"""Visual meshes of robots, read from robosuite's files: merged, welded, decimated, cached on disk.

robosuite is never imported: only its model files are read. Undecimated, an arm's 40 to 250 thousand faces would
dominate the cost of every picture.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError

VERSION = 1  # raise when the code below makes other meshes from the same files
IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
Colour = tuple[float, ...]
Mesh = tuple[NDArray[np.float32], NDArray[np.int32]]


@dataclass(frozen=True)
class BodyVisual:
    """What is seen of a body in one colour.

    Attributes:
        body: name of the body, without the robot's prefix.
        files: mesh files (relative to robosuite's assets) that are merged.
        rgba: colour.
        keep: share of the faces that decimation leaves.
        turn, shift: from the files' frame (with their units) to the body's (metres).
        small: faces; what has no more is left as it is.
        filled: whether each connected piece is drawn as its convex hull. For rings between links, whose many inner
            faces nobody sees and decimation cannot remove.
    """

    body: str
    files: tuple[str, ...]
    rgba: Colour
    keep: float
    turn: Matrix = IDENTITY
    shift: Vector = (0.0, 0.0, 0.0)
    small: int = 200
    filled: bool = False


def asset_folder() -> Path:
    """Where robosuite keeps its models. Raises SightlineError when it is not installed."""
    found = importlib.util.find_spec("robosuite")
    if found is None or found.origin is None:
        raise SightlineError(
            "The robots' model files are missing: install them with "
            "`pip install --no-deps robosuite==1.5.2` (only its files are used)."
        )
    return Path(found.origin).parent / "models" / "assets"


def read_model(file: str) -> mujoco.MjSpec:
    """One of robosuite's MJCF files, named relative to its assets. Raises SightlineError when it is missing."""
    path = asset_folder() / file
    if not path.is_file():
        raise SightlineError(f"robosuite has no {file}; install `robosuite==1.5.2` with `pip install --no-deps`.")
    return mujoco.MjSpec.from_file(str(path))


def strip(model: mujoco.MjSpec) -> None:
    """Leave the bodies, joints and masses of a model: everything else is replaced by our own."""
    for group in ("sensors", "actuators", "geoms", "sites", "cameras", "meshes", "materials"):
        for item in list(getattr(model, group)):
            model.delete(item)


def visuals_of(
    model: mujoco.MjSpec,
    folder: str,
    keep: float,
    small: int,
    paint: Mapping[str, Colour | None],
    filled: Collection[str] = (),
) -> list[BodyVisual]:
    """The visual meshes of an MJCF arm, those of one body, colour and pose together.

    Args:
        folder: of the model, relative to robosuite's assets.
        keep, small: as in BodyVisual.
        paint: material -> colour in place of the file's; None: not drawn.
        filled: materials of what is drawn as convex hulls.
    """
    files = {mesh.name: f"{folder}/{mesh.file}" for mesh in model.meshes}
    colours: dict[str, Colour | None] = {m.name: tuple(np.asarray(m.rgba, np.float32)) for m in model.materials}
    colours |= paint
    parts: dict[tuple, list[str]] = {}
    for geom in model.geoms:
        rgba = colours[geom.material] if geom.material else tuple(geom.rgba)
        if geom.group != 1 or not geom.meshname or rgba is None:
            continue
        pose = (*np.asarray(geom.pos).tolist(), *np.asarray(geom.quat).tolist())
        # Shades that differ by less are one: the fewer parts, the faster the picture.
        shade = tuple(np.round(np.array(rgba, np.float32), 1).tolist())
        parts.setdefault((geom.parent.name, shade, pose, geom.material in filled), []).append(files[geom.meshname])
    return [
        BodyVisual(body, tuple(names), shade, keep, _matrix(pose[3:]), pose[:3], small, solid)
        for (body, shade, pose, solid), names in parts.items()
    ]


def add_visuals(spec: mujoco.MjSpec, robot: str, visuals: list[BodyVisual]) -> None:
    """Draw them on their bodies in ``spec``, whose names start with the robot's: group 2, without weight or contact."""
    for number, (visual, (vertices, faces)) in enumerate(zip(visuals, _meshes(robot, visuals), strict=True)):
        name = f"{robot}_visual_{number}"
        mesh = spec.add_mesh(name=name, uservert=vertices.ravel(), userface=faces.ravel())
        mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # an open surface has no volume; never weighed
        spec.body(f"{robot}_{visual.body}").add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=name,
            rgba=visual.rgba,
            group=2,
            contype=0,
            conaffinity=0,
            density=0,
        )


def _meshes(robot: str, visuals: list[BodyVisual]) -> list[Mesh]:
    """The visuals' meshes, from the cache or made now (about 2 s). Safe when several processes start at once."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made_from = repr((VERSION, importlib.metadata.version("robosuite"), visuals))
    path = home / "sightline" / f"{robot}-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}" / "meshes.npz"
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as stored:
                return [(stored[f"{i}/vertices"], stored[f"{i}/faces"]) for i in range(len(visuals))]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            pass  # a damaged cache is simply made again
    meshes = [_weld_and_decimate(visual) for visual in visuals]
    arrays: dict[str, Any] = {}
    for i, (vertices, faces) in enumerate(meshes):
        arrays |= {f"{i}/vertices": vertices, f"{i}/faces": faces}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            np.savez_compressed(file, **arrays)
        os.replace(file.name, path)
    except OSError as error:
        raise SightlineError(
            f"Cannot write the robot's mesh cache at {path.parent} ({error.strerror}): "
            "set XDG_CACHE_HOME to a writable folder."
        ) from None
    return meshes


def _weld_and_decimate(visual: BodyVisual) -> Mesh:
    # Imported here: only the first run on a machine needs them.
    import fast_simplification
    import trimesh

    loaded = [trimesh.load(asset_folder() / file, force="mesh", process=False) for file in visual.files]
    mesh = trimesh.util.concatenate([trimesh.Trimesh(m.vertices, m.faces, process=False) for m in loaded])
    # Without welding, the simplifier tears the surface apart along every texture and normal seam.
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    if visual.filled:
        mesh = trimesh.util.concatenate([piece.convex_hull for piece in mesh.split(only_watertight=False)])
    vertices, faces = np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)
    if visual.keep < 1 and len(faces) > visual.small:
        fewer: tuple[NDArray, NDArray] = fast_simplification.simplify(vertices, faces, target_reduction=1 - visual.keep)
        vertices, faces = fewer
    vertices = np.asarray(vertices, np.float32) @ np.array(visual.turn, np.float32).T
    vertices = vertices + np.array(visual.shift, np.float32)
    return np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32)


def _matrix(quat: tuple[float, ...]) -> Matrix:
    """The rotation of a quaternion (w, x, y, z), exactly the identity for (1, 0, 0, 0)."""
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, np.array(quat))
    (a, b, c), (d, e, f), (g, h, i) = flat.reshape(3, 3).tolist()
    return (a, b, c), (d, e, f), (g, h, i)
