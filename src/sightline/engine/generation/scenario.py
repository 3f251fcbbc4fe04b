"""Where an episode happens: its world, the scene that is set up in it, and the task that it offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sightline.core.types import Task
from sightline.engine.collections import STARTER
from sightline.engine.generation.task_sampling import possible, sample_skill_task
from sightline.engine.robots import DEFAULT
from sightline.engine.simulation.renderer import Renderer
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.contents import skilled_world
from sightline.engine.worlds.furnished_placement import sample_furnished
from sightline.engine.worlds.placement import Layout, sample_scene
from sightline.engine.worlds.relational_placement import sample_arrangement
from sightline.engine.worlds.world import World
from sightline.tasks.kinds import PLACE, SKILL_TASKS, drawn_tasks

MAX_TRIES = 20  # scenes drawn before giving up on one that offers a skill
ARRANGED = 0.7  # share of scenes by relation outside the starter collection


@dataclass
class Stage:
    """A world and what happens in it.

    Attributes:
        tasks: the kind of tasks that it is for, one of tasks.kinds.TASKS but ``all``.
        renderers: by size of their pictures, pixels.
    """

    world: World
    simulation: Simulation
    tasks: str = PLACE
    renderers: dict[int, Renderer] = field(default_factory=dict)

    def renderer(self, size: int) -> Renderer:
        """The renderer of pictures of that size, made when it is first asked for."""
        if size not in self.renderers:
            self.renderers[size] = Renderer(self.world, size)
        return self.renderers[size]

    def close(self) -> None:
        """Free the renderers."""
        for renderer in self.renderers.values():
            renderer.close()
        self.renderers.clear()


def build_stage(
    stream: int, number: int, split: str, robot: str = DEFAULT, collection: str = STARTER, tasks: str = PLACE
) -> Stage:
    """The stage of world ``number`` of a stream of worlds, such as a dataset's seed: a pure function.

    Raises SightlineError on an unknown split, collection or robot, or one that lacks what the tasks need.
    """
    drawn = drawn_tasks(tasks, stream, number)
    if tasks == PLACE:
        world = World.numbered(stream, number, split, robot, collection)
    else:
        world = skilled_world(stream, number, split, robot, collection, drawn)
    return Stage(world, Simulation(world), drawn)


def set_scene(stage: Stage, rng: np.random.Generator) -> None:
    """Set up a scene; for a skill, the first that offers it (the last one tried, where none does)."""
    simulation, skills = stage.simulation, SKILL_TASKS.get(stage.tasks)
    for _ in range(MAX_TRIES):
        simulation.reset(lay_out(stage.world, rng, sample_scene), rng)
        if not skills or possible(simulation.scene(), stage.world, skills):
            return


def lay_out(world: World, rng: np.random.Generator, scatter: Callable[[World, np.random.Generator], Layout]) -> Layout:
    """Things among fixtures; else mostly, outside the starter collection, a scene in which a drawn scene graph holds;
    else what ``scatter`` draws."""
    if world.mounting.fixtures:
        return sample_furnished(world, rng)
    if world.collection != STARTER and rng.random() < ARRANGED:
        return sample_arrangement(world, rng)[0]
    return scatter(world, rng)


def sample_stage_task(simulation: Simulation, rng: np.random.Generator, tasks: str) -> Task | None:
    """A random task of that kind which the present scene offers; None when there is none."""
    if tasks == PLACE:
        return simulation.sample_task(rng)
    return sample_skill_task(simulation.scene(), simulation.world, rng, SKILL_TASKS[tasks])
