"""What furniture and rooms are built from: meshes in the base frame, with texture coordinates in metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sightline.core.geometry import Array
from sightline.engine.assets.meshes import Mesh, hull, lathe, plain_box
from sightline.engine.surroundings.registry import digest

Profile = Sequence[tuple[float, float]]
Corner = Sequence[float] | Array
SPACING = 0.16  # metres between the points of an outline: light is computed at vertices only


@dataclass(frozen=True, eq=False)
class Piece:
    """A mesh in the base frame (metres; its texture coordinates too) and the slot whose material it wears."""

    slot: str
    mesh: Mesh


def in_metres(mesh: Mesh) -> Mesh:
    """The mesh with texture coordinates projected along the main axis of each normal; u runs along y, or x."""
    x, y, z = mesh.vertices.T
    main = np.abs(mesh.normals).argmax(1)
    uv = np.select(
        [(main == 0)[:, None], (main == 1)[:, None]], [np.stack([y, z], -1), np.stack([x, z], -1)], np.stack([y, x], -1)
    )
    return Mesh(mesh.vertices, mesh.faces, mesh.normals, uv)


def block(slot: str, low: Corner, high: Corner) -> Piece:
    """A box between two corners."""
    first, last = np.asarray(low, float), np.asarray(high, float)
    return Piece(slot, in_metres(plain_box(last - first, (first + last) / 2)))


def turned(slot: str, profile: Profile, centre: tuple[float, float], segments: int = 20) -> Piece:
    """A lathed piece about the vertical through centre (x, y)."""
    return Piece(slot, in_metres(lathe(profile, segments).moved((*centre, 0.0))))


def beam(slot: str, start: Corner, end: Corner, width: float, depth: float | None = None) -> Piece:
    """A square bar between two points, upright or slanted; ``width`` along y, ``depth`` along x (default: the same)."""
    half = np.array([(depth or width) / 2, width / 2, 0.0])
    corners = np.array([[sx, sy, 0.0] for sx in (-1, 1) for sy in (-1, 1)]) * half
    return Piece(slot, in_metres(hull(np.concatenate([corners + start, corners + end]))))


def rectangle(low: Corner, high: Corner, radius: float = 0.0) -> Array:
    """[N,2] outline of a rectangle between two corners (x, y), with rounded corners, counter-clockwise."""
    (x0, y0), (x1, y1) = low, high
    radius = max(min(radius, (x1 - x0) / 2.01, (y1 - y0) / 2.01), 1e-4)
    quarter = np.linspace(0, np.pi / 2, 5 if radius > 0.004 else 2)
    centres = [
        (x1 - radius, y1 - radius),
        (x0 + radius, y1 - radius),
        (x0 + radius, y0 + radius),
        (x1 - radius, y0 + radius),
    ]
    points = [
        np.add(centre, radius * np.stack([np.cos(quarter + k * np.pi / 2), np.sin(quarter + k * np.pi / 2)], -1))
        for k, centre in enumerate(centres)
    ]
    return _subdivided(np.concatenate(points))


def oval(centre: Corner, half: Corner, power: float = 2.0, sides: int = 40) -> Array:
    """[sides,2] outline of a superellipse: 2 is an ellipse, more is squarer. Few sides make a polygon of it."""
    angle = 2 * np.pi * (np.arange(sides) + 0.5) / sides
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    points = np.sign(circle) * np.abs(circle) ** (2 / power) * np.asarray(half, float) + np.asarray(centre, float)
    return _subdivided(points)


def _subdivided(outline: Array) -> Array:
    """The outline with points added along its long straight sides."""
    after = np.roll(outline, -1, axis=0)
    pieces = []
    for start, end in zip(outline, after, strict=True):
        count = max(1, round(float(np.linalg.norm(end - start)) / SPACING))
        pieces.append(start + (end - start) * (np.arange(count) / count)[:, None])
    return np.concatenate(pieces)


def inset(outline: Array, distance: float) -> Array:
    """The outline drawn in by ``distance`` metres (out, where negative)."""
    low, high = outline.min(0), outline.max(0)
    middle, half = (low + high) / 2, (high - low) / 2
    return middle + (outline - middle) * (half - distance) / half


def holds(outline: Array, points: Array) -> np.ndarray:
    """[...] whether points [...,2] lie within a convex outline [N,2] that runs counter-clockwise."""
    edge = np.roll(outline, -1, axis=0) - outline
    away = np.asarray(points)[..., None, :] - outline
    return np.all(edge[:, 0] * away[..., 1] - edge[:, 1] * away[..., 0] >= 0, axis=-1)


def plate(slot: str, outline: Array, profile: Profile, rings: int = 4) -> Piece:
    """A flat top with a moulded edge.

    Args:
        outline: [N,2] of the whole plate, star-shaped about its middle.
        profile: (inset, z) points in metres from the border of the flat part outwards, over the edge and down.
        rings: into how many rings the flat part is divided, so that light falls off across it.
    """
    count = len(outline)
    low, high = outline.min(0), outline.max(0)
    middle = (low + high) / 2
    border = inset(outline, profile[0][0])
    shares = np.linspace(0, 1, rings + 1)[1:]
    flat = np.concatenate([[middle], *[middle + (border - middle) * share for share in shares]])
    vertices = [np.column_stack([flat, np.full(len(flat), profile[0][1])])]
    normals, uv = [np.tile([0.0, 0.0, 1.0], (len(flat), 1))], [flat[:, ::-1]]
    here, beside = np.arange(count), np.roll(np.arange(count), -1)
    faces = [np.stack([np.zeros(count, int), 1 + here, 1 + beside], -1)]
    for ring in range(rings - 1):
        faces.append(_band(1 + ring * count + here, 1 + ring * count + beside, count))
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(outline, axis=0), axis=1))])
    outward = (np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0))[:, ::-1] * [1.0, -1.0]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    start, travelled = len(flat), 0.0
    for (inner, top), (outer, bottom) in pairwise(profile):
        out, drop = inner - outer, top - bottom
        length = max(float(np.hypot(out, drop)), 1e-9)
        for border_inset, z, v in ((inner, top, travelled), (outer, bottom, travelled + length)):
            vertices.append(np.column_stack([inset(outline, border_inset), np.full(count, z)]))
            normals.append(np.column_stack([outward * drop / length, np.full(count, out / length)]))
            uv.append(np.column_stack([along, np.full(count, v)]))
        faces.append(_band(start + here, start + beside, count))
        start, travelled = start + 2 * count, travelled + length
    return Piece(slot, Mesh(*(np.concatenate(parts) for parts in (vertices, faces, normals, uv))))


def _band(here: np.ndarray, beside: np.ndarray, count: int) -> np.ndarray:
    """Faces between a closed row of vertices and the next row, ``count`` further on."""
    return np.concatenate(
        [np.stack([here, here + count, beside], -1), np.stack([beside, here + count, beside + count], -1)]
    )


def panel(slot: str, corner: Corner, along: Corner, up: Corner, once: bool = False) -> Piece:
    """A flat rectangle, divided into squares of under a metre, that faces ``along`` x ``up``.

    Args:
        corner: where it starts; along, up: its two sides, metres.
        once: texture coordinates run from 0 to 1 (a picture), else they are metres.
    """
    first, side, rise = (np.asarray(value, float) for value in (corner, along, up))
    width, height = float(np.linalg.norm(side)), float(np.linalg.norm(rise))
    columns, rows = (1, 1) if once else (max(1, round(width / 0.8)), max(1, round(height / 0.8)))
    s, t = (grid.ravel() for grid in np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1)))
    vertices = first + s[:, None] * side + t[:, None] * rise
    start = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    faces = np.concatenate(
        [
            np.stack([start, start + 1, start + columns + 2], -1),
            np.stack([start, start + columns + 2, start + columns + 1], -1),
        ]
    )
    normal = np.cross(side, rise) / (width * height)
    uv = np.stack([s, t], -1) * (1.0 if once else [width, height])
    return Piece(slot, Mesh(vertices, faces, np.tile(normal, (len(vertices), 1)), uv))


def hashed(parts: Sequence[Piece]) -> str:
    """Hash of the geometry of parts (to a tenth of a millimetre) and of which of them share a material."""
    content: list = []
    for part in parts:
        content += [part.slot, np.round(part.mesh.vertices * 1e4).astype(np.int32), part.mesh.faces]
    return digest(*content)
