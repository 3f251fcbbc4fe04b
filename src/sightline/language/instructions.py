"""Instructions: tasks that a scene offers, drawn and put into words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.core.hand import Room
from sightline.core.types import RELATIONS, SceneState, Task
from sightline.language.referring import STYLE_SHARES, STYLES, Expression, Phrasebook, instruct
from sightline.tasks.pick_place import feasible

REFERENCE_BY_ATTRIBUTE = 0.85  # share of task references that are described by attributes


class DrawnTask(NamedTuple):
    """A task, the style of its target's expression, and the scene's index of the object which that expression refers
    to ("the mug left of the bowl": the bowl), -1 where there is none; the same for the reference's expression."""

    task: Task
    style: str
    landmark: int
    reference_landmark: int = -1


class TaskSampler:
    """Draws feasible tasks in one scene; the geometry is computed once, so drawing many is cheap.

    Attributes:
        book: the scene's phrases; its local object numbers are the ones used in ``feasible``.
        feasible: relation -> [m,m] bool, target (first axis) and reference (second).
    """

    def __init__(
        self,
        scene: SceneState,
        book: Phrasebook | None = None,
        room: Room | None = None,
        graspable: NDArray[np.bool_] | None = None,
        references: NDArray[np.bool_] | None = None,
    ) -> None:
        """Find out what is possible.

        Args:
            room: what the robot's hand needs around it when it lets go; by default what serves every robot.
            graspable: [n] which objects the robot can take; by default all items.
            references: [n] to which objects a target may be brought; by default all.
        """
        self.scene = scene
        self.book = book or Phrasebook(scene)
        tables = feasible(scene, self.book.graph, room or Room(), graspable)
        if references is not None:
            tables = [table & references[self.book.graph.indices] for table in tables]
        self.feasible = dict(zip(RELATIONS, tables, strict=True))
        self._pairs: dict[str, dict[int, list[int]]] = {}
        for relation, table in self.feasible.items():
            pairs: dict[int, list[int]] = {}
            for target, reference in np.argwhere(table).tolist():
                pairs.setdefault(target, []).append(reference)
            self._pairs[relation] = pairs

    def sample(self, rng: np.random.Generator, relations: Sequence[str] = RELATIONS, style: str = "") -> Task | None:
        """A random feasible task whose words are unambiguous, or None when the scene offers none.

        Args:
            relations: the relations to choose from, equally often where the scene allows.
            style: style of the target's expression; drawn by STYLE_SHARES when empty. Another style is used when
                no target can be described in this one.
        """
        drawn = self.sample_styled(rng, relations, style)
        return None if drawn is None else drawn.task

    def sample_styled(
        self, rng: np.random.Generator, relations: Sequence[str] = RELATIONS, style: str = ""
    ) -> DrawnTask | None:
        """Like :meth:`sample`, with what is known about the words."""
        first = style or draw_style(rng)
        for relation in shuffled([name for name in relations if self._pairs[name]], rng):
            for manner in (first, *(other for other in STYLES if other != first)):
                for target in shuffled(list(self._pairs[relation]), rng):
                    if (spoken := self.book.express(target, manner, rng)) is None:
                        continue
                    for reference in shuffled(list(self._pairs[relation][target]), rng):
                        if (other := self._describe_reference(reference, target, spoken, rng)) is not None:
                            task = self._task(relation, target, reference, spoken, other, rng)
                            return DrawnTask(task, manner, self.landmark(spoken), self.landmark(other))
        return None

    def reword(self, task: Task, rng: np.random.Generator) -> Task | None:
        """The same task in other words, those of the book; None when it cannot say them without ambiguity."""
        local = {index: number for number, index in enumerate(self.book.graph.indices)}
        target, reference = local[task.target], local[task.reference]
        first = draw_style(rng)
        for style in (first, *(other for other in STYLES if other != first)):
            if (spoken := self.book.express(target, style, rng)) is None:
                continue
            if (other := self._describe_reference(reference, target, spoken, rng)) is not None:
                return self._task(task.relation, target, reference, spoken, other, rng)
        return None

    def landmark(self, expression: Expression) -> int:
        """The scene's index of the object that an expression refers to on the way to its own; -1 where none."""
        number = self.book.landmark(expression)
        return self.book.graph.indices[number] if number >= 0 else -1

    def _describe_reference(
        self, number: int, target: int, spoken: Expression, rng: np.random.Generator
    ) -> Expression | None:
        """One nested expression an instruction is enough: references are mostly described by attributes."""
        attribute = self.book.express(number, "attribute", rng)
        if spoken.reference is None and (attribute is None or rng.random() > REFERENCE_BY_ATTRIBUTE):
            style = "spatial" if rng.random() < 0.5 else "superlative"
            return self.book.express(number, style, rng, avoid=target, clause=True) or attribute
        return attribute

    def _task(
        self,
        relation: str,
        target: int,
        reference: int,
        spoken: Expression,
        other: Expression,
        rng: np.random.Generator,
    ) -> Task:
        indices = self.book.graph.indices
        words = instruct(relation, spoken.phrase, other.phrase, rng, self.book.wording)
        return Task(relation, indices[target], indices[reference], words, spoken.phrase, other.phrase)


def draw_style(rng: np.random.Generator) -> str:
    """One of referring.STYLES with the shares STYLE_SHARES."""
    value = rng.random()
    return (
        STYLES[0] if value < STYLE_SHARES[0] else STYLES[1] if value < STYLE_SHARES[0] + STYLE_SHARES[1] else STYLES[2]
    )


def shuffled(items: list, rng: np.random.Generator) -> list:
    """The same items in random order (in place; faster than Generator.permutation on short lists)."""
    for last in range(len(items) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        items[last], items[other] = items[other], items[last]
    return items


def sample_task(
    scene: SceneState,
    rng: np.random.Generator,
    relations: Sequence[str] = RELATIONS,
    style: str = "",
    room: Room | None = None,
    graspable: NDArray[np.bool_] | None = None,
) -> Task | None:
    """A random feasible task in the scene, or None when there is none; the arguments are TaskSampler's."""
    return TaskSampler(scene, room=room, graspable=graspable).sample(rng, relations, style)
