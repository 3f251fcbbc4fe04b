"""A robot's program, to be killed: records one episode and a half into the folder that it is given, says so, and waits.

It stands alone, as on a robot: numpy, msgpack and the client are all it imports.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import numpy as np

from sightline_client import Recorder


def tick(card: dict[str, Any], number: int, side: int = 64) -> tuple[dict[str, Any], np.ndarray]:
    """A smooth observation and the action upon it, different at each tick."""
    rows = np.linspace(200, 20 + 4 * number, side)[:, None, None]
    picture = np.clip(rows + np.array([number, 0, -number]) * np.ones((1, side, 1)), 0, 255).astype(np.uint8)
    seen: dict[str, Any] = {f"observation/{name}_image": picture for name in card["cameras"]}
    seen["observation/state"] = np.linspace(0, 1, len(card["state_names"]), dtype=np.float32) + number
    action = np.linspace(-1, 1, len(card["action_names"]), dtype=np.float32) * 0.01 * (number + 1)
    action[-1] = 1.0 if number < 3 else -1.0
    return seen, action


def record(recorder: Recorder, steps: int, instruction: str = "put the red mug into the bowl") -> None:
    """An episode that still runs."""
    recorder.begin(instruction)
    for number in range(steps):
        recorder.add(*tick(recorder.card, number))


CARD: dict[str, Any] = {
    "robot": "panda", "cameras": ["front"], "image_size": [64, 64], "state_names": ["x", "y"],
    "action_names": ["dx", "dy", "gripper"], "control_hz": 10,
}  # fmt: skip

if __name__ == "__main__":
    recorder = Recorder(sys.argv[1], CARD)
    record(recorder, 4)
    recorder.end()
    record(recorder, 3)
    print("half", flush=True)
    signal.pause()
