"""What a mesh is as a body: its size in metres, convex pieces, volume, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import fast_simplification
import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.engine.assets.surface import Triangles

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
GUESSES = ("m", "cm", "mm")  # inches look like centimetres of a thing 2.5 times the size: nobody can tell them by size
TYPICAL = 0.12  # metres: of the units, the one that brings the longest side nearest to this (in ratio) is meant
SOLID_FACES = 1000  # what is decomposed; more only costs time
CONVEX = 0.96  # share of its hull's volume from which a closed mesh is one convex piece
PIECES, PIECE_VERTICES = 16, 32
# Of coacd: a fifth of its default effort, which costs seconds instead of a minute and leaves about as many pieces.
EFFORT: dict[str, Any] = {
    "threshold": 0.08,
    "preprocess_mode": "auto",
    "preprocess_resolution": 30,
    "resolution": 400,
    "mcts_nodes": 10,
    "mcts_iterations": 20,
    "mcts_max_depth": 2,
}
STEADY = np.radians(5.0)  # tilt that a standing object survives
SINK = 0.03  # of its height: what is lower counts as standing on the table; a flat foot there makes it true
ROLLING = np.radians(8.0)  # tilt that must be survived on what truly touches the table
FLAT_ENOUGH, RESTING = 300, 24  # faces of the hull whose resting poses are looked at, and how many of those


@dataclass(frozen=True, eq=False)
class Solid:
    """pieces: convex, [V,3] vertices each; volume: cubic metres of all; centre: [3] centre of mass."""

    pieces: tuple[Array, ...]
    volume: float
    centre: Array

    def moved(self, turn: Array, shift: Array) -> Solid:
        """The solid turned by ``turn`` [3,3] and then shifted by ``shift`` [3]."""
        pieces = tuple(piece @ turn.T + shift for piece in self.pieces)
        return Solid(pieces, self.volume, turn @ self.centre + shift)


def guess_unit(longest: float) -> str:
    """The unit (one of GUESSES) in which a thing whose longest side is ``longest`` has the likeliest size."""
    return min(GUESSES, key=lambda unit: abs(np.log(longest * UNITS[unit] / TYPICAL)))


def weld(vertices: Array, faces: NDArray[np.int64]) -> Any:
    """One mesh (trimesh) without seams, doubled or empty faces, wound so that its volume is not negative."""
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    mesh.merge_vertices(merge_tex=True, merge_norm=True, digits_vertex=6)
    mesh.update_faces(mesh.nondegenerate_faces() & mesh.unique_faces())
    mesh.remove_unreferenced_vertices()
    trimesh.repair.fix_winding(mesh)
    if Triangles.volume(np.asarray(mesh.triangles)) < 0:
        mesh.invert()
    return mesh


def decimate(mesh: Any, faces: int) -> Any:
    """The mesh with at most ``faces`` faces, as far as its shape allows."""
    if len(mesh.faces) <= faces:
        return mesh
    vertices, kept = fast_simplification.simplify(
        np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32), target_count=faces
    )
    return weld(vertices.astype(float), kept.astype(np.int64))


def require_coacd() -> Any:
    """The library that splits meshes into convex pieces. Raises SightlineError when it is not installed."""
    try:
        import coacd
    except ImportError:
        raise SightlineError(
            "Splitting objects into convex pieces needs coacd: install it with `pip install 'sightline[assets]'`."
        ) from None
    return coacd


def decompose(mesh: Any, pieces: int = PIECES) -> Solid:
    """At most ``pieces`` convex pieces that fill a welded mesh in metres. The same mesh gives the same pieces.

    Raises SightlineError when the mesh has no thickness, or when coacd is needed and not installed.
    """
    try:
        hull = ConvexHull(mesh.vertices)
    except (QhullError, ValueError):
        raise SightlineError("is flat: it has no volume") from None
    if mesh.is_watertight and Triangles.volume(np.asarray(mesh.triangles)) > CONVEX * hull.volume:
        return _solid([np.asarray(mesh.vertices)[hull.vertices]])
    coacd = require_coacd()
    coacd.set_log_level("error")
    small = decimate(mesh, SOLID_FACES)
    parts = coacd.run_coacd(
        coacd.Mesh(np.asarray(small.vertices), np.asarray(small.faces)),
        max_convex_hull=pieces,
        max_ch_vertex=PIECE_VERTICES,
        decimate=True,
        seed=0,
        **EFFORT,
    )
    return _solid([np.asarray(vertices, float) for vertices, _ in parts])


def _solid(parts: Sequence[Array]) -> Solid:
    """Volume and centre from the pieces, which hardly overlap; those without thickness are left out."""
    kept, volumes, centres = [], [], []
    for points in parts:
        try:
            hull = ConvexHull(points)
        except QhullError:
            continue
        if len(hull.vertices) > 2 * PIECE_VERTICES:
            shell = trimesh.Trimesh(hull.points, hull.simplices)  # twice as many faces as vertices
            hull = ConvexHull(decimate(shell, 4 * PIECE_VERTICES).vertices)
        kept.append(np.asarray(hull.points)[hull.vertices])
        inside = kept[-1].mean(0)
        corners = hull.points[hull.simplices] - inside
        cells = np.abs(np.linalg.det(corners))  # six times the volumes of the pyramids on the faces
        volumes.append(hull.volume)
        centres.append(inside + (cells @ corners.sum(1)) / (4 * cells.sum()))
    if not kept:
        raise SightlineError("has no part with a volume")
    return Solid(tuple(kept), float(sum(volumes)), np.average(centres, axis=0, weights=volumes))


def base_of(points: Array, sink: float | None = None) -> Array:
    """[N,2] outline of what an object with these points [M,3] stands on; empty when it stands on a point or an edge.

    Args:
        sink: metres above its lowest point that count as touching the table; by default what a foot would make so.
    """
    sink = max(0.0008, SINK * float(np.ptp(points[:, 2]))) if sink is None else sink
    base = points[points[:, 2] <= points[:, 2].min() + sink, :2]
    try:
        return base[ConvexHull(base).vertices]
    except (QhullError, ValueError):
        return np.zeros((0, 2))


def stands(points: Array, centre: Array, sink: float | None = None) -> float:
    """Tilt (radians) that an object with these points [N,3] survives as it is on a table; 0 when it falls over.

    Args:
        centre: [3] centre of mass.
        sink: see base_of.
    """
    base, height = base_of(points, sink), float(centre[2] - points[:, 2].min())
    if not len(base) or height <= 0:
        return 0.0
    edges = ConvexHull(base).equations
    margin = -float((edges[:, :2] @ centre[:2] + edges[:, 2]).max())
    return float(np.arctan2(max(margin, 0.0), height))


def rolls(points: Array, centre: Array) -> bool:
    """Whether an object would roll away without a foot: what it stands on is too small to rest on. See stands."""
    return stands(points, centre, sink=0.0001) < ROLLING


def upright(points: Array, centre: Array, turns: Sequence[Array]) -> Array:
    """How to stand an object with these points [N,3] and this centre of mass [3] up: rotation [3,3].

    Args:
        turns: preferred rotations [3,3], tried in order; when it stands in none, its steadiest resting pose is taken.
    """
    outside = points[ConvexHull(points).vertices]
    for turn in turns:
        if stands(outside @ turn.T, turn @ centre) >= STEADY:
            return turn
    shell = trimesh.Trimesh(outside, ConvexHull(outside).simplices).convex_hull
    poses, chances = decimate(shell, FLAT_ENOUGH).compute_stable_poses(center_mass=centre)
    resting = [turns[0], *(pose[:3, :3] for pose in poses[np.argsort(-chances, kind="stable")][:RESTING])]
    tilts = [stands(outside @ turn.T, turn @ centre) for turn in resting]
    return resting[int(np.argmax(np.round(tilts, 3)))]
