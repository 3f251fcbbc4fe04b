"""Which expert does which task."""

from __future__ import annotations

from sightline.core.types import SceneState, Task
from sightline.engine.expert.button import PressExpert
from sightline.engine.expert.drawer import DrawerExpert
from sightline.engine.expert.pick_place import Expert
from sightline.engine.expert.stack import StackExpert
from sightline.engine.simulation.simulation import Simulation

EXPERTS: dict[str, type[Expert]] = {
    "stack": StackExpert,
    "open": DrawerExpert,
    "close": DrawerExpert,
    "press": PressExpert,
}


def expert_for(simulation: Simulation, task: Task, started: SceneState | None = None) -> Expert:
    """The expert that solves ``task``; ``started``: the scene at the start of the attempt (default: now)."""
    return EXPERTS.get(task.relation, Expert)(simulation, task, started)
