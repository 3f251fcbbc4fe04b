"""A program that answers as a worker of a benchmark does: it counts, and ends, hangs or complains where told to."""

from __future__ import annotations

import importlib.util
import os
import struct
import sys
import time

import numpy as np

LENGTH = struct.Struct(">I")


def main(codec_file: str) -> None:
    spec = importlib.util.spec_from_file_location("codec", codec_file)
    codec = importlib.util.module_from_spec(spec)
    sys.modules["codec"] = codec
    spec.loader.exec_module(codec)
    count = 0
    while len(head := sys.stdin.buffer.read(LENGTH.size)) == LENGTH.size:
        message = codec.unpack(sys.stdin.buffer.read(LENGTH.unpack(head)[0]))
        count += 1
        if message["question"] == "die":
            print("warming up\nout of cheese", file=sys.stderr, flush=True)
            os._exit(3)
        if message["question"] == "hang":
            time.sleep(60)
        answer = {"count": count, "doubled": 2 * np.asarray(message.get("numbers", []))}
        if message["question"] == "complain":
            answer = {"error": "The moon is not up."}
        if message["question"] == "half":
            sys.stdout.buffer.write(LENGTH.pack(100) + b"half")
            sys.stdout.buffer.flush()
            os._exit(0)
        data = codec.pack(answer)
        sys.stdout.buffer.write(LENGTH.pack(len(data)) + data)
        sys.stdout.buffer.flush()


main(sys.argv[1])
