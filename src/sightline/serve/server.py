"""The websocket server: connections, health pages, keys, limits, a stop that finishes what is running."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sightline.core.errors import SightlineError
from sightline.serve.listening import listen
from sightline.serve.log import Log
from sightline.serve.metadata import metadata
from sightline.serve.metrics import Metrics
from sightline.serve.requests import Client
from sightline.serve.served import Served
from sightline.serve.service import Service
from sightline.serve.sessions import Sessions
from sightline.serve.worker import Worker
from sightline_client.codec import Limits, pack

LOCAL = ("127.0.0.1", "localhost", "::1")
SWEEP = 5.0  # seconds between looks for idle sessions


@dataclass(frozen=True)
class Settings:
    """How a server is run.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        api_key: that clients must send; needed for any host but this machine.
        max_batch: observations computed together.
        max_queue: requests that may wait before others are told that the server is busy.
        max_sessions: episodes at once. max_connections: clients at once.
        idle: seconds after which a session that nobody uses ends.
        max_message: bytes of a message.
        rate: messages a second that one client may send; faster ones are read later.
        ping, ping_patience: seconds between keep-alive pings, and until a silent client is given up.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str = ""
    max_batch: int = 8
    max_queue: int = 32
    max_sessions: int = 256
    max_connections: int = 64
    idle: float = 1800.0
    max_message: int = 16 * 2**20
    rate: float = 1000.0
    ping: float = 20.0
    ping_patience: float = 60.0

    def __post_init__(self) -> None:
        if self.host not in LOCAL and not self.api_key:
            raise SightlineError(
                f"Listening on {self.host} lets other machines in, which needs an API key: set SIGHTLINE_API_KEY, or "
                "leave --host out."
            )
        for name in ("max_batch", "max_queue", "max_sessions", "max_connections", "max_message", "idle", "rate"):
            if getattr(self, name) <= 0:
                raise SightlineError(f"The setting {name} must be above 0, not {getattr(self, name)}.")


class PolicyServer:
    """Serves one policy.

    Args:
        load: makes what is served; called when the server listens already, so that it can say that it is not ready.
        name: of the policy, for clients.
        settings: how it is run.
        log: where events are written.
    """

    def __init__(self, load: Callable[[], Served], name: str, settings: Settings, log: Log | None = None) -> None:
        self.load, self.name, self.settings = load, name, settings
        self.log = log or Log("silent")
        self.service: Service | None = None
        self.port = settings.port
        self.listening, self.ready = asyncio.Event(), asyncio.Event()
        self._stop = asyncio.Event()
        self._numbers = itertools.count()
        self._open: dict[ServerConnection, asyncio.Lock] = {}  # the lock is held while an answer is under way

    def stop(self) -> None:
        """Answer what has been asked, close all connections, and let :meth:`run` return."""
        self._stop.set()

    async def run(self, signals: bool = False) -> None:
        """Serve until :meth:`stop` (with ``signals`` also until SIGTERM or SIGINT). Raises what ``load`` raises."""
        if signals:
            for name in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(name, self.stop)
        async with await self._listen() as server:
            self.port = server.sockets[0].getsockname()[1]
            self.listening.set()
            self.log.event("listening", host=self.settings.host, port=self.port)
            sweeping: asyncio.Task[None] | None = None
            try:
                await self._make_ready()
                sweeping = asyncio.create_task(self._sweep())
                await self._stop.wait()
            finally:
                await self._close(server)
                if sweeping is not None:
                    sweeping.cancel()

    async def _listen(self) -> Server:
        settings = self.settings
        return await listen(
            self._connection,
            settings.host,
            settings.port,
            process_request=self._http,
            origins=[None],  # pages in browsers have one: no web site can talk to a robot through its visitor
            max_size=settings.max_message,
            max_queue=2,
            ping_interval=settings.ping,
            ping_timeout=settings.ping_patience,
        )

    async def _make_ready(self) -> None:
        """Load the policy and let it act once."""
        served = await asyncio.to_thread(self.load)
        settings = self.settings
        worker = Worker(served, settings.max_batch, settings.max_queue)

        def forget(rows: list[int]) -> None:
            worker.call(lambda: served.forget(rows))

        sessions = Sessions(settings.max_sessions, settings.idle, forget)
        gauges = {
            "queue_length": lambda: worker.waiting,
            "sessions": lambda: len(sessions),
            "connections": lambda: len(self._open),
        }
        limits = Limits(size=settings.max_message)
        self.service = Service(worker, sessions, Metrics(gauges), limits, self.log.event)
        await asyncio.wrap_future(worker.call(served.warm_up))
        self.ready.set()
        self.log.event("ready", policy=self.name)

    async def _sweep(self) -> None:
        assert self.service is not None
        while True:
            await asyncio.sleep(min(SWEEP, self.settings.idle))
            self.service.sessions.end_idle()

    async def _close(self, server: Server) -> None:
        """Take nobody new, let answers that are under way go out, then close."""
        self._stop.set()
        self.log.event("stopping")
        server.close(close_connections=False)
        await asyncio.gather(*(_say_goodbye(connection, lock) for connection, lock in self._open.items()))
        if self.service is not None:
            await asyncio.to_thread(self.service.worker.stop)
        self.log.event("stopped")

    # ---- one connection -----------------------------------------------------------------------------------------

    async def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer pages; None lets a websocket open."""
        path = request.path.partition("?")[0]
        if path == "/healthz":
            return connection.respond(HTTPStatus.OK, "OK\n")
        if path == "/readyz":
            if self.ready.is_set() and not self._stop.is_set():
                return connection.respond(HTTPStatus.OK, "ready\n")
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "not ready\n")
        if not self._allowed(request):
            return connection.respond(HTTPStatus.UNAUTHORIZED, "This server wants 'Authorization: Api-Key KEY'.\n")
        if path == "/metrics":
            return connection.respond(HTTPStatus.OK, self.service.metrics.text() if self.service else "")
        if self._stop.is_set() or len(self._open) >= self.settings.max_connections:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy\n")
        return None

    def _allowed(self, request: Request) -> bool:
        if not self.settings.api_key:
            return True
        given = request.headers.get_all("Authorization")
        wanted = f"Api-Key {self.settings.api_key}".encode()
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), wanted)

    async def _connection(self, connection: ServerConnection) -> None:
        client = Client(next(self._numbers))
        self._open[connection] = asyncio.Lock()
        self.log.event("connected", client=client.number, address=str(connection.remote_address))
        try:
            await self._wait_until_ready()
            if self.service is not None and not self._stop.is_set():
                await self._converse(connection, client, self.service)
        except ConnectionClosed:
            pass
        finally:
            del self._open[connection]
            if self.service is not None:
                self.service.sessions.end(self.service.sessions.of_connection(client.number))
            self.log.event("disconnected", client=client.number)

    async def _wait_until_ready(self) -> None:
        waits = [asyncio.ensure_future(self.ready.wait()), asyncio.ensure_future(self._stop.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _converse(self, connection: ServerConnection, client: Client, service: Service) -> None:
        """Metadata, then one answer to each message."""
        await connection.send(pack(metadata(self.name, service.served)))
        next_read = time.monotonic()
        async for frame in connection:
            if (early := next_read - time.monotonic()) > 0:
                await asyncio.sleep(early)
            next_read = max(next_read, time.monotonic() - 1.0) + 1 / self.settings.rate
            async with self._open[connection]:
                answer = await service.answer(frame, client)
                self.log.answered(client, answer, frame)
                await connection.send(answer)
            if client.refused:
                await connection.close(1008, "the interface cards do not match")


async def _say_goodbye(connection: ServerConnection, answering: asyncio.Lock) -> None:
    async with answering:
        await connection.close(1001, "the server is stopping")
