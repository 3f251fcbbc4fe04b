"""Policies that act without thinking, for environments whose actions are steps of the tool and a gripper."""

from __future__ import annotations

import numpy as np

from sightline.core.card import Card
from sightline.core.types import ActionChunk, Observation


class Still:
    """Does nothing, for ever."""

    def __init__(self, card: Card) -> None:
        self.card = card

    def reset(self, episodes: list[int]) -> None:
        pass

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        return [ActionChunk(np.zeros((8, 7), np.float32)) for _ in rows]


class Lifter:
    """Closes and moves up by as much as it is told each step; notes what it sees."""

    def __init__(self, card: Card, up: float, steps: int = 5) -> None:
        self.card, self.up, self.steps = card, up, steps
        self.seen: list[Observation] = []

    def reset(self, episodes: list[int]) -> None:
        self.seen = []

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        self.seen += observations
        actions = np.zeros((len(rows), self.steps, 7), np.float32)
        actions[:, :, 2], actions[:, :, 6] = self.up, -1
        return [ActionChunk(chunk) for chunk in actions]


class Restless:
    """Draws its actions from the episode's number, and notes what it is shown.

    Args:
        move, turn: metres and radians of the largest step; count: actions of a chunk.
    """

    def __init__(self, card: Card, move: float, turn: float, count: int) -> None:
        self.card, self.count = card, count
        self.scale = np.array([move] * 3 + [turn] * 3 + [1.0])
        self.seen: dict[int, list[Observation]] = {}

    def reset(self, episodes: list[int]) -> None:
        self.rngs = {row: np.random.default_rng(row) for row in episodes}

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        for row, seen in zip(rows, observations, strict=True):
            self.seen.setdefault(row, []).append(seen)
        shape = (self.count, 7)
        return [ActionChunk((self.scale * self.rngs[row].uniform(-1, 1, shape)).astype(np.float32)) for row in rows]
