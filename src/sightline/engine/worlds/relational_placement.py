"""Scenes by relation: a small scene graph is drawn, solved for places, and checked again after things have settled.

``put the mug between the two bowls`` needs a scene in which something stands between two bowls. Scattered objects
rarely do, so for collection ``full`` the layout starts from what should hold: a few constraints, no object the subject
of two. They are solved in order, each by proposals that fulfil it by construction, with everything started anew when an
object finds no place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import SceneState
from sightline.engine.worlds.placement import (
    GAPS,
    MAX_SCENES,
    MAX_SHIFT,
    OBJECT_AREA,
    REACH,
    Layout,
    choose_present,
    settle,
    stand,
)  # fmt: skip
from sightline.engine.worlds.world import World
from sightline.tasks.scene_graph import AXES, NEXT_TO_GAP, direction_margin, holds

SUPPORTS = {"in": "container", "on": "surface"}
ARRANGEMENTS = (*AXES, *SUPPORTS, "near", "between", "nearest", "farthest", "row")
SHARES = np.array([2, 2, 2, 2, 3, 3, 3, 3, 2, 2, 3]) / 27  # how often each is drawn, in the order of ARRANGEMENTS
MOST = 3  # constraints of a scene
ROW = (3, 4)  # fewest and most objects in a row
BESIDE = 0.10  # metres: widest free space between a thing and the one it is left of, in front of, ...
CONE = np.radians(32)  # largest angle to the axis of a direction; it counts up to 45 degrees
CLEARLY = 0.03  # metres by which the nearest is nearer, and the farthest farther, than the runner-up
STRAIGHT = 0.02  # metres that something between two things, or in a row, may be off the line
DROP = 0.012  # metres above the base of a container or the top of a surface at which something starts to settle
SINK = 0.03  # metres by which something in or on something may move while it settles
TRIES = 12  # proposals for one object before everything starts anew


Propose = Callable[[], Array]


@dataclass(frozen=True)
class Constraint:
    """``subject`` stands in ``relation`` (one of ARRANGEMENTS) to ``others``; all are indices of a world's objects.

    ``between`` has two others; ``row`` has the objects that follow the subject in the line; the rest have one.
    """

    relation: str
    subject: int
    others: tuple[int, ...]


def sample_arrangement(world: World, rng: np.random.Generator) -> tuple[Layout, tuple[Constraint, ...]]:
    """A layout at rest in which a drawn scene graph holds, and that graph. Deterministic given rng.

    Leaves ``world`` showing this layout's objects. Raises SightlineError when nothing can be arranged.
    """
    data = mujoco.MjData(world.model)
    for _ in range(MAX_SCENES):
        present = choose_present(world, rng)
        graph = draw_graph(world, present, rng)
        solved = solve(world, present, graph, rng) if graph else None
        if solved is None:
            continue
        places, heights = solved
        layout = stand(world, present, places, rng, heights)
        settled = settle(world, data, layout, np.where(heights >= DROP, SINK, MAX_SHIFT))
        if settled is not None and all(satisfied(constraint, world.scene_state(data)) for constraint in graph):
            return settled, graph
    raise SightlineError(
        f"Nothing can be arranged in world {world.seed} ({world.spec.split}): use fewer or smaller objects."
    )


def draw_graph(world: World, present: NDArray[np.bool_], rng: np.random.Generator) -> tuple[Constraint, ...]:
    """One to three constraints among the present objects, solvable in their order (fewer where there are few objects).

    Subjects are items. No object is the subject of two, and what a constraint refers to is free or placed before it.
    """
    roles = {int(i): world.objects[i].role for i in np.flatnonzero(present)}
    items = [int(i) for i in rng.permutation([i for i, role in roles.items() if role == "item"])]
    free = set(roles)  # neither subjects nor standing in or on something
    graph: list[Constraint] = []
    for _ in range(int(rng.integers(1, MOST + 1))):
        relation = str(rng.choice(ARRANGEMENTS, p=SHARES))
        used = {i for constraint in graph for i in (constraint.subject, *constraint.others)}
        subjects = [i for i in items if i in free and i not in used]
        pairs: list[tuple[int, tuple[int, ...]]]
        if relation in SUPPORTS:
            holders = [i for i, role in roles.items() if role == SUPPORTS[relation] and i not in used]
            pairs = [(s, (h,)) for s in subjects for h in holders if _fits(world, s, h)]
        elif relation == "row":
            count = int(rng.integers(ROW[0], ROW[1] + 1))
            pairs = [(subjects[0], tuple(subjects[1:count]))] if len(subjects) >= count else []
        else:
            need = 2 if relation == "between" else 1
            others = [i for i in roles if i in free]
            pairs = [(s, tuple(rng.permutation([i for i in others if i != s])[:need].tolist())) for s in subjects]
            pairs = [(s, chosen) for s, chosen in pairs if len(chosen) == need]
        if pairs:
            subject, chosen = pairs[int(rng.integers(len(pairs)))]
            graph.append(Constraint(relation, subject, chosen))
            free -= {subject, *(chosen if relation == "row" else ())}
    return tuple(graph)


def _fits(world: World, item: int, holder: int) -> bool:
    room = min(world.models[holder].inner)
    return 2 * world.objects[item].radius < 0.75 * room


def solve(
    world: World, present: NDArray[np.bool_], graph: tuple[Constraint, ...], rng: np.random.Generator
) -> tuple[Array, Array] | None:
    """Places that fulfil ``graph`` with room for the fingers around everything.

    Returns:
        centres [n,2] (NaN for what is absent) and heights [n] of the bases, metres; None when none were found, which
        happens to crowded graphs and is cheap: draw another one.
    """
    for gap in GAPS:
        for _ in range(TRIES):
            solver = _Solver(world, present, gap, rng)
            if solver.run(graph):
                return solver.places, solver.heights
    return None


class _Solver:
    """One attempt: places objects one after the other and gives up when one finds no place."""

    def __init__(self, world: World, present: NDArray[np.bool_], gap: float, rng: np.random.Generator) -> None:
        self.gap, self.rng, self.world = gap, rng, world
        self.radius = np.array([info.radius for info in world.objects])
        self.is_item = np.array([info.role == "item" for info in world.objects], bool)
        self.places = np.full((len(present), 2), np.nan)
        self.heights = np.full(len(present), 0.0005)
        self.carried = np.zeros(len(present), bool)  # stands in or on something
        self.waiting = set(np.flatnonzero(present).tolist())

    def run(self, graph: tuple[Constraint, ...]) -> bool:
        """Place everything; whether that worked."""
        subjects = {c.subject for c in graph} | {i for c in graph if c.relation == "row" for i in c.others}
        scattered = sorted(self.waiting - subjects, key=lambda i: -self.radius[i])
        needed = {i for constraint in graph for i in constraint.others} - subjects
        first = [i for i in scattered if i in needed or not self.is_item[i]]
        return (
            all(self._put([i], self._anywhere) for i in first)
            and all(self._put(*self._proposals(constraint)) for constraint in graph)
            and all(self._put([i], self._anywhere) for i in scattered if i not in first)
            and all(self._ranks(constraint) for constraint in graph)
        )

    def _put(self, objects: list[int], propose: Propose) -> bool:
        """Try proposals for ``objects`` together until one is free of everything that has a place."""
        for _ in range(TRIES):
            proposal = propose()
            if self._free(objects, proposal):
                self.places[objects] = proposal
                self.waiting -= set(objects)
                return True
        return False

    def _free(self, objects: list[int], proposal: Array) -> bool:
        low, high = OBJECT_AREA
        done = np.isfinite(self.places[:, 0]) & ~self.carried
        for number, place in zip(objects, proposal, strict=True):
            if self.carried[number]:
                continue
            inset = np.minimum(max(0.0, self.radius[number] - 0.05), (high - low) / 2)
            if (place < low + inset).any() or (place > high - inset).any() or np.hypot(*place) > REACH:
                return False
            apart = np.linalg.norm(self.places[done] - place, axis=1) - self.radius[done] - self.radius[number]
            if np.any(apart <= np.where(self.is_item[done] | self.is_item[number], self.gap, self.gap / 2)):
                return False
        return True

    # --- proposals: [k,2] places of k objects that fulfil a constraint ------------------------------------------------

    def _proposals(self, constraint: Constraint) -> tuple[list[int], Propose]:
        """The objects that a constraint places, and what proposes places for them."""
        subject, others = constraint.subject, list(constraint.others)
        if constraint.relation == "row":
            return [subject, *others], lambda: self._row([subject, *others])
        if constraint.relation in SUPPORTS:
            holder = self.world.models[others[0]]
            self.carried[subject] = True
            self.heights[subject] = DROP + (holder.height if constraint.relation == "on" else 0.0)
            return [subject], lambda: self.places[others] + self.rng.uniform(-0.008, 0.008, (1, 2))
        if constraint.relation == "between":
            return [subject], lambda: self._between(*others)
        if constraint.relation == "farthest":
            return [subject], self._anywhere
        return [subject], lambda: self._beside(subject, others[0], constraint.relation)

    def _anywhere(self) -> Array:
        return self.rng.uniform(*OBJECT_AREA)[None]

    def _beside(self, subject: int, other: int, relation: str) -> Array:
        if relation in AXES:
            x, y = AXES[relation]
            angle, most = np.arctan2(y, x) + self.rng.uniform(-CONE, CONE), BESIDE
        else:
            angle, most = self.rng.uniform(-np.pi, np.pi), max(NEXT_TO_GAP - 0.03, self.gap + 0.01)
        away = self.radius[subject] + self.radius[other] + self.rng.uniform(self.gap + 0.001, most)
        return (self.places[other] + away * np.array([np.cos(angle), np.sin(angle)]))[None]

    def _between(self, first: int, second: int) -> Array:
        """Half way between the outlines of two things, a little off the line."""
        way = self.places[second] - self.places[first]
        length = max(float(np.linalg.norm(way)), 1e-6)
        middle = (length + self.radius[first] - self.radius[second]) / 2
        aside = np.array([-way[1], way[0]]) / length * self.rng.uniform(-STRAIGHT, STRAIGHT) / 2
        return (self.places[first] + way / length * middle + aside)[None]

    def _row(self, objects: list[int]) -> Array:
        """A line across the table or along it, give or take ten degrees, with equal free spaces."""
        angle = np.pi / 2 * self.rng.integers(2) + self.rng.uniform(-0.17, 0.17)
        steps = self.radius[objects[:-1]] + self.radius[objects[1:]] + self.gap + 0.002
        along = np.concatenate([[0.0], np.cumsum(steps)])
        middle = self._anywhere()
        return middle + (along - along[-1] / 2)[:, None] * np.array([np.cos(angle), np.sin(angle)])

    def _ranks(self, constraint: Constraint) -> bool:
        """Nearest and farthest depend on everything, so they are checked when everything has its place."""
        if constraint.relation not in ("nearest", "farthest"):
            return True
        here = np.isfinite(self.places[:, 0])
        return _outranks(constraint, self.places, here & self.is_item)


def _outranks(constraint: Constraint, places: Array, rivals: NDArray[np.bool_]) -> bool:
    """Whether the subject is clearly the nearest (farthest) of the ``rivals`` [n] to the other object."""
    subject, other = constraint.subject, constraint.others[0]
    distance = np.linalg.norm(places - places[other], axis=1)
    others = rivals.copy()
    others[[subject, other]] = False
    if constraint.relation == "nearest":
        return bool(np.all(distance[others] > distance[subject] + CLEARLY))
    return bool(np.all(distance[others] < distance[subject] - CLEARLY))


def satisfied(constraint: Constraint, scene: SceneState) -> bool:
    """Whether a constraint holds in a scene, by the geometry that also decides whether tasks are done."""
    subject, others, places = constraint.subject, constraint.others, scene.positions[:, :2]
    if constraint.relation in AXES:
        return direction_margin(constraint.relation, places[subject] - places[others[0]]) >= 0
    if constraint.relation in SUPPORTS:
        return holds("into" if constraint.relation == "in" else "onto", scene, subject, others[0])
    if constraint.relation == "near":
        apart = float(np.linalg.norm(places[subject] - places[others[0]]))
        return apart - scene.objects[subject].radius - scene.objects[others[0]].radius < NEXT_TO_GAP
    if constraint.relation == "between":
        return _off_line(places[list((others[0], subject, others[1]))]) < STRAIGHT
    if constraint.relation == "row":
        return _off_line(places[[subject, *others]]) < STRAIGHT
    items = np.array([info.role == "item" for info in scene.objects], bool) & scene.present
    return _outranks(constraint, places, items)


def _off_line(points: Array) -> float:
    """How far (m) points [k,2] stray from the straight way from the first to the last; infinite when out of order."""
    way = points[-1] - points[0]
    length = float(np.linalg.norm(way))
    along = (points - points[0]) @ way / max(length, 1e-9)
    if np.any(np.diff(along) <= 0):
        return float("inf")
    across = (points - points[0]) @ np.array([-way[1], way[0]]) / max(length, 1e-9)
    return float(np.abs(across).max())
