"""Pages and sockets of the playground, on one port."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sightline.core.errors import SightlineError
from sightline.engine.robots import ROBOTS
from sightline.serve.listening import listen
from sightline.serve.log import Log
from sightline.serve.playground.actors import Actor
from sightline.serve.playground.engine import Engine
from sightline.serve.playground.gallery import Gallery, zipped
from sightline.serve.playground.pages import Door, answer, page_files
from sightline.serve.playground.session import Event
from sightline.serve.playground.wire import command, upload
from sightline.serve.server import LOCAL

EVENTS = 1000  # that may wait for a page; a slower one is given up


@dataclass(frozen=True)
class PlaySettings:
    """How a playground is run.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        api_key: that visitors must bring; needed for any host but this machine.
        max_people: pages at once; each has scenes of its own.
        max_message: bytes of a message; photographs are the largest.
        rate: messages a second that one page may send; faster ones are read later.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    api_key: str = ""
    max_people: int = 4
    max_message: int = 12 * 2**20
    rate: float = 60.0

    def __post_init__(self) -> None:
        if self.host not in LOCAL and not self.api_key:
            raise SightlineError(
                f"Listening on {self.host} lets other machines in, which needs a key: set SIGHTLINE_API_KEY, or leave "
                "--host out."
            )


class Outbox:
    """What waits to be sent to one page: all events in their order, of each lane only the newest frame."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._events: deque[str | bytes] = deque()
        self._frames: dict[int, bytes] = {}
        self._some = asyncio.Event()

    def put(self, message: Event | bytes, lane: int | None = None) -> None:
        """From any thread."""
        ready = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":"))
        self.loop.call_soon_threadsafe(self._put, ready, lane)

    def _put(self, message: str | bytes, lane: int | None) -> None:
        if lane is not None and isinstance(message, bytes):
            self._frames[lane] = message
        else:
            self._events.append(message)
        self._some.set()

    async def send_all(self, connection: ServerConnection) -> None:
        """Send what comes until the connection ends."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._events or self._frames:
                if len(self._events) > EVENTS:
                    await connection.close(1013, "the page reads too slowly")
                if self._events:
                    await connection.send(self._events.popleft())
                else:
                    await connection.send(self._frames.pop(min(self._frames)))


class Playground:
    """Serves the page.

    Args:
        load: makes the actors; called when the server listens already.
        folder: of the datasets of kept episodes.
        settings: how it is run.
        log: where events are written.
    """

    def __init__(
        self, load: Callable[[], dict[str, Actor]], folder: Path, settings: PlaySettings, log: Log | None = None
    ) -> None:
        self.settings, self.log, self.port = settings, log or Log("silent"), settings.port
        self.engine = Engine(load, Gallery(folder), self.log.event)
        self.door = Door(settings.api_key, settings.host in LOCAL)
        self.files = page_files()
        self.listening, self.ready = asyncio.Event(), asyncio.Event()
        self.people = 0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Close all connections, and let :meth:`run` return."""
        self._stop.set()

    async def run(self, signals: bool = False) -> None:
        """Serve until :meth:`stop` (with ``signals`` also until SIGTERM or SIGINT). Raises what ``load`` raises."""
        if signals:
            for name in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(name, self.stop)
        async with await self._listen() as server:
            self.port = server.sockets[0].getsockname()[1]
            self.listening.set()
            self.engine.start()
            try:
                await asyncio.to_thread(self.engine.ready.wait)
                if self.engine.failure is not None:
                    raise self.engine.failure
                self.ready.set()
                self.log.event("ready", port=self.port)
                await self._stop.wait()
            finally:
                self._stop.set()
                server.close()
                await server.wait_closed()
                await asyncio.to_thread(self.engine.stop)

    async def _listen(self) -> Server:
        settings, limits = self.settings, {"max_size": self.settings.max_message, "max_queue": 4}
        return await listen(self._connection, settings.host, settings.port, process_request=self._http, **limits)

    # ---- pages --------------------------------------------------------------------------------------------------

    async def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer pages; None lets a websocket open."""
        path = request.path.partition("?")[0]
        if path == "/healthz":
            return answer(HTTPStatus.OK, b"OK\n")
        if path == "/readyz":
            ready = self.ready.is_set() and not self._stop.is_set()
            return answer(*((HTTPStatus.OK, b"ready\n") if ready else (HTTPStatus.SERVICE_UNAVAILABLE, b"not ready\n")))
        if (refusal := self.door.refusal(request)) is not None:
            return refusal
        if path == "/live":
            if self._stop.is_set() or self.people >= self.settings.max_people:
                return answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Too many people are here; come back later.\n")
            return None
        if path.startswith("/export/"):
            return await self._export(path.removeprefix("/export/"))
        return self.files.get(path) or answer(HTTPStatus.NOT_FOUND, b"There is no such page.\n")

    async def _export(self, name: str) -> Response:
        robot = name.removesuffix(".zip")
        if robot not in ROBOTS:
            return answer(HTTPStatus.NOT_FOUND, b"There is no such dataset.\n")
        try:
            data = await asyncio.to_thread(zipped, self.engine.gallery.folder / robot)
        except SightlineError as error:
            return answer(HTTPStatus.NOT_FOUND, f"{error}\n".encode())
        disposition = f'attachment; filename="sightline-{robot}.zip"'
        return answer(HTTPStatus.OK, data, "application/zip", Content_Disposition=disposition)

    # ---- one page -----------------------------------------------------------------------------------------------

    async def _connection(self, connection: ServerConnection) -> None:
        self.people += 1
        self.log.event("connected", people=self.people)
        outbox = Outbox()
        sending = asyncio.create_task(outbox.send_all(connection))
        number = None
        try:
            if not self.ready.is_set():
                outbox.put({"type": "loading"})
            await asyncio.to_thread(self.engine.ready.wait)
            if self.engine.failure is None:
                number = self.engine.open(outbox.put)
                await self._converse(connection, number, outbox)
        except ConnectionClosed:
            pass
        finally:
            self.people -= 1
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            if number is not None:
                self.engine.close(number)
            self.log.event("disconnected", people=self.people)

    async def _converse(self, connection: ServerConnection, number: int, outbox: Outbox) -> None:
        next_read = time.monotonic()
        async for message in connection:
            if (early := next_read - time.monotonic()) > 0:
                await asyncio.sleep(early)
            next_read = max(next_read, time.monotonic() - 1.0) + 1 / self.settings.rate
            try:
                told, file = (command(message), b"") if isinstance(message, str) else upload(message)
                self.engine.do(number, told, file)
            except SightlineError as error:
                outbox.put({"type": "note", "kind": "problem", "text": str(error)})
