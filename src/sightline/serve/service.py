"""What the server answers: openpi's flat messages and what grew on top of them. No sockets here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card
from sightline.core.errors import SightlineError, did_you_mean
from sightline.core.types import Observation
from sightline.serve import asking, envelope
from sightline.serve.abilities import ASKING
from sightline.serve.answers import grounding_map, server_timing
from sightline.serve.jobs import Done, Infer
from sightline.serve.metadata import ENDPOINTS
from sightline.serve.metrics import Metrics
from sightline.serve.refusal import CARD_MISMATCH, FAILED, Refusal
from sightline.serve.requests import (
    EPISODES,
    SEEDS,
    Asked,
    Client,
    batch_of,
    frozen_of,
    seconds,
    session_name,
    whole_number,
)
from sightline.serve.served import Served
from sightline.serve.sessions import Session, Sessions
from sightline.serve.worker import Worker
from sightline_client.codec import DEFAULT, CodecError, Limits, pack, unpack

PREFERENCES = ("chunk", "normalisation")  # entries of the card that a client need not share


class Service:
    """Answers frames.

    Args:
        worker: does the inference.
        sessions: of all clients.
        metrics: is told of every answer.
        limits: of a message.
        report: is told of failures that are nobody's request's fault: an event and what is known of it.
    """

    def __init__(
        self,
        worker: Worker,
        sessions: Sessions,
        metrics: Metrics,
        limits: Limits = DEFAULT,
        report: Callable[..., None] = lambda event, **known: None,
    ) -> None:
        self.worker, self.sessions, self.metrics = worker, sessions, metrics
        self.limits, self.report = limits, report

    @property
    def served(self) -> Served:
        """What stands behind it."""
        return self.worker.served

    async def answer(self, frame: bytes | str, client: Client) -> bytes:
        """The bytes that answer a frame; whatever is wrong with it is an answer too."""
        began, message = time.monotonic(), None
        reply: dict[str, Any] | bytes
        try:
            message = await self._message(frame)
            if isinstance(message, dict) and envelope.is_envelope(message):
                reply = await envelope.answer(self, message, client, began)
            else:
                reply = await self._flat(message, client, began)
            outcome = "ok"
        except Refusal as error:
            reply, outcome = error.answer(), error.code
        except SightlineError as error:
            reply, outcome = Refusal(str(error), code=FAILED).answer(), FAILED
        except Exception as error:
            self.report("failure", error=error)
            told = f"The policy failed with {type(error).__name__}; the server's log says more."
            reply, outcome = Refusal(told, code=FAILED).answer(), FAILED
        if outcome != "ok" and isinstance(message, dict) and envelope.is_envelope(message):
            assert isinstance(reply, dict)
            reply = envelope.refused(message, reply)
        self.metrics.answered(outcome)
        client.took = 1000 * (time.monotonic() - began)
        return reply if isinstance(reply, bytes) else pack(reply)

    async def _message(self, frame: bytes | str) -> Any:
        if isinstance(frame, str):
            raise Refusal("Messages are binary msgpack, not text.")
        try:
            return await asyncio.to_thread(unpack, frame, self.limits)
        except CodecError as error:
            raise Refusal(str(error)) from None

    # ---- openpi's dialect ---------------------------------------------------------------------------------------

    async def _flat(self, message: Any, client: Client, began: float) -> dict[str, Any] | bytes:
        if not isinstance(message, dict):
            raise Refusal(f"A message must be a map, not a {type(message).__name__}.")
        endpoint = message.get("endpoint", "infer")
        if not isinstance(endpoint, str) or endpoint not in ENDPOINTS:
            near = did_you_mean(endpoint, ENDPOINTS) if isinstance(endpoint, str) else ""
            raise Refusal(f"There is no endpoint {endpoint!r:.60}{near}; there are {', '.join(ENDPOINTS)}.", "endpoint")
        if "card" in message:
            self.require_card(message["card"], client)
        if endpoint == "card":
            return {"status": "ok"}
        if endpoint in ASKING:
            return await asking.answer(self, endpoint, message, client, began)
        name = session_name(message, client)
        if endpoint == "reset":
            await self.reset(name, whole_number(message, "episode", EPISODES) or 0)
            return {"status": "reset successful"}
        batch = message.get("batch")
        requests = [message] if batch is None else batch_of(batch, self.worker.max_batch)
        names = [name] if batch is None else [session_name(one, client) for one in requests]
        if len(set(names)) < len(names):
            raise Refusal("Every request of a batch needs a session of its own.", "session_id")
        asked = Asked(
            await self.observations(requests),
            names,
            [self.frozen(one) for one in requests],
            whole_number(message, "seed", SEEDS) if batch is None else None,
            batch is not None,
            seconds(message, "queue_timeout"),
            {"decode": 1000 * (time.monotonic() - began)},
        )
        number = message.get("request_id")
        return await self._numbered(asked, client, number if isinstance(number, str) else "")

    async def _numbered(self, asked: Asked, client: Client, number: str) -> bytes:
        """The answer to a request; to one with a number that has just been answered, the same answer."""
        async with self.held(asked.names) as held:
            last = held[0].answered
            if number and last is not None and last[0] == number:
                return last[1]
            done = await self.infer(asked, held)
            replies = [
                {"actions": chunk.actions, "grounding": grounding_map(chunk.grounding), "call": session.calls}
                for chunk, session in zip(done.results, held, strict=True)
            ]
            timing = {
                "server_timing": server_timing(asked.times | done.milliseconds, done.batch, client),
                "policy_timing": {"infer_ms": done.milliseconds["infer"]},
            }
            reply = pack({"batch": replies, **timing} if asked.together else {**replies[0], **timing})
            held[0].answered = (number, reply)
            return reply

    # ---- what both dialects do ----------------------------------------------------------------------------------

    async def observations(self, requests: Sequence[Mapping[str, Any]]) -> list[Observation]:
        """Observations of flat requests, read beside the loop that answers pings."""
        interface = self.served.interface
        return await asyncio.to_thread(lambda: [interface.observation(one) for one in requests])

    def frozen(self, request: Mapping[str, Any]) -> NDArray[np.float32] | None:
        """What a request's chunk must begin with. Raises Refusal."""
        card = self.served.interface.card
        return frozen_of(request, card.chunk, len(card.action_names))

    async def reset(self, name: Hashable, episode: int = 0) -> None:
        """Begin an episode."""
        async with self.held([name]) as (session,):
            await asyncio.wrap_future(self.worker.call(lambda: self.served.reset(session.row, episode)))
            session.begin()

    async def infer_in(self, asked: Asked) -> Done:
        """:meth:`infer` in the sessions that are named."""
        async with self.held(asked.names) as held:
            return await self.infer(asked, held)

    async def infer(self, asked: Asked, held: Sequence[Session]) -> Done:
        """Chunks for observations in sessions that are held. Raises Refusal."""
        until = time.monotonic() + asked.wait
        rows = [session.row for session in held]
        job = Infer(asked.observations, rows, asked.frozen, asked.seed, asked.together, until=until)
        done = await asyncio.wrap_future(self.worker.submit(job))
        if not all(np.isfinite(chunk.actions).all() for chunk in done.results):
            raise Refusal("The policy gave actions that are not finite; the checkpoint may be damaged.", code=FAILED)
        for session, observation in zip(held, asked.observations, strict=True) if asked.seed is None else ():
            session.calls += 1
            if self.served.abilities.can("steer"):
                session.see(observation)
        self.metrics.timed(asked.times | done.milliseconds)
        return done

    @contextlib.asynccontextmanager
    async def held(self, names: Sequence[Hashable]) -> Any:
        """The sessions of these names, held together until they are done with."""
        sessions = [self.sessions.get(name) for name in names]
        async with contextlib.AsyncExitStack() as stack:
            for session in sorted(sessions, key=lambda one: one.row):  # one order for all: nobody waits in a circle
                await stack.enter_async_context(session.lock)
            yield sessions

    def require_card(self, stated: Any, client: Client) -> None:
        """Raise Refusal with all differences unless the entries of a client's card are those of the policy's."""
        mine = self.served.interface.card.entries()
        if not isinstance(stated, dict) or not all(isinstance(key, str) for key in stated):
            raise Refusal("A card is a map from names of its entries to their values.", "card")
        if strange := [key for key in stated if key not in mine]:
            raise Refusal(f"A card has no entry '{strange[0]}'{did_you_mean(strange[0], mine)}.", "card")
        theirs = Card.from_dict({**mine, **stated})
        if differences := self.served.interface.card.differences(theirs, PREFERENCES):
            client.refused = True
            told = "; ".join(differences)
            raise Refusal(
                f"The interface cards of the policy and the client do not match: {told}.",
                "card",
                CARD_MISMATCH,
                differences=differences,
            )
