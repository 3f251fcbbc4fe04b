"""SimplerEnv's Google Robot tasks as an environment, for machines that have ManiSkill2_real2sim with its scenes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array
from sightline.core.types import Observation
from sightline.envs.base import Info
from sightline.envs.pictures import resized
from sightline.envs.simpler import google_worker
from sightline.envs.simpler.google_protocol import CARD, STICKY, Episode, episode_of
from sightline.envs.worker_environment import WorkerEnv
from sightline.envs.worker_process import WorkerProcess, worker_command

PYTHON = "SIGHTLINE_SIMPLER_GOOGLE_PYTHON"  # environment variable: the Python that has ManiSkill2_real2sim


def start_worker() -> WorkerProcess:
    """A worker. Raises SightlineError where no Python is named that has the benchmark."""
    told = os.environ.get(PYTHON, "")
    if not Path(told).is_file():
        raise SightlineError(
            f"SimplerEnv's Google Robot tasks are on no package index: let ${PYTHON} name the Python that has "
            "mani_skill2_real2sim, and $MS2_ASSET_DIR its data with all scenes."
        )
    return WorkerProcess(worker_command(Path(told), str(google_worker.__file__)), "SimplerEnv's worker")


class StickyGripper:
    """From a gripper that is open or closed to one that is told to move: changes are held for STICKY steps."""

    def __init__(self) -> None:
        self._before: float | None = None
        self._held, self._steps = 0.0, 0

    def command(self, opened: float) -> float:
        """Relative command (+1 closes) for a gripper that is to be ``opened`` (1) or closed (0)."""
        if self._before is None:
            self._before = opened
        change = self._before - opened
        if abs(change) > 0.5 and not self._steps:
            self._held, self._before, self._steps = change, opened, STICKY
        if self._steps:
            self._steps -= 1
            return self._held
        return change


class GoogleEnv(WorkerEnv):
    """One world of the Google Robot tasks; the same seed gives the same episode.

    Attributes:
        card: the interface card, that of official checkpoints.
    """

    def __init__(self) -> None:
        super().__init__(CARD, start_worker)
        self.instruction = ""
        self._episode: Episode | None = None
        self._gripper = StickyGripper()
        self._seed, self._steps, self._ever = 0, 0, False

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Any, Mapping[str, Any]]:
        """Start the episode of this seed. Raises SightlineError for a number beyond the suite's episodes."""
        for key in options or {}:
            require_known("reset option", key, ())
        self._episode = episode_of(seed)
        told = asdict(self._episode)
        del told["task"]
        self._begun = self._ready().ask("begin", **told)
        self._gripper, self._seed, self._steps, self._ever = StickyGripper(), seed, 0, False
        return None, self._info(self._begun)

    def advance(self, action: NDArray[np.float32]) -> Info:
        """Carry out one action [7] of the card and say how things stand.

        Raises SightlineError where the action has another shape or is not finite.
        """
        now = self._asked().ask("step", action=self._simulators(self._checked(action)))
        self._steps += 1
        self._ever |= bool(now["done"])
        return self._info(now)

    def observe(self) -> Observation:
        """What a policy sees now."""
        picture = self._asked().ask("look")["picture"]
        pictures = {self.card.cameras[0]: resized(picture, self.card.image_size)}
        return Observation(images=pictures, state=np.zeros(0, np.float32), instruction=self.instruction, cameras={})

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _simulators(self, asked: Array) -> Array:
        """An action of the card as one of the simulator, which takes rotation vectors and relative grippers."""
        turn = Rotation.from_euler("xyz", asked[3:6]).as_rotvec()
        return np.concatenate([asked[:3], turn, [self._gripper.command(float(asked[6]))]])

    def _info(self, now: dict[str, Any]) -> Info:
        assert self._episode is not None
        done, late = bool(now["done"]), self._steps >= self._episode.steps
        self.instruction = str(now["instruction"])  # the long task's words change on the way
        failed = "did not stay" if self._ever else "goal not reached"
        return Info(
            is_success=done,
            truncated=late,
            terminated=False,
            task=self._episode.task,
            instruction=self.instruction,
            failure=failed if late and not done else "",
            steps=self._steps,
            seed=self._seed,
        )
