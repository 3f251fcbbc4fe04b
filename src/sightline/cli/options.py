"""Kinds of options that several commands have, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import tyro

from sightline.core.outputs import Output
from sightline.engine.collections import COLLECTIONS, LIBRARY, OWN
from sightline.engine.robots import ROBOTS
from sightline.tasks.kinds import PLACE, SKILL_TASKS, TASKS

# What a command writes; it is tried before the command does anything (see core.outputs).
Json = Annotated[Path | None, Output(), tyro.conf.arg(metavar="FILE")]
File = Annotated[Path | None, Output(), tyro.conf.arg(metavar="FILE")]
NeededFile = Annotated[Path, Output(), tyro.conf.arg(metavar="FILE")]
Folder = Annotated[Path, Output(folder=True), tyro.conf.arg(metavar="DIR")]
OptionalFolder = Annotated[Path | None, Output(folder=True), tyro.conf.arg(metavar="DIR")]
# What it reads.
Folders = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="DIR..")]
Overrides = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set", metavar="KEY=VALUE", help_behavior_hint="")
]


def newest_policy(policy: str) -> str:
    """What ``--policy`` means: of a training run its newest policy, everything else as it is."""
    newest = Path(policy, "checkpoints", "last", "policy")
    return str(newest) if newest.is_dir() else policy


# Which engine a policy acts with.
Backend = Annotated[
    str,
    tyro.conf.arg(
        metavar="DIR", help="Act with the inference engine of this folder, which export has written. Left out: torch."
    ),
]


def acting(policy: str, backend: str) -> str:
    """What ``--policy`` and ``--backend`` mean together. Raises SightlineError where they do not fit."""
    if not backend:
        return newest_policy(policy)
    from sightline.models.exported.backend import with_backend  # imports torch

    return with_backend(newest_policy(policy), backend)


def either(names: Iterable[str]) -> str:
    """ "a, b or c": names to choose from in a sentence."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


ROBOT_NAMES = either(ROBOTS)
TASK_NAMES = either(
    f"{kind} ({'put things somewhere' if kind == PLACE else ', '.join(SKILL_TASKS[kind])})" if kind != "all" else kind
    for kind in TASKS
)
COLLECTION_NAMES = either((*COLLECTIONS, f"{LIBRARY}DIR"))
ABOUT_COLLECTIONS = " ".join(f"{name}: {row.about}." for name, row in COLLECTIONS.items())
ABOUT_ALL_COLLECTIONS = f"{ABOUT_COLLECTIONS} {LIBRARY}DIR: {OWN.about}."
