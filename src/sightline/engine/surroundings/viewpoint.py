"""Where the front camera stands in collection ``full``: it moves far more, but sees the workspace."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Array, look_at

TARGET = np.array([0.5, 0.0, 0.06])
AZIMUTH = np.radians(30.0)  # either way; beyond it left and right of the picture are no longer the robot's
ELEVATION = np.radians([22.0, 56.0])
DISTANCE = (0.85, 1.3)  # metres
WIDEST = 0.5  # the field of view is up to this share wider than the workspace needs
# What must be in the picture: corners (x, y, z) of the room in which objects stand, metres.
SEEN = np.array([(x, y, z) for x in (0.34, 0.69) for y in (-0.28, 0.28) for z in (0.0, 0.1)])


def sample_front(rng: np.random.Generator) -> tuple[Array, float]:
    """Pose [4,4] (base_from_camera, OpenCV axes) and vertical field of view (degrees): a pure function of rng."""
    azimuth, elevation = rng.uniform(-AZIMUTH, AZIMUTH), rng.uniform(*ELEVATION)
    level = np.cos(elevation)
    away = np.array([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)])
    target = TARGET + rng.uniform(-0.04, 0.04, 3) * [1.0, 1.0, 0.5]
    pose = look_at(target + rng.uniform(*DISTANCE) * away, target, roll=rng.uniform(-0.04, 0.04))
    local = (SEEN - pose[:3, 3]) @ pose[:3, :3]
    needed = float(np.abs(local[:, :2] / local[:, 2:]).max())
    return pose, float(np.degrees(2 * np.arctan(needed * (1.02 + WIDEST * rng.random() ** 2))))


def sample_wrist(rng: np.random.Generator) -> tuple[Array, Array, float]:
    """How the wrist camera deviates from its mount: shift [3] metres, turn [3] radians, field of view in degrees."""
    return rng.uniform(-0.01, 0.01, 3), rng.uniform(-0.07, 0.07, 3), float(rng.uniform(-6.0, 6.0))
