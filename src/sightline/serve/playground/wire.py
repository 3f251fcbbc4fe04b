"""Messages between page and playground: commands as JSON text, pictures as a map followed by the bytes of files."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sightline.core.errors import did_you_mean
from sightline.serve.refusal import Refusal

WORDS = 300  # letters of an instruction or a question, at most
SEEDS = 2**31
TRACE = 512  # points of a drawn trace, at most
COMMAND = 64 * 1024  # bytes of a command, at most
_HEAD = struct.Struct("<I")

Command = dict[str, Any]


def packed(head: Mapping[str, Any], files: Sequence[bytes] = ()) -> bytes:
    """A map and files behind it, whose lengths it tells under ``files``."""
    told = json.dumps({**head, "files": [len(file) for file in files]}, separators=(",", ":")).encode()
    return b"".join([_HEAD.pack(len(told)), told, *files])


def upload(message: bytes) -> tuple[Command, bytes]:
    """A command with the file behind it, the other way round than :func:`packed`. Raises Refusal."""
    length = _HEAD.unpack_from(message)[0] if len(message) >= _HEAD.size else COMMAND + 1
    if length > COMMAND:
        raise Refusal("An upload begins with the length of its command, four bytes.")
    body = message[_HEAD.size :]
    return command(body[:length]), body[length:]


def command(text: str | bytes) -> Command:
    """A command read and checked: ``do`` and the fields that it has. Raises Refusal."""
    if len(text) > COMMAND:
        raise Refusal(f"A command has at most {COMMAND} bytes.")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("A command is a JSON map.") from None
    name = told.get("do") if isinstance(told, dict) else None
    if not isinstance(name, str) or name not in COMMANDS:
        near = did_you_mean(name, COMMANDS) if isinstance(name, str) else ""
        raise Refusal(f"There is no command {name!r:.40}{near}; there are {', '.join(COMMANDS)}.", "do")
    fields = COMMANDS[name]
    if strange := [key for key in told if key != "do" and key not in fields]:
        raise Refusal(f"The command '{name}' has no field '{strange[0]:.40}'{did_you_mean(strange[0], fields)}.")
    return {"do": name} | {key: check(key, told.get(key)) for key, check in fields.items()}


# ---- what fields hold -------------------------------------------------------------------------------------------


def _words(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"'{key}' must be a text.", key)
    if len(value) > WORDS:
        raise Refusal(f"'{key}' has {len(value)} letters; at most {WORDS} are read.", key)
    return " ".join(value.split())


def _whole(below: int) -> Callable[[str, Any], int]:
    def check(key: str, value: Any) -> int:
        if type(value) is not int or not 0 <= value < below:
            raise Refusal(f"'{key}' must be a whole number from 0 to {below - 1}.", key)
        return value

    return check


def _switch(key: str, value: Any) -> bool:
    if type(value) is not bool:
        raise Refusal(f"'{key}' must be true or false.", key)
    return value


def _speed(key: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0.1 <= value <= 100:
        raise Refusal(f"'{key}' must be a number from 0.1 to 100.", key)
    return float(value)


def _numbers(size: int) -> Callable[[str, Any], list[float]]:
    def check(key: str, value: Any) -> list[float]:
        right = isinstance(value, list) and len(value) == size
        if not right or not all(type(one) in (int, float) and math.isfinite(one) for one in value):
            raise Refusal(f"'{key}' must be {size} finite numbers.", key)
        return [float(one) for one in value]

    return check


def _trace(key: str, value: Any) -> list[list[float]]:
    if not isinstance(value, list) or not 2 <= len(value) <= TRACE:
        raise Refusal(f"'{key}' must be 2 to {TRACE} points.", key)
    return [_numbers(2)(key, point) for point in value]


def _names(key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= 2:
        raise Refusal(f"'{key}' must be one or two names.", key)
    return [_words(key, name) for name in value]


def _optional(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda key, value: None if value is None else check(key, value)


_LANE = _whole(2)
COMMANDS: dict[str, dict[str, Callable[[str, Any], Any]]] = {
    "new": {"seed": _optional(_whole(SEEDS)), **dict.fromkeys(("collection", "robot", "tasks"), _optional(_words)),
            "say": _optional(_words)},
    "say": {"words": _words},
    "play": {"on": _switch},
    "step": {},
    "speed": {"value": _speed},
    "reset": {},
    "undo": {},
    "steer": {"lane": _LANE, "camera": _words, "role": _optional(_words), "point": _optional(_numbers(2)),
              "box": _optional(_numbers(4)), "trace": _optional(_trace)},
    "guidance": {"lane": _LANE, "on": _switch},
    "policies": {"names": _names},
    "see": {"lane": _LANE},
    "ask": {"words": _optional(_words)},
    "keep": {"lane": _LANE},
    "replay": {"number": _whole(SEEDS)},
}  # fmt: skip
