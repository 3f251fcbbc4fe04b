"""Playgrounds for tests: in a thread of this process, on a free port, with an actor that needs no weights."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from websockets.sync.client import connect

from sightline.core.card import Card
from sightline.core.types import Grounding, Observation
from sightline.models.steering import Steer
from sightline.serve.log import Log
from sightline.serve.playground.actors import Actor, ScriptedActor, Thought
from sightline.serve.playground.scene import PlayScene
from sightline.serve.playground.server import Playground, PlaySettings


class Waverer(Actor):
    """Holds still, points at the middle of the picture and is never sure; remembers how it was steered."""

    name, looks = "waverer", True

    def __init__(self) -> None:
        self.steers: list[Steer] = []
        self.guidance: list[bool] = []

    def misfit(self, card: Card) -> str:
        return "" if card.robot == "panda" else "It knows the panda alone."

    def begin(self, row: int, scene: PlayScene) -> None:
        pass

    def forget(self, row: int) -> None:
        pass

    def think(self, observation: Observation, row: int) -> Thought:
        if "crash" in observation.instruction:
            raise RuntimeError("a secret of the inside")
        still = np.zeros((8, 7), np.float32)
        still[:, 6] = 1
        middle = np.full(2, 112.0)
        pointed = Grounding("front", {"target": np.array([90.0, 90, 130, 130])}, {"target": middle})
        pointed.confidence = {"target": 0.2, "place": 0.9}
        return Thought(still, pointed, np.eye(8, dtype=np.float32), {"chunk": 1.0})

    def steer(self, observation: Observation, steer: Steer, row: int) -> None:
        self.steers.append(steer)

    def guided(self, on: bool, row: int) -> None:
        self.guidance.append(on)

    def describe(self, picture: np.ndarray) -> list[dict[str, Any]]:
        return [{"label": "red mug", "box": [0, 0, *picture.shape[1::-1]], "confidence": 0.8}]

    def ground(self, picture: np.ndarray, words: str) -> Grounding:
        return Grounding("front", {"target": np.array([1.0, 2, 3, 4])}, confidence={"target": 0.7}, text=words)


def actors() -> dict[str, Actor]:
    """The waverer, and the scripted expert."""
    return {actor.name: actor for actor in (Waverer(), ScriptedActor())}


class Visit:
    """A page as a program: commands go out, what comes is kept by type."""

    def __init__(self, address: str, **options: Any) -> None:
        self._connecting = connect(address, max_size=None, **options)

    def __enter__(self) -> Visit:
        self.socket = self._connecting.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._connecting.__exit__(*error)

    def send(self, do: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"do": do, **fields}))

    def upload(self, file: bytes, **fields: Any) -> None:
        head = json.dumps({"do": "ask", **fields}).encode()
        self.socket.send(struct.pack("<I", len(head)) + head + file)

    def hear(self) -> dict[str, Any]:
        """The next message; files of a packed one under ``data``."""
        message = self.socket.recv(timeout=60)
        if isinstance(message, str):
            return json.loads(message)
        length = struct.unpack_from("<I", message)[0]
        told = json.loads(message[4 : 4 + length])
        at = 4 + length
        told["data"] = []
        for size in told["files"]:
            told["data"].append(message[at : at + size])
            at += size
        assert at == len(message)
        return told

    def until(self, type_: str, /, **wanted: Any) -> dict[str, Any]:
        """The next message of a type that has these entries."""
        while True:
            told = self.hear()
            if told["type"] == type_ and all(told.get(key) == value for key, value in wanted.items()):
                return told
            assert told.get("kind") != "problem", told["text"]


class Running:
    """A playground that runs."""

    def __init__(self, playground: Playground) -> None:
        self.playground = playground

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.playground.port}/live"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.playground.port}"

    def visit(self, **options: Any) -> Visit:
        return Visit(self.address, **options)


@contextlib.contextmanager
def playing(folder: Path, load: Any = actors, log: Log | None = None, **settings: Any) -> Iterator[Running]:
    """A playground while the block runs, ready."""
    started, found = threading.Event(), list[Any]()

    async def run() -> None:
        playground = Playground(load, folder, PlaySettings(**{"port": 0, **settings}), log)
        task = asyncio.create_task(playground.run())
        ready = asyncio.create_task(playground.ready.wait())
        await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
        found.extend([playground, asyncio.get_running_loop()])
        started.set()
        await task

    pool = ThreadPoolExecutor(1)
    ended = pool.submit(lambda: asyncio.run(run()))
    pool.shutdown(wait=False)
    assert started.wait(120), "the playground did not start"
    try:
        yield Running(found[0])
    finally:
        with contextlib.suppress(RuntimeError):  # it has stopped already
            found[1].call_soon_threadsafe(found[0].stop)
        ended.result(60)
