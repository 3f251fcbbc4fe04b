"""What a person sees: progress, tables, sentences; and the JSON file that a program reads instead."""

from __future__ import annotations

import io
import json
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sightline.core.errors import SightlineError
from sightline.core.interrupts import hearing_interrupts, quiet_end
from sightline.core.outputs import machine_trouble, write_durably, writing

PLAIN_INTERVAL = 10.0
"""Seconds between progress lines when the output is not a terminal (a log file, a pipe)."""

RATE_WINDOW = 30.0
"""Seconds over which the rate is averaged: long enough to be steady, short enough to follow a change."""


def _console(stderr: bool = False) -> Console:
    """A console on the present stdout or stderr; piped output is wide enough that tables are not cut."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 120, highlight=False)


def say(text: str, style: str | None = None) -> None:
    """Print one paragraph as it is (square brackets are not markup) in a rich ``style`` such as ``bold green``."""
    _console().print(Text(text, style=style or ""), soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; numbers are right-aligned and rounded to four significant digits."""
    cells: list[list[Any]] = [list(row) for row in rows]
    view = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(isinstance(row[index], (int, float, np.number)) for row in cells)
        view.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        view.add_row(*(Text(format_value(value)) for value in row))
    _console().print(view)


def format_value(value: Any) -> str:
    """Short text of a value: floats with four significant digits, flags as yes and no, everything else as it is."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return f"{number:.0f}" if math.isfinite(number) and abs(number) >= 10_000 else f"{number:.4g}"
    return "-" if value is None else str(value)


def format_seconds(seconds: float) -> str:
    """``42 s``, ``3 min 05 s`` or ``2 h 07 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class progress:
    """Context manager that shows how far a long job is, how fast it goes and how long it still takes.

    On a terminal it is a live bar; elsewhere a plain line about every ten seconds and one at the end::

        with progress(total=200, label="episodes", unit="episode") as bar:
            bar.update(1, success=0.93)

    Args:
        total: units of work in all; None where it is not known (then no time left is shown).
        label: what is being done.
        unit: what one unit is called in the rate (``3.1 episode/s``).
        done: units that were already done before (a resumed job); they do not count for the rate.
        clock: seconds that only grow; for tests.
    """

    def __init__(
        self,
        total: int | None,
        label: str,
        unit: str = "it",
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.total, self.label, self.unit, self.done = total, label, unit, done
        self._clock, self._numbers = clock, dict[str, Any]()
        self._started = self._printed = clock()
        self._first = done
        self._history: deque[tuple[float, int]] = deque([(self._started, done)])
        self._bar: Progress | None = None

    def __enter__(self) -> progress:
        console = _console()
        if console.is_terminal:
            label = TextColumn("{task.description}", markup=False)
            status = TextColumn("{task.fields[status]}", markup=False)
            self._bar = Progress(label, BarColumn(bar_width=30), status, console=console)
            self._task = self._bar.add_task(self.label, total=self.total, completed=self.done, status="")
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, status=self.status())
            self._bar.stop()
        elif self.done > self._first or error[0] is None:  # a job that failed at once has no progress to report
            print(f"{self.label}: {self.status()}", flush=True)

    def update(self, increment: int = 1, **numbers: Any) -> None:
        """Report ``increment`` more finished units; ``numbers`` (e.g. ``loss=0.3``) are shown until they change."""
        now = self._clock()
        self.done += increment
        self._numbers.update(numbers)
        self._history.append((now, self.done))
        while len(self._history) > 2 and now - self._history[1][0] >= RATE_WINDOW:
            self._history.popleft()
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, status=self.status())
        elif now - self._printed >= PLAIN_INTERVAL and not self.finished:  # the last line is printed at the end
            self._printed = now
            print(f"{self.label}: {self.status()}", flush=True)

    @property
    def rate(self) -> float:
        """Units a second over the last RATE_WINDOW seconds; 0 before anything is known."""
        (then, before), (now, after) = self._history[0], self._history[-1]
        return (after - before) / (now - then) if now > then else 0.0

    @property
    def finished(self) -> bool:
        """Whether all units are done."""
        return self.total is not None and self.done >= self.total

    @property
    def seconds(self) -> float:
        """Seconds from the start to now, or to the last unit."""
        return (self._history[-1][0] if self.finished else self._clock()) - self._started

    def status(self) -> str:
        """``120/200  3.1 episode/s  26 s left  success 0.93``"""
        rate = (self.done - self._first) / max(self.seconds, 1e-9) if self.finished else self.rate
        parts = [f"{self.done}/{self.total}" if self.total is not None else str(self.done), f"{rate:.3g} {self.unit}/s"]
        if self.total is None or self.finished:
            parts.append(f"{format_seconds(self.seconds)} in all" if self.finished else format_seconds(self.seconds))
        elif rate > 0:
            parts.append(f"{format_seconds((self.total - self.done) / rate)} left")
        return "  ".join(parts + [f"{name} {format_value(value)}" for name, value in self._numbers.items()])


def plain(value: Any) -> Any:
    """A JSON-ready copy: numpy and paths become built-in types, tuples lists, NaN and infinities None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def write_json(path: Path | str, values: Mapping) -> None:
    """Write ``values`` as JSON; a reader sees either the old file or the whole new one. Creates the parent folder.

    Raises SightlineError where that is impossible.
    """
    path, text = Path(path), json.dumps(plain(values), indent=2, allow_nan=False) + "\n"
    with writing(path):
        write_durably(path, text.encode())


def run_command(command: Callable[[], Any]) -> int:
    """Run a command of the command line and return its exit code.

    A SightlineError is printed on stderr as one red sentence without a traceback (code 2), and so is what the machine
    is to blame for, such as a full disk; Ctrl-C ends quietly (130), and so does a reader of the output that leaves, as
    in ``sightline --help | head`` (141). Any other exception is a fault of the program and keeps its traceback.
    Characters that the terminal cannot show are replaced.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        with hearing_interrupts():
            command()
            sys.stdout.flush()
    except SightlineError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return quiet_end()
    except BrokenPipeError:
        _mute()
        return 141
    except OSError as error:
        if not (trouble := machine_trouble(error)):
            raise
        _mute()  # it may be the output itself that cannot be written, which Python tries once more as it ends
        return _failed(trouble)
    return 0


def _failed(message: str) -> int:
    _console(stderr=True).print(Text(f"Error: {message}", style="bold red"), soft_wrap=True)
    return 2


def _mute() -> None:
    """Nothing more goes to stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
