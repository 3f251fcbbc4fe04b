"""Messages to bytes and back: msgpack with openpi's form of numpy arrays, and limits on what comes from outside.

An array is the map ``{b"__ndarray__": True, b"data": bytes, b"dtype": "<f4", b"shape": [..]}``, a numpy scalar
``{b"__npgeneric__": True, b"data": value, b"dtype": "<f4"}``. Nothing is ever unpickled: only plain numbers have a
form. The structure of a message is checked before memory is taken for it, so that a few bytes cannot become many.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

ARRAY, SCALAR = b"__ndarray__", b"__npgeneric__"
NUMBERS = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])\Z")
UNSUITED = ("V", "O", "c")  # kinds of numpy types that have no form in openpi's codec


class CodecError(ValueError):
    """A message that is damaged, too large or too deep, or holds what has no form."""


@dataclass(frozen=True)
class Limits:
    """What a message may be.

    Attributes:
        size: bytes of a message.
        depth: maps and lists inside each other.
        entries: values in all, those inside maps and lists counted one by one.
        dimensions: of an array.
    """

    size: int = 16 * 2**20
    depth: int = 12
    entries: int = 20_000
    dimensions: int = 6


DEFAULT = Limits()


def pack(message: Any) -> bytes:
    """The bytes of a message. Raises CodecError on arrays of objects, structures or complex numbers."""
    return msgpack.packb(message, default=_array_form)


def unpack(data: bytes, limits: Limits = DEFAULT) -> Any:
    """The message in ``data``; its arrays are read-only views of the bytes. Raises CodecError."""
    check_structure(data, limits)
    try:
        plain = msgpack.unpackb(data, strict_map_key=True)
    except (ValueError, UnicodeDecodeError) as error:
        raise CodecError(f"The message is not valid msgpack: {error}.") from None
    return _with_arrays(plain, limits)


def _array_form(value: Any) -> dict[bytes, Any]:
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in UNSUITED:
        raise CodecError(f"Numbers of type {value.dtype} cannot be sent; send integers, floats or booleans.")
    if isinstance(value, np.ndarray):
        return {ARRAY: True, b"data": value.tobytes(), b"dtype": value.dtype.str, b"shape": value.shape}
    if isinstance(value, np.generic):
        return {SCALAR: True, b"data": value.item(), b"dtype": value.dtype.str}
    raise CodecError(f"A {type(value).__name__} cannot be sent; send numbers, strings, bytes, lists, maps or arrays.")


# ---- structure: read without taking memory ---------------------------------------------------------------------

VALUE, BYTES, LIST, MAP = "value", "bytes", "list", "map"
# First byte -> (what it is, bytes of the number that follows: a value itself, or the length of what follows).
TAGS: dict[int, tuple[str, int]] = {0xC0: (VALUE, 0), 0xC2: (VALUE, 0), 0xC3: (VALUE, 0)}
TAGS.update({0xC4 + i: (BYTES, 2**i) for i in range(3)})  # bytes of 8, 16, 32 bits of length
TAGS.update({0xCA: (VALUE, 4), 0xCB: (VALUE, 8)})  # floats
TAGS.update({0xCC + i: (VALUE, 2**i) for i in range(4)})  # unsigned integers
TAGS.update({0xD0 + i: (VALUE, 2**i) for i in range(4)})  # signed integers
TAGS.update({0xD9 + i: (BYTES, 2**i) for i in range(3)})  # text
TAGS.update({0xDC: (LIST, 2), 0xDD: (LIST, 4), 0xDE: (MAP, 2), 0xDF: (MAP, 4)})
LENGTHS = {1: struct.Struct(">B"), 2: struct.Struct(">H"), 4: struct.Struct(">I")}


def check_structure(data: bytes, limits: Limits = DEFAULT) -> None:
    """Raise CodecError unless ``data`` is one whole message within the limits."""
    if len(data) > limits.size:
        raise CodecError(f"The message has {len(data)} bytes; at most {limits.size} are allowed.")
    at, entries = 0, 0
    left: list[int] = [1]  # values still to come in each open list or map
    while left:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        entries += 1
        if entries > limits.entries:
            raise CodecError(f"The message holds more than {limits.entries} values.")
        kind, count, at = _head(data, at)
        if kind is BYTES:
            at += count
        elif kind is not VALUE:
            left.append(count * (2 if kind is MAP else 1))
            if len(left) > limits.depth + 1:
                raise CodecError(f"The message is nested more than {limits.depth} deep.")
        if at > len(data):
            raise CodecError("The message ends too early.")
    if at != len(data):
        raise CodecError("The message goes on after its end.")


def _head(data: bytes, at: int) -> tuple[str, int, int]:
    """What begins at a byte: its kind, the length of what follows, and where that begins."""
    if at >= len(data):
        raise CodecError("The message ends too early.")
    tag, at = data[at], at + 1
    if tag < 0x80 or tag >= 0xE0:
        return VALUE, 0, at
    if tag < 0x90:
        return MAP, tag & 0x0F, at
    if tag < 0xA0:
        return LIST, tag & 0x0F, at
    if tag < 0xC0:
        return BYTES, tag & 0x1F, at
    if tag not in TAGS:
        raise CodecError(f"The message holds a msgpack extension (0x{tag:02x}), which is not allowed.")
    kind, width = TAGS[tag]
    if at + width > len(data):
        raise CodecError("The message ends too early.")
    count = 0 if kind is VALUE else LENGTHS[width].unpack_from(data, at)[0]
    return kind, count, at + width


# ---- arrays ----------------------------------------------------------------------------------------------------


def _with_arrays(value: Any, limits: Limits) -> Any:
    """The same with arrays in place of their forms."""
    if isinstance(value, list):
        return [_with_arrays(item, limits) for item in value]
    if not isinstance(value, dict):
        return value
    if ARRAY in value:
        return _array(value, limits)
    if SCALAR in value:
        return _scalar(value)
    return {key: _with_arrays(item, limits) for key, item in value.items()}


def _number_type(form: dict[Any, Any], keys: tuple[bytes, ...]) -> np.dtype:
    if set(form) != set(keys):
        raise CodecError("An array must have exactly the keys {}.".format(", ".join(key.decode() for key in keys)))
    name = form[b"dtype"]
    if not isinstance(name, str) or not NUMBERS.match(name):
        raise CodecError(f"Arrays hold integers, floats or booleans, not {str(name)[:40]!r}.")
    return np.dtype(name)


def _array(form: dict[Any, Any], limits: Limits) -> np.ndarray:
    kind = _number_type(form, (ARRAY, b"data", b"dtype", b"shape"))
    data, shape = form[b"data"], form[b"shape"]
    if not isinstance(data, bytes) or not isinstance(shape, list):
        raise CodecError("An array's data must be bytes and its shape a list.")
    if len(shape) > limits.dimensions or any(type(side) is not int or side < 0 for side in shape):
        raise CodecError(f"An array's shape must be at most {limits.dimensions} whole numbers of at least 0.")
    count, room = 1, 1
    for side in shape:
        count, room = count * side, room * max(side, 1)
    if count * kind.itemsize != len(data) or room > limits.size:
        raise CodecError(f"An array of shape {str(shape)[:80]} and type {kind} does not have {len(data)} bytes.")
    array = np.frombuffer(data, kind).reshape(shape) if count else np.zeros(shape, kind)
    return array if kind.isnative else array.astype(kind.newbyteorder("="))


def _scalar(form: dict[Any, Any]) -> np.generic:
    kind = _number_type(form, (SCALAR, b"data", b"dtype"))
    value = form[b"data"]
    if not isinstance(value, (bool, int, float)):
        raise CodecError(f"A number of type {kind} cannot be a {type(value).__name__}.")
    try:
        with np.errstate(over="ignore"):
            return kind.type(value)
    except (OverflowError, ValueError) as error:
        raise CodecError(f"A number does not fit its type {kind}: {error}.") from None
