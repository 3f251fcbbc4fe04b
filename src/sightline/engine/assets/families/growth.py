"""What fruit and vegetables grow: stalks, leaves, ribs, skin that ripens."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets import meshes, prints
from sightline.engine.assets.colours import LEAF, RGB, WHITE
from sightline.engine.assets.families.family import Draw
from sightline.engine.assets.families.forms import Profile, smoothed
from sightline.engine.assets.meshes import Mesh
from sightline.engine.assets.model import Visual

STALK: RGB = (0.35, 0.24, 0.12)
GREENS = (LEAF, (0.3, 0.55, 0.15), (0.16, 0.4, 0.14))


def scaled_profile(profile: Profile, radius: float, height: float) -> list[tuple[float, float]]:
    """A profile given in shares of the largest radius and of the height."""
    return [(r * radius, z * height) for r, z in profile]


def stalk(height: float, d: Draw, thick: float = 0.0018) -> Mesh:
    """A bent stalk that begins at ``height`` on the axis."""
    lean, length = d.between(-0.004, 0.004), d.between(0.007, 0.013)
    path = np.array([[0, 0, height - 0.002], [0.3 * lean, 0, height + 0.5 * length], [lean, 0, height + length]])
    return meshes.tube(path, thick, 5)


def leaf(length: float, turn: float, start: tuple[float, float, float], rise: float = 0.3) -> Mesh:
    """A pointed leaf, seen from both sides."""
    half = [(0, 0), (0.3, 0.24), (0.65, 0.22), (1, 0), (0.65, -0.22), (0.3, -0.24)]
    points = np.array([[length * x, length * y, rise * length * np.sin(2.2 * x)] for x, y in half])
    faces = np.array([(k, (k + 1) % 6, 3) for k in (0, 1)] + [(0, 3, 5), (3, 4, 5)])
    both = meshes.flat(points, np.concatenate([faces, faces[:, ::-1]]))
    cos, sin = np.cos(turn), np.sin(turn)
    return both.moved(start, np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]]))


def ripe(d: Draw, mesh: Mesh, second: RGB, chance: float = 0.6, shine: float = 0.5) -> Visual:
    """Skin that has turned into a second colour on top, or has not."""
    if not d.chance(chance):
        return Visual(mesh, d.rgb, shine=shine)
    return Visual(mesh, WHITE, prints.blush_print(d.rgb, second, d.rng, d.between(0.25, 0.6)), shine)


def ribbed(mesh: Mesh, count: int, depth: float) -> Mesh:
    """The mesh with ``count`` lobes around z."""
    angle = np.arctan2(mesh.vertices[:, 1], mesh.vertices[:, 0])
    swell = 1 - depth * (0.5 - 0.5 * np.cos(count * angle))
    return smoothed(mesh.vertices * np.stack([swell, swell, np.ones_like(swell)], -1), mesh.faces, mesh.uv)
