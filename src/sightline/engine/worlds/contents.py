"""Which worlds offer which skills: the cast of objects, price tags among them, and the fixture that a skill needs."""

from __future__ import annotations

import zlib

import numpy as np

from sightline.core.errors import SightlineError
from sightline.engine import robots
from sightline.engine.assets import ObjectModel
from sightline.engine.assets.stacking import flat_top
from sightline.engine.collections import STARTER
from sightline.engine.fixtures.cabinet import cabinet
from sightline.engine.fixtures.chest import chest
from sightline.engine.fixtures.model import Fixture
from sightline.engine.fixtures.panel import panel
from sightline.engine.fixtures.tag import price_tags
from sightline.engine.worlds import objects
from sightline.engine.worlds.world import World
from sightline.tasks.kinds import PLACE, drawn_tasks

TAGS = 2  # price tags in a world
CHESTS = 0.4  # share of the worlds without another fixture in which a chest stands
BASES = 3  # things with a flat top that a world for stacking needs
MOST_CASTS = 50


def skilled_world(
    stream: int, number: int, split: str, robot: str = robots.DEFAULT, collection: str = STARTER, tasks: str = "stack"
) -> World:
    """World ``number`` of a stream of worlds, with what ``tasks`` (one of TASKS but ``all``) needs. A pure function.

    Raises SightlineError as ``World.build``.
    """
    world_seed = objects.world_seed(stream, number)
    models, fixtures = _contents(world_seed, split, collection, tasks)
    return World.of(models, world_seed, split, robot, collection, fixtures)


def models_of(stream: int, number: int, split: str, collection: str, tasks: str) -> tuple[ObjectModel, ...]:
    """The objects of candidate ``number`` of a dataset with seed ``stream`` and these settings (``tasks`` of TASKS).

    Raises SightlineError on an unknown split or collection.
    """
    world_seed = objects.world_seed(stream, number)
    if tasks == PLACE:
        return objects.of_world(world_seed, split, collection)
    models, fixtures = _contents(world_seed, split, collection, drawn_tasks(tasks, stream, number))
    return (*models, *(model for fixture in fixtures for model in fixture.models))


def _contents(
    world_seed: int, split: str, collection: str, tasks: str
) -> tuple[tuple[ObjectModel, ...], tuple[Fixture, ...]]:
    """Loose things and fixtures, none of which is called like a part of one: no sewing button among push buttons."""
    rng = np.random.default_rng([world_seed, zlib.crc32(split.encode()), zlib.crc32(tasks.encode())])
    models = (*_items(rng, split, collection, BASES if tasks == "stack" else 0), *price_tags(rng, TAGS))
    fixtures = _fixtures(rng, tasks)
    taken = {model.kind for fixture in fixtures for model in fixture.models}
    return tuple(entry for entry in models if entry.kind not in taken), fixtures


def _items(rng: np.random.Generator, split: str, collection: str, bases: int) -> tuple[ObjectModel, ...]:
    """A cast with at least so many things that something can stand on."""
    for _ in range(MOST_CASTS):
        chosen = objects.choose(rng, split, collection)
        if sum(flat_top(entry) > 0 for entry in chosen) >= bases:
            return chosen
    raise SightlineError(
        f"Split '{split}' of collection '{collection}' has too few things with a flat top to stack on: "
        "choose other tasks, or another collection."
    )


def _fixtures(rng: np.random.Generator, tasks: str) -> tuple[Fixture, ...]:
    if tasks == "drawer":
        return (cabinet(rng),)
    if tasks == "button":
        return (panel(rng),)
    return (chest(rng),) if rng.random() < CHESTS else ()
