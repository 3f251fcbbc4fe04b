"""The whole of an object in the picture, hidden parts included, and where a gripper takes it.

Datasets store what is visible. What is not can be worked out when they are read: from the pose, the camera and the
shape of the catalogue's model.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import ConvexHull

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, Camera, rotation_z
from sightline.core.types import ObjectInfo, SceneState
from sightline.engine import assets
from sightline.engine.assets import ObjectModel

TILT = 2.0  # pixels of a 224 pixel picture by which a standing object may show outside of its computed box
FINGER = (0.006, 0.011, 0.012)  # metres: half of a finger's thickness, width and the height of its contact
DRIFT = 1e-4  # metres by which stored and present sizes may differ


def model_of(info: ObjectInfo) -> ObjectModel:
    """The catalogue's model of an object that a dataset names.

    Raises SightlineError when the catalogue has none, or one of another size: another version made the dataset.
    """
    model = assets.model(info.kind, info.colour, info.size)
    if abs(model.radius - info.radius) > DRIFT or abs(model.height - info.height) > DRIFT:
        raise SightlineError(
            f"The {info.size} {info.kind} of the catalogue is not the one that the dataset was made with "
            f"({model.radius:.4f} x {model.height:.4f} m, not {info.radius:.4f} x {info.height:.4f} m): "
            "use the version of the package that made it."
        )
    return model


@lru_cache(maxsize=4096)
def hull_of(info: ObjectInfo) -> Array:
    """[k,3] corners of the convex hull of an object, metres; the origin is the centre of its base."""
    points = model_of(info).shape.points()
    return points[ConvexHull(points).vertices]


def whole_boxes(scene: SceneState, camera: Camera) -> Array:
    """[n,4] amodal boxes (x1, y1, x2, y2; pixels, not cut off at the picture's edge) of the present objects.

    Objects are taken to be upright; NaN for absent ones and where a part lies behind the camera. Raises SightlineError
    as model_of does.
    """
    boxes = np.full((len(scene.objects), 4), np.nan)
    for index in np.flatnonzero(scene.present):
        info = scene.objects[index]
        corners = hull_of(info) @ rotation_z(scene.yaws[index]).T + scene.positions[index]
        pixels, _ = camera.project(corners - [0, 0, info.height / 2])
        boxes[index] = *pixels.min(0), *pixels.max(0)
    return boxes


def excess(visible: Array, whole: Array) -> Array:
    """[...] pixels by which visible boxes [...,4] reach out of whole ones; NaN where either is unknown.

    More than a pixel or two means that the object does not stand upright.
    """
    return np.maximum((whole - visible)[..., :2].max(-1), (visible - whole)[..., 2:].max(-1))


def grasp_box(scene: SceneState, index: int, camera: Camera) -> Array:
    """[4] box around the two places where the fingers touch an item, hidden or not; NaN behind the camera.

    Raises SightlineError as model_of does, and for things that are not picked.
    """
    info = scene.objects[index]
    grasp = model_of(info).grasp
    if grasp is None:
        raise SightlineError(f"The {info.kind} is not picked up: it has no grasp.")
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), -1).reshape(-1, 3)
    half = np.array([grasp.width / 2 + FINGER[0], *FINGER[1:]])
    corners = (signs * half) @ rotation_z(scene.grasp_yaws[index]).T + scene.grasp_points[index]
    pixels, _ = camera.project(corners)
    return np.array([*pixels.min(0), *pixels.max(0)])
