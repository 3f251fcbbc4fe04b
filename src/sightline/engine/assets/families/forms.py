"""Forms that the families share: soft and turned solids, prisms, wheels, handles, and the convex pieces that fill them.

Metres at medium size; every form stands on z = 0 unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sightline.engine.assets import meshes
from sightline.engine.assets.families.family import Draw
from sightline.engine.assets.meshes import Floats, Mesh
from sightline.engine.assets.model import LOWEST_GRASP, Collider, Grasp, Shape, Visual
from sightline.engine.assets.shapes import ACROSS_Y, block, grip_height, upright_cylinder

Profile = Sequence[tuple[float, float]]  # (radius, z) from the bottom of the axis to its top
ALONG_Y = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])  # turns what stands along z to lie along -y
PALM_ROOM = 0.058  # metres at medium size by which an object may rise above its grasp: the palm is 8.3 cm up


# --- meshes ------------------------------------------------------------------------------------------------------


def smoothed(vertices: Floats, faces: NDArray[np.int64], uv: Floats) -> Mesh:
    """A mesh shaded smoothly everywhere, also across the seam where the texture begins."""
    corners = vertices[faces]
    weighted = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    _, place = np.unique(np.round(vertices, 7), axis=0, return_inverse=True)
    sums = np.zeros((place.max() + 1, 3))
    for corner in range(3):
        np.add.at(sums, place[faces[:, corner]], weighted)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    normals = np.where(length > 1e-14, sums / np.maximum(length, 1e-14), [0.0, 0.0, 1.0])
    return Mesh(vertices, faces, normals[place], uv)


def blob(size: Sequence[float], corner: float = 0.6, edge: float | None = None, sides: int = 16, rows: int = 9) -> Mesh:
    """A soft box (superellipsoid) of full size (x, y, z).

    Args:
        corner: 0.15 nearly a box, 1 an ellipsoid, seen from above.
        edge: the same seen from the side; like ``corner`` by default.
    """
    edge = corner if edge is None else edge
    around, up = np.linspace(0, 2 * np.pi, sides + 1), np.linspace(-np.pi / 2, np.pi / 2, rows)

    def power(values: Floats, exponent: float) -> Floats:
        return np.sign(values) * np.abs(values) ** exponent

    wide, high = power(np.cos(up), edge), power(np.sin(up), edge)
    wide[[0, -1]] = 0.0
    x = wide[:, None] * power(np.cos(around), corner)
    y = wide[:, None] * power(np.sin(around), corner)
    z = np.broadcast_to(high[:, None], x.shape)
    vertices = (np.stack([x, y, z], -1) * np.asarray(size) / 2 + [0, 0, size[2] / 2]).reshape(-1, 3)
    u, v = np.meshgrid(np.linspace(0, 1, sides + 1), np.linspace(0, 1, rows))
    return smoothed(vertices, _grid_faces(rows, sides), np.stack([u, v], -1).reshape(-1, 2))


def _grid_faces(rows: int, sides: int) -> NDArray[np.int64]:
    """Triangles of a grid of rows x (sides + 1) vertices whose first and last row are points."""
    at = np.arange(rows * (sides + 1)).reshape(rows, sides + 1)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, :-1], at[1:, 1:]
    lower, upper = np.stack([a, b, c], -1)[1:], np.stack([b, d, c], -1)[:-1]
    return np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])


def lumpy(mesh: Mesh, rng: np.random.Generator, amount: float, waves: int = 3) -> Mesh:
    """The mesh pushed in and out by up to about ``amount`` of its size, as grown and baked things are."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    middle, half = (low + high) / 2, (high - low) / 2
    unit = (mesh.vertices - middle) / half
    push = np.zeros(len(unit))
    for _ in range(4):
        push += np.sin(unit @ rng.normal(0, waves, 3) + rng.uniform(0, 2 * np.pi)) / 4
    moved = middle + (mesh.vertices - middle) * (1 + amount * push[:, None])
    moved[:, 2] += low[2] - moved[:, 2].min()
    return smoothed(moved, mesh.faces, mesh.uv)


def prism(outline: Sequence[tuple[float, float]] | Floats, height: float) -> Mesh:
    """An upright prism over a counter-clockwise outline [N,2] that is visible as a whole from its middle."""
    points = np.asarray(outline, float)
    count, middle = len(points), points.mean(0)
    ring = np.arange(count)
    following = (ring + 1) % count
    low = np.column_stack([points, np.zeros(count)])
    vertices = np.concatenate([low, low + [0, 0, height], [[*middle, 0.0], [*middle, height]]])
    faces = np.concatenate(
        [
            np.stack([ring, following, following + count], -1),
            np.stack([ring, following + count, ring + count], -1),
            np.stack([np.full(count, 2 * count), following, ring], -1),
            np.stack([np.full(count, 2 * count + 1), ring + count, following + count], -1),
        ]
    )
    return meshes.flat(vertices, faces)


def star(points: int, inner: float, outer: float, turn: float = 0.0) -> Floats:
    """[2 * points,2] outline of a star; also a gear or a flower with many points."""
    angle = turn + np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)


def standing(mesh: Mesh) -> Mesh:
    """What lies flat (a prism, a panel) set upright: its y becomes z, its z points to -y."""
    return mesh.moved((0, 0, 0), ALONG_Y)


def ring(radius: float, thickness: float, segments: int = 16, sides: int = 7, flat: float = 1.0) -> Mesh:
    """A torus lying on z = 0; ``flat`` < 1 presses its section down."""
    angle = np.linspace(-np.pi / 2, 1.5 * np.pi, sides + 1)
    section = [(radius + thickness * np.cos(a), flat * thickness * (1 + np.sin(a))) for a in angle]
    return meshes.lathe(section, segments, 70.0)


def rod(start: Sequence[float], end: Sequence[float], radius: float, sides: int = 6) -> Mesh:
    """A straight round rod between two points."""
    return meshes.tube(np.array([start, end], float), radius, sides)


def wheel(radius: float, width: float, sides: int = 12) -> Mesh:
    """A disc around the origin with its axle along y."""
    disc = meshes.lathe(
        [
            (0, -width / 2),
            (0.92 * radius, -width / 2),
            (radius, -0.3 * width),
            (radius, 0.3 * width),
            (0.92 * radius, width / 2),
            (0, width / 2),
        ],
        sides,
    )
    return disc.moved((0, 0, 0), ALONG_Y)


def handle(side: float, low: float, high: float, reach: float, thickness: float, square: bool = False) -> Mesh:
    """A handle in the xz plane that leaves x = ``side`` at heights low and high and reaches ``reach`` beyond it."""
    if square:
        path = np.array(
            [
                [0, low],
                [0.8 * reach, low],
                [reach, low + 0.2 * reach],
                [reach, high - 0.2 * reach],
                [0.8 * reach, high],
                [0, high],
            ]
        )
    else:
        angle = np.linspace(-np.pi / 2, np.pi / 2, 8)
        path = np.stack([reach * np.cos(angle), (low + high) / 2 + (high - low) / 2 * np.sin(angle)], -1)
    return meshes.tube(np.column_stack([side + path[:, 0], np.zeros(len(path)), path[:, 1]]), thickness, 6)


def sleeve(radius: float, low: float, high: float, sides: int = 18) -> Mesh:
    """An upright band, the place for a label: u runs around it, v from its lower to its upper edge."""
    return meshes.lathe([(radius, low), (radius, high)], sides)


def panel(x: float, y: float, centre: Sequence[float] = (0.0, 0.0, 0.0)) -> Mesh:
    """A lying rectangle that faces up, its picture upright when seen from -y."""
    corners = np.array([[-x / 2, -y / 2, 0], [x / 2, -y / 2, 0], [x / 2, y / 2, 0], [-x / 2, y / 2, 0]])
    uv = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    up = np.tile([0.0, 0.0, 1.0], (4, 1))
    return Mesh(corners + np.asarray(centre, float), np.array([[0, 1, 2], [0, 2, 3]]), up, uv)


def fronts(x: float, z: float, depth: float, height: float) -> Mesh:
    """Two upright rectangles, x wide and z high around ``height``: on the -y and +y sides of what is ``depth`` deep."""
    front = standing(panel(x, z)).moved((0, -depth / 2 - 0.0004, height))
    return meshes.merge(front, front.moved((0, 0, 0), np.diag([-1.0, -1.0, 1.0])))


def disc(radius: float, sides: int = 16) -> Mesh:
    """A lying disc that faces up, its picture upright when seen from -y."""
    angle = np.arange(sides) * 2 * np.pi / sides
    points = np.concatenate([np.stack([np.cos(angle), np.sin(angle)], -1), [[0.0, 0.0]]])
    around = np.arange(sides)
    faces = np.stack([around, (around + 1) % sides, np.full(sides, sides)], -1)
    up = np.tile([0.0, 0.0, 1.0], (sides + 1, 1))
    return Mesh(np.column_stack([radius * points, np.zeros(sides + 1)]), faces, up, 0.5 + 0.5 * points)


def loft(rings: Sequence[Floats]) -> Mesh:
    """A closed smooth skin over rings [N,3] of equally many points, counter-clockwise when seen from the last one."""
    count, points = len(rings[0]), np.concatenate(rings)
    here = np.arange(count)
    following, last = (here + 1) % count, (len(rings) - 1) * count
    faces = []
    for row in range(0, last, count):
        a, b, c, d = row + here, row + following, row + count + here, row + count + following
        faces += [np.stack([a, b, c], -1), np.stack([b, d, c], -1)]
    ends = np.array([rings[0].mean(0), rings[-1].mean(0)])
    faces += [
        np.stack([np.full(count, len(points)), following, here], -1),
        np.stack([np.full(count, len(points) + 1), last + here, last + following], -1),
    ]
    uv = np.stack([np.tile(here / count, len(rings)), np.repeat(np.linspace(0, 1, len(rings)), count)], -1)
    uv = np.concatenate([uv, [[0.5, 0.0], [0.5, 1.0]]])
    return smoothed(np.concatenate([points, ends]), np.concatenate(faces), uv)


def wrapped_box(x: float, y: float, z: float) -> Mesh:
    """A sharp box that shows the whole picture upright on each of its four sides, and the picture's edge elsewhere."""
    sides = []
    for turn, width, depth in ((0, x, y), (1, y, x), (2, x, y), (3, y, x)):
        quarter = np.linalg.matrix_power(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), turn)
        upright = standing(panel(width, z)).moved((0, -depth / 2, z / 2))
        sides.append(upright.moved((0, 0, 0), quarter))
    top, bottom = panel(x, y, (0, 0, z)), panel(x, y).moved((0, 0, 0), np.diag([1.0, -1.0, -1.0]))
    ends = meshes.merge(top, bottom)
    return meshes.merge(*sides, Mesh(ends.vertices, ends.faces, ends.normals, np.full_like(ends.uv, 0.02)))


# --- convex pieces -----------------------------------------------------------------------------------------------


def radius_at(profile: Profile, height: float | Floats) -> Floats:
    """Radius of a turned solid at some height (its profile climbs, ledges apart)."""
    points = np.asarray(profile, float)
    order = np.argsort(points[:, 1], kind="stable")
    return np.interp(height, points[order, 1], points[order, 0])


def stack(profile: Profile, pieces: int = 5) -> tuple[Collider, ...]:
    """Standing cylinders that fill a turned solid."""
    base, top = min(z for _, z in profile), max(z for _, z in profile)
    edges = np.linspace(base, top, pieces + 1)
    found = []
    for low, high in pairwise(edges.tolist()):
        radius = float(radius_at(profile, np.linspace(low + 0.02 * (high - low), high - 0.02 * (high - low), 9)).mean())
        found.append(upright_cylinder(max(radius, 0.002), low, high))
    return tuple(found)


def turned(
    visuals: Sequence[Visual],
    profile: Profile,
    grip: float | None = None,
    yaw: float | None = None,
    more: Sequence[Collider] = (),
    pieces: int = 5,
) -> Shape:
    """A thing turned about z: filled with cylinders, taken at height ``grip`` (two centimetres below the top)."""
    top = max(z for _, z in profile)
    height = max(grip_height(top) if grip is None else grip, top - PALM_ROOM)
    width = 2 * float(radius_at(profile, np.linspace(height - 0.006, min(height + 0.006, top), 7)).max())
    return Shape(tuple(visuals), (*stack(profile, pieces), *more), Grasp((0.0, 0.0, height), yaw, width))


def boxed(
    visuals: Sequence[Visual],
    size: Sequence[float],
    grip: float | None = None,
    more: Sequence[Collider] = (),
    square: bool = False,
) -> Shape:
    """A thing filled by a box of full size (x, y, z) on z = 0 and taken across y."""
    x, y, z = (float(value) for value in size)
    height = max(grip_height(z) if grip is None else grip, z - PALM_ROOM)
    return Shape(tuple(visuals), (block((x, y, z), (0, 0, z / 2)), *more), Grasp((0, 0, height), ACROSS_Y, y, square))


def lying(visuals: Sequence[Visual], pieces: Sequence[Collider], at: float, width: float, height: float) -> Shape:
    """A long thing along x, taken across y at x = ``at``, where it is ``width`` wide and ``height`` high."""
    return Shape(tuple(visuals), tuple(pieces), Grasp((at, 0.0, max(LOWEST_GRASP, 0.55 * height)), ACROSS_Y, width))


def grip(d: Draw, length: float, thick: float, at: float = 0.0) -> tuple[Visual, Collider]:
    """The handle of a hand tool along x, starting at x = ``at``, in one of several styles; ``thick`` wide and high."""
    style, half = d.whole(0, 4), thick / 2
    if style == 0:  # a soft bar
        mesh = blob((length, thick, thick), 0.35, 0.5, 12, 7).moved((at + length / 2, 0, 0))
    elif style == 1:  # with edges
        mesh = meshes.box((length, thick, thick), 0.25 * thick).moved((at + length / 2, 0, 0))
    else:
        waist = d.between(0.78, 0.95)
        outline = {
            2: [(0, 0), (0.8, 0.02), (1, 0.12), (1, 0.9), (0.8, 1), (0, 1)],
            3: [(0, 0), (0.75, 0.03), (1, 0.16), (waist, 0.5), (1, 0.82), (0.6, 1), (0, 1)],
            4: [(0, 0), (0.8, 0.03), (1, 0.2), (1, 0.45), (0.84, 0.5), (1, 0.55), (1, 0.8), (0.6, 1), (0, 1)],
        }[style]
        sides = 14 if style == 3 else d.pick((6, 8, 14))
        mesh = meshes.lying(meshes.lathe([(half * r, length * z) for r, z in outline], sides, 50.0))
        mesh = mesh.moved((at, 0, half))
    return d.paint(mesh)[0], block((length, 0.94 * thick, thick), (at + length / 2, 0, half))
