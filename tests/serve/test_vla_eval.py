"""Unmodified vla-eval from PyPI drives our policies by one file of ours; it lives in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from serving import Echo, serving

import sightline_client
from sightline.core.card import Card
from sightline.core.types import ActionChunk, Observation
from sightline.envs.libero.protocol import INTERFACES

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("VLA_EVAL_PYTHON", ROOT / ".venv-vla-eval" / "bin" / "python"))
PROGRAM, BRIDGE = Path(__file__).with_name("vla_eval_program.py"), ROOT / "examples" / "vla_eval_sightline.py"
CARD = INTERFACES["official"].card
needs_it = pytest.mark.skipif(not PYTHON.exists(), reason="vla-eval is not installed here: make test-vla-eval")


class Official(Echo):
    """Tells in its actions how often it was asked since its reset, and how bright its pictures are on the left."""

    def _chunk(self, observation: Observation, row: int, seed: int | None) -> ActionChunk:
        self.calls[row] = self.calls.get(row, 0) + 1
        left = [float(observation.images[name][:, :100].mean()) / 1000 for name in self.interface.cameras]
        chunk = np.zeros((4, 7), np.float32)
        chunk[:, 0], chunk[:, 1:3], chunk[:, 5] = self.calls[row], left, -0.5
        chunk[:, 6] = [1, 0, 1, 0]
        return ActionChunk(chunk)

    def act(self, observations: Sequence[Observation], rows: Sequence[int], seed: int | None, frozen: Sequence):
        return [self._chunk(one, row, seed) for one, row in zip(observations, rows, strict=True)], {}


def told_by(card: Card) -> subprocess.CompletedProcess[str]:
    """What vla-eval says of a policy with this card."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PYTHONPATH"] = str(Path(sightline_client.__file__).parents[1])
    with serving(partial(Official, card)) as running:
        command = [str(PYTHON), str(PROGRAM), str(BRIDGE), running.address]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


@needs_it
def test_vla_eval_drives_an_official_policy_in_its_libero() -> None:
    done = told_by(CARD)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["hello"]["observation_params"] == {"send_wrist_image": True}
    assert told["hello"]["action_spec"]["gripper"]["format"] == "binary_close_positive"
    # Two actions of a chunk, then a new one; the gripper's 1 is open, for which vla-eval says -1. Each episode anew.
    wanted = [[1, 0.2, 0.2, 0, 0, -0.5, -1], [1, 0.2, 0.2, 0, 0, -0.5, 1], [2, 0.2, 0.2, 0, 0, -0.5, -1]]
    for episode in told["episodes"]:
        np.testing.assert_allclose(episode, wanted, atol=1e-6)
    np.testing.assert_allclose(told["turn"], Rotation.from_euler("xyz", [0.2, -0.3, 0.4]).as_rotvec(), atol=1e-9)
    assert told["still"] == [0, 0, 0]


@needs_it
def test_what_vla_eval_cannot_tell_is_asked_for() -> None:
    done = told_by(INTERFACES["sightline"].card)
    assert done.returncode and "give base=[x, y, z]" in done.stderr
