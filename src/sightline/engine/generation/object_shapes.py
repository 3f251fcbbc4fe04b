"""The shapes of a dataset's objects, found again: an episode's cast follows from its number and the recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from scipy.spatial import ConvexHull

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import ObjectInfo
from sightline.data.dataset import Dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.engine.assets import ObjectModel
from sightline.engine.generation.generate import read_recipe
from sightline.engine.worlds.contents import models_of
from sightline.tasks.kinds import PLACE

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
        words = (recipe["split"], recipe["collection"], recipe.get("tasks", PLACE))
        models = models_of(meta.seed, meta.candidate, *words) if made else ()
        if len(models) == len(meta.objects) and all(map(_is, models, meta.objects)):
            return Bodies(models)
    raise SightlineError(
        f"The objects of episode {meta.index} of {dataset.root} cannot be built again: the dataset was made by another "
        "version of the package or of its library of objects; use that version, or do without their shapes."
    )


@lru_cache(maxsize=8)
def _recipes(root: Path) -> tuple[dict[str, Any], ...]:
    """How a dataset was made; several ways when it was merged from several."""
    recipe = read_recipe(root)
    return tuple(recipe.get("merged", (recipe,)))


def _is(model: ObjectModel, info: ObjectInfo) -> bool:
    """Whether a model is what a dataset describes."""
    same = (model.kind, model.colour, model.size) == (info.kind, info.colour, info.size)
    return same and abs(model.radius - info.radius) < DRIFT and abs(model.height - info.height) < DRIFT
