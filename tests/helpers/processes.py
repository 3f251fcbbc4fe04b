"""Runs of several processes, as torchrun would start them."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable
from typing import Any

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["sightline.train.stages"])


def run_together(count: int, function: Callable[..., Any], *arguments: Any) -> None:
    """``function(*arguments)`` in ``count`` processes that find each other; each must end well."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    processes = [
        PROCESSES.Process(target=_as_rank, args=(rank, count, port, function, arguments)) for rank in range(count)
    ]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join(120)
        assert [process.exitcode for process in processes] == [0] * count
    finally:
        for process in processes:
            process.kill()
            process.join()


def _as_rank(rank: int, count: int, port: int, function: Callable[..., Any], arguments: tuple) -> None:
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in place.items()}, MASTER_ADDR="localhost")
    function(*arguments)
