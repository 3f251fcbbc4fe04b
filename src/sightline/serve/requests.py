"""What requests of all dialects have in common: who asks, in which session, and numbers in their ranges."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.types import Observation
from sightline.serve.refusal import Refusal

NAME = 200  # letters of a session's name, at most
SEEDS = 2**63
EPISODES = 2**31


@dataclass
class Client:
    """One connection.

    Attributes:
        number: of the connection; it names the session of requests that name none.
        took: milliseconds of its last answer from frame to frame.
        refused: whether its card does not fit, so that the connection is to be closed.
    """

    number: int
    took: float = 0.0
    refused: bool = False


@dataclass
class Asked:
    """Observations of one message, the sessions that they belong to, and the beginnings of chunks that are decided."""

    observations: list[Observation]
    names: list[Hashable]
    frozen: list[NDArray[np.float32] | None]
    seed: int | None = None
    together: bool = False
    wait: float = float("inf")
    times: dict[str, float] = field(default_factory=dict)


def session_name(message: Mapping[str, Any], client: Client) -> Hashable:
    """The session of a request: the one it names, or that of its connection. Raises Refusal."""
    name = message.get("session_id")
    if name is None:
        return (client.number, 0)
    if not isinstance(name, str) or not 0 < len(name) <= NAME:
        raise Refusal(f"'session_id' must be a text of 1 to {NAME} letters.", "session_id")
    return name


def whole_number(message: Mapping[str, Any], key: str, below: int) -> int | None:
    """A whole number from 0; None where there is none. Raises Refusal."""
    value = message.get(key)
    value = value.item() if isinstance(value, np.integer) else value
    if value is not None and (type(value) is not int or not 0 <= value < below):
        raise Refusal(f"'{key}' must be a whole number from 0 to {below - 1}.", key)
    return value


def frozen_of(message: Mapping[str, Any], chunk: int, size: int) -> NDArray[np.float32] | None:
    """The actions [d,A] that a chunk must begin with; None where none are decided. Raises Refusal."""
    value = message.get("frozen")
    if value is None:
        return None
    right = isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == 2 and value.shape[1] == size
    if not right or len(value) >= chunk or not np.isfinite(value).all():
        raise Refusal(
            f"'frozen' must be an array [actions, {size}] of finite floats, with fewer than {chunk} actions.", "frozen"
        )
    return value.astype(np.float32) if len(value) else None


def seconds(message: Mapping[str, Any], key: str) -> float:
    """A time that may pass; endless where none is given. Raises Refusal."""
    value = message.get(key, float("inf"))
    if type(value) not in (int, float) or not value >= 0:
        raise Refusal(f"'{key}' must be a number of seconds.", key)
    return float(value)


def batch_of(batch: Any, most: int) -> list[Mapping[str, Any]]:
    """The requests of a batch. Raises Refusal."""
    if not isinstance(batch, list) or not 0 < len(batch) <= most or not all(isinstance(one, dict) for one in batch):
        raise Refusal(f"'batch' must be a list of 1 to {most} requests.", "batch")
    return batch
