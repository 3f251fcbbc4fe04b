"""The suite's own tabletop: the tasks of its data file under the conditions of a split.

An episode's seed decides on the task (the seed modulo their number) and on everything else: a pure function of split
and seed. Splits that set the same tasks among the same objects (seen, unseen-background, unseen-instruction,
novel-instruction) show the same scenes for the same seed, so that they differ in one thing alone.
"""

from __future__ import annotations

import zlib
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import SceneState, Task
from sightline.engine.assets import ObjectModel
from sightline.engine.collections import FULL, collection_of
from sightline.engine.generation.scenario import Scenario
from sightline.engine.robots import DEFAULT
from sightline.engine.simulation.randomization import apply_look
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.objects import choose_around, world_seed
from sightline.engine.worlds.placement import (
    GAPS,
    MAX_SHIFT,
    USUAL,
    Layout,
    apply_layout,
    choose_present,
    scatter,
    settle,
    stand,
)
from sightline.engine.worlds.relational_placement import DROP, SINK, draw_graph, solve
from sightline.engine.worlds.world import World
from sightline.envs.base import Info
from sightline.envs.tabletop import EVALUATION, TabletopEnv
from sightline.envs.tabletop_tasks import TabletopTask, conditions, step_limit, tasks_of
from sightline.language.instructions import TaskSampler
from sightline.language.referring import PLAIN
from sightline.tasks.pick_place import CLEARANCE, MAX_BESIDE, beside_distance
from sightline.tasks.scene_graph import AXES, FOOTING

CASTS = 60  # drawn in search of one in which the target fits where it is to go
SCENES = 80  # drawn in one world in search of one that offers the task
TRIES = 3  # for places, at every gap between things
SLACK = 0.01  # metres by which things may shift as they settle
WORLDS = 40  # built in search of such a scene


class TabletopSuiteEnv(TabletopEnv):
    """As TabletopEnv, but every episode is about a task of the data file.

    Args:
        split: one of ``tabletop_tasks.CONDITIONS``.
        phrasing: words of the instructions, in place of the split's.

    Attributes:
        tasks: those of the split.
    """

    def __init__(
        self, split: str = "seen", size: int = 224, render: bool = True, robot: str = DEFAULT, phrasing: str = ""
    ) -> None:
        self.conditions, self.split = conditions(split), split
        words = phrasing or self.conditions.phrasing
        super().__init__(self.conditions.split, size, render, robot, words, collection=FULL)
        self.tasks, self.limit = tasks_of(split), step_limit()
        self._tries = 0

    @property
    def about(self) -> TabletopTask:
        """What the present episode is about."""
        return self.tasks[self._seed % len(self.tasks)]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Start the episode of this seed, see TabletopEnv."""
        self._tries = 0
        return super().reset(seed=seed, options=options)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _place(self) -> tuple[int, int]:
        """A stream of worlds for every try, so that no world of another try is taken for this one's."""
        return EVALUATION + self._tries, self._seed

    def _info(self) -> Info:
        info = super()._info()
        info["task"] = self.about.name(self.split)
        return info

    def _build(self, stream: int, number: int) -> Scenario:
        """A world around the task's kinds."""
        rng = np.random.default_rng([stream, number, zlib.crc32(self.conditions.tasks.encode())])
        world = World.of(self._cast(rng), world_seed(stream, number), self.world)
        return Scenario(world, Simulation(world))

    def _cast(self, rng: np.random.Generator) -> tuple[ObjectModel, ...]:
        """Objects among which the target fits where it is to go."""
        task, catalogue = self.about, collection_of(FULL).catalogue
        for _ in range(CASTS):
            models = choose_around(catalogue, rng, self.world.split, task.target, task.reference)
            sizes = [[model.radius for model in models if model.kind == kind] for kind in (task.target, task.reference)]
            if _fits(task.relation, min(sizes[0]), max(sizes[1])):
                return models
        raise SightlineError(f"Seed {self._seed}: no {task.target} fits a {task.reference}; use another seed.")

    def _start_scene(self, scenario: Scenario) -> Task:
        """Set up the first scene of the seed's random stream that offers the task, and return it in words."""
        for self._tries in range(WORLDS):
            scenario = self._scenario()
            rng = np.random.default_rng([EVALUATION, self._seed, self._tries])
            for _ in range(SCENES):
                layout = self._lay_out(scenario, rng)
                if layout is None:
                    continue
                scenario.simulation.reset(layout, rng)
                task = self._offered(scenario.world, scenario.simulation.scene(), rng)
                if task is not None:
                    apply_look(scenario.world, self._look(np.random.default_rng([EVALUATION, self._seed, 2])))
                    return task
        raise SightlineError(f"Seed {self._seed} offers no scene for {self.about.name(self.split)}; use another seed.")

    def _lay_out(self, scenario: Scenario, rng: np.random.Generator) -> Layout | None:
        """A scene at rest, or None where one did not come to be. Most offer no way to do the task: they are thrown away
        before the physics, which is what takes time."""
        world, data = scenario.world, scenario.simulation.data
        present, target, reference = self._choose(world, rng)
        usual, heights = self.conditions.spread is USUAL, None
        if usual and rng.random() < collection_of(FULL).arranged:  # as often as in training
            graph = draw_graph(world, present, rng)
            solved = solve(world, present, graph, rng) if graph else None
            places, heights = solved or (None, None)
        else:
            spread, outside = self.conditions.spread, -1 if usual else target
            tries = (scatter(world, present, gap, rng, spread, outside) for gap in GAPS for _ in range(TRIES))
            places = next((found for found in tries if found is not None), None)
        if places is None:
            return None
        present = present & ~self._in_the_way(world, places, target, reference)
        layout = stand(world, present, places, rng, heights)
        apply_layout(world, data, layout)
        mujoco.mj_forward(world.model, data)
        if not self._sampler(world, world.scene_state(data)).feasible[self.about.relation].any():
            return None
        return settle(world, data, layout, MAX_SHIFT if heights is None else np.where(heights >= DROP, SINK, MAX_SHIFT))

    def _in_the_way(self, world: World, places: Array, target: int, reference: int) -> NDArray[np.bool_]:
        """[n] which things stand where the target is to go beside the reference: scenes in which it happens to be free
        are rare."""
        if self.about.relation not in AXES:
            return np.zeros(len(places), bool)
        radii = np.array([info.radius for info in world.objects])
        goal = places[reference] + np.array(AXES[self.about.relation]) * beside_distance(
            radii[target], radii[reference]
        )
        near = np.linalg.norm(places - goal, axis=1) < radii + radii[target] + CLEARANCE + SLACK
        near[[target, reference]] = False
        return near

    def _choose(self, world: World, rng: np.random.Generator) -> tuple[NDArray[np.bool_], int, int]:
        """What a scene shows [n], as usual but with a thing of either kind, and as many as the conditions say; and
        these two things."""
        present = choose_present(world, rng)
        kinds = np.array([model.kind for model in world.models])
        chosen = []
        for kind in (self.about.target, self.about.reference):
            own = np.flatnonzero(kinds == kind)
            here = own[present[own]]
            chosen.append(int(rng.choice(here if len(here) else own)))
        needed = np.isin(np.arange(len(present)), chosen)
        order = rng.permutation(len(present))
        order = order[np.argsort(-2 * needed[order] - present[order], kind="stable")]  # needed, then shown, then others
        shown = np.isin(np.arange(len(present)), order[: int(present.sum()) + self.conditions.more])
        return shown, chosen[0], chosen[1]

    def _sampler(self, world: World, scene: SceneState) -> TaskSampler:
        """Of tasks that bring a thing of the one kind to a thing of the other."""
        kinds = np.array([model.kind for model in world.models])
        targets = world.graspable & (kinds == self.about.target)
        if self.conditions.spread is not USUAL:
            targets &= ~USUAL.holds(scene.positions[:, :2])
        return TaskSampler(scene, None, world.robot.hand.room, targets, kinds == self.about.reference)

    def _offered(self, world: World, scene: SceneState, rng: np.random.Generator) -> Task | None:
        """The task in this scene, in the environment's words; None where it cannot be done or told."""
        task = self._sampler(world, scene).sample(rng, (self.about.relation,))
        return task if task is None or self.wording is PLAIN else self._reworded(task, scene)


def _fits(relation: str, target: float, reference: float) -> bool:
    """Whether things of these radii (m) can be brought into a relation."""
    if relation in ("into", "onto"):
        return target <= (FOOTING if relation == "into" else 1.0) * reference
    return float(beside_distance(target, reference)) <= MAX_BESIDE
