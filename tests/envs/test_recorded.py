"""A replay does what the arm was made to do, not what the expert would rather have done."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from sightline.core.types import STATE_NAMES
from sightline.envs.recorded import RecordedEnv


def test_pushes_and_slips_are_replayed():
    state, action = np.zeros((4, len(STATE_NAMES)), np.float32), np.zeros((4, 7), np.float32)
    state[:, STATE_NAMES.index("command_x")] = [0, 0.01, 0.03, 0.03]  # pushed in the second step
    state[:, STATE_NAMES.index("command_rz")] = [3.0, 3.1, 3.2 - 2 * np.pi, 3.2 - 2 * np.pi]
    state[:, STATE_NAMES.index("gripper_command")] = [1, -1, 1, -1]  # slipped open in the second step
    action[:, 0], action[:, 6] = 0.01, -1
    env = object.__new__(RecordedEnv)
    env._seed, env.dataset = (
        0,
        SimpleNamespace(
            episodes=[SimpleNamespace(index=4)], table=lambda number: {4: {"state": state, "action": action}}[number]
        ),
    )
    executed = env.executed_actions()
    np.testing.assert_allclose(executed[:, 0], [0.01, 0.02, 0, 0.01], atol=1e-7)
    np.testing.assert_allclose(executed[:, 5], [0.1, 0.1, 0, 0], atol=1e-6)
    assert executed[:, 6].tolist() == [-1, 1, -1, -1]
    assert action[1].tolist() == [np.float32(0.01), 0, 0, 0, 0, 0, -1], "the recording stays as it was"
