"""Policy servers for tests: in a thread of this process, on a free port, with policies that need no weights."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.types import ActionChunk, Grounding, Observation
from sightline.models.grounding.recognition import Recognised
from sightline.models.steering import Steer
from sightline.serve.abilities import Abilities, Place
from sightline.serve.log import Log
from sightline.serve.observations import Interface
from sightline.serve.served import Chunks, Frozen, Served
from sightline.serve.server import PolicyServer, Settings
from sightline_client import Patience

STATE, ACTIONS = ("x", "y", "z"), ("dx", "dy", "dz", "gripper")
CARD = Card("panda", ("front", "wrist"), (16, 16), STATE, ACTIONS, chunk=4)
SHORT = Patience(connect=20.0, queue=20.0, inference=20.0)


class Echo(Served):
    """Answers that tell the question: the state, then how often the row was asked since its reset.

    Attributes:
        gate: inference waits for it; open unless a test closes it.
        began: set when inference begins.
        batches: rows, or words to be found, of each batch.
        steers: row -> what it was steered with.
    """

    def __init__(self, card: Card = CARD) -> None:
        self.interface = Interface(card, card.cameras, len(card.state_names))
        self.gate, self.began = threading.Event(), threading.Event()
        self.gate.set()
        self.calls: dict[int, int] = {}
        self.batches: list[list[Any]] = []
        self.steers: dict[int, list[Steer]] = {}
        self.abilities = Abilities(self.ground, self.chat, self.describe, self.steer, lambda actions: actions / 10)

    def act(
        self, observations: Sequence[Observation], rows: Sequence[int], seed: int | None, frozen: Sequence[Frozen]
    ) -> Chunks:
        self.began.set()
        assert self.gate.wait(60)
        self.batches.append(list(rows))
        if any(one.instruction == "fail" for one in observations):
            raise SightlineError("This cannot be done.")
        if any(one.instruction == "crash" for one in observations):
            raise RuntimeError("a secret of the inside")
        chunks = [self._chunk(one, row, seed) for one, row in zip(observations, rows, strict=True)]
        for chunk, first in zip(chunks, frozen, strict=True):
            if first is not None:
                chunk.actions[: len(first)] = first
        return chunks, {"planner": 1.0}

    def _chunk(self, observation: Observation, row: int, seed: int | None) -> ActionChunk:
        if seed is None:
            self.calls[row] = self.calls.get(row, 0) + 1
        told = float(self.calls.get(row, 0)) if seed is None else float(seed)
        first = np.append(observation.state, told).astype(np.float32)
        ticks = np.arange(self.interface.card.chunk, dtype=np.float32)[:, None]
        return ActionChunk(np.where(np.arange(4) < 3, first + ticks, first).astype(np.float32))

    def ground(self, places: Sequence[Place]) -> tuple[list[Grounding], dict[str, float]]:
        """The whole picture, its middle, and a trace from there to the corner."""
        self.began.set()
        assert self.gate.wait(60)
        self.batches.append([place.text for place in places])
        if any(place.text == "fail" for place in places):
            raise SightlineError("This cannot be found.")
        return [self._place(place) for place in places], {"planner": 1.0}

    @staticmethod
    def _place(place: Place) -> Grounding:
        height, width = place.picture.shape[:2]
        middle = np.array([width / 2, height / 2])
        trace = np.stack([middle, [width, height]])
        boxes = {"target": np.array([0.0, 0.0, width, height])}
        return Grounding("front", boxes, {"target": middle}, trace, {"target": 0.5}, 0.75, True, place.text)

    def chat(self, pictures: Sequence[np.ndarray], question: str, tokens: int) -> tuple[str, dict[str, float]]:
        return f"{len(pictures)} pictures, at most {tokens} tokens: {question}", {"planner": 1.0}

    def describe(self, picture: np.ndarray) -> tuple[list[Recognised], dict[str, float]]:
        """One cup that fills the picture."""
        return [Recognised("cup", "red", np.array([0.0, 0.0, *picture.shape[1::-1]]), 0.5)], {"planner": 1.0}

    def steer(self, observation: Observation, steer: Steer, row: int) -> tuple[list[str], dict[str, float]]:
        self.steers.setdefault(row, []).append(steer)
        return list(steer.points()), {"planner": 1.0}

    def reset(self, row: int, episode: int) -> None:
        self.calls[row] = 0

    def forget(self, rows: list[int]) -> None:
        for row in rows:
            self.calls.pop(row, None)

    def warm_up(self) -> None:
        pass


class Running:
    """A server that runs."""

    def __init__(self, server: PolicyServer, loop: asyncio.AbstractEventLoop, ended: Future[None]) -> None:
        self.server, self._loop, self._ended = server, loop, ended

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def ask_to_stop(self) -> None:
        self._loop.call_soon_threadsafe(self.server.stop)

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # it has stopped already
            self.ask_to_stop()
        self._ended.result(60)  # raises what the server has raised


@contextlib.contextmanager
def serving(
    load: Callable[[], Served], log: Log | None = None, wait: bool = True, **settings: Any
) -> Iterator[Running]:
    """A server while the block runs; ``wait`` until it is ready. Raises what kept it from starting."""
    started: Future[tuple[PolicyServer, asyncio.AbstractEventLoop]] = Future()

    async def run() -> None:
        server = PolicyServer(load, "echo", Settings(**{"port": 0, **settings}), log)
        task = asyncio.create_task(server.run())
        there = asyncio.create_task((server.ready if wait else server.listening).wait())
        await asyncio.wait([task, there], return_when=asyncio.FIRST_COMPLETED)
        if there.done():
            started.set_result((server, asyncio.get_running_loop()))
        await task

    def serve() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    pool = ThreadPoolExecutor(1)
    ended = pool.submit(serve)
    pool.shutdown(wait=False)
    running = Running(*started.result(300), ended)
    try:
        yield running
    finally:
        running.stop()


def observation(value: float = 0.0, words: str = "put it there", side: int = 16) -> dict[str, Any]:
    """A request for :class:`Echo`; ``value`` is what its answer begins with."""
    picture = np.full((side, side, 3), 127, np.uint8)
    state = np.array([value, 0.0, 0.0], np.float32)
    return {
        "observation/front_image": picture,
        "observation/wrist_image": picture,
        "observation/state": state,
        "prompt": words,
    }
