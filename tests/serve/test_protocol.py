"""docs/protocol.md is true: every frame in it is sent and answered as it says, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from serving import Echo, serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sightline_client.codec import pack, unpack

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
FRAMES = {
    (name, side): bytes.fromhex("".join(text.split()))
    for name, side, text in re.findall(r"```hex ([\w-]+) (request|answer)\n(.*?)```", DOCUMENT, re.DOTALL)
}
NAMES = [name for name, side in FRAMES if side == "request"]
CHANGING = ("server_timing", "policy_timing", "version")


def timeless(answer: bytes) -> bytes:
    """An answer without its times and our version, which change."""
    message: dict[str, Any] = unpack(answer)
    for part in (message, message.get("data")):
        for name in CHANGING if isinstance(part, dict) else ():
            part.pop(name, None)
    return pack(message)


def test_the_document_shows_every_kind_of_message():
    assert len(NAMES) >= 11 and all((name, "answer") in FRAMES for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_of_the_document_is_answered_as_it_says(name):
    with serving(Echo) as running, connect(running.address) as socket:
        assert timeless(socket.recv()).hex() == timeless(FRAMES["metadata", "answer"]).hex()
        socket.send(FRAMES[name, "request"])
        assert timeless(socket.recv()).hex() == FRAMES[name, "answer"].hex()
        if name == "refused":
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=20)
            assert closed.value.rcvd.code == 1008
