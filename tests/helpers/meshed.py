"""Meshes as trimesh has them, for what imports them."""

from __future__ import annotations

import trimesh

from sightline.engine.assets import meshes


def solid(mesh: meshes.Mesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)


def bracket() -> trimesh.Trimesh:
    """Two boxes that form an L: not convex."""
    return trimesh.util.concatenate([
        solid(meshes.plain_box((0.06, 0.03, 0.02), (0, 0, 0.01))),
        solid(meshes.plain_box((0.02, 0.03, 0.05), (-0.02, 0, 0.025))),
    ])  # fmt: skip


def dish() -> trimesh.Trimesh:
    """A wide hollow thing."""
    outside = [(0, 0), (0.05, 0), (0.07, 0.05), (0.066, 0.05), (0.047, 0.004), (0, 0.004)]
    return solid(meshes.lathe(outside, 24))
