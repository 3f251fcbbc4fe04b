"""Crowds: worlds of many unrelated things, for learning what each kind looks like.

A world of ten things takes nearly as long to build as one of thirty, and a picture that shows fourteen of them hardly
longer than one that shows six. For what recognition learns from, the different things it has seen, crowds are several
times cheaper than the scenes that one speaks about.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.engine.assets import Catalogue, ObjectModel
from sightline.engine.collections import collection_of
from sightline.engine.worlds.objects import world_seed
from sightline.engine.worlds.placement import Layout, stand
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World

CAST = 32  # things in a world, as far as there are kinds
SHOWN = 14  # of them in a scene, as far as they find room
AREA = np.array([[0.32, -0.34], [0.74, 0.34]])  # lowest and highest x, y of a thing's centre, metres
GAP = 0.008  # metres between footprints
TRIES = 25  # places drawn for a thing


def crowded_world(spec: WorldSpec, stream: int, number: int) -> World:
    """World ``number`` of a stream of crowded worlds, such as a dataset's seed: a pure function.

    Raises SightlineError on an unknown split, collection or robot, and for a library, which has no kinds to draw from.
    """
    spec.check()
    models = crowd_of(spec, stream, number)
    return World.of(models, world_seed(stream, number), spec.drawn(stream, number))


def crowd_of(spec: WorldSpec, stream: int, number: int) -> tuple[ObjectModel, ...]:
    """What lies in that world."""
    made_of = collection_of(spec.collection)
    if made_of.library is not None:
        raise SightlineError("Crowds are drawn from a catalogue's kinds, which a library has none of: choose scenes.")
    seeds = [world_seed(stream, number), zlib.crc32(spec.split.encode()), zlib.crc32(b"crowd")]
    return crowd(made_of.catalogue, np.random.default_rng(seeds), spec.split)


def crowd(catalogue: Catalogue, rng: np.random.Generator, split: str) -> tuple[ObjectModel, ...]:
    """Up to CAST models, each of a kind of its own; nouns that a listener could mistake for one another never meet."""
    chosen: list[str] = []
    for kind in rng.permutation(catalogue.kinds(split)).tolist():
        if len(chosen) < CAST and not any(catalogue.confusable(other, kind) for other in chosen):
            chosen.append(kind)
    variants = [catalogue.variants(kind, split) for kind in chosen]
    return tuple(catalogue.build(options[rng.integers(len(options))]) for options in variants)


def sample_crowd(world: World, rng: np.random.Generator) -> Layout:
    """A layout of things that are drawn anew and lie all over the table without overlap (not settled)."""
    count = len(world.objects)
    present, places = np.zeros(count, bool), np.full((count, 2), np.nan)
    drawn = rng.choice(count, min(SHOWN, count), replace=False)
    radii = np.array([info.radius for info in world.objects])
    for index in sorted(drawn.tolist(), key=lambda i: -radii[i]):
        place = _free_place(places[present], radii[present], radii[index], rng)
        if place is not None:
            present[index], places[index] = True, place
    return stand(world, present, places, rng)


def _free_place(others: Array, radii: NDArray[np.float64], radius: float, rng: np.random.Generator) -> Array | None:
    """[2] a centre that is clear of those at ``others`` [n,2]; None when none was found."""
    for _ in range(TRIES):
        place = rng.uniform(*AREA)
        if np.all(np.linalg.norm(others - place, axis=1) - radii - radius > GAP):
            return place
    return None
