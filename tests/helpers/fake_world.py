"""A world without physics: a tool moves over a line of objects and carries the first one it closes on."""

from __future__ import annotations

import dataclasses

import numpy as np

from sightline.core.card import Card
from sightline.core.types import (
    ACTION_NAMES,
    STATE_NAMES,
    ActionChunk,
    Grounding,
    ObjectInfo,
    Observation,
    SceneState,
    Task,
)

CARD = Card("fake", ("front", "wrist"), (32, 32), STATE_NAMES, ACTION_NAMES)
NAMES = ("mug", "bottle", "plate")


class FakeEnv:
    """Success when the target is lifted; seeds that are multiples of 3 are impossible (the target is glued down)."""

    def __init__(self, card: Card = CARD, limit: int = 12) -> None:
        self.card, self.limit = card, limit
        self.renders = 0

    def reset(self, *, seed, options=None):
        rng = np.random.default_rng(seed)
        self.seed, self.steps, self.carried = seed, 0, -1
        objects = tuple(ObjectInfo(name, name, "", "medium", "item", 0.03, 0.1) for name in NAMES)
        positions = np.stack([np.array([0.4, 0.1 * i, 0.05]) for i in range(3)])
        self.target_offset = rng.uniform(-0.02, 0.02)
        grasps = positions + [0, self.target_offset, 0]
        self._scene = SceneState(objects, positions, np.zeros(3), np.ones(3, bool), grasps, np.zeros(3), np.zeros(3))
        self.task = (options or {}).get("task") or Task(
            "onto", seed % 2, 2, f"take the {NAMES[seed % 2]}", NAMES[seed % 2], "plate"
        )
        self.actions = []
        return self.observe(), {"style": "attribute"}

    def advance(self, action):
        assert action.shape == (7,)
        self.actions.append(np.array(action))
        self.steps += 1
        self._scene.tool = self._scene.tool + action[:3]
        if action[6] < 0 and self.carried < 0:
            distance = np.abs(self._scene.grasp_points[:, 1] - self._scene.tool[1])
            if distance.min() < 0.03:
                self.carried = int(distance.argmin())
        if self.carried >= 0 and self.seed % 3:
            self._scene.positions = self._scene.positions.copy()
            self._scene.positions[self.carried, 2] += 0.04
        up = self._scene.positions[:, 2] > 0.08
        right = bool(up[self.task.target])
        return {
            "is_success": right,
            "target_lifted": right,
            "wrong_object_lifted": bool(up.any() and not right),
            "steps": self.steps,
            "failure": "" if right else "not lifted",
            "truncated": self.steps >= self.limit,
        }

    def observe(self):
        self.renders += 1
        rng = np.random.default_rng([self.seed, self.steps])
        images = {name: rng.integers(0, 255, (32, 32, 3), np.uint8) for name in self.card.cameras}
        state = np.zeros(len(STATE_NAMES), np.float32)
        state[:3] = self._scene.tool
        state[3] = self._scene.grasp_points[self.task.target, 1]
        return Observation(images, state, self.task.instruction)

    def scene(self):
        return dataclasses.replace(self._scene, positions=self._scene.positions.copy())


class FakePolicy:
    """Moves to the target's place (given in the state) and closes there, with noise drawn from the row's number."""

    def __init__(self, card: Card = CARD, chunk: int = 4) -> None:
        self.card, self.chunk = card, chunk
        self.batches = []
        self.noise = {}

    def reset(self, rows):
        for row in rows:
            self.noise[row] = np.random.default_rng(row)

    def act_batch(self, observations, rows):
        self.batches.append(list(rows))
        chunks = []
        for seen, row in zip(observations, rows, strict=True):
            error = seen.state[3] - seen.state[1]
            actions = np.zeros((self.chunk, 7), np.float32)
            actions[:, 1] = error / self.chunk + self.noise[row].normal(0, 0.002, self.chunk)
            actions[:, 6] = -1 if abs(error) < 0.02 else 1
            grounding = Grounding("front", {"target": np.array([4.0, 4, 20, 20])}, {"target": np.array([12.0, 12])})
            grounding.trace = np.array([[12.0, 12.0], [20.0, 28.0]])
            chunks.append(ActionChunk(actions, grounding))
        return chunks
