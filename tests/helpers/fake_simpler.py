"""A worker of SimplerEnv without SimplerEnv: one thing, which a closed hand lifts by what it moves up, and a goal."""

from __future__ import annotations

from typing import Any

import numpy as np

from sightline.envs.simpler.protocol import PACKAGES

SOURCE, TARGET = "carrot_model", "plate_model"
BASE = np.array([0.147, 0.028, 0.87, 0.0, 0.0, 0.0, 1.0])  # xyz, wxyz: half a turn about the vertical
TOOL = np.array([-0.145, 0.034, 1.005, 0.0, -np.sqrt(0.5), 0.0, np.sqrt(0.5)])  # looking down
GOAL = 0.1  # metres that it must be up


class FakeWorker:
    """Answers as envs/simpler/worker.py does; notes what it was asked. The thing falls after step ``slips``."""

    def __init__(self, slips: int = 10_000) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.slips, self.closed = slips, False
        self.versions = dict(PACKAGES)

    def ask(self, question: str, **details: Any) -> dict[str, Any]:
        self.asked.append((question, details))
        return getattr(self, question)(**details)

    def hello(self) -> dict[str, Any]:
        return {"versions": self.versions}

    def begin(self, folders: dict[str, str], task: str, layout: int, places: Any = None) -> dict[str, Any]:
        self.height, self.grip, self.steps, self.tool = 0.0, 1.0, 0, TOOL.copy()
        sizes = {SOURCE: np.array([0.115, 0.032, 0.038]), TARGET: np.array([0.11, 0.11, 0.006])}
        command = np.array([0.292, -0.006, 0.135, np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0])
        told = {"instruction": "put carrot on plate", "source": SOURCE, "target": TARGET, "sizes": sizes}
        return {**told, "base": BASE, "command": command, **self.now()}

    def step(self, action: Any) -> dict[str, Any]:
        self.grip = float(action[6])
        self.steps += 1
        self.tool[:3] += np.array([-action[0], -action[1], action[2]])
        if self.grip < 0:
            self.height += float(action[2])
        if self.steps >= self.slips:
            self.height = 0.0
        return self.now()

    def now(self) -> dict[str, Any]:
        source = np.array([-0.2366, -0.0751, 0.8875 + self.height, 0.0, 0.0, 0.0, 1.0])
        target = np.array([-0.235, 0.075, 0.8695, 1.0, 0.0, 0.0, 0.0])
        return {
            "done": self.height > GOAL,
            "grasped": self.grip < 0,
            "joints": np.array([0, 0, 0, 0, 0, 0, 0.037, 0.036]),
            "tool": self.tool.copy(),
            "poses": {SOURCE: source, TARGET: target},
        }

    def look(self) -> dict[str, Any]:
        """Red grows to the right, green downwards, blue with time; the camera is 1 m above the robot's base and looks
        along world x."""
        picture = np.zeros((480, 640, 3), np.uint8)
        picture[..., 0], picture[..., 1] = np.arange(640)[None, :] * 255 // 639, np.arange(480)[:, None] * 255 // 479
        picture[..., 2] = 20 * self.steps % 256
        intrinsic = np.array([[623.588, 0, 320], [0, 623.588, 240], [0, 0, 1]])
        world = np.eye(4)  # world_from_camera, OpenCV axes
        world[:3, :3] = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
        world[:3, 3] = BASE[:3] + [0, 0, 1]
        return {"picture": picture, "intrinsic": intrinsic, "extrinsic": np.linalg.inv(world)}

    def close(self) -> None:
        self.closed = True
