"""Cameras, poses and rotations.

Frames: *base* is the robot base frame (x forward over the table, y to the robot's left, z up; metres).
A *camera* frame follows OpenCV (x right, y down, z forward). Pixels are (u, v) with u to the right, v down,
and the centre of the top-left pixel at (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with square pixels.

    Attributes:
        width, height: image size, pixels.
        focal: focal length, pixels.
        pose: [4,4] base_from_camera, OpenCV axes, metres.
    """

    width: int
    height: int
    focal: float
    pose: Array

    @property
    def centre(self) -> Array:
        """[2] principal point, pixels (the middle of the image)."""
        return np.array([self.width / 2, self.height / 2])

    def project(self, points: Array) -> tuple[Array, Array]:
        """Project base-frame points [...,3] to pixels.

        Returns:
            pixels [...,2] and depth [...] along the optical axis in metres. Points behind the camera get NaN pixels.
        """
        points = np.asarray(points, dtype=np.float64)
        local = (points - self.pose[:3, 3]) @ self.pose[:3, :3]
        depth = local[..., 2]
        safe = np.where(depth > 1e-6, depth, np.nan)
        return local[..., :2] / safe[..., None] * self.focal + self.centre, depth

    def inside(self, pixels: Array) -> NDArray[np.bool_]:
        """Whether pixels [...,2] lie within the image (NaN counts as outside)."""
        with np.errstate(invalid="ignore"):
            return (
                (pixels[..., 0] >= 0)
                & (pixels[..., 0] < self.width)
                & (pixels[..., 1] >= 0)
                & (pixels[..., 1] < self.height)
            )

    def to_vector(self) -> NDArray[np.float32]:
        """[15] = width, height, focal, pose rows (3x4): the form that is stored with every frame."""
        return np.concatenate([[self.width, self.height, self.focal], self.pose[:3].ravel()]).astype(np.float32)

    @staticmethod
    def from_vector(vector: NDArray) -> Camera:
        """Inverse of :meth:`to_vector`."""
        pose = np.eye(4)
        pose[:3] = np.asarray(vector[3:15], dtype=np.float64).reshape(3, 4)
        return Camera(int(vector[0]), int(vector[1]), float(vector[2]), pose)


def look_at(eye: Array, target: Array, roll: float = 0.0) -> Array:
    """[4,4] base_from_camera (OpenCV axes) of a camera at ``eye`` looking at ``target``; roll in radians."""
    forward = np.asarray(target, float) - np.asarray(eye, float)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    turned_right = np.cos(roll) * right + np.sin(roll) * down
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = turned_right, np.cross(forward, turned_right), forward, eye
    return pose


def rotation_z(angle: float) -> Array:
    """[3,3] rotation about z by ``angle`` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def wrap_angle(angle: Array | float) -> Array:
    """Angle(s) in radians wrapped to [-pi, pi)."""
    return (np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi


def wrap_half_turn(angle: Array | float) -> Array:
    """Angle(s) of an axis without direction (a two-finger grasp) wrapped to [-pi/2, pi/2)."""
    return (np.asarray(angle) + np.pi / 2) % np.pi - np.pi / 2


def resample_path(path: Array, count: int) -> Array:
    """``count`` points evenly spaced by arc length along the polyline path [N,D] (N >= 1)."""
    path = np.asarray(path, dtype=np.float64)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=-1))])
    if lengths[-1] < 1e-9:
        return np.repeat(path[:1], count, axis=0)
    keep = np.concatenate([[True], np.diff(lengths) > 0])
    at = np.linspace(0.0, lengths[-1], count)
    return np.stack([np.interp(at, lengths[keep], path[keep, d]) for d in range(path.shape[1])], -1)


def box_iou(a: Array, b: Array) -> Array:
    """Intersection over union of boxes [...,4] = (x1, y1, x2, y2) in pixels; zero where either is empty or NaN."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    inter = np.prod(np.clip(high - low, 0, None), -1)
    area = np.prod(np.clip(a[..., 2:] - a[..., :2], 0, None), -1) + np.prod(
        np.clip(b[..., 2:] - b[..., :2], 0, None), -1
    )
    union = area - inter
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(np.where(union > 0, inter / union, 0.0))
