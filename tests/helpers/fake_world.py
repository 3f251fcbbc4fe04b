"""A world without physics: a tool moves over a line of objects and carries the first one it closes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.types import ACTION_NAMES, STATE_NAMES, ActionChunk, Grounding, Observation
from sightline.envs.base import Info

CARD = Card("fake", ("front", "wrist"), (32, 32), STATE_NAMES, ACTION_NAMES)
NAMES = ("mug", "bottle", "plate")


class FakeEnv:
    """Success when the target is lifted; seeds that are multiples of 3 are impossible (the target is glued down)."""

    def __init__(self, card: Card = CARD, limit: int = 12) -> None:
        self.card, self.limit = card, limit
        self.renders = 0

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        self.seed, self.steps, self.carried = seed, 0, -1
        self.target = seed % 2
        self.instruction = f"take the {NAMES[self.target]}"
        self.heights, self.tool = np.zeros(3), np.zeros(3)
        self.grasps = 0.1 * np.arange(3) + np.random.default_rng(seed).uniform(-0.02, 0.02)  # along the line
        about = {"task": "onto", "relation": "onto", "style": "attribute", "target": NAMES[self.target]}
        return self.observe(), about | {"instruction": self.instruction}

    def advance(self, action: np.ndarray) -> Info:
        assert action.shape == (7,)
        self.steps += 1
        self.tool = self.tool + action[:3]
        if action[6] < 0 and self.carried < 0:
            distance = np.abs(self.grasps - self.tool[1])
            if distance.min() < 0.03:
                self.carried = int(distance.argmin())
        if self.carried >= 0 and self.seed % 3:
            self.heights[self.carried] += 0.04
        up = self.heights > 0.03
        right = bool(up[self.target])
        return {
            "is_success": right,
            "lifted": NAMES[self.carried] if up.any() else "",
            "target_lifted": right,
            "wrong_object_lifted": bool(up.any() and not right),
            "steps": self.steps,
            "failure": "" if right else "not lifted",
            "truncated": self.steps >= self.limit,
        }

    def observe(self) -> Observation:
        self.renders += 1
        rng = np.random.default_rng([self.seed, self.steps])
        images = {name: rng.integers(0, 255, (32, 32, 3), np.uint8) for name in self.card.cameras}
        state = np.zeros(len(STATE_NAMES), np.float32)
        state[:3] = self.tool
        state[3] = self.grasps[self.target]
        return Observation(images, state, self.instruction)

    def close(self) -> None:
        pass


class QuietEnv(FakeEnv):
    """The same, but it says nothing beyond success, and goes on after it; at its end even seeds have lost it again."""

    def reset(self, *, seed: int, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        return super().reset(seed=seed)[0], {}

    def advance(self, action: np.ndarray) -> Info:
        told = super().advance(action)
        lost = told["truncated"] and self.seed % 2 == 0
        return {"is_success": told["is_success"] and not lost, "truncated": told["truncated"], "terminated": False}


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
