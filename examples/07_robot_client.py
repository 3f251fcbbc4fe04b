"""A robot's program: ask a policy server what to do, ten times a second, while the arm moves.

The server and the robot are on this machine here, the robot is a simulated one. On a real robot only the class Robot
changes, and nothing of Sightline is needed but `packages/sightline-client` (Python 3.8, numpy, msgpack, websockets).
"""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import numpy as np

from sightline.envs import TabletopEnv
from sightline_client import Blocking, PolicyClient

SERVER = [sys.executable, "-m", "sightline.cli", "serve", "--policy", "tiny", "--log", "silent"]


class Robot:
    """What a robot must be able to do: say what it is, look, move. Put your cameras and your arm here."""

    def __init__(self) -> None:
        self.env = TabletopEnv(split="seen", render=False)
        self.env.reset(seed=7)
        self.info: dict[str, Any] = {}
        # The parts of the interface card that are known for sure; a server of another robot refuses them.
        self.card = {"robot": "panda", "control_hz": 10, "gripper": "+1 open, -1 close"}

    def observe(self) -> dict[str, Any]:
        """One request: a picture of each camera, the state, what to do; calibration where it is known."""
        seen = self.env.observe()
        pictures = {f"observation/{name}_image": image for name, image in seen.images.items()}
        cameras = {f"calibration/{name}": camera.to_vector() for name, camera in seen.cameras.items()}
        return {**pictures, **cameras, "observation/state": seen.state, "prompt": seen.instruction}

    def move(self, action: np.ndarray) -> bool:
        """Carry out one action [7]; whether the episode is over. A real arm waits for its next tick here."""
        self.info = dict(self.env.advance(action))
        return bool(self.info["is_success"] or self.info["truncated"])


def free_port() -> int:
    """A port that nobody uses; a server of your own has a fixed one."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def main() -> None:
    """One episode."""
    robot, port = Robot(), free_port()
    server = subprocess.Popen([*SERVER, "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        # Waits until the policy is loaded; a server that dies meanwhile is waited for as well.
        with PolicyClient(f"ws://127.0.0.1:{port}", card=robot.card) as client:
            print("serves", client.metadata["policy"], "-", robot.env.instruction)
            actions = Blocking(client, execute=4)  # Asynchronous goes on with a chunk while the next one is made
            actions.reset()
            while not robot.move(actions.next(robot.observe)):
                pass
            timing = actions.answer["server_timing"]
        print("done" if robot.info["is_success"] else "not done", "in", robot.info["steps"], "actions")
        print(f"the last chunk took {timing['infer_ms']:.0f} ms, {timing['planner_ms']:.0f} of them to see")
    finally:
        server.terminate()
        server.wait(60)


if __name__ == "__main__":
    main()
