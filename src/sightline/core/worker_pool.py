"""Processes that work for this one. Ctrl-C never reaches them: one that is interrupted by itself prints a traceback of
its own, from the middle of an import if need be. Whoever waits for them hears it and ends them.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import parent_process, resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from types import TracebackType
from typing import Any


class DeafProcess(SpawnProcess):
    """A spawned process that Ctrl-C does not reach, from its first line on: it inherits that the signal is blocked."""

    def start(self) -> None:
        resource_tracker.ensure_running()  # else the first start does it, which unblocks the signal again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class DeafContext(SpawnContext):
    """multiprocessing's way to make such processes."""

    Process = DeafProcess


DEAF = DeafContext()


def follow_parent() -> None:
    """Let this process die with its parent, however that ends: an orphan would go on working for nobody."""

    def follow() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _begin(start: Any, given: tuple) -> None:
    follow_parent()
    if start is not None:
        start(*given)


class WorkerPool(ProcessPoolExecutor):
    """A pool of such processes; leaving its block by an error (or Ctrl-C) ends them at once, and so does our own end.

    Args:
        workers: number of processes.
        start, given: what each calls first.
    """

    def __init__(self, workers: int, start: Any = None, given: tuple = ()) -> None:
        super().__init__(workers, DEAF, _begin, (start, given))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            for process in list((self._processes or {}).values()):
                process.kill()
        self.shutdown(wait=True, cancel_futures=kind is not None)
        return None
