"""What persons and programs ask a policy besides actions: where, what, and here.

``ground`` words in a picture, ``chat`` about pictures, ``describe`` what is in one, ``steer`` a session by pointing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import did_you_mean
from sightline.core.types import Observation
from sightline.models.steering import STEERED, Steer
from sightline.serve.abilities import Place, able
from sightline.serve.answers import grounding_map, server_timing
from sightline.serve.jobs import Ground, Job, Single
from sightline.serve.observations import calibration_of, picture_of, prompt_of, state_of, trace_of
from sightline.serve.refusal import Refusal
from sightline.serve.requests import Client, seconds, session_name, whole_number

if TYPE_CHECKING:
    from sightline.serve.service import Service

PICTURES = 8  # of one question, at most
TOKENS = 256  # of one answer, at most
USUAL_TOKENS = 48
SHAPES: dict[str, Callable[[str, Any], NDArray[np.float32]]] = {
    "point": lambda key, value: state_of(key, value, 2),
    "box": lambda key, value: state_of(key, value, 4),
    "trace": trace_of,
}


async def answer(
    service: Service, endpoint: str, message: Mapping[str, Any], client: Client, began: float
) -> dict[str, Any]:
    """The answer to a message. Raises Refusal that names the field which is missing or wrong, or says why the policy
    cannot do what is asked."""
    return await ANSWERS[endpoint](service, message, client, began)


async def _ground(service: Service, message: Mapping[str, Any], client: Client, began: float) -> dict[str, Any]:
    """``image``, ``text``, perhaps ``calibration`` -> boxes, points, trace, confidence, presence, found, text."""
    ground = able(service.served.abilities.ground)

    def read() -> Place:
        camera = calibration_of("calibration", message["calibration"]) if "calibration" in message else None
        return Place(
            picture_of("image", _needed(message, "image")), prompt_of("text", _needed(message, "text")), camera
        )

    job = Ground(await asyncio.to_thread(read), ground, until=_until(message))
    (found,), timing = await _done(service, job, client, began)
    told = grounding_map(found)
    assert told is not None
    del told["camera"]  # the picture is nobody's
    return told | timing


async def _chat(service: Service, message: Mapping[str, Any], client: Client, began: float) -> dict[str, Any]:
    """``question``, perhaps ``images`` and ``max_tokens`` -> ``text``."""
    chat = able(service.served.abilities.chat)

    def read() -> list[NDArray[np.uint8]]:
        images = message.get("images", [])
        if not isinstance(images, list) or len(images) > PICTURES:
            raise Refusal(f"'images' must be a list of at most {PICTURES} pictures.", "images")
        return [picture_of("images", image) for image in images]

    question = prompt_of("question", _needed(message, "question"))
    tokens = whole_number(message, "max_tokens", TOKENS + 1) or USUAL_TOKENS
    pictures = await asyncio.to_thread(read)
    job = Single(lambda: chat(pictures, question, tokens), until=_until(message))
    (text,), timing = await _done(service, job, client, began)
    return {"text": text} | timing


async def _describe(service: Service, message: Mapping[str, Any], client: Client, began: float) -> dict[str, Any]:
    """``image`` -> ``things``: kind, colour, box and confidence of each."""
    describe = able(service.served.abilities.describe)
    picture = await asyncio.to_thread(picture_of, "image", _needed(message, "image"))
    job = Single(lambda: describe(picture), until=_until(message))
    (things,), timing = await _done(service, job, client, began)
    told = [
        {"kind": one.kind, "colour": one.colour, "box": np.asarray(one.box).tolist()}
        | {"confidence": float(one.confidence)}
        for one in things
    ]
    return {"things": told} | timing


async def _steer(service: Service, message: Mapping[str, Any], client: Client, began: float) -> dict[str, Any]:
    """A ``point``, ``box`` or ``trace`` in the picture of a ``camera`` -> ``steered``: the roles pointed out by now.

    The picture is that of the observation in the message, or else of the session's last one.
    """
    steered, interface = able(service.served.abilities.steer), service.served.interface
    given: Observation | None = None
    if interface.is_observation(message):
        (given,) = await service.observations([message])
    until = _until(message)
    async with service.held([session_name(message, client)]) as (session,):
        seen = given or session.seen
        if seen is None:
            raise Refusal(
                "This session has seen nothing to point at (or pictures too large to be kept); send the observation "
                "along.",
                interface.camera_keys(interface.cameras[0])[0],
            )
        steer = _steer_of(message, interface.cameras, seen)
        job = Single(lambda: steered(seen, steer, session.row), until=until)
        (roles,), timing = await _done(service, job, client, began)
        session.see(seen)
    return {"steered": roles} | timing


ANSWERS = {"ground": _ground, "chat": _chat, "describe": _describe, "steer": _steer}


def _steer_of(message: Mapping[str, Any], cameras: tuple[str, ...], seen: Observation) -> Steer:
    """What a message points at. Raises Refusal."""
    camera, role = message.get("camera", cameras[0]), message.get("role", STEERED[0])
    for key, name, known in (("camera", camera, cameras), ("role", role, STEERED)):
        if not isinstance(name, str) or name not in known:
            near = did_you_mean(name, known) if isinstance(name, str) else ""
            raise Refusal(f"'{key}' must be one of {', '.join(known)}, not {name!r:.60}{near}.", key)
    if camera not in seen.cameras:
        key = f"calibration/{camera}"
        raise Refusal(f"The camera '{camera}' is not calibrated ('{key}'): its pixels are no places to go.", key)
    given = [shape for shape in SHAPES if shape in message]
    if len(given) != 1:
        told = " and ".join(given) or "none"
        raise Refusal(f"Steer with one of 'point', 'box' and 'trace', not {told}.", given[-1] if given else "point")
    (shape,) = given
    if shape == "trace" and role != STEERED[0]:
        raise Refusal("A 'trace' leads from the target to its place; leave the role out.", "role")
    height, width = seen.images[camera].shape[:2]
    values = SHAPES[shape](shape, message[shape]).astype(np.float64)
    if (values < 0).any() or (values.reshape(-1, 2) > (width, height)).any():
        raise Refusal(f"'{shape}' must lie in the picture of '{camera}', which has {width} x {height} pixels.", shape)
    return Steer(camera, role=role, **{shape: values})


def _needed(message: Mapping[str, Any], key: str) -> Any:
    if key not in message:
        strange = [name for name in message if isinstance(name, str)]
        raise Refusal(f"The message lacks '{key}'{did_you_mean(key, strange)}.", key)
    return message[key]


def _until(message: Mapping[str, Any]) -> float:
    return time.monotonic() + seconds(message, "queue_timeout")


async def _done(
    service: Service, job: Job, client: Client, began: float
) -> tuple[list[Any], dict[str, dict[str, float]]]:
    """What came of a job, and where its time went."""
    decoded = {"decode": 1000 * (job.queued - began)}
    done = await asyncio.wrap_future(service.worker.submit(job))
    times = decoded | done.milliseconds
    service.metrics.timed(times)
    return done.results, {"server_timing": server_timing(times, done.batch, client)}
