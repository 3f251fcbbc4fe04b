"""Which world has which number, and what stands in it: objects, price tags, and the fixture that a skill needs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from sightline.core.errors import SightlineError
from sightline.engine.assets import ObjectModel
from sightline.engine.assets.stacking import flat_top
from sightline.engine.fixtures import FURNITURE
from sightline.engine.fixtures.chest import chest
from sightline.engine.fixtures.model import Fixture
from sightline.engine.fixtures.tag import price_tags
from sightline.engine.worlds import objects
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World
from sightline.tasks.kinds import PLACE, SKILL_TASKS
from sightline.tasks.skills import SKILLS

TAGS = 2  # price tags in a world
CHESTS = 0.4  # share of the worlds without another fixture in which a chest stands
BASES = 3  # things with a flat top that a world for stacking needs
MOST_CASTS = 50


@dataclass(frozen=True)
class Contents:
    """What stands in a world: loose things, and fixtures with parts of their own."""

    models: tuple[ObjectModel, ...]
    fixtures: tuple[Fixture, ...] = ()

    @property
    def objects(self) -> tuple[ObjectModel, ...]:
        """Everything that has a number in a scene: the loose things, then the parts of each fixture."""
        return (*self.models, *(model for fixture in self.fixtures for model in fixture.models))


def contents_of(spec: WorldSpec, stream: int, number: int) -> Contents:
    """What stands in world ``number`` of a stream of worlds, such as a dataset's seed: a pure function.

    Raises SightlineError on an unknown split or collection, or one that lacks what the tasks need.
    """
    return contents_of_seed(spec, objects.world_seed(stream, number), spec.drawn(stream, number).tasks)


def numbered_world(spec: WorldSpec, stream: int, number: int) -> World:
    """World ``number`` of a stream of worlds, such as a dataset's seed: a pure function.

    Raises SightlineError as :func:`build_world`.
    """
    spec.check()
    drawn, seed = spec.drawn(stream, number), objects.world_seed(stream, number)
    contents = contents_of_seed(spec, seed, drawn.tasks)
    return World.of(contents.models, seed, drawn, contents.fixtures)


def build_world(seed: int, spec: WorldSpec = WorldSpec()) -> World:  # noqa: B008 - it is frozen
    """The world of this seed, for one kind of tasks: a pure function.

    Raises SightlineError on an unknown split, collection or robot, a negative seed, when the collection lacks what the
    tasks need, or when the robot's files are missing.
    """
    if seed < 0:
        raise SightlineError(f"A world's seed must not be negative, but it is {seed}.")
    spec.check()
    contents = contents_of_seed(spec, seed, spec.tasks)
    return World.of(contents.models, seed, spec, contents.fixtures)


def contents_of_seed(spec: WorldSpec, seed: int, tasks: str) -> Contents:
    """What stands in the world of this seed.

    Fixtures decide on what else there is: nothing is called like a part of one, no sewing button among push buttons.

    Args:
        tasks: the one kind of tasks that it is for. Where ``spec`` says ``all``, a world to put things somewhere has
            price tags and sometimes a chest, like the others; where it says ``place``, it has none.
    """
    if spec.tasks == PLACE:
        return Contents(objects.of_world(seed, spec.split, spec.collection))
    rng = np.random.default_rng([seed, zlib.crc32(spec.split.encode()), zlib.crc32(tasks.encode())])
    things = _items(rng, spec.split, spec.collection, BASES if tasks == "stack" else 0)
    models = (*things, *price_tags(rng, TAGS))
    fixtures = _fixtures(rng, tasks)
    taken = {model.kind for fixture in fixtures for model in fixture.models}
    return Contents(tuple(entry for entry in models if entry.kind not in taken), fixtures)


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
    """Furniture with the parts that the tasks act on; where they act on none, sometimes a chest."""
    parts = dict.fromkeys(SKILLS[name].target for name in SKILL_TASKS.get(tasks, ()) if SKILLS[name].acts_on_part)
    if parts:
        return tuple(FURNITURE[part](rng) for part in parts)
    return (chest(rng),) if rng.random() < CHESTS else ()
