"""Libraries of imported objects: plain files (JSON and npz, nothing is ever unpickled) that load as object models."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sightline.core.console import write_json
from sightline.core.errors import SightlineError
from sightline.engine.assets.importing.naming import size_words
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Collider, Grasp, ObjectModel, Shape, Visual

LIST, VERSION = "library.json", 1


@dataclass(frozen=True)
class Entry:
    """One object of a library.

    Attributes:
        model: what worlds are made of.
        source: the file that it came from, below the folder that was imported.
        told_size: the size word that its user or file name gave; "" when its kind decides.
        path: that file in full, by which the object is found again when the file is imported once more.
    """

    model: ObjectModel
    source: str
    told_size: str = ""
    path: str = ""


def default_library() -> Path:
    """Where imported objects go when no folder is given: under the user's data folder."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "sightline" / "library"


def load_library(folder: Path | str = "") -> tuple[ObjectModel, ...]:
    """All object models of the library at ``folder`` (none: the default one), in the order of their names.

    They are read again when it has changed.
    Raises SightlineError when there is no library, or when it is damaged.
    """
    where = Path(folder) if folder else default_library()
    listed = where / LIST
    return _load(where, listed.stat().st_mtime_ns if listed.is_file() else 0)


@lru_cache(maxsize=4)
def _load(folder: Path, _changed: int) -> tuple[ObjectModel, ...]:
    return tuple(entry.model for entry in read_entries(folder))


def read_entries(folder: Path) -> tuple[Entry, ...]:
    """Like load_library, with where the objects came from."""
    try:
        listed = json.loads((folder / LIST).read_text(encoding="utf-8"))
        if listed["version"] != VERSION:
            raise SightlineError(
                f"The library at {folder} has version {listed['version']}, this Sightline reads {VERSION}: "
                "import its files again."
            )
        return tuple(_read(folder, row) for row in listed["objects"])
    except FileNotFoundError as error:
        raise SightlineError(
            f"There is no object library at {folder} (no {Path(str(error.filename)).name}): "
            "make one with `sightline assets import DIR --out LIBRARY`."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise SightlineError(
            f"The object library at {folder} is damaged ({error!r}): import its files again."
        ) from None


def entries_if_any(folder: Path) -> tuple[Entry, ...]:
    """Like read_entries; none where there is no library yet."""
    return read_entries(folder) if (folder / LIST).is_file() else ()


def write_entries(folder: Path, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Add entries to the library at ``folder``; those of the same name are replaced (folder.py gives the same name to
    the same file alone). Returns the whole library.

    Sizes that nobody told are words relative to the median of the kind, so newcomers may change those of others.
    Raises SightlineError when the folder holds something else or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / LIST).is_file():
            raise SightlineError(f"{folder} is not empty and no object library: choose another folder.")
        known = {entry.model.name: entry for entry in entries_if_any(folder)}
        folder.mkdir(parents=True, exist_ok=True)
        known |= {entry.model.name: entry for entry in entries}
        every = _sized([known[name] for name in sorted(known)])
        for entry in entries:
            _write_arrays(folder / f"{entry.model.name}.npz", entry.model.shape)
        write_json(folder / LIST, {"version": VERSION, "objects": [_row(entry) for entry in every]})
    except OSError as error:
        raise SightlineError(f"The library cannot be written to {folder} ({error.strerror}).") from None
    return tuple(every)


def _sized(entries: Sequence[Entry]) -> list[Entry]:
    lengths: dict[str, list[float]] = {}
    for entry in entries:
        lengths.setdefault(entry.model.kind, []).append(float(entry.model.extent.max()))
    words = {kind: iter(size_words(values)) for kind, values in lengths.items()}
    relative = [next(words[entry.model.kind]) for entry in entries]
    return [
        replace(entry, model=replace(entry.model, size=entry.told_size or word))
        for entry, word in zip(entries, relative, strict=True)
    ]


# --- rows and arrays ---------------------------------------------------------------------------------------------


def _row(entry: Entry) -> dict[str, Any]:
    model, shape = entry.model, entry.model.shape
    return {
        "name": model.name,
        "kind": model.kind,
        "colour": model.colour,
        "size": model.size,
        "told_size": entry.told_size,
        "role": model.role,
        "mass": model.mass,
        "rgb": model.rgb,
        "inner": model.inner,
        "balance": model.balance,
        "rolls": shape.rolls,
        "visuals": [{"rgb": visual.rgb, "shine": visual.shine} for visual in shape.visuals],
        "pieces": len(shape.colliders),
        "grasps": [{"point": grasp.point, "yaw": grasp.yaw, "width": grasp.width} for grasp in shape.grasps],
        "source": entry.source,
        "path": entry.path,
    }


def _read(folder: Path, row: Mapping[str, Any]) -> Entry:
    with np.load(folder / f"{row['name']}.npz", allow_pickle=False) as stored:
        visuals = []
        for k, paint in enumerate(row["visuals"]):
            vertices, faces, normals, uv = (stored[f"visual_{k}_{what}"] for what in MESH_FIELDS)
            texture = stored.get(f"visual_{k}_texture")
            mesh = Mesh(vertices.astype(float), faces.astype(np.int64), normals.astype(float), uv.astype(float))
            visuals.append(Visual(mesh, _three(paint["rgb"]), texture, paint["shine"]))
        pieces = tuple(hull_collider(stored[f"piece_{k}"].astype(float)) for k in range(row["pieces"]))
    grasps = [Grasp(_three(grasp["point"]), grasp["yaw"], grasp["width"]) for grasp in row["grasps"]]
    shape = Shape(tuple(visuals), pieces, grasps[0] if grasps else None, row["rolls"], tuple(grasps[1:]))
    model = ObjectModel(
        name=row["name"],
        kind=row["kind"],
        colour=row["colour"],
        size=row["size"],
        role=row["role"],
        mass=row["mass"],
        rgb=_three(row["rgb"]),
        shape=shape,
        inner=(row["inner"][0], row["inner"][1]),
        balance=_three(row["balance"]),
    )
    return Entry(model, row["source"], row["told_size"], row.get("path", ""))


MESH_FIELDS = ("vertices", "faces", "normals", "uv")


def _write_arrays(path: Path, shape: Shape) -> None:
    arrays: dict[str, Any] = {}
    for k, visual in enumerate(shape.visuals):
        for what in MESH_FIELDS:
            values = getattr(visual.mesh, what)
            arrays[f"visual_{k}_{what}"] = values.astype(np.int32 if what == "faces" else np.float32)
        if visual.texture is not None:
            arrays[f"visual_{k}_texture"] = visual.texture
    for k, collider in enumerate(shape.colliders):
        assert collider.hull is not None, "imported objects collide by convex hulls alone"
        arrays[f"piece_{k}"] = collider.hull.astype(np.float32)
    temporary = path.with_name(f".{path.name}")
    with temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(temporary, path)


def hull_collider(points: np.ndarray) -> Collider:
    """The convex hull of points [V,3] as a collision piece."""
    return Collider("mesh", (), (0.0, 0.0, 0.0), hull=points)


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
