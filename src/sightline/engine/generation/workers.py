"""Worker processes that turn candidates into staged episodes, in candidate order, whoever finishes first.

A worker that dies (the kernel kills whoever takes the last memory) is replaced, and its candidates are made again.
"""

from __future__ import annotations

import itertools
import shutil
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from sightline.core import console
from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.outputs import reporting_full_disk
from sightline.core.types import Episode
from sightline.core.worker_pool import DEAF, follow_parent
from sightline.data import StagedEpisode, stage_episode
from sightline.engine.generation.recipe import Making

BLOCK = 4
"""Candidates that a worker takes at a time."""

AHEAD = 4
"""Blocks that each worker may be ahead of the oldest unfinished one: bounds what waits in the staging folder."""

LIVES = 3
"""Workers that one candidate may cost: more are no accident."""


Maker = Callable[[Any, int], list[Episode]]
"""(recipe, candidate) -> one episode a rendering of the plan; or a single one with success False."""


@dataclass
class Outcome:
    """What became of a candidate: staged episodes, or why there are none."""

    candidate: int
    staged: list[StagedEpisode] = field(default_factory=list)
    failure: str = ""


@dataclass(frozen=True)
class Bench:
    """What every worker needs: how to make a candidate and where to put it."""

    recipe: Making
    card: Card
    staging: Path
    make: Maker

    def work(self, candidate: int) -> Outcome:
        """Make, verify and encode one candidate."""
        episodes = self.make(self.recipe, candidate)
        for episode in episodes:
            if not episode.success:
                return Outcome(candidate, failure=episode.failure or "goal not reached")
        folders = [self.staging / f"{candidate}-{number}" for number in range(len(episodes))]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)  # a worker may have died while it wrote there
        staged = [
            stage_episode(episode, folder, self.card, self.recipe.kind)
            for episode, folder in zip(episodes, folders, strict=True)
        ]
        return Outcome(candidate, staged)


def in_process(bench: Bench, first: int) -> Generator[Outcome, None, None]:
    """Outcomes of the candidates from ``first`` on, made right here."""
    for candidate in itertools.count(first):
        yield bench.work(candidate)


class WorkerDied(Exception):
    """A worker process ended without being asked to; the text says which, how and over what."""


class _Worker:
    """A process, the pipe to it, and the candidates it has still to report."""

    def __init__(self, number: int, bench: Bench):
        self.number, self.bench = number, bench
        self.pipe, theirs = DEAF.Pipe()
        self.process = DEAF.Process(target=_serve, args=(theirs, bench), name=f"worker {number}", daemon=True)
        self.process.start()
        theirs.close()
        self.pending: list[int] = []

    def assign(self, candidates: list[int]) -> None:
        self.pending = list(candidates)
        with suppress(OSError):  # a dead worker's pipe reports its end when it is read
            self.pipe.send(candidates)

    def collect(self) -> Outcome:
        """The next outcome; raises what went wrong in the worker, WorkerDied when it is gone."""
        try:
            result = self.pipe.recv()
        except (EOFError, OSError):
            raise self.obituary() from None
        if isinstance(result, Outcome):
            self.pending.remove(result.candidate)
            return result
        if isinstance(result, SightlineError):
            raise result
        raise RuntimeError(f"Worker {self.number} failed on candidate {self.pending[0]}:\n{result}")

    def obituary(self) -> WorkerDied:
        self.process.join(10)
        code = self.process.exitcode
        cause = f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with code {code}"
        busy = f" while making candidate {self.pending[0]}" if self.pending else ""
        return WorkerDied(f"Worker {self.number} {cause}{busy}")

    def replaced(self) -> _Worker:
        """A new worker that goes on with what this dead one has not reported."""
        self.stop()
        other = _Worker(self.number, self.bench)
        if self.pending:
            other.assign(self.pending)
        return other

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def in_parallel(bench: Bench, first: int, workers: int) -> Generator[Outcome, None, None]:
    """Outcomes of the candidates from ``first`` on, in order, made by ``workers`` processes, a block each.

    Raises SightlineError when workers die of the same candidate LIVES times. Closing the iterator stops the processes.
    """
    crew = [_Worker(number, bench) for number in range(workers)]
    deaths: Counter[int] = Counter()
    ready: dict[int, Outcome] = {}
    expected, block = first, first // BLOCK
    try:
        while True:
            for worker in crew:
                if not worker.pending and block - expected // BLOCK < AHEAD * workers:
                    worker.assign([number for number in range(block * BLOCK, (block + 1) * BLOCK) if number >= first])
                    block += 1
            pipes: dict[Any, _Worker] = {worker.pipe: worker for worker in crew}
            for pipe in wait(list(pipes)):
                worker = pipes[pipe]
                try:
                    outcome = worker.collect()
                except WorkerDied as death:
                    deaths[worker.pending[0] if worker.pending else -1] += 1
                    if max(deaths.values()) == LIVES:
                        raise SightlineError(
                            f"{death}, for the {LIVES}rd time (too little memory is a usual reason: use fewer "
                            "workers); finished episodes are safe, run the same command again to continue."
                        ) from None
                    console.say(f"{death}; another one takes its place.")
                    crew[worker.number] = worker.replaced()
                else:
                    ready[outcome.candidate] = outcome
            while expected in ready:
                yield ready.pop(expected)
                expected += 1
    finally:
        for worker in crew:
            worker.stop()


def _serve(pipe: Connection, bench: Bench) -> None:
    """Body of a worker process: blocks in, outcomes out, until the pipe closes or the parent dies."""
    follow_parent()
    while True:
        try:
            candidates = pipe.recv()
        except EOFError:
            return
        for candidate in candidates:
            try:
                with reporting_full_disk(bench.staging.parent):
                    result: Any = bench.work(candidate)
            except SightlineError as error:
                result = error
            except Exception:
                result = traceback.format_exc()
            pipe.send(result)
