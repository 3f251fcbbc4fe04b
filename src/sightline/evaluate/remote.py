"""A policy behind a server, evaluated as if it were here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import ActionChunk, Grounding, Observation
from sightline_client import Patience, PolicyClient, PolicyError

ADDRESSES = ("ws://", "wss://")
KEY = "SIGHTLINE_API_KEY"  # environment variable with the server's key
PATIENCE = Patience(connect=60.0, queue=600.0, inference=600.0)  # no arm waits here, and several processes may ask


class RemotePolicy:
    """Asks a policy server through the client that robots use.

    Observations of one call go as one batch, which the server computes as it is and joins with nothing else: the
    actions are those of the same policy in this process.

    Raises SightlineError where no server answers, or one that does not say what its actions mean.
    """

    def __init__(self, address: str) -> None:
        try:
            self.client = PolicyClient(address, os.environ.get(KEY), patience=PATIENCE)
        except PolicyError as error:
            raise SightlineError(str(error)) from None
        if not isinstance(stated := self.client.metadata.get("card"), dict):
            raise SightlineError(
                f"The server at {address} does not state an interface card, so that nobody knows what its actions "
                "mean; serve the policy with 'sightline serve'."
            )
        self.card = Card.from_dict(stated)
        self._config: dict[str, Any] = self.client.metadata["policy_server_config"]
        self._sessions: dict[int, str] = {}

    def reset(self, episodes: list[int]) -> None:
        """Begin these episodes side by side, in place of those before them."""
        self._sessions = {row: f"{self.client.session}-{place}" for place, row in enumerate(episodes)}
        for row, session in self._sessions.items():
            self._asked(lambda row=row, session=session: self.client.reset(session, episode=row))

    def act_batch(self, observations: list[Observation], rows: list[int]) -> list[ActionChunk]:
        """One chunk for each observation. Raises SightlineError with the server's sentence."""
        messages = [message_of(observation, self._config) for observation in observations]
        sessions = [self._sessions[row] for row in rows]
        answers = self._asked(lambda: self.client.infer_batch(messages, sessions))
        return [ActionChunk(np.array(one["actions"], np.float32), _grounding(one["grounding"])) for one in answers]

    @staticmethod
    def _asked(ask: Any) -> Any:
        try:
            return ask()
        except PolicyError as error:
            raise SightlineError(f"The policy server: {error}") from None


def message_of(observation: Observation, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a server is sent of an observation, in the keys that its ``policy_server_config`` names."""
    keys: dict[str, str] = config["cameras"]
    message: dict[str, Any] = {}
    for name, key in keys.items():
        message[key] = observation.images[name]
        if name in observation.cameras:
            message[config["calibration"][name]] = observation.cameras[name].to_vector()
    if config["state"]["size"]:
        message[config["state"]["key"]] = observation.state
    return message | ({config["prompt"]: observation.instruction} if keys else {})


def _grounding(told: dict[str, Any] | None) -> Grounding | None:
    if told is None:
        return None
    return Grounding(
        told["camera"],
        {name: np.asarray(box) for name, box in told["boxes"].items()},
        {name: np.asarray(point) for name, point in told["points"].items()},
        np.asarray(told["trace"], np.float64).reshape(-1, 2),
        told["confidence"],
        told.get("presence", 1.0),
        told.get("found", True),
        told["text"],
    )
