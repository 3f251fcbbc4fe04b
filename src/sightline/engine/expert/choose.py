"""Which expert does which task, and where a scene offers which skill."""

from __future__ import annotations

from sightline.core.types import SceneState, Task
from sightline.engine.expert import button, drawer, lid, stack
from sightline.engine.expert.motion import Motion
from sightline.engine.expert.pick_place import Expert
from sightline.engine.simulation.simulation import Simulation

MOTIONS: dict[str, Motion] = stack.MOTIONS | drawer.MOTIONS | button.MOTIONS | lid.MOTIONS
"""How each of tasks.skills.SKILLS is done."""


def expert_for(simulation: Simulation, task: Task, started: SceneState | None = None) -> Expert:
    """The expert that solves ``task``; ``started``: the scene at the start of the attempt (default: now)."""
    expert = MOTIONS[task.relation].expert if task.relation in MOTIONS else Expert
    return expert(simulation, task, started)
