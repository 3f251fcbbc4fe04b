"""Where an episode happens: its world, the scene that is set up in it, and the task that it offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sightline.engine.collections import collection_of
from sightline.engine.generation.task_sampling import possible
from sightline.engine.simulation.renderer import Renderer
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.contents import numbered_world
from sightline.engine.worlds.furnished_placement import sample_furnished
from sightline.engine.worlds.placement import Layout, sample_scene
from sightline.engine.worlds.relational_placement import sample_arrangement
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World
from sightline.tasks.kinds import SKILL_TASKS

MAX_TRIES = 20  # scenes drawn before giving up on one that offers a skill


@dataclass
class Scenario:
    """A world and what happens in it.

    Attributes:
        renderers: by size of their pictures, pixels.
    """

    world: World
    simulation: Simulation
    renderers: dict[int, Renderer] = field(default_factory=dict)

    @staticmethod
    def of(world: World) -> Scenario:
        """A world as it was built."""
        return Scenario(world, Simulation(world))

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


def build_scenario(spec: WorldSpec, stream: int, number: int) -> Scenario:
    """The scenario of world ``number`` of a stream of worlds, such as a dataset's seed: a pure function.

    Raises SightlineError on an unknown split, collection or robot, or one that lacks what the tasks need.
    """
    return Scenario.of(numbered_world(spec, stream, number))


def set_scene(scenario: Scenario, rng: np.random.Generator) -> None:
    """Set up a scene; for a skill, the first that offers it (the last one tried, where none does)."""
    simulation, skills = scenario.simulation, SKILL_TASKS.get(scenario.world.spec.tasks)
    for _ in range(MAX_TRIES):
        simulation.reset(lay_out(scenario.world, rng, sample_scene), rng)
        if not skills or possible(simulation.scene(), scenario.world, skills):
            return


def lay_out(world: World, rng: np.random.Generator, scatter: Callable[[World, np.random.Generator], Layout]) -> Layout:
    """Things among fixtures; else a scene in which a drawn scene graph holds, as often as the world's collection wants;
    else what ``scatter`` draws."""
    if world.mounting.fixtures:
        return sample_furnished(world, rng)
    arranged = collection_of(world.spec.collection).arranged
    if arranged and rng.random() < arranged:  # without a share there is no draw: seeds rely on it
        return sample_arrangement(world, rng)[0]
    return scatter(world, rng)
