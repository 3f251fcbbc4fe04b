"""A connection to a policy server that keeps its episode when the network or the server does not."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any, Sequence, Union

import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from sightline_client.codec import Limits, pack, unpack
from sightline_client.errors import PhaseTimeout, PolicyError, Refused, Unreachable

Picture = Union[np.ndarray, bytes]
FROM_SERVER = Limits(size=256 * 2**20, depth=24, entries=1_000_000)
REFUSING = (401, 403)  # statuses that patience does not change
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts to connect


@dataclass(frozen=True)
class Patience:
    """Seconds that each phase of a request may take.

    Attributes:
        connect: until a server is there and ready, at the start and after a lost connection.
        queue: until the server begins with a request.
        inference: from then until the answer is here.
    """

    connect: float = 60.0
    queue: float = 10.0
    inference: float = 60.0


class PolicyClient:
    """A policy that runs elsewhere.

    Requests are flat maps as openpi's clients send them: ``observation/NAME_image`` [H,W,3] uint8 (or the bytes of a
    JPEG or PNG file) of each camera, ``observation/state`` [S], ``prompt``. The answer holds ``actions`` [T,A].

    Args:
        address: ``ws://HOST:PORT`` or ``wss://HOST``.
        api_key: of the server, where it asks for one.
        session: name of the episode's memory in the server; a new one unless given. It outlives the connection.
        card: what this robot's interface is, as far as it is known; a server of another one refuses it.
        patience: how long to wait for what.

    Attributes:
        metadata: what the server says of itself (``card``, ``policy_server_config``, ...).
        reconnects: how often the connection was lost and made again.

    Raises:
        Unreachable, Refused (wrong key, other card).
    """

    def __init__(
        self,
        address: str = "ws://127.0.0.1:8000",
        api_key: str | None = None,
        session: str | None = None,
        card: dict[str, Any] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.address, self.card = address, card
        self.session = session or uuid.uuid4().hex
        self.patience = patience or Patience()
        self.metadata: dict[str, Any] = {}
        self.reconnects = 0
        self._headers = {"Authorization": "Api-Key " + api_key} if api_key else None
        self._socket: ClientConnection | None = None
        self._number = 0
        self._connect()

    def __enter__(self) -> PolicyClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def infer(self, observation: dict[str, Any], seed: int | None = None) -> dict[str, Any]:
        """The server's answer to one observation: ``actions`` [T,A], ``grounding``, ``server_timing``.

        Args:
            seed: draw the noise from this number, and let what was seen before play no part: the same observation and
                seed give the same bytes.

        Raises:
            Refused (the server's sentence), PhaseTimeout, Unreachable.
        """
        message = dict(observation, endpoint="infer", session_id=self.session)
        if seed is not None:
            message["seed"] = seed
        return self.request(message)

    def infer_batch(self, observations: Sequence[dict[str, Any]], sessions: Sequence[str]) -> list[dict[str, Any]]:
        """Answers to several episodes' observations, which the server computes together and with nobody else's."""
        batch = [dict(one, session_id=session) for one, session in zip(observations, sessions)]
        return list(self.request({"endpoint": "infer", "batch": batch})["batch"])

    def reset(self, session: str | None = None, **about: Any) -> dict[str, Any]:
        """Begin an episode: the server forgets the last one. ``about`` are further entries of the message."""
        return self.request(dict(about, endpoint="reset", session_id=session or self.session))

    def ground(self, image: Picture, text: str, calibration: np.ndarray | None = None) -> dict[str, Any]:
        """Where in a picture words are: ``boxes``, ``points``, ``trace`` in its pixels, ``confidence``, ``presence``,
        ``found``, ``text``.

        Args:
            image: [H,W,3] uint8, or the bytes of a JPEG or PNG file.
            text: an instruction, or what to look for ("the red mug").
            calibration: 15 numbers of the picture's camera, where they are known (docs/protocol.md).

        Raises:
            Refused (``unsupported`` where the policy cannot), PhaseTimeout, Unreachable.
        """
        known = {} if calibration is None else {"calibration": calibration}
        return self._ask("ground", dict(known, image=image, text=text))

    def chat(self, question: str, images: Sequence[Picture] = (), max_tokens: int | None = None) -> str:
        """The policy's answer to a question about pictures (see :meth:`ground`)."""
        message: dict[str, Any] = {"question": question, "images": list(images)}
        if max_tokens is not None:
            message["max_tokens"] = max_tokens
        return str(self._ask("chat", message)["text"])

    def describe(self, image: Picture) -> list[dict[str, Any]]:
        """What the policy sees in a picture (see :meth:`ground`): ``kind``, ``colour``, ``box``, ``confidence`` of each
        thing, the surest first."""
        return list(self._ask("describe", {"image": image})["things"])

    def steer(
        self,
        camera: str | None = None,
        point: Sequence[float] | None = None,
        box: Sequence[float] | None = None,
        trace: Sequence[Sequence[float]] | None = None,
        role: str = "target",
        observation: dict[str, Any] | None = None,
    ) -> list[str]:
        """Point at what the episode is about, in place of what its instruction says of it, until the next reset or
        another instruction. Returns the roles that are pointed out by now.

        Args:
            camera: in whose picture; the policy's first one unless given.
            point: (u, v) pixels. box: (x1, y1, x2, y2). trace: points from the thing to its place. One of them.
            role: whether a point or a box shows the ``target`` or the ``place`` for it.
            observation: what is pointed at, as for :meth:`infer`; the session's last one unless given.
        """
        given = {"camera": camera, "point": point, "box": box, "trace": trace}
        message = {name: value for name, value in given.items() if value is not None}
        if trace is None:
            message["role"] = role
        return list(self._ask("steer", dict(observation or {}, session_id=self.session, **message))["steered"])

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return the answer; over a new connection when the present one is lost.

        A server that has answered the message already, but whose answer was lost, gives the same answer again.
        """
        self._number += 1
        numbered = dict(message, request_id=f"{self.session}-{self._number}")
        numbered["queue_timeout"] = self.patience.queue
        data = pack(numbered)
        until = time.monotonic() + self.patience.connect
        while True:
            if self._socket is None:
                self.reconnects += 1
                self._connect()
            try:
                return self._answer(data)
            except (ConnectionClosed, OSError) as error:
                self.close()
                if time.monotonic() > until:
                    raise Unreachable(f"{self.address} breaks the connection at every request: {error}.") from error

    def close(self) -> None:
        """Close the connection; the server keeps the session for a while."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def _ask(self, endpoint: str, message: dict[str, Any]) -> dict[str, Any]:
        if "endpoints" not in self.metadata:  # other servers would take it for an observation
            raise PolicyError(f"{self.address} is no Sightline server and does not answer '{endpoint}'.")
        return self.request(dict(message, endpoint=endpoint))

    # ---- inside -------------------------------------------------------------------------------------------------

    def _answer(self, data: bytes) -> dict[str, Any]:
        assert self._socket is not None
        self._socket.send(data)
        try:
            reply = self._socket.recv(timeout=self.patience.queue + self.patience.inference)
        except TimeoutError:
            self.close()  # an answer that comes later must not be taken for the next request's
            raise PhaseTimeout(
                "inference",
                f"{self.address} did not finish inference in {self.patience.inference:g} s. Give it more time "
                "(Patience.inference) or serve a smaller policy.",
            ) from None
        return self._checked(reply)

    def _checked(self, reply: Any) -> dict[str, Any]:
        if isinstance(reply, str):  # openpi's servers send a traceback as text
            raise Refused({"message": reply})
        answer = unpack(reply, FROM_SERVER)
        if not isinstance(answer, dict):
            raise PolicyError(f"{self.address} answered with a {type(answer).__name__}, not a map.")
        if answer.get("type") == "error":
            if answer.get("code") == "queue_timeout":
                raise PhaseTimeout("queue", str(answer.get("message")))
            raise Refused(answer)
        return answer

    def _connect(self) -> None:
        """Connect and read the metadata; a server that is starting, or not there yet, is waited for."""
        until, pause, reason = time.monotonic() + self.patience.connect, FIRST_PAUSE, "no attempt was made"
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise Unreachable(
                    f"No policy server answered at {self.address} within {self.patience.connect:g} s ({reason}). Start "
                    "one with 'sightline serve', or check address and port."
                )
            try:
                self._socket, self.metadata = self._open(left)
                break
            except InvalidURI:
                raise PolicyError(f"'{self.address}' is no address; write ws://HOST:PORT.") from None
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
                status = error.response.status_code if isinstance(error, InvalidStatus) else 0
                if status in REFUSING:
                    raise Refused(
                        {"code": "unauthorised", "message": f"{self.address} wants another API key ({status})."}
                    ) from None
                reason = str(error) or type(error).__name__
            time.sleep(min(pause, max(0.0, until - time.monotonic())))
            pause = min(2 * pause, LONGEST_PAUSE)
        if self.card is not None:
            self._state_card()

    def _open(self, seconds: float) -> tuple[ClientConnection, dict[str, Any]]:
        connecting = connect(
            self.address,
            compression=None,
            max_size=FROM_SERVER.size,
            additional_headers=self._headers,
            open_timeout=seconds,
            close_timeout=2.0,
        )
        socket = connecting.__enter__()  # newer versions of websockets open connections only so
        try:
            return socket, self._checked(socket.recv(timeout=seconds))
        except BaseException:
            socket.close()
            raise

    def _state_card(self) -> None:
        try:
            self._answer(pack({"endpoint": "card", "card": self.card}))
        except BaseException:
            self.close()
            raise
