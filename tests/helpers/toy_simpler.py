"""A worker of SimplerEnv with just enough physics for the expert: what is between closed fingers goes where they go."""

from __future__ import annotations

from typing import Any

import numpy as np
from fake_simpler import BASE, SOURCE, TARGET, FakeWorker
from scipy.spatial.transform import Rotation

TABLE = 0.87  # metres
POSITIONS = np.array([[[-0.2, -0.07, 0.89], [-0.2, 0.07, 0.87]], [[-0.1, 0.07, 0.89], [-0.1, -0.07, 0.87]]])
QUATERNIONS = np.array([[[1.0, 0, 0, 0], [1.0, 0, 0, 0]]])
NEAR = 0.015  # metres from the middle of the fingers: between them


class ToySimpler(FakeWorker):
    """Things stand where they are put; the tool is where it is told to be. The fingers miss ``misses`` times."""

    def __init__(self, misses: int = 0) -> None:
        super().__init__()
        self.misses, self.looks = misses, 0

    def begin(self, folders: dict[str, str], task: str, layout: int, places: Any = None) -> dict[str, Any]:
        if places is None:
            places = np.concatenate([POSITIONS[layout], QUATERNIONS[0]], 1)
        self.things = {SOURCE: np.array(places[0], float), TARGET: np.array(places[1], float)}
        for name, half in ((SOURCE, 0.019), (TARGET, 0.0)):
            self.things[name][2] = TABLE + half
        self.held, self.closed_for = False, 0
        return super().begin(folders, task, layout, places)

    def step(self, action: Any) -> dict[str, Any]:
        self.tool[:3] += np.array([-action[0], -action[1], action[2]])
        turned = rotation(BASE) * Rotation.from_euler("XYZ", action[3:6]) * rotation(BASE).inv() * rotation(self.tool)
        self.tool[3:] = turned.as_quat()[[3, 0, 1, 2]]
        self.grip, source = float(action[6]), self.things[SOURCE]
        self.closed_for = self.closed_for + 1 if self.grip < 0 else 0
        if self.closed_for == 2 and np.linalg.norm(source[:3] - self.tool[:3]) < NEAR:
            self.held, self.misses = self.misses <= 0, self.misses - 1
        if self.held and self.grip > 0:
            self.held = False
            source[2] = TABLE + 0.019
        if self.held:
            source[:3] = self.tool[:3] - [0, 0, 0.004]
        return self.now()

    def now(self) -> dict[str, Any]:
        source, target = self.things[SOURCE], self.things[TARGET]
        width = 0.022 if self.held else 0.037 if self.grip > 0 else 0.015
        return {
            "done": bool(not self.held and np.hypot(*(source - target)[:2]) < 0.03),
            "grasped": self.held,
            "joints": np.array([0, 0, 0, 0, 0, 0, width, width]),
            "tool": self.tool.copy(),
            "poses": {name: pose.copy() for name, pose in self.things.items()},
        }

    def layouts(self, folders: dict[str, str], task: str) -> dict[str, Any]:
        return {"positions": POSITIONS, "quaternions": QUATERNIONS}

    def look(self, owners: bool = False) -> dict[str, Any]:
        """The things are squares of 40 pixels around where they are seen."""
        self.looks += 1
        seen = super().look()
        if owners:
            ids = np.zeros((480, 640), np.uint8)
            for number, name in enumerate(self.things):
                x, y, depth = (seen["extrinsic"] @ [*self.things[name][:3], 1.0])[:3]
                column, row = (int(623.588 * value / depth) + half for value, half in ((x, 320), (y, 240)))
                ids[max(row - 20, 0) : row + 20, max(column - 20, 0) : column + 20] = number + 1
            seen |= {"names": list(self.things), "owners": ids}
        return seen


def rotation(pose: Any) -> Rotation:
    """Of a pose [7] xyz, wxyz."""
    return Rotation.from_quat(np.asarray(pose)[[4, 5, 6, 3]])
