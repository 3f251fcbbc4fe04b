"""Mesh files are made into objects in a process of their own, which can be ended at any moment.

Splitting a mesh into convex pieces is C++ that hears no Ctrl-C, and that a damaged mesh may bring down.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType

from sightline.core.errors import SightlineError
from sightline.core.worker_pool import DEAF
from sightline.engine.assets.importing.convert import Settings, import_file
from sightline.engine.assets.importing.library import Entry


@dataclass(frozen=True)
class Order:
    """What is to be made of a file: ``source`` is its path below the imported folder, ``words`` see naming.told_by."""

    path: Path
    source: str
    name: str
    settings: Settings
    words: tuple[str, str, str]


@dataclass(frozen=True)
class Imported:
    """What became of one file: an entry, or the reason why not; ``unit`` that was used, seconds that it took."""

    source: Path
    entry: Entry | None
    unit: str
    reason: str
    seconds: float


class Workshop:
    """The process; it is started for the first order, and anew after one that brought it down."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def make(self, order: Order) -> Imported:
        """The object of one file, or why there is none."""
        if self._pipe is None:
            self._start()
        assert self._pipe is not None
        try:
            self._pipe.send(order)
            made: Imported = self._pipe.recv()
        except (EOFError, OSError):
            self._end()
            reason = "brings down the process that imports it: simplify the mesh, or free some memory"
            return Imported(order.path, None, "", reason, 0.0)
        return made

    def _start(self) -> None:
        self._pipe, theirs = DEAF.Pipe()
        self._process = DEAF.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def carry_out(order: Order) -> Imported:
    """Make what is ordered, right here. A mesh that nobody has thought of costs itself, not the others."""
    started = time.perf_counter()
    try:
        entry, unit = import_file(order.path, order.name, order.settings, order.words)
    except Exception as error:
        reason = str(error) if isinstance(error, SightlineError) else f"cannot be imported ({error!r})"
        return Imported(order.path, None, "", reason, time.perf_counter() - started)
    entry = replace(entry, source=order.source, path=str(order.path.resolve()))
    return Imported(order.path, entry, unit, "", time.perf_counter() - started)


def _serve(pipe: Connection) -> None:
    """Make what is ordered until nobody asks any more."""
    while True:
        try:
            order: Order = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(carry_out(order))
