"""Boxes, points and traces against shapes and cameras; one problem a label and camera is enough to know of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array
from sightline.data.labels import EpisodeLabels
from sightline.engine.audit.findings import Findings
from sightline.engine.generation.object_shapes import Bodies, excess

STILL = 0.0005  # metres by which an object that nobody has touched may have moved since the first frame
FREE = 0.12  # metres between the tool and an object that it cannot hide from a camera which stands apart
APART = 0.4  # metres between such a camera and the tool
AROUND = 1.5  # widths of the picture from its middle within which points are compared: beyond, near the plane of the
# lens, the stored calibration's last digit moves them by many pixels
WHOLE = 1.5  # pixels by which an object's visible and computed boxes may differ when nothing hides it


class Lens:
    """One camera over an episode: T matrices that turn the base frame's metres into pixels.

    Written with homogeneous matrices and apart from core.geometry, so that it can confirm it.
    """

    def __init__(self, labels: EpisodeLabels, camera: str) -> None:
        vectors = labels.cameras[camera].astype(np.float64)
        poses = np.tile(np.eye(4), (len(vectors), 1, 1))
        poses[:, :3] = vectors[:, 3:].reshape(-1, 3, 4)
        intrinsic = np.zeros((len(vectors), 3, 4))
        intrinsic[:, 0, 0] = intrinsic[:, 1, 1] = vectors[:, 2]
        intrinsic[:, :2, 2], intrinsic[:, 2, 2] = vectors[:, :2] / 2, 1.0
        self.name, self.width = camera, float(vectors[0, 0])
        self.eyes = poses[:, :3, 3]
        self.matrices = intrinsic @ np.linalg.inv(poses)

    def pixels(self, points: Array) -> Array:
        """[T,k,2] of base-frame points [T,k,3], one set a frame; NaN behind the camera."""
        return _divided(points @ self.matrices[:, :, :3].transpose(0, 2, 1) + self.matrices[:, None, :, 3])

    def around(self, pixels: Array) -> NDArray[np.bool_]:
        """Which points [...,2] are in the picture or not far from it."""
        off = np.abs(pixels - self.width / 2)
        return (off[..., 0] < AROUND * self.width) & (off[..., 1] < AROUND * self.width)

    def pixels_at(self, t: int, points: Array) -> Array:
        """[k,2] of base-frame points [k,3] in the picture of frame ``t``; NaN behind the camera."""
        return _divided(points @ self.matrices[t, :, :3].T + self.matrices[t, :, 3])


def _divided(image: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(image[..., 2:] > 1e-6, image[..., :2] / image[..., 2:], np.nan)


def computed_boxes(labels: EpisodeLabels, lens: Lens, bodies: Bodies, slides: bool) -> Array:
    """[T,n,4] boxes of the objects as they stand, from their shapes; NaN for absent and for touched ones.

    Args:
        slides: every frame is another scene, in which everything counts as untouched.
    """
    boxes = np.full((len(labels), len(labels.objects), 4), np.nan)
    for index in np.flatnonzero(labels.present.any(0)).tolist():
        info, position, yaw = labels.objects[index], labels.positions[:, index], labels.yaws[:, index]
        turn = np.zeros((len(labels), 3, 3))
        turn[:, 0, 0] = turn[:, 1, 1] = np.cos(yaw)
        turn[:, 1, 0], turn[:, 0, 1], turn[:, 2, 2] = np.sin(yaw), -np.sin(yaw), 1.0
        if info.role == "lid" and labels.joints is not None:
            turn = turn @ _opened(labels.joints[:, index])
        base = position - turn[:, :, 2] * info.height / 2
        outline = lens.pixels(bodies.hull(index) @ turn.transpose(0, 2, 1) + base[:, None])
        known = labels.present[:, index] & (slides | (np.linalg.norm(position - position[0], axis=1) < STILL))
        boxes[known, index] = np.concatenate([outline.min(1), outline.max(1)], -1)[known]
    return boxes


def _opened(angles: Array) -> Array:
    """[T,3,3] rotations of a lid that is open by ``angles`` [T], radians: about its y axis, its front upwards."""
    turn = np.tile(np.eye(3), (len(angles), 1, 1))
    turn[:, 0, 0] = turn[:, 2, 2] = np.cos(angles)
    turn[:, 2, 0], turn[:, 0, 2] = np.sin(angles), -np.sin(angles)
    return turn


def box_problems(labels: EpisodeLabels, lens: Lens, computed: Array, findings: Findings) -> Iterator[str]:
    """Visible boxes that reach out of the objects; only those are compared that nobody has touched."""
    outside = excess(labels.boxes[lens.name], computed)
    for t, i in findings.beyond("box", outside, lens.width)[:1]:
        yield (
            f"the box of {labels.objects[i].id} in camera '{lens.name}' at frame {t} reaches {outside[t, i]:.1f} px "
            "out of the object"
        )


def point_problems(labels: EpisodeLabels, target: int, lens: Lens, findings: Findings) -> Iterator[str]:
    """Grasp and place points that are not where the camera sees them."""
    pairs = {
        "grasp": (labels.grasp_pixels[lens.name], labels.grasp_points[:, target]),
        "place": (labels.place_pixels[lens.name], labels.place),
    }
    for name, (stored, points) in pairs.items():
        pixels = lens.pixels(points[:, None])[:, 0]
        apart = np.linalg.norm(stored - pixels, axis=1)
        apart[np.isnan(stored).any(1) & lens.around(pixels)] = np.inf
        apart[~lens.around(pixels)] = np.nan
        for (t,) in findings.beyond("point", apart, lens.width)[:1]:
            yield f"the {name} point in camera '{lens.name}' at frame {t} is {apart[t]:.1f} px off"


def mask_problems(
    labels: EpisodeLabels, target: int, lens: Lens, computed: Array, ids: NDArray[np.uint8], findings: Findings
) -> Iterator[str]:
    """Grasp points that are not on the object, where nothing hides it: the gripper is away and its whole box shows.

    Args:
        ids: [T,H,W] instance maps.
    """
    free = np.linalg.norm(labels.tool - labels.grasp_points[:, target], axis=1) > FREE
    free &= np.linalg.norm(labels.tool - lens.eyes, axis=1) > APART
    free &= np.abs(labels.boxes[lens.name] - computed)[:, target].max(-1) <= WHOLE
    free &= ((labels.grasp_pixels[lens.name] >= 0) & (labels.grasp_pixels[lens.name] < lens.width)).all(1)
    far = np.full(len(labels), np.nan)
    for t in np.flatnonzero(free):
        point = labels.grasp_pixels[lens.name][t]
        if ids[t][tuple(point[::-1].astype(int))] in (0, target + 1):  # else something stands in front
            pixels = np.argwhere(ids[t] == target + 1)[:, ::-1]
            far[t] = np.abs(pixels + 0.5 - point).max(1).min()
    for (t,) in findings.beyond("mask", far, lens.width)[:1]:
        yield f"the grasp point in camera '{lens.name}' at frame {t} is {far[t]:.1f} px from the object's mask"


def trace_problems(labels: EpisodeLabels, lens: Lens, findings: Findings) -> Iterator[str]:
    """Traces that are not the way which the tool went from their frame on, or do not begin and end with it."""
    deviation = np.full(len(labels), np.nan)
    for t, stored in enumerate(labels.traces[lens.name]):
        way = lens.pixels_at(t, labels.tool[t:])
        if np.isnan(way).any():
            continue  # part of it is behind the camera
        off = distance_to_way(stored, way)
        off[[0, -1]] = np.linalg.norm(stored[[0, -1]] - way[[0, -1]], axis=1)
        off = np.where(np.isnan(off), np.inf, off)[lens.around(stored) | np.isnan(stored).any(1)]
        deviation[t] = off.max(initial=0.0)
    for (t,) in findings.beyond("trace", deviation, lens.width)[:1]:
        yield f"the trace in camera '{lens.name}' at frame {t} is {deviation[t]:.1f} px off the tool's way"


def distance_to_way(points: Array, way: Array) -> Array:
    """[k] distances of points [k,2] from the line through the points [N,2] of a way."""
    if len(way) == 1:
        return np.linalg.norm(points - way[0], axis=1)
    start, along = way[:-1], np.diff(way, axis=0)
    length = np.maximum((along**2).sum(1), 1e-12)
    share = np.clip(((points[:, None] - start) * along).sum(-1) / length, 0, 1)
    return np.linalg.norm(points[:, None] - (start + share[..., None] * along), axis=-1).min(1)
