"""The codec: openpi's bytes, nothing unpickled, nothing that grows, and an error for everything else."""

from __future__ import annotations

import random
import struct
import tracemalloc

import msgpack
import numpy as np
import pytest
from serving import observation

from sightline_client.codec import CodecError, Limits, check_structure, pack, unpack

ARRAYS = [
    np.arange(12, dtype=np.float32).reshape(3, 4),
    np.zeros((2, 3, 3), np.uint8),
    np.array(3.5),
    np.zeros((0, 7), np.float32),
    np.arange(3, dtype=">i4"),
    np.array([True, False]),
    np.arange(4, dtype=np.float16)[::2],
]


def form(data: bytes, dtype: object, shape: object, **more: object) -> bytes:
    """A message that holds one array's form."""
    return msgpack.packb({b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": shape, **more})


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{array.shape}")
def test_arrays_come_back_as_they_were(array):
    back = unpack(pack({"a": array}))["a"]
    assert back.shape == array.shape and back.dtype == array.dtype.newbyteorder("=")
    assert (back == array).all() and (back.flags.writeable is False or not array.dtype.isnative or not array.size)


def test_the_bytes_are_those_of_openpi():
    # Recorded from openpi-client 0.1.2: packb({"state": np.arange(2, dtype=np.float32), "n": np.int64(3)}).
    recorded = bytes.fromhex(
        "82a5737461746584c40b5f5f6e6461727261795f5fc3c40464617461c408000000000000803fc4056474797065a33c6634c4057368617065"
        "9102a16e83c40d5f5f6e7067656e657269635f5fc3c4046461746103c4056474797065a33c6938"
    )
    assert pack({"state": np.arange(2, dtype=np.float32), "n": np.int64(3)}) == recorded
    back = unpack(recorded)
    assert back["state"].tolist() == [0.0, 1.0] and back["n"] == 3 and back["n"].dtype == np.int64


@pytest.mark.parametrize("value", [np.array([object()]), np.zeros(2, complex), np.zeros(1, "V4"), {1, 2}, object()])
def test_what_has_no_form_is_not_sent(value):
    with pytest.raises(CodecError, match="cannot be sent"):
        pack({"a": value})


HOSTILE = {
    "objects": form(b"x" * 8, "|O", [1]),
    "structures": form(b"x" * 8, "f4,f4", [1]),
    "complex": form(b"x" * 8, "<c8", [1]),
    "text type": form(b"x" * 8, "<U2", [1]),
    "type that is a list": form(b"x" * 8, [["a", "<f4"]], [1]),
    "a type of numpy's own": form(b"x" * 8, "float32; import os", [2]),
    "huge shape": form(b"x" * 8, "<f4", [2**62, 2**62]),
    "huge empty shape": form(b"", "<f4", [0, 2**40]),
    "shape that overflows to what fits": form(b"", "<f4", [2**32, 2**32]),
    "negative shape": form(b"x" * 8, "<f4", [-1, -2]),
    "shape of floats": form(b"x" * 8, "<f4", [2.0]),
    "shape of booleans": form(b"x" * 4, "<f4", [True]),
    "too many dimensions": form(b"x" * 4, "<f4", [1] * 40),
    "too little data": form(b"x" * 4, "<f4", [2]),
    "data that is no bytes": form("xxxx", "<f4", [1]),  # type: ignore[arg-type]
    "another key": form(b"x" * 4, "<f4", [1], evil=1),
    "a number that does not fit": msgpack.packb({b"__npgeneric__": True, b"data": 300, b"dtype": "|u1"}),
    "a number that is a map": msgpack.packb({b"__npgeneric__": True, b"data": {}, b"dtype": "|u1"}),
    "deep nesting": b"\x91" * 1000 + b"\x00",
    "deep maps": b"\x81\xa1a" * 1000 + b"\x00",
    "a list that ends too early": b"\xdd\xff\xff\xff\xff\x00",
    "a map that ends too early": b"\xdf\xff\xff\xff\xff\x00\x00",
    "text that ends too early": b"\xdb\xff\xff\xff\xffa",
    "many empty lists": b"\xdd" + struct.pack(">I", 10**6) + b"\x90" * 10**6,
    "an extension": msgpack.packb(msgpack.ExtType(5, b"abc")),
    "a time": b"\xd6\xff\x00\x00\x00\x00",
    "two messages": b"\x01\x02",
    "nothing": b"",
    "a byte that means nothing": b"\xc1",
    "text that is no text": b"\xa2\xff\xff",
    "keys that are lists": b"\x81\x90\x00",
    "keys that are numbers": b"\x81\x01\x00",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_messages_are_refused(data):
    with pytest.raises(CodecError):
        unpack(data)


def test_limits_are_read_before_memory_is_taken():
    bomb = b"\xdd" + struct.pack(">I", 4 * 10**6) + b"\x90" * (4 * 10**6)  # four megabytes that would be 400
    tracemalloc.start()
    with pytest.raises(CodecError, match="20000 values"):
        unpack(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    with pytest.raises(CodecError, match="at most 10"):
        unpack(b"\xc4\x20" + b"x" * 32, Limits(size=10))


def test_the_structure_is_what_msgpack_reads():
    """Every valid message passes, whatever lengths and kinds of numbers it is made of."""
    values = [None, True, 0, -1, 127, 128, 2**16, 2**40, -(2**7) - 1, -(2**40), 1.5, "a" * 31, "a" * 300, "a" * 70_000]
    values += [
        b"b" * 10,
        b"b" * 300,
        b"b" * 70_000,
        [1] * 15,
        [1] * 16,
        list(range(10_000)),
        {str(i): i for i in range(20)},
    ]
    message = {str(i): value for i, value in enumerate(values)}
    assert unpack(msgpack.packb(message)) == message
    check_structure(msgpack.packb(1.5, use_single_float=True))


def test_thousands_of_damaged_messages_end_in_an_error_or_a_value():
    rng = random.Random(16)
    whole = pack(observation(1.0, side=4))
    refused = 0
    for _ in range(5000):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    data[place] = rng.randrange(256)
                case 1:
                    del data[place : place + rng.randint(1, 40)]
                case 2:
                    data[place:place] = rng.randbytes(rng.randint(1, 8))
                case 3:
                    data[place] = rng.choice(b"\x90\x80\xc1\xdd\xdf\xdb\xc6\xc9\xd4")
        try:
            unpack(bytes(data))
        except CodecError:
            refused += 1
    assert 1000 < refused < 5000
