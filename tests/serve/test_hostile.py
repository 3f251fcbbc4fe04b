"""Thousands of hostile frames: each is answered by an error or ends its client, and a good client never notices.

``pytest tests/serve/test_hostile.py --hostile-frames 20000`` sends more of them.
"""

from __future__ import annotations

import random
import resource
import zlib
from typing import Any

import numpy as np
import pytest
from serving import SHORT, Echo, observation, serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sightline_client import PolicyClient
from sightline_client.codec import pack, unpack

VALUES: list[Any] = [
    None, True, -1, 2**63, float("nan"), "", "x" * 5000, b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", [], [[]], {},
    {"a": {}}, np.zeros(0), np.full((8, 8, 3), np.nan), np.zeros((1, 1, 3), np.uint8), np.zeros((0, 0, 3), np.uint8),
    np.array(3), np.float32("nan"), np.int64(5), [None] * 100, [float("inf")] * 3, ["a"] * 3,
]  # fmt: skip
KEYS = [*observation(), "endpoint", "session_id", "seed", "batch", "card", "request_id", "queue_timeout", "episode"]
KEYS += [
    "images",
    "calibration/front",
    "type",
    "payload",
    "batch_images",
    "instructions",
    "examples",
    "device",
    "state",
]
ASKED_KEYS = [
    "image",
    "images",
    "text",
    "question",
    "max_tokens",
    "calibration",
    "camera",
    "point",
    "box",
    "trace",
    "role",
]
ASKED_KEYS += ["session_id", "queue_timeout", "calibration/front", "prompt", "observation/state"]


def png(width: int, height: int) -> bytes:
    """A valid PNG of zeros: a few bytes that would be many."""

    def part(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    rows = zlib.compress(bytes(1 + 3 * width) * min(height, 2000), 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def asked(side: int = 4) -> list[dict[str, Any]]:
    """Valid messages of each kind besides infer and reset."""
    picture = np.full((side, side, 3), 127, np.uint8)
    calibration = np.array([side, side, 5.0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0])
    seen = {**observation(side=side), "calibration/front": calibration}
    return [
        {"endpoint": "ground", "image": picture, "text": "the cup", "calibration": calibration},
        {"endpoint": "chat", "images": [picture], "question": "What is here?"},
        {"endpoint": "describe", "image": picture},
        {"endpoint": "steer", "point": [1, 2], **seen},
        {"endpoint": "steer", "trace": [[1, 2], [3, 4]], **seen},
    ]


def hostile(rng: random.Random, whole: bytes, bombs: list[bytes]) -> bytes:
    """One frame: damaged bytes, or a valid message with wrong values, or a bomb."""
    kind = rng.randrange(10)
    if kind < 4:
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(data))
            data[place : place + rng.randint(0, 30)] = rng.randbytes(rng.randint(0, 6))
        return bytes(data)
    if kind == 4:
        return rng.choice(bombs)
    other = rng.random() < 0.5
    message: dict[str, Any] = rng.choice(asked()) if other else observation(side=4)
    for _ in range(rng.randint(1, 4)):
        message[rng.choice(ASKED_KEYS if other else KEYS)] = rng.choice(VALUES)
    return pack(message)


@pytest.mark.filterwarnings("error")
def test_hostile_frames_end_in_errors_and_a_good_client_is_served_throughout(request):
    frames, rng = request.config.getoption("--hostile-frames"), random.Random(5)
    picture = png(60_000, 60_000)
    bombs = [
        pack({**observation(side=4), "observation/front_image": picture}),
        b"\xdd\x00\x10\x00\x00" + b"\x90" * 2**20,
    ]
    bombs.append(pack({"endpoint": "chat", "question": "What?", "images": [picture] * 8}))
    bombs += [b"\x91" * 5000, pack({"batch": [{"batch": [{}]}] * 8})]
    wholes = [pack(one) for one in (observation(side=4), *asked())]
    answered = errors = ended = 0
    with serving(Echo) as running, PolicyClient(running.address, patience=SHORT) as good:
        good.infer(observation())
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        socket = connect(running.address).__enter__()
        socket.recv()
        for number in range(frames):
            try:
                socket.send(hostile(rng, rng.choice(wholes), bombs))
                answer = unpack(socket.recv(timeout=30))
                answered += 1
                errors += answer.get("type") == "error" or answer.get("ok") is False
            except ConnectionClosed:
                ended += 1
                socket = connect(running.address).__enter__()
                socket.recv()
            if number % 100 == 0:
                assert good.infer(observation(7.0))["actions"][0, 0] == 7
        socket.close()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1.5 * memory
        failures = running.server.service.metrics.answers["inference_failed"]
    assert answered + ended == frames and errors > frames / 2
    assert failures == 0, "every wrong frame must be refused by name, none by an exception that nobody expected"
