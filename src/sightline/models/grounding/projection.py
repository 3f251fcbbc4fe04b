"""Between pictures and the robot's frame, for batches of tensors: core.geometry.Camera as [...,15] vectors.

Relations are meant in the robot's frame ("left of", "behind", "nearest the robot"), pictures are taken from anywhere.
Where the camera is known, what stands on the table is compared as the nominal camera would see it (:func:`rectified`).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sightline.core.geometry import Camera, look_at

STEP = 0.01  # metres along the grasp axis that are projected to find its direction in a picture
# The view into which all others are turned: across the table, towards the robot.
NOMINAL = torch.from_numpy(
    Camera(224, 224, 340.0, look_at(np.array([1.25, 0.0, 0.65]), np.array([0.5, 0.0, 0.07]))).to_vector()
).float()
BEYOND = 1.0  # how far outside the nominal picture, in its widths, things may lie


def rectified(points: Tensor, cameras: Tensor) -> Tensor:
    """Picture points [...,2] of things on the table as the nominal camera would see them, in [0, 1] where it does.

    Args:
        cameras: [...,15] that broadcast against the points; NaN where unknown: the points stay as they are.
    """
    known, cameras = with_nominal(cameras)
    seen = project(unproject(points, torch.zeros_like(points[..., 0]), cameras), NOMINAL.to(points))
    return torch.where(known, seen.clamp(-BEYOND, 1 + BEYOND), points)


def pictured(points: Tensor, cameras: Tensor) -> Tensor:
    """Inverse of :func:`rectified`: where points [...,2] of the nominal picture lie in the pictures of ``cameras``."""
    known, cameras = with_nominal(cameras)
    seen = project(unproject(points, torch.zeros_like(points[..., 0]), NOMINAL.to(points)), cameras)
    return torch.where(known, seen.clamp(-BEYOND, 1 + BEYOND), points)


def with_nominal(cameras: Tensor) -> tuple[Tensor, Tensor]:
    """Which cameras are known, [...,1], and the cameras with nominal ones in the place of the others."""
    known = torch.isfinite(cameras).all(-1, keepdim=True)
    return known, torch.where(known, cameras, NOMINAL.to(cameras))


def unproject(points: Tensor, height: Tensor, cameras: Tensor) -> Tensor:
    """Base-frame places [...,3] of picture points [...,2] in [0, 1] on the planes z = height [...].

    Args:
        cameras: [...,15] vectors that broadcast against the points.
    """
    size, focal = cameras[..., :2], cameras[..., 2:3]
    pose = cameras[..., 3:].unflatten(-1, (3, 4))
    local = torch.cat([(points - 0.5) * size / focal, torch.ones_like(points[..., :1])], -1)
    ray = (pose[..., :3] @ local[..., None]).squeeze(-1)
    origin = pose[..., 3]
    drop = torch.where(ray[..., 2].abs() < 1e-3, torch.full_like(ray[..., 2], -1e-3), ray[..., 2])
    distance = ((height - origin[..., 2]) / drop).clamp(0, 3)
    return origin + ray * distance[..., None]


def project(places: Tensor, cameras: Tensor) -> Tensor:
    """Picture points [...,2] in [0, 1] of base-frame places [...,3]; inverse of :func:`unproject`."""
    pose = cameras[..., 3:].unflatten(-1, (3, 4))
    local = (pose[..., :3].transpose(-1, -2) @ (places - pose[..., 3])[..., None]).squeeze(-1)
    return local[..., :2] / local[..., 2:].clamp(min=0.02) * cameras[..., 2:3] / cameras[..., :2] + 0.5


def eye_of(cameras: Tensor) -> Tensor:
    """[...,3] where cameras [...,15] are, base frame."""
    return cameras[..., 3:].unflatten(-1, (3, 4))[..., 3]


def project_axis(places: Tensor, turns: Tensor, cameras: Tensor) -> Tensor:
    """Double angle [...,2] in the picture of the horizontal direction with double angle ``turns`` [...,2] at base-frame
    places [...,3]."""
    angle = 0.5 * torch.atan2(turns[..., 1], turns[..., 0])
    step = STEP * torch.stack([angle.cos(), angle.sin(), torch.zeros_like(angle)], -1)
    ahead = (project(places + step, cameras) - project(places - step, cameras)) * cameras[..., :2]
    double = 2 * torch.atan2(ahead[..., 1], ahead[..., 0])
    return torch.stack([double.cos(), double.sin()], -1)


def in_picture(places: Tensor, cameras: Tensor) -> Tensor:
    """[...] bool, whether base-frame places [...,3] lie before the camera and inside its picture."""
    pose = cameras[..., 3:].unflatten(-1, (3, 4))
    ahead = ((places - pose[..., 3]) * pose[..., 2]).sum(-1) > 0.02
    points = project(places, cameras)
    return ahead & ((points >= 0) & (points <= 1)).all(-1)
