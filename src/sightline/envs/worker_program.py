"""What every worker does: answer questions over standard input and output, in a Python environment of its own.

    .venv-libero/bin/python -I worker_program.py CODEC WORKER

It imports nothing of this package. ``CODEC`` is the file of ``sightline_client.codec``; ``WORKER`` is a file with a
class ``Worker``, the names of its methods that may be asked for (``QUESTIONS``), and ``Unfit``, the exception whose
sentence is meant for people. See ``worker_process`` for the other end and the form of messages.
"""

from __future__ import annotations

import importlib.util
import os
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")


def serve(questions: BinaryIO, answers: BinaryIO, codec: Any, program: Any) -> None:
    """Answer until the questions end."""
    worker = program.Worker()
    handlers: dict[str, Callable[..., dict[str, Any]]] = {name: getattr(worker, name) for name in program.QUESTIONS}
    while len(head := questions.read(LENGTH.size)) == LENGTH.size:
        message = dict(codec.unpack(questions.read(LENGTH.unpack(head)[0])))
        try:
            answer = handlers[message.pop("question")](**message)
        except Exception as error:  # whatever the simulator raises is the answer
            traceback.print_exc()
            said = str(error.args[0] if error.args else error)
            answer = {"error": said if isinstance(error, program.Unfit) else f"{type(error).__name__}: {said}"}
        data = codec.pack(answer)
        answers.write(LENGTH.pack(len(data)) + data)
        answers.flush()


def module_of(file: str) -> Any:
    """The module in a file, which is on no path."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    # Simulators print what they do: that goes where warnings go, the answers to the real output.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, output, *map(module_of, sys.argv[1:3]))
