"""A policy that somebody points something out to when each of its episodes begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import ActionChunk, Observation, PolicyLike
from sightline.models.steering import Steer

PROMPTS = ("point", "box", "trace")
AROUND = 0.025  # metres from the middle of what is pointed out to each side of the box that is drawn around it


@dataclass(frozen=True, eq=False)
class Shown:
    """What somebody points out, in the robot's frame.

    Attributes:
        target: [3] where it would be grasped; place: [3] where it is to go; metres.
        prompt: one of PROMPTS, how it is shown.
    """

    target: Array
    place: Array
    prompt: str

    def steer(self, observation: Observation, camera: str) -> Steer:
        """As it is drawn into the picture of a calibrated camera."""
        lens = observation.cameras[camera]
        pixels, depth = lens.project(np.array([self.target, self.place]))
        if self.prompt == "trace":
            return Steer(camera, trace=pixels)
        if self.prompt == "point":
            return Steer(camera, point=pixels[0])
        half = AROUND * lens.focal / depth[0]
        return Steer(camera, box=np.concatenate([pixels[0] - half, pixels[0] + half]))


class Pointed:
    """A policy to which something is shown, in its first camera's picture, when each episode begins.

    Args:
        shown: by the row of the episode; others go on as they are.

    Raises SightlineError where the policy cannot be steered.
    """

    def __init__(self, policy: PolicyLike, shown: Mapping[int, Shown]) -> None:
        if not callable(getattr(policy, "steer", None)):
            raise SightlineError("Nobody can point at things for this policy: only checkpoints can be steered.")
        self.policy, self.shown = policy, shown
        self.card: Card = policy.card
        self._new: set[int] = set()

    def reset(self, episodes: list[int]) -> None:
        """As the policy does."""
        self.policy.reset(episodes)
        self._new |= set(episodes)

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        """What the policy does, having been shown where."""
        for observation, row in zip(observations, rows, strict=True):
            if row in self._new and row in self.shown:
                steer = self.shown[row].steer(observation, self.card.cameras[0])
                self.policy.steer(observation, steer, row=row)  # type: ignore[attr-defined]
            self._new.discard(row)
        return self.policy.act_batch(observations, rows)
