"""Collections of objects under one roof: ``starter``, small and fixed, and ``full``, at the scale of a data engine."""

from __future__ import annotations

from functools import cache

from sightline.engine.assets import full
from sightline.engine.assets.families import confusable as alike
from sightline.engine.assets.model import ObjectModel
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.assets.variant import Variant
from sightline.engine.collections import FULL, STARTER, require_collection

# Nouns of the starter collection that a listener could mistake for one another.
STARTER_ALIKE = ({"can", "soda can"}, {"carton", "milk carton"}, {"cup", "mug"}, {"box", "cereal box"})


def kinds(split: str | None = None, collection: str = STARTER) -> tuple[str, ...]:
    """The nouns that ``split`` may use; all of the collection without a split.

    Raises SightlineError on an unknown split or collection.
    """
    return full.kinds(split) if _is_full(collection) else starter.kinds(split)


def role(kind: str, collection: str = STARTER) -> str:
    """The role of a kind: item, container or surface."""
    return full.role(kind) if _is_full(collection) else starter.role(kind)


@cache
def choices(kind: str, split: str = "train", collection: str = STARTER) -> tuple[Variant, ...]:
    """Every object of ``kind`` that ``split`` may use, without building any."""
    if _is_full(collection):
        return full.variants(kind, split)
    return tuple(
        Variant(kind, colour, size, held_out=starter.is_held_out(kind, colour))
        for colour, size in starter.variants(kind, split)
    )


def build(variant: Variant) -> ObjectModel:
    """The object that a variant stands for."""
    if _is_full(variant.collection):
        return full.model(variant.kind, variant.number)
    return starter.model(variant.kind, variant.colour, variant.size)


def confusable(first: str, second: str, collection: str = STARTER) -> bool:
    """Whether a listener could mistake one kind for the other, so that they should not share a scene."""
    return alike(first, second) if _is_full(collection) else {first, second} in STARTER_ALIKE


def catalogue(split: str | None = None, collection: str = STARTER) -> tuple[ObjectModel, ...]:
    """Every model that ``split`` may use (all of them by default). The full collection takes half a minute to build."""
    if not _is_full(collection):
        return starter.catalogue(split)
    return tuple(build(variant) for kind in full.kinds(split) for variant in full.variants(kind, split))


def _is_full(collection: str) -> bool:
    require_collection(collection)
    return collection == FULL
