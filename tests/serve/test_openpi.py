"""The unmodified openpi client from PyPI drives our server; it lives in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from serving import Echo, serving

import sightline_client
from sightline.core.types import Grounding

PYTHON = Path(os.environ.get("OPENPI_PYTHON", Path(__file__).parents[2] / ".venv-openpi" / "bin" / "python"))
PROGRAM = Path(__file__).with_name("openpi_program.py")


class Pointing(Echo):
    """An Echo whose answers hold everything that a trained policy's do."""

    def act(self, observations, rows, seed, frozen):
        chunks, split = super().act(observations, rows, seed, frozen)
        for chunk in chunks:
            chunk.grounding = Grounding("front", {"target": [1, 2, 3, 4]}, {"place": [1, 2]}, confidence={"place": 0.5})
        return chunks, split


@pytest.mark.skipif(not PYTHON.exists(), reason="openpi-client is not installed here: make test-openpi")
def test_the_unmodified_openpi_client_drives_the_server() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with serving(Pointing, api_key="swordfish") as running:
        port = running.server.port
        robot = subprocess.Popen(
            [str(PYTHON), str(PROGRAM), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert robot.stdin is not None and robot.stdout is not None
        told = json.loads(robot.stdout.readline())
    with serving(Pointing, api_key="swordfish", port=port):
        robot.stdin.write("\n")
        robot.stdin.flush()
        again = json.loads(robot.stdout.readline())
        assert robot.wait(60) == 0

    assert told["metadata"]["action_horizon"] == 4 and told["dtype"] == "<f4"
    assert told["actions"] == [[3, 0, 0, 1], [4, 1, 1, 1], [5, 2, 2, 1], [6, 3, 3, 1]]
    assert {"infer_ms", "decode_ms", "queue_ms", "planner_ms"} <= set(told["timing"])
    assert told["stepwise"] == [[5, 0, 0, 2], [6, 1, 1, 2], [7, 2, 2, 2], [8, 3, 3, 2], [5, 0, 0, 3]]
    assert told["error"]["type"] == "error" and told["error"]["field"] == "observation/front_image"
    assert told["after"] == [1, 0, 0, 4] and told["reset"] == {"status": "reset successful"}
    assert told["health"] == "OK\n"
    assert again["lost"].startswith("ConnectionClosed") and again["again"] == [2, 0, 0, 1]


@pytest.mark.skipif(not PYTHON.exists(), reason="openpi-client is not installed here: make test-openpi")
def test_our_client_runs_where_openpi_does_with_numpy_1() -> None:
    program = (
        "import sys, numpy as np; from sightline_client import PolicyClient\n"
        "grey = np.full((16, 16, 3), 127, np.uint8)\n"
        "seen = {'observation/front_image': grey, 'observation/wrist_image': grey, 'prompt': 'go',"
        " 'observation/state': np.array([3, 0, 0.5], np.float32)}\n"
        "with PolicyClient(sys.argv[1]) as client: print(np.__version__, client.infer(seen)['actions'][0].tolist())\n"
    )
    client = Path(sightline_client.__file__).parents[1]
    with serving(Echo) as running:
        command = [str(PYTHON), "-c", program, running.address]
        told = subprocess.run(command, env={"PYTHONPATH": str(client)}, capture_output=True, text=True, check=True)
    version, actions = told.stdout.split(" ", 1)
    assert version.startswith("1.") and json.loads(actions) == [3, 0, 0.5, 1]
