"""Chunks a second that a policy server gives to many clients at once, beside the same clients one at a time, and
whether every answer reaches the client that asked.

    python benchmarks/serving.py --policy tiny --clients 8 --requests 40 --threads 2 --json outputs/serving.json

(the full size; --requests 3 shows that it works). The server is a process of its own. Every client sees another scene
and says another sentence. First they ask one after the other, each in a session of its own; then all at once; then all
at once beside one client that sends slowly and one that has died in the middle of a message. A client's n-th answer
must be nearest to its own n-th answer of the first round: the noise is the same, and only the last bits depend on who
is computed together.
"""

from __future__ import annotations

import base64
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import tyro
from policy_server import percentiles, policy_server, scenes
from websockets.frames import Frame, Opcode

from sightline.core.console import say, table, write_json
from sightline.core.runtime import prepare_process
from sightline.core.types import Observation
from sightline.evaluate.remote import PATIENCE, message_of
from sightline_client import PolicyClient
from sightline_client.codec import pack

SIP, PAUSE = 2000, 0.05  # bytes that the slow client sends at once, and the seconds between


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    policy: str = "tiny"
    """Checkpoint folder (an exported one acts with its engine) or tiny."""
    clients: int = 8
    """How many ask."""
    requests: int = 40
    """Chunks that each asks for, after the first one of its episode."""
    threads: int = 1
    """CPU threads of the policy."""
    json: Path | None = None
    """Write the figures here."""


@dataclass
class Heard:
    """What one client was answered: chunks [T,A], milliseconds it waited, observations in a batch, seconds in all."""

    chunks: list[np.ndarray] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0


def ask(address: str, seen: Observation, requests: int, start: threading.Barrier) -> Heard:
    """One client; the first call of its episode, which looks around, does not count."""
    heard = Heard()
    with PolicyClient(address, patience=PATIENCE) as client:
        message = message_of(seen, client.metadata["policy_server_config"])
        client.reset()
        client.infer(message)
        start.wait()
        heard.began = time.monotonic()
        for _ in range(requests):
            before = time.monotonic()
            answer = client.infer(message)
            heard.waits.append(1000 * (time.monotonic() - before))
            heard.chunks.append(np.array(answer["actions"]))
            heard.batches.append(answer["server_timing"]["batch"])
        heard.ended = time.monotonic()
    return heard


def one_at_a_time(address: str, seen: Sequence[Observation], requests: int) -> tuple[list[Heard], float]:
    """What each heard, and the seconds that they took together."""
    heard = [ask(address, one, requests, threading.Barrier(1)) for one in seen]
    return heard, sum(one.ended - one.began for one in heard)


def all_at_once(address: str, seen: Sequence[Observation], requests: int) -> tuple[list[Heard], float]:
    """What each heard, and the seconds from the first question to the last answer."""
    start = threading.Barrier(len(seen))
    with ThreadPoolExecutor(len(seen)) as pool:
        heard = list(pool.map(lambda one: ask(address, one, requests, start), seen))
    return heard, max(one.ended for one in heard) - min(one.began for one in heard)


@contextmanager
def nuisances(address: str, seen: Observation) -> Iterator[None]:
    """A slow client and a dead one."""
    with PolicyClient(address, patience=PATIENCE) as client:
        config = client.metadata["policy_server_config"]
    frame = Frame(Opcode.BINARY, pack(message_of(seen, config))).serialize(mask=True)
    stop = threading.Event()

    def sip(connection: socket.socket) -> None:
        for at in range(0, len(frame), SIP):
            if stop.wait(PAUSE):
                return
            connection.sendall(frame[at : at + SIP])

    with upgraded(address) as slow, upgraded(address) as dead:
        dead.sendall(frame + frame[: len(frame) // 2])  # a question whose answer nobody reads, and half of another
        sipping = threading.Thread(target=sip, args=(slow,))
        sipping.start()
        try:
            yield
        finally:
            stop.set()
            sipping.join()


def upgraded(address: str) -> socket.socket:
    """A bare connection on which a websocket has been opened; nobody answers its pings."""
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port))
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET / HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in connection.recv(4096).split(b"\r\n", 1)[0], "the server does not speak websocket"
    return connection


def strays(known: Sequence[Heard], heard: Sequence[Heard]) -> tuple[int, float]:
    """How many answers are not nearest to the client's own known one, and the largest difference from it."""
    wrong, largest = 0, 0.0
    for own, mine in enumerate(heard):
        for number, chunk in enumerate(mine.chunks):
            apart = [float(np.abs(chunk - other.chunks[number]).max()) for other in known]
            wrong += int(np.argmin(apart)) != own or apart[own] > 0.1 * min(np.delete(apart, own))
            largest = max(largest, apart[own])
    return wrong, largest


def main(settings: Settings) -> None:
    """Measure, print, write; fails where an answer went astray."""
    prepare_process()
    seen, total = scenes(settings.clients), settings.clients * settings.requests
    rows: list[list[Any]] = []

    def report(name: str, heard: list[Heard], seconds: float, known: list[Heard]) -> None:
        waits = [wait for one in heard for wait in one.waits]
        batch = float(np.mean([size for one in heard for size in one.batches]))
        ratio = total / seconds / rows[0][1] if rows else 1.0
        rows.append([name, total / seconds, ratio, batch, *percentiles(waits), *strays(known, heard)])

    with policy_server(settings.policy, "--threads", str(settings.threads)) as address:
        known, seconds = one_at_a_time(address, seen, settings.requests)
        report("one at a time", known, seconds, known)
        report("all at once", *all_at_once(address, seen, settings.requests), known)
        with nuisances(address, seen[0]):
            report("beside a slow and a dead one", *all_at_once(address, seen, settings.requests), known)
    columns = ["clients", "chunks/s", "ratio", "batch", "wait p50, ms", "p95", "p99", "longest", "astray", "difference"]
    title = (
        f"{settings.policy}, {settings.clients} clients, {settings.requests} requests each, {settings.threads} threads"
    )
    table(title, columns, rows)
    say(f"{settings.clients} at once get {rows[1][2]:.2f} times the chunks of one at a time (asked for: 2).")
    if settings.json is not None:
        write_json(settings.json, {"settings": asdict(settings), "columns": columns, "rows": rows})
    if any(row[-2] for row in rows):
        sys.exit("Answers went astray.")


if __name__ == "__main__":
    main(tyro.cli(Settings))
