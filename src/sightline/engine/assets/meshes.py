"""Triangle meshes by construction: lathes, chamfered boxes, tubes and prisms, with normals and texture coordinates.

Every mesh keeps one normal and one texture coordinate a vertex (hard edges repeat the vertex), which is what the
renderer wants. Metres; objects stand on z = 0. Counts are kept low on purpose: on a CPU a picture costs what its
vertices cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """vertices [V,3] metres, faces [F,3] (counter-clockwise from outside), normals [V,3], uv [V,2] in [0,1]."""

    vertices: Floats
    faces: NDArray[np.int64]
    normals: Floats
    uv: Floats

    def moved(self, offset: Sequence[float] | Floats, rotation: Floats | None = None) -> Mesh:
        """The mesh turned by rotation [3,3] (if given) and then shifted by offset [3]."""
        turn = np.eye(3) if rotation is None else rotation
        return Mesh(self.vertices @ turn.T + np.asarray(offset, float), self.faces, self.normals @ turn.T, self.uv)

    def scaled(self, factors: Sequence[float]) -> Mesh:
        """The mesh stretched along x, y and z."""
        factor = np.asarray(factors, float)
        normals = self.normals / factor
        return Mesh(self.vertices * factor, self.faces, _unit(normals), self.uv)


def merge(*meshes: Mesh) -> Mesh:
    """One mesh that holds all of them (one paint, one draw call)."""
    starts = np.cumsum([0, *[len(mesh.vertices) for mesh in meshes[:-1]]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.uv for mesh in meshes]),
    )


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def lathe(profile: Sequence[tuple[float, float]], segments: int = 20, crease: float = 40.0) -> Mesh:
    """Triangles of revolution about z.

    Args:
        profile: (radius, z) points; a solid's outside runs from the bottom axis outwards and up (normals point to the
            right of the direction of travel).
        segments: number of sides.
        crease: profile corners sharper than this many degrees are shaded as edges.
    """
    points = np.asarray(profile, float)
    step = np.diff(points, axis=0)
    lengths = np.linalg.norm(step, axis=1)
    across = _unit(np.stack([step[:, 1], -step[:, 0]], -1))
    rows: list[tuple[Floats, Floats, float]] = []
    bands: list[tuple[int, int]] = []
    travelled = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
    previous_end = -1
    for i in range(len(step)):
        smooth_start = i > 0 and across[i] @ across[i - 1] > np.cos(np.radians(crease))
        if smooth_start:
            start = previous_end
        else:
            rows.append((points[i], across[i], travelled[i]))
            start = len(rows) - 1
        smooth_end = i + 1 < len(step) and across[i] @ across[i + 1] > np.cos(np.radians(crease))
        normal = _unit(across[i] + across[i + 1]) if smooth_end else across[i]
        rows.append((points[i + 1], normal, travelled[i + 1]))
        previous_end = len(rows) - 1
        bands.append((start, previous_end))
    angle = np.linspace(0.0, 2 * np.pi, segments + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    vertices, normals, uv = [], [], []
    for (radius, z), (out, up), along in rows:
        vertices.append(np.concatenate([circle * radius, np.full((segments + 1, 1), z)], -1))
        normals.append(np.concatenate([circle * out, np.full((segments + 1, 1), up)], -1))
        uv.append(np.stack([angle / (2 * np.pi), np.full(segments + 1, along)], -1))
    faces = []
    for low, high in bands:
        a = low * (segments + 1) + np.arange(segments)
        b = high * (segments + 1) + np.arange(segments)
        if rows[low][0][0] > 1e-9:
            faces.append(np.stack([a, a + 1, b], -1))
        if rows[high][0][0] > 1e-9:
            faces.append(np.stack([a + 1, b + 1, b], -1))
    return Mesh(np.concatenate(vertices), np.concatenate(faces), np.concatenate(normals), np.concatenate(uv))


def flat(vertices: Floats, faces: NDArray[np.int64]) -> Mesh:
    """A faceted mesh: every face has its own corners. Texture coordinates are projected along each face's main axis."""
    corners = vertices[faces]
    normals = _unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    low, high = vertices.min(0), vertices.max(0)
    relative = (corners - low) / np.maximum(high - low, 1e-9)
    main = np.argmax(np.abs(normals), -1)
    u = np.where((main == 0)[:, None], relative[..., 1], relative[..., 0])
    v = np.where((main == 2)[:, None], relative[..., 1], relative[..., 2])
    uv = np.stack([u, v], -1).reshape(-1, 2)
    order = np.arange(3 * len(faces)).reshape(-1, 3)
    return Mesh(corners.reshape(-1, 3), order, np.repeat(normals, 3, axis=0), uv)


def hull(points: Floats) -> Mesh:
    """The faceted convex hull of points [N,3]."""
    found = ConvexHull(points)
    faces = found.simplices.copy()
    corners = points[faces]
    inward = (
        np.einsum(
            "ij,ij->i", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), found.equations[:, :3]
        )
        < 0
    )
    faces[inward] = faces[inward][:, ::-1]
    return flat(points, faces)


def box(size: Sequence[float], bevel: float = 0.003) -> Mesh:
    """A chamfered box of full size (x, y, z) standing on z = 0."""
    half = np.asarray(size, float) / 2
    corners = np.array([[sx, sy, sz] for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)], float)
    points = [corners * (half - bevel * (np.arange(3) != axis)) for axis in range(3)]
    return hull(np.concatenate(points)).moved((0, 0, half[2]))


def plain_box(size: Sequence[float], centre: Sequence[float]) -> Mesh:
    """A sharp box of full size (x, y, z) around centre, 12 faces."""
    half = np.asarray(size, float) / 2
    corners = np.array([[sx, sy, sz] for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)], float) * half
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([tri for a, b, c, d in quads for tri in ((a, b, c), (a, c, d))])
    return flat(corners, faces).moved(centre)


def tube(path: Floats, radii: Floats | float, sides: int = 8) -> Mesh:
    """A round tube along path [N,3] with radius radii ([N] or one number), closed at both ends, smoothly shaded."""
    path = np.asarray(path, float)
    radius = np.broadcast_to(np.asarray(radii, float), len(path))
    tangent = _unit(np.gradient(path, axis=0))
    helper = np.array([0.0, 0.0, 1.0]) if np.abs(tangent[:, 2]).max() < 0.9 else np.array([0.0, 1.0, 0.0])
    side = _unit(np.cross(helper, tangent))
    up = np.cross(tangent, side)
    angle = np.linspace(0.0, 2 * np.pi, sides + 1)
    ring = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    vertices = (path[:, None] + ring * radius[:, None, None]).reshape(-1, 3)
    along = np.broadcast_to(np.linspace(0, 1, len(path))[:, None], (len(path), sides + 1))
    uv = np.stack([np.broadcast_to(angle / (2 * np.pi), along.shape), along], -1).reshape(-1, 2)
    grid = np.arange(len(path) * (sides + 1)).reshape(len(path), sides + 1)
    a, b, c, d = grid[:-1, :-1].ravel(), grid[:-1, 1:].ravel(), grid[1:, :-1].ravel(), grid[1:, 1:].ravel()
    faces = [np.stack([a, b, c], -1), np.stack([b, d, c], -1)]
    caps = np.array([path[0], path[-1]])
    first = len(vertices)
    faces.append(np.stack([np.full(sides, first), grid[0, 1:], grid[0, :-1]], -1))
    faces.append(np.stack([np.full(sides, first + 1), grid[-1, :-1], grid[-1, 1:]], -1))
    normals = np.concatenate([ring.reshape(-1, 3), [-tangent[0]], [tangent[-1]]])
    return Mesh(
        np.concatenate([vertices, caps]), np.concatenate(faces), normals, np.concatenate([uv, [[0.5, 0.0], [0.5, 1.0]]])
    )


def ellipsoid(radii: Sequence[float], centre: Sequence[float], segments: int = 16, rows: int = 9) -> Mesh:
    """An ellipsoid with semi-axes radii around centre."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, rows)
    profile = [(max(0.0, float(np.cos(a))), float(np.sin(a))) for a in angle]
    profile[0], profile[-1] = (0.0, -1.0), (0.0, 1.0)
    return lathe(profile, segments, crease=60.0).scaled(radii).moved(centre)


def lying(mesh: Mesh) -> Mesh:
    """The mesh with its z axis turned to x (an upright lathe laid down)."""
    return mesh.moved((0, 0, 0), np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]))


def open_box(size: Sequence[float], wall: float, floor: float, flare: float = 0.0) -> Mesh:
    """A box without a lid: outer full size (x, y, z), wall and floor thickness; the rim ``flare`` wider each side."""
    x, y, z = (float(value) for value in size)

    def ring(half_x: float, half_y: float, height: float) -> Floats:
        return np.array(
            [[-half_x, -half_y, height], [half_x, -half_y, height], [half_x, half_y, height], [-half_x, half_y, height]]
        )

    hx, hy = x / 2, y / 2
    inner_base = flare * floor / z
    rings = np.concatenate([
        ring(hx - flare, hy - flare, 0.0),
        ring(hx, hy, z),
        ring(hx - wall, hy - wall, z),
        ring(hx - flare + inner_base - wall, hy - flare + inner_base - wall, floor),
    ])  # fmt: skip
    faces = [(0, 2, 1), (0, 3, 2), (12, 13, 14), (12, 14, 15)]
    for low, high in ((0, 4), (4, 8), (8, 12)):
        for k in range(4):
            n = (k + 1) % 4
            faces += [(low + k, low + n, high + n), (low + k, high + n, high + k)]
    return flat(rings, np.array(faces))
