"""The kinds of tasks that a dataset can be made of."""

from __future__ import annotations

import zlib

import numpy as np

from sightline.tasks.skills import SKILLS

PLACE = "place"
SKILL_TASKS: dict[str, tuple[str, ...]] = {
    kind: tuple(skill.relation for skill in SKILLS.values() if skill.kind == kind)
    for kind in dict.fromkeys(skill.kind for skill in SKILLS.values())
}
"""Kind -> the relations of its skills."""

TASKS = (PLACE, *SKILL_TASKS, "all")


def drawn_tasks(tasks: str, seed: int, candidate: int) -> str:
    """Which kind of tasks a candidate is about: ``tasks`` itself, or one of all. A pure function."""
    if tasks != "all":
        return tasks
    return str(np.random.default_rng([seed, candidate, zlib.crc32(b"tasks")]).choice((PLACE, *SKILL_TASKS)))
