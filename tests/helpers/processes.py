"""Runs of several processes, as torchrun would start them, and what single ones do for a test. A child finds functions
here and not in the test's own file: the folder of the helpers is on its path, that of the tests need not be.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sightline.core.folder_lock import FolderLock
from sightline.core.worker_pool import WorkerPool

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


def hold_folder(folder: Path, held: Any) -> None:
    """Owns the folder, says so, and waits to be killed."""
    lock = FolderLock(folder)
    held.set()
    signal.pause()
    lock.release()


def blocked() -> bool:
    """Whether Ctrl-C does not reach this process."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def say_blocked(pipe: Any) -> None:
    pipe.send(blocked())


def forever() -> None:
    while True:
        time.sleep(60)


def wait_with_a_pool(pipe: Any) -> None:
    """Says which process works for it, and waits to be killed."""
    with WorkerPool(1) as pool:
        pipe.send(pool.submit(os.getpid).result())
        signal.pause()
