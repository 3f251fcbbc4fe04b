"""The kinds of tasks that a dataset can be made of."""

from __future__ import annotations

import zlib

import numpy as np

PLACE = "place"
SKILL_TASKS: dict[str, tuple[str, ...]] = {"stack": ("stack",), "drawer": ("open", "close"), "button": ("press",)}
"""Kind -> its relations, some of core.types.SKILLS."""

# Relation -> what the robot does one after the other (stacking: as picking and placing); then, which of it is the work.
STAGES: dict[str, tuple[str, ...]] = {
    "open": ("move to the grasp", "grasp", "pull", "let go", "retreat"),
    "close": ("move to the grasp", "grasp", "push", "let go", "retreat"),
    "press": ("move above the button", "press"),
}
WORK: dict[str, str] = {"open": "pull", "close": "push", "press": "press"}

TASKS = (PLACE, *SKILL_TASKS, "all")


def drawn_tasks(tasks: str, seed: int, candidate: int) -> str:
    """Which kind of tasks a candidate is about: ``tasks`` itself, or one of all. A pure function."""
    if tasks != "all":
        return tasks
    return str(np.random.default_rng([seed, candidate, zlib.crc32(b"tasks")]).choice((PLACE, *SKILL_TASKS)))


ENDINGS = ("grasp", "place", "let go", "retreat", "press")
"""Stages with which an episode may end: whoever reaches the goal in another one has done so by accident."""
