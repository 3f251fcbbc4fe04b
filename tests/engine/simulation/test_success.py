"""The judge's last word: what counts as the goal, and what else must not have happened."""

from __future__ import annotations

import numpy as np

from sightline.core.types import Task
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.simulation.success import Judge
from sightline.engine.worlds.world import World

LOW, HIGH = starter.model("cube", "black", "large"), starter.model("can", "yellow", "small")


def stacked(offset: float = 0.0) -> tuple[Simulation, Judge]:
    """A can beside a cube, and a judge; then the can is put on the cube, so far off its middle."""
    world = World.of((LOW, HIGH))
    simulation = Simulation(world)
    world.show(np.ones(2, bool))
    world.reset(simulation.data)
    simulation.set_tool(np.array([0.35, -0.2, 0.3]), 0.0)
    world.put(simulation.data, 0, np.array([0.5, 0.1, 0.0]), 0.0)
    world.put(simulation.data, 1, np.array([0.5, 0.25, 0.0]), 0.0)
    simulation.settle(3)
    judge = Judge(simulation, Task("stack", 1, 0, "", "", ""))
    world.put(simulation.data, 1, np.array([0.5, 0.1 + offset, LOW.height + 0.001]), 0.0)
    return simulation, judge


def test_what_stands_on_the_other_counts() -> None:
    _, judge = stacked()
    assert judge.verdict() == "" and judge.success


def test_what_falls_off_again_does_not() -> None:
    _, judge = stacked(offset=0.06)
    assert judge.verdict() != "" and not judge.success
