"""Recorded episodes of SimplerEnv: to evaluate what was done, and to see how near this simulator is to theirs.

A recording is a file ``TASK.npz`` with ``task``, ``episode`` (the layout), ``actions`` [T,7] (metres, rotation vectors,
gripper +1 open) and what came of them in ManiSkill 2: ``qpos`` [T,8], ``success`` [T].
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.envs.simpler.environment import SimplerEnv
from sightline.envs.simpler.protocol import TASKS
from sightline.envs.worker_environment import Replay, read_arrays

NEEDED = ("task", "episode", "actions", "qpos", "success")


@dataclass(frozen=True)
class Recorded:
    """One recorded episode; see the module."""

    task: str
    episode: int
    actions: Array
    qpos: Array
    success: NDArray[np.bool_]


def read_recording(path: Path) -> Recorded:
    """Raises SightlineError for a file that is no recording of one of the tasks."""
    values = read_arrays(path, NEEDED, "SimplerEnv")
    task = str(values["task"])
    if task not in TASKS:
        raise SightlineError(f"{path} was recorded in {task}, which is none of {', '.join(TASKS)}.")
    return Recorded(task, int(values["episode"]), *(values[name] for name in NEEDED[2:]))


def recordings_of(folder: Path | str) -> list[Path]:
    """The recordings in a folder, by name. Raises SightlineError where there is none."""
    found = [path for path in sorted(Path(folder).glob("*.npz")) if path.stem in TASKS]
    if not found:
        raise SightlineError(f"{folder} holds no recorded episode of SimplerEnv (TASK.npz).")
    return found


class RecordedSimplerEnv(SimplerEnv):
    """As SimplerEnv, but ``seed`` i is the start of the folder's i-th recording, counted from 0."""

    def __init__(self, folder: Path | str, interface: str = "sightline") -> None:
        super().__init__(interface)
        self.paths = recordings_of(folder)
        self.recorded: Recorded | None = None

    def executed_actions(self) -> NDArray[np.float32]:
        """[T,7] the recorded actions in the card's units."""
        if self.recorded is None:
            raise SightlineError("The environment has no episode yet: call reset() first.")
        taken = self.recorded.actions.copy()
        if self.interface.euler:
            taken[:, 3:6] = Rotation.from_rotvec(taken[:, 3:6]).as_euler("xyz")
        if self.interface.switch:
            taken[:, 6] = taken[:, 6] > 0
        return taken.astype(np.float32)

    def _episode(self, seed: int) -> tuple[str, int]:
        if not 0 <= seed < len(self.paths):
            raise SightlineError(f"There are {len(self.paths)} recorded episodes of SimplerEnv, no number {seed}.")
        self.recorded = read_recording(self.paths[seed])
        return self.recorded.task, self.recorded.episode


def replay(path: Path) -> Replay:
    """Do what was recorded and compare joints: radians, of the fingers metres.

    Raises SightlineError where the suite cannot be run, or for another file.
    """
    env = RecordedSimplerEnv(path.parent)
    try:
        env.reset(seed=env.paths.index(path))
        recorded = read_recording(path)
        success, farthest = False, 0.0
        for action, joints in zip(env.executed_actions(), recorded.qpos, strict=True):
            success = bool(env.advance(action)["is_success"])
            farthest = max(farthest, float(np.abs(env.truth()["joints"] - joints).max()))
    finally:
        env.close()
    return Replay(path.stem, farthest, success, bool(recorded.success[-1]))
