"""The shapes of a dataset's objects, found again: an episode's cast follows from its number and the recipe.

Datasets store what is visible. The whole of an object in the picture, hidden parts included, and where a gripper takes
it, can be worked out when they are read: from the pose, the camera and the shape of the object's model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import ConvexHull

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, Camera, rotation_z
from sightline.core.types import ObjectInfo, SceneState
from sightline.data.dataset import Dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.engine.assets import ObjectModel
from sightline.engine.generation.generate import read_recipe
from sightline.engine.worlds.contents import contents_of
from sightline.engine.worlds.crowds import crowd_of
from sightline.engine.worlds.spec import WorldSpec
from sightline.tasks.kinds import PLACE

TILT = 2.0  # pixels of a 224 pixel picture by which a standing object may show outside of its computed box
FINGER = (0.006, 0.011, 0.012)  # metres: half of a finger's thickness, width and the height of its contact
DRIFT = 1e-4  # metres by which stored and present sizes may differ


@dataclass(eq=False)
class Bodies:
    """The models of a scene's objects, in their order."""

    models: tuple[ObjectModel, ...]
    _hulls: dict[int, Array] = field(default_factory=dict, repr=False)

    def hull(self, index: int) -> Array:
        """[k,3] corners of the convex hull of object ``index``, metres; the origin is the centre of its base."""
        if index not in self._hulls:
            points = self.models[index].shape.points()
            self._hulls[index] = points[ConvexHull(points).vertices]
        return self._hulls[index]


def bodies_of(dataset: Dataset, meta: EpisodeMeta) -> Bodies:
    """The shapes of the objects of an episode.

    Raises SightlineError when the dataset does not say how it was made, or when what is made that way now is not what
    it holds: another version of the package, or of a library of objects, made it.
    """
    for recipe in _recipes(dataset.root):
        made = recipe["seed"] == meta.seed
        spec = WorldSpec(split=recipe["split"], collection=recipe["collection"], tasks=recipe.get("tasks", PLACE))
        models = _models(spec, meta) if made else ()
        if len(models) == len(meta.objects) and all(map(_is, models, meta.objects)):
            return Bodies(models)
    raise SightlineError(
        f"The objects of episode {meta.index} of {dataset.root} cannot be built again: the dataset was made by another "
        "version of the package or of its library of objects; use that version, or do without their shapes."
    )


def _models(spec: WorldSpec, meta: EpisodeMeta) -> tuple[ObjectModel, ...]:
    if meta.kind == "crowds":
        return crowd_of(spec, meta.seed, meta.candidate)
    return contents_of(spec, meta.seed, meta.candidate).objects


@lru_cache(maxsize=8)
def _recipes(root: Path) -> tuple[dict[str, Any], ...]:
    """How a dataset was made; several ways when it was merged from several."""
    recipe = read_recipe(root)
    return tuple(recipe.get("merged", (recipe,)))


def _is(model: ObjectModel, info: ObjectInfo) -> bool:
    """Whether a model is what a dataset describes."""
    same = (model.kind, model.colour, model.size) == (info.kind, info.colour, info.size)
    return same and abs(model.radius - info.radius) < DRIFT and abs(model.height - info.height) < DRIFT


def whole_boxes(scene: SceneState, camera: Camera, bodies: Bodies) -> Array:
    """[n,4] amodal boxes (x1, y1, x2, y2; pixels, not cut off at the picture's edge) of the present objects.

    Objects are taken to be upright, lids as far open as they are; NaN for absent ones and where a part lies behind the
    camera.
    """
    boxes = np.full((len(scene.objects), 4), np.nan)
    for index in np.flatnonzero(scene.present).tolist():
        turn = attitude(scene, index)
        middle = scene.positions[index] - turn[:, 2] * scene.objects[index].height / 2
        corners = bodies.hull(index) @ turn.T + middle
        pixels, _ = camera.project(corners)
        boxes[index] = *pixels.min(0), *pixels.max(0)
    return boxes


def attitude(scene: SceneState, index: int) -> Array:
    """[3,3] rotation of an upright object, or of a lid: about its hinge, which is its y axis."""
    turn = rotation_z(scene.yaws[index])
    if scene.objects[index].role != "lid" or scene.joints is None:
        return turn
    cosine, sine = np.cos(scene.joints[index]), np.sin(scene.joints[index])
    return turn @ np.array([[cosine, 0.0, -sine], [0.0, 1.0, 0.0], [sine, 0.0, cosine]])


def base(scene: SceneState, index: int) -> Array:
    """[3] centre of the base of an upright object, metres."""
    return scene.positions[index] - [0, 0, scene.objects[index].height / 2]


def excess(visible: Array, whole: Array) -> Array:
    """[...] pixels by which visible boxes [...,4] reach out of whole ones; NaN where either is unknown.

    More than a pixel or two means that the object does not stand upright.
    """
    return np.maximum((whole - visible)[..., :2].max(-1), (visible - whole)[..., 2:].max(-1))


def grasp_box(scene: SceneState, index: int, camera: Camera, bodies: Bodies) -> Array:
    """[4] box around the two places where the fingers touch an item, hidden or not; NaN behind the camera.

    Raises SightlineError for things that are not picked.
    """
    grasps = bodies.models[index].grasps
    if not grasps:
        raise SightlineError(f"The {scene.objects[index].kind} is not picked up: it has no grasp.")
    point, turn = scene.grasp_points[index], rotation_z(scene.yaws[index])
    # The scene tells which of its grasps an object is taken by: the one at the same place.
    taken = min(grasps, key=lambda grasp: np.linalg.norm(turn @ grasp.point + base(scene, index) - point))
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), -1).reshape(-1, 3)
    half = np.array([taken.width / 2 + FINGER[0], *FINGER[1:]])
    pixels, _ = camera.project((signs * half) @ rotation_z(scene.grasp_yaws[index]).T + point)
    return np.array([*pixels.min(0), *pixels.max(0)])
