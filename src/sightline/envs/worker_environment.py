"""What environments share whose world is in a worker process: a benchmark with packages of its own."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.envs.worker_process import WorkerProcess


class WorkerEnv:
    """One world of a benchmark; its process is started at the first episode.

    Args:
        card: the interface card.
        start: starts the worker.
    """

    def __init__(self, card: Card, start: Callable[[], WorkerProcess]) -> None:
        self.card = card
        self._start_worker = start
        self._worker: WorkerProcess | None = None
        self._begun: dict[str, Any] = {}  # what the worker said when the episode began

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _ready(self) -> WorkerProcess:
        """The worker, whatever it has been asked."""
        if self._worker is None:
            self._worker = self._start_worker()
        return self._worker

    def _asked(self) -> WorkerProcess:
        """The worker of the present episode. Raises SightlineError where there is none yet."""
        if not self._begun:
            raise SightlineError("The environment has no episode yet: call reset() first.")
        return self._ready()

    def _checked(self, action: NDArray[np.float32]) -> Array:
        """An action of the card in double precision. Raises SightlineError for another shape or what is not finite."""
        asked, count = np.asarray(action, np.float64), len(self.card.action_names)
        if asked.shape != (count,) or not np.isfinite(asked).all():
            raise SightlineError(f"An action is {count} finite numbers, not {action!r}.")
        return asked


def official_card(
    robot: str, cameras: tuple[str, ...], control_hz: int, units: str = "metres and radians", mirrored: bool = False
) -> Card:
    """What published policies of the Open X-Embodiment format expect of an environment: pictures at the size of their
    networks, no state, gripper and rotation as the official code stores them."""
    return Card(
        robot=robot,
        cameras=cameras,
        image_size=(224, 224),
        state_names=(),
        action_names=("x", "y", "z", "roll", "pitch", "yaw", "gripper"),
        action_space=f"delta of the tool pose per step, {units}, base frame",
        rotation="roll, pitch, yaw about fixed axes, radians",
        gripper="1 or 0, as the official code stores it: 1 open where the tag is oxe_*, else as in the dataset",
        control_hz=control_hz,
        image_mirrored=mirrored,
    )


def read_arrays(path: Path, names: Sequence[str], benchmark: str) -> dict[str, Any]:
    """The arrays of a recording. Raises SightlineError for a file that is none of an episode of ``benchmark``."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise SightlineError(f"{path} is no recorded episode of {benchmark} ({error}).") from None


@dataclass(frozen=True)
class Replay:
    """What came of a recorded episode here.

    Attributes:
        name: of the recording.
        farthest: the largest difference from what was recorded, in any step; see the suite's ``replay`` for its unit.
        success, recorded: whether it succeeded here, and then.
    """

    name: str
    farthest: float
    success: bool
    recorded: bool
