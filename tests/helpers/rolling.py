"""Rollouts that end badly, for tests in which they run as processes of their own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from fake_world import FakeEnv, FakePolicy

from sightline.evaluate.collected import Kept
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.evaluate.rows import EpisodeRow
from sightline.evaluate.rows_file import Heading, RowsFile


def roll_until_killed(path: Path, heading: Heading, settings: RolloutSettings, after: int) -> None:
    """Rolls out in the fake world and is killed as soon as so many rows are kept."""
    with RowsFile(path, heading) as file:
        left = [after]

        def add(row: EpisodeRow) -> None:
            file.kept.add(row)
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        rollout(FakePolicy(), FakeEnv, heading.seeds, settings, kept=Kept({}, add))
