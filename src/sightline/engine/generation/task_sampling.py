"""Which tasks a scene of a world offers, and how those of a skill are put into words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sightline.core.types import SceneState, Task
from sightline.engine.expert.choose import MOTIONS
from sightline.engine.worlds.world import World
from sightline.language.instructions import draw_style, sample_task, shuffled
from sightline.language.referring import STYLES, Expression, Phrasebook, instruct
from sightline.tasks.kinds import PLACE, SKILL_TASKS

DRAWS = 6  # expressions drawn in search of one with a noun


def possible(scene: SceneState, world: World, skills: Sequence[str]) -> list[tuple[str, int, int]]:
    """All (skill, target, reference) that the robot of ``world`` can do in a scene of it; indices of its objects.

    Args:
        skills: some of tasks.skills.SKILLS.
    """
    return [(skill, *pair) for skill in skills for pair in MOTIONS[skill].offered(scene, world)]


def sample_world_task(scene: SceneState, world: World, rng: np.random.Generator, tasks: str) -> Task | None:
    """A random task of one kind that the robot of ``world`` can do in a scene of it; None when there is none.

    Args:
        tasks: one of tasks.kinds.TASKS but ``all``.
    """
    if tasks == PLACE:
        return sample_task(scene, rng, room=world.robot.hand.room, graspable=world.graspable)
    return sample_skill_task(scene, world, rng, SKILL_TASKS[tasks])


def sample_skill_task(scene: SceneState, world: World, rng: np.random.Generator, skills: Sequence[str]) -> Task | None:
    """A random possible task whose words are unambiguous, or None when the scene offers none."""
    book, options = Phrasebook(scene), possible(scene, world, skills)
    style = draw_style(rng)
    for skill in shuffled(list(skills), rng):
        for manner in (style, *(other for other in STYLES if other != style)):
            for _, target, reference in shuffled([option for option in options if option[0] == skill], rng):
                task = _worded(book, skill, target, reference, manner, rng)
                if task is not None:
                    return task
    return None


def _worded(
    book: Phrasebook, skill: str, target: int, reference: int, style: str, rng: np.random.Generator
) -> Task | None:
    """The task in words; None where target or reference cannot be singled out so."""
    local = book.graph.indices
    it = _named(book, local.index(target), style, rng, avoid=local.index(reference))
    other = book.express(local.index(reference), "attribute", rng)
    if it is None or other is None:
        return None
    words = instruct(skill, it.phrase, other.phrase, rng)
    return Task(skill, target, reference, words, it.phrase, other.phrase)


def _named(book: Phrasebook, number: int, style: str, rng: np.random.Generator, avoid: int) -> Expression | None:
    """An expression with a noun of its own, since one does not press a thing, that does not refer to ``avoid``."""
    drawn = (book.express(number, style, rng, avoid) for _ in range(DRAWS))
    return next((it for it in drawn if it is not None and it.kind), None)
