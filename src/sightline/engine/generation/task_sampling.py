"""Which tasks a scene of a world offers, and how those of a skill are put into words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sightline.core.hand import Room
from sightline.core.types import SceneState, Task
from sightline.engine.assets.stacking import can_carry
from sightline.engine.worlds.world import World
from sightline.language.referring import STYLES, Expression, Phrasebook, instruct
from sightline.language.scene_graph import REST, base_height, body_of, top_height, tops
from sightline.tasks.goals import CLOSED, PRESSED, opening
from sightline.tasks.kinds import PLACE, SKILL_TASKS
from sightline.tasks.pick_place import draw_style, sample_task, shuffled

MOST_OPEN, LEAST_OPEN = 0.5, 0.35  # shares of its way up to which a drawer is worth opening, from which worth closing
DRAWS = 6  # expressions drawn in search of one with a noun
Pairs = Iterator[tuple[int, int]]


def possible(scene: SceneState, world: World, skills: Sequence[str]) -> list[tuple[str, int, int]]:
    """All (skill, target, reference) that the robot of ``world`` can do in a scene of it; indices of its objects.

    Args:
        skills: some of core.types.SKILLS.
    """
    return [(skill, *pair) for skill in skills for pair in _FINDERS[skill](scene, world)]


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


# --- what is possible -------------------------------------------------------------------------------------------------


def _of_role(scene: SceneState, role: str) -> list[int]:
    return [index for index, info in enumerate(scene.objects) if scene.present[index] and info.role == role]


def _stacks(scene: SceneState, world: World) -> Pairs:
    """Items at the height of the table, with nothing above them, where the hand has room above the lower one.

    Not what has something written on it: nobody builds with price tags.
    """
    items = [i for i in _of_role(scene, "item") if base_height(scene, i) < REST and not scene.objects[i].label]
    for target, reference in itertools.permutations(items, 2):
        fits = world.graspable[target] and can_carry(world.models[reference], world.models[target])
        if fits and _room_above(scene, target, reference, world.robot.hand.room):
            yield target, reference


def _room_above(scene: SceneState, target: int, reference: int, room: Room) -> bool:
    """Whether nothing else reaches up to the fingers, or to the palm, of a hand that lets go on the reference."""
    others = scene.present.copy()
    others[[target, reference]] = False
    apart = np.linalg.norm(scene.positions[:, :2] - scene.positions[reference, :2], axis=1)
    apart -= np.array([info.radius for info in scene.objects])
    floor = top_height(scene, reference)
    grip = floor + float(scene.grasp_points[target, 2]) - base_height(scene, target)
    blocked = (apart < room.fingers) & (tops(scene) > floor - 0.01)
    blocked |= (apart < room.palm[0]) & (tops(scene) > grip + room.palm_height - 0.01)
    return not bool(np.any(blocked & others))


def _drawers(scene: SceneState, worthwhile: Callable[[float], bool]) -> Pairs:
    """Drawers that are the only one of their cabinet which may be open: an open one hides handles below it."""
    drawers = _of_role(scene, "drawer")
    for target in drawers:
        body = body_of(scene, target)
        others = [other for other in drawers if other != target and body_of(scene, other) == body]
        if worthwhile(opening(scene, target)) and all(opening(scene, other) < CLOSED for other in others):
            yield target, body


def _openable(scene: SceneState, world: World) -> Pairs:
    return _drawers(scene, lambda share: share <= MOST_OPEN)


def _closable(scene: SceneState, world: World) -> Pairs:
    return _drawers(scene, lambda share: share >= LEAST_OPEN)


def _pressable(scene: SceneState, world: World) -> Pairs:
    for target in _of_role(scene, "button"):
        if opening(scene, target) < PRESSED:
            yield target, body_of(scene, target)


_FINDERS: dict[str, Callable[[SceneState, World], Pairs]] = {
    "stack": _stacks,
    "open": _openable,
    "close": _closable,
    "press": _pressable,
}
