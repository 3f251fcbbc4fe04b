"""The thread in which scenes move, pictures are drawn and policies think: graphics and weights belong to one thread."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from sightline.core.errors import SightlineError
from sightline.serve.playground.actors import Actor
from sightline.serve.playground.gallery import Gallery
from sightline.serve.playground.session import Send, Session
from sightline.serve.playground.wire import Command

PENDING = 32  # commands of one person that may wait


class Engine:
    """Runs the sessions of all persons.

    Args:
        load: makes the actors, in the engine's thread.
        gallery: of kept episodes.
        report: is told of failures that are nobody's command's fault.

    Attributes:
        failure: what ``load`` raised, once :attr:`ready` is set.
    """

    def __init__(
        self,
        load: Callable[[], dict[str, Actor]],
        gallery: Gallery,
        report: Callable[..., None] = lambda event, **known: None,
    ) -> None:
        self.load, self.gallery, self.report = load, gallery, report
        self.ready = threading.Event()
        self.failure: BaseException | None = None
        self.actors: dict[str, Actor] = {}
        self._sessions: dict[int, Session] = {}
        self._waiting: dict[int, int] = {}
        self._numbers, self._rows = itertools.count(), itertools.count()
        self._jobs: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="playground", daemon=True)

    # ---- from any thread ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, end all sessions and the thread."""
        self._jobs.put(None)
        self._thread.join()

    def open(self, send: Send) -> int:
        """A new person; ``send`` is called in the engine's thread. The number names them below."""
        number = next(self._numbers)
        self._waiting[number] = 0

        def begin() -> None:
            self._sessions[number] = Session(self.actors, self.gallery, self._rows, send)
            self._sessions[number].welcome()

        self._jobs.put(begin)
        return number

    def do(self, number: int, command: Command, file: bytes = b"") -> None:
        """A person's command. Raises SightlineError where too many wait already."""
        if self._waiting[number] >= PENDING:
            raise SightlineError(f"{PENDING} commands wait already; give the playground a moment.")
        self._waiting[number] += 1

        def carry_out() -> None:
            self._waiting[number] -= 1
            session = self._sessions[number]
            self._guarded(session, lambda: session.do(command, file))

        self._jobs.put(carry_out)

    def close(self, number: int) -> None:
        """A person has gone."""

        def end() -> None:
            del self._waiting[number]
            self._sessions.pop(number).close()

        self._jobs.put(end)

    # ---- in the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self.actors = self.load()
            for actor in self.actors.values():
                actor.warm_up()
        except BaseException as error:
            self.failure = error
        self.ready.set()
        while self.failure is None and self._work():
            for session in list(self._sessions.values()):
                self._guarded(session, session.tick)
        for session in self._sessions.values():
            session.close()

    def _work(self) -> bool:
        """Do the jobs that wait, or wait for one until a session is due; False when there is nothing more to do."""
        due = [session.due for session in self._sessions.values() if session.playing]
        patience = max(0.0, min(due) - time.monotonic()) if due else None
        try:
            job = self._jobs.get(timeout=patience) if patience != 0.0 else self._jobs.get_nowait()
            while job is not None:
                job()
                job = self._jobs.get_nowait()
        except queue.Empty:
            return True
        return False

    def _guarded(self, session: Session, work: Callable[[], None]) -> None:
        """A failure stops this session's clock, not the playground."""
        try:
            work()
        except Exception as error:
            session.playing = False
            if isinstance(error, SightlineError):
                session.note(str(error), "problem")
                return
            self.report("failure", error=error)
            session.note(f"The playground failed with {type(error).__name__}; its log says more.", "problem")
