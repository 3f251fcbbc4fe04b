"""What a server says while it runs: one JSON object a line, never a picture, no instructions unless asked for."""

from __future__ import annotations

import json
import sys
import time
import traceback
from typing import Any, Literal, TextIO

from sightline.core.errors import SightlineError
from sightline.serve.requests import Client
from sightline_client.codec import CodecError, unpack

TOLD = ("prompt", "text", "question")  # what a message says in words
Detail = Literal["silent", "events", "requests", "instructions"]


class Log:
    """Writes lines.

    Args:
        detail: ``silent``; ``events`` (start, stop, connections, failures); ``requests`` also every answer;
            ``instructions`` also what the policy was told to do.
        stream: where to; standard error where None.
    """

    def __init__(self, detail: Detail = "events", stream: TextIO | None = None) -> None:
        self.detail, self.stream = detail, stream

    def event(self, event: str, error: BaseException | None = None, **known: Any) -> None:
        """Something happened."""
        if self.detail == "silent":
            return
        if error is not None:
            known["error"] = str(error)
            if not isinstance(error, SightlineError):
                known["trace"] = traceback.format_exception(error)
        line = {"time": round(time.time(), 3), "event": event, **known}
        print(json.dumps(line, ensure_ascii=False), file=self.stream or sys.stderr, flush=True)

    def answered(self, client: Client, answer: bytes, frame: bytes | str) -> None:
        """An answer is about to be sent."""
        if self.detail not in ("requests", "instructions"):
            return
        told: dict[str, Any] = {"client": client.number, "ms": round(client.took, 2), "bytes": len(answer)}
        if self.detail == "instructions":
            told["prompt"] = _prompt(frame)
        self.event("answered", **told)


def _prompt(frame: bytes | str) -> str:
    try:
        message = unpack(frame) if isinstance(frame, bytes) else {}
    except CodecError:
        return ""
    told = [message[key] for key in TOLD if key in message] if isinstance(message, dict) else []
    return str(told[0]) if told else ""
