"""Recorded episodes of LIBERO, started again: to replay them, and to see whether a machine simulates as others do.

A recording is a file ``SUITE_TASK.npz`` with ``suite``, ``task``, ``seed`` (of numpy before the reset), ``state`` (set
after it), ``actions`` [T,7] of the simulator, the waiting steps included, and what came of them: ``eef_pos`` [T,3],
``success`` [T], ``final_state``. docs/libero.md says where such files are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.envs.libero.environment import LiberoEnv
from sightline.envs.worker_environment import Replay, read_arrays

NEEDED = ("suite", "task", "seed", "state", "actions", "eef_pos", "success")


@dataclass(frozen=True)
class Recorded:
    """One recorded episode; see the module."""

    path: Path
    suite: str
    task: int
    seed: int
    state: Array
    actions: Array
    eef_pos: Array
    success: NDArray[np.bool_]


def read_recording(path: Path) -> Recorded:
    """Raises SightlineError for a file that is no recording."""
    values = read_arrays(path, NEEDED, "LIBERO")
    whole = {name: values[name].item() for name in ("suite", "task", "seed")}
    return Recorded(path, **whole, **{name: values[name] for name in NEEDED[3:]})


def recordings_of(folder: Path | str, suite: str = "") -> list[Path]:
    """The recordings of a folder (of a suite), by name. Raises SightlineError where there is none."""
    found = sorted(Path(folder).glob(f"{suite}_*.npz" if suite else "*.npz"))
    # libero_goal_swap_3 is no recording of libero_goal
    found = [path for path in found if not suite or path.stem.removeprefix(suite + "_").isdigit()]
    if not found:
        raise SightlineError(f"{folder} holds no recorded episode{f' of {suite}' if suite else ''} (SUITE_TASK.npz).")
    return found


class RecordedLiberoEnv(LiberoEnv):
    """As LiberoEnv, but ``seed`` i is the start of the folder's i-th recording of the suite, counted from 0.

    Nothing is waited for at the start: the waiting steps are among the recorded actions.
    """

    def __init__(self, folder: Path | str, suite: str, interface: str = "sightline") -> None:
        super().__init__(suite, interface)
        self.paths = recordings_of(folder, suite)
        self.recorded: Recorded | None = None
        self.limit += 100  # recorded episodes may be longer than what a policy is given

    def executed_actions(self) -> NDArray[np.float32]:
        """[T,7] the recorded actions in the card's units."""
        if self.recorded is None:
            raise SightlineError("The environment has no episode yet: call reset() first.")
        taken = self.recorded.actions.copy()
        taken[:, :6] *= self.interface.scale
        taken[:, 6] = (taken[:, 6] < 0) if self.interface.switch else -taken[:, 6]
        return taken.astype(np.float32)

    def _begin(self, seed: int) -> dict[str, Any]:
        if not 0 <= seed < len(self.paths):
            raise SightlineError(f"There are {len(self.paths)} recorded episodes of {self.suite}, no number {seed}.")
        self.recorded = read_recording(self.paths[seed])
        return self._ready().ask(
            "begin",
            suite=self.suite,
            task=self.recorded.task,
            state=0,
            seed=self.recorded.seed,
            settle=0,
            start=self.recorded.state,
        )


def replay(path: Path) -> Replay:
    """Do what was recorded and compare where the tool is: millimetres.

    Raises SightlineError where LIBERO is not installed, or for another file.
    """
    recorded = read_recording(path)
    env = RecordedLiberoEnv(path.parent, recorded.suite)
    try:
        env.reset(seed=env.paths.index(path))
        success, farthest = False, 0.0
        for action, place in zip(env.executed_actions(), recorded.eef_pos, strict=True):
            success |= bool(env.advance(action)["is_success"])
            farthest = max(farthest, float(np.linalg.norm(env.tool()[0] - place)))
    finally:
        env.close()
    return Replay(path.stem, 1000 * farthest, success, bool(recorded.success.any()))
