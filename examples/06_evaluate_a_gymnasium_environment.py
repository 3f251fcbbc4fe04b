"""Evaluate a policy in an environment of somebody else: here a maze of gymnasium-robotics and a policy of pure chance.

A benchmark of your own starts as a copy of Maze: five methods, and nothing that only a simulator could know.
Writes outputs/examples/maze.html (the report) and outputs/examples/maze.json (a row an episode).
"""

from __future__ import annotations

from pathlib import Path

import gymnasium
import numpy as np

from sightline.core.card import Card
from sightline.core.console import write_json
from sightline.core.types import ActionChunk, Observation
from sightline.envs.base import Info
from sightline.evaluate.suites.closed_loop import ClosedLoopSettings, closed_loop

OUT = Path("outputs/examples")


class Maze:
    """A ball is pushed through a maze to a red goal, and may roll on: success counts at the end and at any time."""

    card = Card(
        robot="ball",
        cameras=("top",),
        image_size=(128, 128),
        state_names=("x", "y", "vx", "vy", "goal_x", "goal_y"),
        action_names=("fx", "fy"),
        action_space="force on the ball",
        rotation="none",
        gripper="none",
        control_hz=100,
    )
    told = "push the ball to the red goal"

    def __init__(self) -> None:
        name = "gymnasium_robotics:PointMaze_UMaze-v3"
        self.env = gymnasium.make(name, render_mode="rgb_array", width=128, height=128)

    def reset(self, *, seed: int, options: dict | None = None) -> tuple[dict, dict]:
        self.seen, _ = self.env.reset(seed=seed)
        self.start = self._distance()
        return self.seen, {"task": "UMaze", "instruction": self.told}

    def advance(self, action: np.ndarray) -> Info:
        self.seen, _, terminated, truncated, info = self.env.step(action)
        nearer = max(0.0, 1 - self._distance() / self.start)
        return Info(is_success=info["success"], terminated=terminated, truncated=truncated, progress=nearer)

    def observe(self) -> Observation:
        state = np.concatenate([self.seen["observation"], self.seen["desired_goal"]])
        return Observation({"top": self.env.render()}, state.astype(np.float32), self.told)

    def close(self) -> None:
        self.env.close()

    def _distance(self) -> float:
        return float(np.linalg.norm(self.seen["achieved_goal"] - self.seen["desired_goal"]))


class RandomPolicy:
    """Chunks of chance, which depend on the episode alone; a policy of yours looks at the observations."""

    card = Maze.card

    def reset(self, episodes: list[int]) -> None:
        self.chance = {row: np.random.default_rng(row) for row in episodes}

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        size = (self.card.chunk, len(self.card.action_names))
        return [ActionChunk(self.chance[row].uniform(-1, 1, size).astype(np.float32)) for row in rows]


if __name__ == "__main__":
    settings = ClosedLoopSettings(episodes=8, seed=2, execute=8, workers=1, report=OUT / "maze.html")
    write_json(OUT / "maze.json", closed_loop("chance in a maze", RandomPolicy, Maze, settings, {"policy": "chance"}))
