"""What builders of objects share: pieces to collide with, painted parts, where to grip, and the words for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sightline.engine.assets import meshes
from sightline.engine.assets.colours import RGB, WHITE
from sightline.engine.assets.model import Collider, Shape, Visual

Painter = Callable[[RGB], NDArray[np.uint8] | None]
"""Makes the texture of a part in the given colour; None leaves it plain."""

Target = tuple[Shape, tuple[float, float]]
"""A container or surface with its inner size (x, y) in metres."""

ACROSS_Y = np.pi / 2
"""Yaw of a grasp whose fingers close along y, radians."""


def painted(mesh: meshes.Mesh, rgb: RGB, painter: Painter, shine: float = 0.3) -> Visual:
    """A visual in colour ``rgb``, with the painter's pattern on it if there is one."""
    texture = painter(rgb)
    return Visual(mesh, rgb if texture is None else WHITE, texture, shine)


def grip_height(height: float) -> float:
    """Tool point above the base: two centimetres below the top, or half way up what is lower than four."""
    return max(0.015, height - 0.02, 0.5 * height)


def upright_cylinder(radius: float, low: float, high: float) -> Collider:
    """A standing cylinder collider between heights low and high."""
    return Collider("cylinder", (radius, (high - low) / 2), (0.0, 0.0, (low + high) / 2))


def block(size: tuple[float, float, float], centre: tuple[float, float, float]) -> Collider:
    """A box collider of full size around centre."""
    return Collider("box", (size[0] / 2, size[1] / 2, size[2] / 2), centre)


def foot(radius: float) -> Collider:
    """A small flat on which a round thing rests instead of rolling away; it hardly leaves the round surface."""
    half = 0.3 * radius
    return Collider("box", (half, half, 0.15 * radius), (0.0, 0.0, 0.15 * radius))


def ring_wall(low: float, top: float, base: float, height: float, thickness: float, count: int = 12) -> list[Collider]:
    """Boxes in a ring that form a round wall from radius ``low`` at z = base to radius ``top`` at z = height."""
    lean = np.arctan2(top - low, height - base)
    slant = np.hypot(top - low, height - base)
    middle, half_width = (low + top) / 2, np.tan(np.pi / count) * max(low, top) + thickness / 2
    pieces = []
    for k in range(count):
        angle = 2 * np.pi * k / count
        about_z = np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])
        about_y = np.array([np.cos(lean / 2), 0, np.sin(lean / 2), 0])
        quat = (
            about_z[0] * about_y[0],
            -about_z[3] * about_y[2],
            about_z[0] * about_y[2],
            about_z[3] * about_y[0],
        )
        centre = (middle * np.cos(angle), middle * np.sin(angle), (base + height) / 2)
        pieces.append(
            Collider(
                "box",
                (thickness / 2, float(half_width), float(slant / 2)),
                (float(centre[0]), float(centre[1]), float(centre[2])),
                (float(quat[0]), float(quat[1]), float(quat[2]), float(quat[3])),
            )
        )
    return pieces


def rectangular_wall(x: float, y: float, height: float, thickness: float) -> list[Collider]:
    """Four upright boxes around a floor of outer size x by y."""
    return [
        block((thickness, y, height), ((x - thickness) / 2, 0, height / 2)),
        block((thickness, y, height), (-(x - thickness) / 2, 0, height / 2)),
        block((x, thickness, height), (0, (y - thickness) / 2, height / 2)),
        block((x, thickness, height), (0, -(y - thickness) / 2, height / 2)),
    ]
