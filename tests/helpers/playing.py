"""Playgrounds for tests: in a thread of this process, on a free port, with an actor that needs no weights."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from websockets.sync.client import connect

from sightline.core.card import Card
from sightline.core.types import Grounding, Observation
from sightline.models.steering import Steer
from sightline.serve.log import Log
from sightline.serve.playground.actors import Actor, ScriptedActor, Thought, load_actors
from sightline.serve.playground.scene import PlayScene
from sightline.serve.playground.server import Playground, PlaySettings


class Waverer(Actor):
    """Holds still, points at the middle of the picture, or where it is told to, and is never sure."""

    name, looks = "waverer", True

    def __init__(self) -> None:
        self.shown = np.full(2, 112.0)

    def misfit(self, card: Card) -> str:
        return "" if card.robot == "panda" else "It knows the panda alone."

    def begin(self, row: int, scene: PlayScene) -> None:
        self.shown = np.full(2, 112.0)

    def forget(self, row: int) -> None:
        pass

    def think(self, observation: Observation, row: int) -> Thought:
        if "crash" in observation.instruction:
            raise RuntimeError("a secret of the inside")
        still = np.zeros((8, 7), np.float32)
        still[:, 6] = 1
        around = np.concatenate([self.shown - 20, self.shown + 20])
        pointed = Grounding("front", {"target": around}, {"target": self.shown})
        pointed.confidence, pointed.found = {"target": 0.2, "place": 0.9}, "ghost" not in observation.instruction
        return Thought(still, pointed, np.eye(8, dtype=np.float32), {"chunk": 1.0})

    def steer(self, observation: Observation, steer: Steer, row: int) -> None:
        self.shown = steer.points()["target"]

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
    """A playground that runs; what it logs lies in a file."""

    def __init__(self, port: int, log: Path) -> None:
        self.page, self.address, self.log = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/live", log

    def visit(self, **options: Any) -> Visit:
        return Visit(self.address, **options)


@contextlib.contextmanager
def playing(folder: Path, load: Any = actors, **settings: Any) -> Iterator[Running]:
    """A playground while the block runs, ready, in a thread: for all that needs no scene, since pictures are drawn by
    one thread of a process."""
    started, found = threading.Event(), list[Any]()

    async def run() -> None:
        playground = Playground(load, folder, PlaySettings(**{"port": 0, **settings}))
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
        yield Running(found[0].port, folder)
    finally:
        with contextlib.suppress(RuntimeError):  # it has stopped already
            found[1].call_soon_threadsafe(found[0].stop)
        ended.result(60)


def run_playground(folder: Path, ready: Connection, policies: tuple[str, ...]) -> None:
    """A playground in a process of its own until its parent ends it; sends its port."""
    torch.set_num_threads(1)

    async def run() -> None:
        with (folder / "log").open("w") as log:
            load = (lambda: load_actors(policies)) if policies else actors
            playground = Playground(load, folder / "kept", PlaySettings(port=0), Log(stream=log))
            task = asyncio.create_task(playground.run(signals=True))
            await asyncio.wait(
                [task, asyncio.create_task(playground.ready.wait())], return_when=asyncio.FIRST_COMPLETED
            )
            ready.send(0 if task.done() else playground.port)
            await task

    asyncio.run(run())


@contextlib.contextmanager
def playing_apart(folder: Path, policies: tuple[str, ...] = ()) -> Iterator[Running]:
    """A playground with scenes while the block runs, ready; ``policies`` by name, else :func:`actors`."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run_playground, args=(folder, there, policies))
    process.start()
    try:
        assert here.poll(240), "the playground did not start"
        port = here.recv()
        assert port, "the playground could not load its policies"
        yield Running(port, folder / "log")
    finally:
        process.terminate()
        process.join(30)
        ended = process.exitcode
        process.kill()
    assert ended == 0, "the playground does not end when it is told to"
