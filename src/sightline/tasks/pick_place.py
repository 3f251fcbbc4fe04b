"""Pick-and-place tasks: which are possible in a scene, where to let go, and when a task is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array
from sightline.core.hand import Room
from sightline.core.types import PARTS, RELATIONS, SKILLS, SceneState, Task
from sightline.language.referring import STYLE_SHARES, STYLES, Expression, Phrasebook, instruct
from sightline.language.scene_graph import AXES, FOOTING, MIN_DISTANCE, REST, base_height, holds, top_height
from sightline.tasks import goals

WORKSPACE = ((0.35, 0.68), (-0.28, 0.28))  # x and y limits of goals, metres
BESIDE = 0.12  # metres between centres when something is put beside something small
CLEARANCE = 0.035  # metres between footprints that the opening fingers need
MAX_BESIDE = 0.20  # metres: leaves slack to the goal's limit of scene_graph.GOAL_DISTANCE
DROP = 0.01  # metres above its rest at which an object is let go
RIM = 0.005  # metres by which the tool point stays above a container's rim, so that the fingers can open
ABOVE = 0.10  # metres by which the tool approaches from above and lifts
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
    ) -> None:
        """Find out what is possible.

        Args:
            room: what the robot's hand needs around it when it lets go; by default what serves every robot.
            graspable: [n] which objects the robot can take; by default all items.
        """
        self.scene = scene
        self.book = book or Phrasebook(scene)
        self.feasible = dict(zip(RELATIONS, _feasible(scene, self.book, room or Room(), graspable), strict=True))
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


def beside_distance(target_radius: Array | float, reference_radius: Array | float) -> Array:
    """Distance (m) between the centres when something is put beside something: room for the fingers between them."""
    return np.maximum(BESIDE, np.asarray(target_radius) + np.asarray(reference_radius) + CLEARANCE)


def _feasible(
    scene: SceneState, book: Phrasebook, room: Room, graspable: NDArray[np.bool_] | None
) -> list[NDArray[np.bool_]]:
    """For each of core.types.RELATIONS an [m,m] bool table of possible (target, reference) among present objects."""
    graph, chosen = book.graph, np.array(book.graph.indices, int)
    if not len(chosen):
        return [np.zeros((0, 0), bool)] * len(RELATIONS)
    radius, centre = graph.radius, graph.position[:, :2]
    own = np.eye(len(chosen), dtype=bool)
    inside = graph.is_container & (graph.distance < radius) & ~own
    target_ok = graph.is_item & np.isfinite(scene.grasp_points[chosen]).all(1) & ~inside.any(1)
    if graspable is not None:
        target_ok &= graspable[chosen]
    reference_ok = graph.base <= REST  # stands on the table: neither held nor in or on something
    reference_ok &= [info.role not in PARTS for info in graph.objects]
    pair_ok = target_ok[:, None] & reference_ok[None, :] & ~own
    apart = radius[:, None] + radius[None, :]

    # Into and onto: the reference must hold nothing (but perhaps the target), which must fit; the fingers need room.
    blocking = graph.distance < np.maximum(radius[:, None] + room.fingers, radius[None, :])  # [object, reference]
    blocking &= ~own
    free = blocking.sum(0)[None, :] == blocking  # [target, reference]
    on_it = graph.distance < radius[None, :]
    receives = pair_ok & free & ~on_it
    into = receives & graph.is_container & (radius[:, None] <= FOOTING * radius[None, :])
    onto = receives & graph.is_surface & (radius[:, None] <= radius[None, :])

    # Beside: the goal must be in the workspace, clear of everything but the target, and not already fulfilled.
    beside = beside_distance(radius[:, None], radius[None, :])
    axes = np.array([AXES[name] for name in RELATIONS[2:]])
    goal = centre[None, None, :, :] + axes[:, None, None, :] * beside[None, :, :, None]  # [4,target,reference,2]
    (x_low, x_high), (y_low, y_high) = WORKSPACE
    reachable = (goal[..., 0] >= x_low) & (goal[..., 0] <= x_high) & (goal[..., 1] >= y_low) & (goal[..., 1] <= y_high)
    to_others = centre - goal[..., None, :]  # [4,target,reference,object,2]
    clear = np.linalg.norm(to_others, axis=-1) >= (apart + CLEARANCE - 1e-9)[:, None, :]
    clear &= ~_under_palm(scene, book, to_others, room)
    clear |= own[:, None, :]
    moves = np.linalg.norm(goal - centre[:, None, :], axis=-1) >= MIN_DISTANCE + 0.01
    lateral = pair_ok & reachable & clear.all(-1) & moves & (graph.cone < -0.01) & (beside <= MAX_BESIDE)
    return [into, onto, *lateral]


def _under_palm(scene: SceneState, book: Phrasebook, offset: Array, room: Room) -> NDArray[np.bool_]:
    """Which objects the palm would touch when a target is let go on the table.

    Args:
        offset: [4,target,reference,object,2] metres from the goal to each object.

    Returns:
        [4,target,reference,object] bool; the fingers are taken to close as they would in the present grasp.
    """
    graph, chosen = book.graph, np.array(book.graph.indices, int)
    yaw = scene.grasp_yaws[chosen][:, None, None]
    along = np.abs(offset[..., 0] * np.cos(yaw) + offset[..., 1] * np.sin(yaw))
    aside = np.abs(offset[..., 1] * np.cos(yaw) - offset[..., 0] * np.sin(yaw))
    gap = np.hypot(np.maximum(along - room.palm[0], 0), np.maximum(aside - room.palm[1], 0)) - graph.radius
    palm = scene.grasp_points[chosen, 2] - graph.base + DROP + room.palm_height
    return (gap < 0.01) & (graph.base + graph.height > palm[:, None])[:, None, :]


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


def place_point(scene: SceneState, task: Task) -> Array:
    """[3] base-frame position of the tool point (m) at which the target is let go.

    Uses the target's current grasp point relative to its centre, so it also holds while the target is in the fingers
    (provided that the tool keeps its yaw between grasp and release). NaN for a task that lets nothing go.
    """
    if task.relation in SKILLS:
        return goals.place_point(scene, task)
    relation, target, reference = task.relation, task.target, task.reference
    goal, grasp = scene.positions[reference, :2], scene.grasp_points[target]
    grasp_height = max(float(grasp[2]) - base_height(scene, target), 0.0)
    if relation in AXES:
        distance = beside_distance(scene.objects[target].radius, scene.objects[reference].radius)
        goal = goal + np.array(AXES[relation]) * distance
        height = grasp_height + DROP
    elif relation == "onto":
        height = top_height(scene, reference) + grasp_height + DROP
    else:
        # Tall things are let go just above the floor; short ones as deep as the fingers can open, at the rim.
        height = max(base_height(scene, reference) + DROP + grasp_height + DROP, top_height(scene, reference) + RIM)
    shift = grasp[:2] - scene.positions[target, :2]
    return np.array([goal[0] + shift[0], goal[1] + shift[1], height])


def is_done(scene: SceneState, task: Task, started: SceneState) -> bool:
    """Whether the goal holds now, by the target's own movement since ``started``.

    Geometry only: that the target has been let go and is at rest is for the simulation to check. Something put beside
    something must rest on the table, not on another object.
    """
    if task.relation in SKILLS:
        return goals.is_done(scene, task, started)
    moved = float(np.linalg.norm(scene.positions[task.target] - started.positions[task.target]))
    if moved < 0.02 or not holds(task.relation, scene, task.target, task.reference):
        return False
    info = scene.objects[task.target]
    return (
        task.relation not in AXES or float(scene.positions[task.target, 2]) <= max(info.height / 2, info.radius) + REST
    )


def wrong_object_moved(scene: SceneState, started: SceneState, task: Task, limit: float = 0.03) -> bool:
    """Whether a present object other than the target has moved by more than ``limit`` metres since ``started``.

    The reference may be nudged by twice the limit in the table plane, since placing touches it. No drawer may be moved,
    and no button pressed, but the one that was meant.
    """
    if goals.other_part_moved(scene, started, task):
        return True
    shift = scene.positions - started.positions
    plane, rise = np.hypot(shift[:, 0], shift[:, 1]), np.abs(shift[:, 2])
    allowed = np.full(len(plane), limit)
    allowed[task.reference] = 2 * limit
    wrong = scene.present & ((plane > allowed) | (rise > limit))
    wrong[task.target] = False
    return bool(wrong.any())


def nominal_path(tool: Array, grasp: Array, place: Array, carry: float = ABOVE) -> Array:
    """[N,3] corners of the tool point's way (m, base frame): above the grasp, grasp, lift, above the place, place.

    Starts at the current tool point; a tool that is already at the grasp point holds the object and only carries it.

    Args:
        carry: height (m) above the higher of grasp and place at which the object travels.
    """
    tool, grasp, place = (np.asarray(point, dtype=np.float64) for point in (tool, grasp, place))
    travel = max(grasp[2], place[2]) + carry
    lift, above_place = np.array([grasp[0], grasp[1], travel]), np.array([place[0], place[1], travel])
    if np.linalg.norm(tool - grasp) < 0.02:
        # On the way to the place already: no need to go up again above the place itself.
        lift = np.array([tool[0], tool[1], max(tool[2], travel)])
        above_place[2] = lift[2]
        return np.stack([tool, lift, above_place, place])
    return np.stack([tool, np.array([grasp[0], grasp[1], grasp[2] + ABOVE]), grasp, lift, above_place, place])
