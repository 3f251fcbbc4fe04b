"""From pixels back to places, to check labels by another way than the one that made them."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Array, Camera


def rays(camera: Camera, pixels: Array) -> tuple[Array, Array]:
    """Origin [3] and unit directions [...,3] in the base frame of the rays through pixels [...,2]."""
    pixels = np.asarray(pixels, dtype=np.float64)
    local = np.concatenate([(pixels - camera.centre) / camera.focal, np.ones((*pixels.shape[:-1], 1))], -1)
    direction = local @ camera.pose[:3, :3].T
    return camera.pose[:3, 3], direction / np.linalg.norm(direction, axis=-1, keepdims=True)


def unproject_to_height(camera: Camera, pixels: Array, height: Array | float) -> Array:
    """Base-frame points [...,3] where the rays through pixels [...,2] meet the plane z = height (metres).

    Rays (nearly) parallel to the plane or pointing away from it are clipped to a distance of 5 m.
    """
    origin, direction = rays(camera, pixels)
    drop = np.where(np.abs(direction[..., 2]) < 1e-6, -1e-6, direction[..., 2])
    distance = (height - origin[2]) / drop
    distance = np.where((distance <= 0) | (distance > 5), 5.0, distance)
    return origin + direction * distance[..., None]
