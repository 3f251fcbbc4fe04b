"""Whether an object is good to handle: does it stand still, and does the expert get it into a container?"""

from __future__ import annotations

from functools import cache

import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.types import Task
from sightline.engine.assets import ObjectModel
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.generation.episode import perform
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.placement import sample_scene
from sightline.engine.worlds.world import World
from sightline.tasks.scene_graph import FOOTING


@cache
def _containers() -> tuple[ObjectModel, ...]:
    """From small to large."""
    return starter.model("bowl", "white", "large"), starter.model("basket", "brown", "large")


def attempt(item: ObjectModel, seed: int = 0) -> str:
    """Let the expert, undisturbed, put ``item`` from somewhere on the table into a container that is large enough.

    Returns:
        What went wrong, in a few words ("unstable": it does not come to rest upright); empty after success.
    """
    rng = np.random.default_rng(seed)
    fitting = [container for container in _containers() if item.radius <= FOOTING * container.radius]
    world = World.of((item, fitting[0] if fitting else _containers()[-1]), seed)
    try:
        layout = sample_scene(world, rng)
    except SightlineError:
        return "unstable"
    simulation = Simulation(world)
    simulation.reset(layout, rng)
    return perform(simulation, Task("into", 0, 1, "put it in", "it", "it")).failure
