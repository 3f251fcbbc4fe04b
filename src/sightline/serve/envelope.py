"""The second dialect: the envelope that InternVLA-M1's and starVLA's clients send.

A request is ``{type, request_id, payload}``, or its payload alone; an answer ``{status, ok, type, request_id, data}``.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sightline.core.errors import did_you_mean
from sightline.serve import asking
from sightline.serve.abilities import ASKING, able
from sightline.serve.answers import server_timing
from sightline.serve.observations import PROMPTS, STATES
from sightline.serve.refusal import Refusal
from sightline.serve.requests import Asked, Client

if TYPE_CHECKING:
    from sightline.serve.service import Service

TYPES = {
    "ping": "pong", "init": "init_result", "reset": "reset_result", "infer": "inference_result",
    "predict_action": "inference_result", **{kind: f"{kind}_result" for kind in ASKING},
}  # fmt: skip
LEGACY = {"device": "init", "reset": "reset", "batch_images": "infer", "examples": "infer"}


def is_envelope(message: Mapping[Any, Any]) -> bool:
    """Whether a message is of this dialect."""
    return "endpoint" not in message and any(key in message for key in ("type", "payload", *LEGACY))


async def answer(service: Service, message: Mapping[str, Any], client: Client, began: float) -> dict[str, Any]:
    """The answer to a message. Raises Refusal."""
    kind, payload = _kind(message), message.get("payload", message)
    if not isinstance(kind, str) or kind not in TYPES:
        near = did_you_mean(kind, TYPES) if isinstance(kind, str) else ""
        raise Refusal(f"There is no type {kind!r:.60}{near}; there are {', '.join(TYPES)}.", "type")
    if not isinstance(payload, dict):
        raise Refusal(f"The payload must be a map, not a {type(payload).__name__}.", "payload")
    reply = {"status": "ok", "ok": True, "type": TYPES[kind], "request_id": message.get("request_id", "default")}
    if kind == "ping":
        return reply
    if kind in ("init", "reset"):
        for name in service.sessions.of_connection(client.number):
            await service.reset(name)
        return reply | {"data": {}}
    if kind in ASKING:
        return reply | {"data": await asking.answer(service, kind, payload, client, began)}
    return reply | {"data": await _infer(service, payload, client, began)}


def refused(message: Mapping[str, Any], refusal: Mapping[str, Any]) -> dict[str, Any]:
    """A refusal in this dialect."""
    kind = _kind(message)
    reply = {"status": "error", "ok": False, "type": TYPES.get(kind, "error") if isinstance(kind, str) else "error"}
    about = {key: value for key, value in refusal.items() if key != "type"}
    return reply | {"request_id": message.get("request_id", "default"), "message": about["message"], "error": about}


def _kind(message: Mapping[str, Any]) -> Any:
    if "type" in message:
        return message["type"]
    payload = message.get("payload", message)
    return next((kind for key, kind in LEGACY.items() if isinstance(payload, dict) and key in payload), "infer")


async def _infer(service: Service, payload: Mapping[str, Any], client: Client, began: float) -> dict[str, Any]:
    """``actions`` [B,T,A] in physical units, and as the model has them for clients that turn them back themselves."""
    raw = "batch_images" in payload
    normalise = able(service.served.abilities.normalise, "batch_images") if raw else None
    requests = _from_raw(service, payload) if raw else _from_examples(service, payload)
    if not 0 < len(requests) <= service.worker.max_batch:
        raise Refusal(f"A request holds 1 to {service.worker.max_batch} samples, not {len(requests)}.", "payload")
    observations = await service.observations(requests)
    times = {"decode": 1000 * (time.monotonic() - began)}
    names: list[Hashable] = [(client.number, i) for i in range(len(observations))]
    done = await service.infer_in(Asked(observations, names, [None] * len(names), times=times))
    actions = np.stack([chunk.actions for chunk in done.results])
    timing = {"server_timing": server_timing(times | done.milliseconds, done.batch, client)}
    if normalise is not None:
        return {"normalized_actions": normalise(actions), **timing}
    return {"actions": actions, **timing}


def _from_raw(service: Service, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """M1: ``batch_images`` [[picture of each view] of each sample], ``instructions`` [text of each sample]."""
    images, words = payload["batch_images"], payload.get("instructions")
    if not isinstance(images, list) or not isinstance(words, list) or len(images) != len(words):
        raise Refusal("'batch_images' and 'instructions' must be lists of one length.", "batch_images")
    states = payload.get("state")
    rows = [
        states[i] if isinstance(states, (list, np.ndarray)) and i < len(states) else None for i in range(len(words))
    ]
    return [
        _flat(service, views, text, state, "batch_images")
        for views, text, state in zip(images, words, rows, strict=True)
    ]


def _from_examples(service: Service, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """starVLA: ``examples`` [{image: [picture of each view], lang, state}]; or openpi's flat map as the payload."""
    if "examples" not in payload:
        return [dict(payload)]
    examples = payload["examples"]
    if not isinstance(examples, list) or not all(isinstance(one, dict) for one in examples):
        raise Refusal("'examples' must be a list of maps.", "examples")
    return [_flat(service, one.get("image"), one.get("lang"), one.get("state"), "examples") for one in examples]


def _flat(service: Service, views: Any, text: Any, state: Any, field: str) -> dict[str, Any]:
    """One sample as a flat request."""
    interface = service.served.interface
    if not isinstance(views, list) or len(views) != len(interface.cameras):
        names = ", ".join(interface.cameras)
        raise Refusal(f"Every sample needs {len(interface.cameras)} pictures, in this order: {names}.", field)
    flat = {interface.camera_keys(name)[0]: view for name, view in zip(interface.cameras, views, strict=True)}
    if state is not None:
        flat[STATES[0]] = state
    return flat | {PROMPTS[0]: text}
