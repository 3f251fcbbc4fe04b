"""Ctrl-C: heard at any moment, and never lost."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN = 0.05  # seconds after which an interrupt that came at a bad moment is heard


@contextmanager
def hearing_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt where Ctrl-C is pressed, but never within an import: what is raised there may be lost
    (importlib runs callbacks whose exceptions are dropped, and some libraries take any error for a missing part).
    It is raised when the import is over. Outside the main thread this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, frame: FrameType | None) -> None:
        if _importing(frame):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
        else:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def quiet_end() -> int:
    """Say that the command was interrupted; the exit code for it."""
    print("Interrupted.", file=sys.stderr)
    return 130
