"""What is seen of an imported object: its parts as they are while they are small, else one mesh with one picture.

A large mesh is welded and decimated, which destroys its texture coordinates. Its colours are then *baked*: every face
of the small mesh gets a cell of a new picture, filled with the colours of the nearest points of the original surface.
That works alike for textures, colours of vertices and faces, and many materials.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from sightline.core.geometry import Array
from sightline.engine.assets.importing.meshfile import UNPAINTED, WHITE, Part
from sightline.engine.assets.importing.solid import decimate
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import RGB, Visual
from sightline.engine.assets.surface import Triangles

MAX_PARTS = 6  # each is a draw call
CREASE = np.cos(np.radians(40.0))  # faces that meet at a sharper angle are shaded as an edge
SAMPLES = 60_000  # colours known on the original surface
ONE_COLOUR = 0.02  # largest difference of colours (0..1) that no picture is made for
SHINE = 0.3


def visuals_of(
    parts: Sequence[Part], welded: Any, faces: int, pixels: int, plain: RGB = UNPAINTED
) -> tuple[tuple[Visual, ...], Array]:
    """The visuals of an object with about ``faces`` triangles, and colours [N,3] 0..1 spread over its surface.

    Args:
        welded: all parts as one mesh (see solid.weld).
        pixels: side of the largest picture.
        plain: colour of parts for which the file has none.
    """
    points, colours = _coloured_points(parts, plain)
    closed, total = bool(welded.is_watertight), sum(len(part.faces) for part in parts)
    # The winding of a single part cannot be trusted unless all of them together are a solid.
    if total <= faces and len(parts) <= MAX_PARTS and closed and all(part.colours is None for part in parts):
        outwards = Triangles.volume(np.concatenate([part.vertices[part.faces] for part in parts])) > 0
        return tuple(_as_it_is(part, outwards, pixels, plain) for part in parts), colours
    corners = np.asarray(decimate(welded, faces if closed else faces // 2).triangles)
    normals = crease_normals(corners)
    if not closed:  # an open shell is seen from both sides
        corners, normals = np.concatenate([corners, corners[:, ::-1]]), np.concatenate([normals, -normals[:, ::-1]])
    if np.ptp(colours, axis=0).max() < ONE_COLOUR:
        return (Visual(indexed(corners, normals), _rgb(colours[0]), shine=SHINE),), colours
    uv, texture = _bake(corners, points, colours, pixels)
    return (Visual(indexed(corners, normals, uv), WHITE, texture, SHINE),), colours


def _as_it_is(part: Part, outwards: bool, pixels: int, plain: RGB) -> Visual:
    faces = part.faces if outwards else part.faces[:, ::-1]
    corners = part.vertices[faces]
    mesh = indexed(corners, crease_normals(corners), None if part.uv is None else part.uv[faces])
    return Visual(mesh, part.rgb or plain, _resized(part.texture, pixels), SHINE)


def _resized(picture: NDArray[np.uint8] | None, pixels: int) -> NDArray[np.uint8] | None:
    if picture is None or max(picture.shape[:2]) <= pixels:
        return picture
    height, width = (max(1, round(side * pixels / max(picture.shape[:2]))) for side in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))


# --- geometry ----------------------------------------------------------------------------------------------------


def crease_normals(corners: Array) -> Array:
    """[F,3,3] normals of the corners of triangles [F,3,3]: smooth, except where faces meet at a sharp angle."""
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat = cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-15)
    scale = max(float(np.ptp(corners.reshape(-1, 3), axis=0).max()), 1e-9)
    _, spot = np.unique(np.round(corners.reshape(-1, 3) / scale, 5), axis=0, return_inverse=True)
    spot = spot.reshape(-1)
    order = np.argsort(spot, kind="stable")
    starts = np.flatnonzero(np.diff(spot[order], prepend=-1))
    normals = np.empty((3 * len(corners), 3))
    for group in np.split(order, starts[1:]):  # all corners at one spot
        faces = group // 3
        alike = flat[faces] @ flat[faces].T > CREASE
        normals[group] = alike @ cross[faces]
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(lengths > 1e-15, normals / np.maximum(lengths, 1e-15), [0.0, 0.0, 1.0])
    return normals.reshape(-1, 3, 3)


def indexed(corners: Array, normals: Array, uv: Array | None = None) -> Mesh:
    """The mesh of triangles [F,3,3] with the normals [F,3,3] and texture coordinates [F,3,2] of their corners."""
    count = 3 * len(corners)
    coordinates = np.zeros((count, 2)) if uv is None else np.asarray(uv).reshape(-1, 2)
    rows = np.concatenate([corners.reshape(-1, 3), normals.reshape(-1, 3), coordinates], axis=1)
    _, first, back = np.unique(np.round(rows, 7), axis=0, return_index=True, return_inverse=True)
    rows = rows[first]
    return Mesh(rows[:, :3], back.reshape(-1, 3).astype(np.int64), rows[:, 3:6], rows[:, 6:])


# --- colours -----------------------------------------------------------------------------------------------------


def _coloured_points(parts: Sequence[Part], plain: RGB) -> tuple[Array, Array]:
    """Points [N,3] spread over all parts and the colour [N,3] of each."""
    surfaces = [part.vertices[part.faces] for part in parts]
    areas = np.array([Triangles.from_corners(corners).area for corners in surfaces])
    counts = np.maximum(1, np.round(SAMPLES * areas / areas.sum()).astype(int))
    rng = np.random.default_rng(0)
    points, colours = [], []
    for part, corners, count in zip(parts, surfaces, counts, strict=True):
        at, face, weights = Triangles.from_corners(corners, keep_all=True).scatter(rng, int(count))
        points.append(at)
        colours.append(_colour_at(part, face, weights, plain))
    return np.concatenate(points), np.concatenate(colours)


def _colour_at(part: Part, face: NDArray[np.int64], weights: Array, plain: RGB) -> Array:
    """[N,3] colours at points given by their faces [N] and barycentric weights [N,3]."""
    if part.colours is not None:
        return part.colours[face]
    if part.texture is None or part.uv is None:
        return np.tile(np.array(part.rgb or plain), (len(face), 1))
    height, width = part.texture.shape[:2]
    u, v = np.moveaxis(np.einsum("nk,nkc->nc", weights, part.uv[part.faces[face]]), 1, 0) % 1.0
    rows, columns = ((1 - v) * height).astype(int) % height, (u * width).astype(int) % width
    return part.texture[rows, columns] / 255 * np.array(part.rgb or WHITE)


def _bake(corners: Array, points: Array, colours: Array, pixels: int) -> tuple[Array, NDArray[np.uint8]]:
    """Texture coordinates [F,3,2] and the picture that they refer to: two faces share a square cell."""
    # Neighbours in the picture are neighbours on the object, so that a small picture of it still has its colours.
    middle = corners.mean(1)
    order = np.lexsort(np.round((middle - middle.min(0)) / (np.ptp(middle, axis=0).max() / 6)).T)
    side = int(np.ceil(np.sqrt(-(-len(corners) // 2))))
    cell = max(3, pixels // side)
    number = np.empty(len(corners), int)
    number[order] = np.arange(len(corners))
    square, upper = number // 2, number % 2
    origin = np.stack([square % side, square // side], -1) * cell
    # The two triangles stand half a pixel inside their halves of the cell; the upper one is turned by half a turn.
    low, high = 0.5, cell - 1.5
    shape = np.array([[low, low], [high, low], [low, high]])
    local = np.where(upper[:, None, None] == 1, cell - shape, shape)
    uv = origin[:, None] + local
    texels = np.stack(np.meshgrid(np.arange(cell) + 0.5, np.arange(cell) + 0.5, indexing="xy"), -1).reshape(-1, 2)
    picture = np.zeros((side * cell, side * cell, 3), np.uint8)
    tree = cKDTree(points)
    for which in (0, 1):
        mine = np.flatnonzero(upper == which)
        inside = (texels.sum(1) <= cell) if which == 0 else (texels.sum(1) > cell)
        frame = texels[inside] if which == 0 else cell - texels[inside]
        b, c = np.clip((frame - low) / (high - low), 0, 1).T
        excess = np.maximum(b + c, 1.0)
        weights = np.stack([1 - (b + c) / excess, b / excess, c / excess], -1)
        where = np.einsum("tk,fkc->ftc", weights, corners[mine])
        _, nearest = tree.query(where.reshape(-1, 3))
        shades = np.round(255 * colours[nearest]).astype(np.uint8).reshape(*where.shape)
        columns = origin[mine, 0][:, None] + texels[inside, 0].astype(int)
        rows = origin[mine, 1][:, None] + texels[inside, 1].astype(int)
        picture[rows, columns] = shades
    size = side * cell
    return np.stack([uv[..., 0] / size, 1 - uv[..., 1] / size], -1), picture


def _rgb(colour: Array) -> RGB:
    r, g, b = (float(value) for value in colour)
    return r, g, b
