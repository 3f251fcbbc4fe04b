"""Rows on the disk: a file of JSON lines that grows as each episode ends, so that an evaluation can be continued.

The first line holds the settings that decide on the rows, every other line a row. Lines are forced to the disk one by
one: whatever ends the process, what was finished is there. Only a last line can be torn, and it is dropped.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from sightline.core.console import plain, say
from sightline.core.errors import SightlineError
from sightline.core.outputs import sync_folder, writing
from sightline.evaluate.collected import Kept
from sightline.evaluate.rows import EpisodeRow


@dataclass(frozen=True)
class Heading:
    """The first line: what the rows below it are of.

    Attributes:
        title: what is evaluated in what.
        settings: all that decides on the rows, JSON-ready.
        seeds: of the episodes, in their order.
        shard: which part of the evaluation this is, "K/N"; "" for the whole of it.
    """

    title: str
    settings: Mapping[str, Any]
    seeds: tuple[int, ...]
    shard: str = ""

    def line(self) -> bytes:
        """As it stands in the file."""
        return _line(asdict(self))

    def differences(self, other: Heading) -> list[str]:
        """What another heading has that this one has not: "name: its value, not this one's"."""
        here, there = ({**one.settings, "shard": one.shard or "none"} for one in (self, other))
        named = [
            f"{name}: {there.get(name, 'nothing')}, not {here.get(name, 'nothing')}"
            for name in dict.fromkeys((*there, *here))
            if there.get(name) != here.get(name)
        ]
        return named or ([] if self.seeds == other.seeds else ["the seeds of the episodes"])


@dataclass
class Rows:
    """What a file holds: its heading, its rows by their seeds, and the number of bytes that they take."""

    heading: Heading
    rows: dict[int, EpisodeRow] = field(default_factory=dict)
    size: int = 0

    @property
    def missing(self) -> list[int]:
        """Seeds that have no row yet."""
        return [seed for seed in self.heading.seeds if seed not in self.rows]


def read_rows(path: Path) -> Rows | None:
    """What is in a file; a torn last line is dropped, and said. None for a file in which not even the first line is.

    Raises SightlineError where there is no such file, or where it holds something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SightlineError(f"{path} cannot be read ({error.strerror}): name a file of rows.") from None
    *lines, torn = data.split(b"\n")
    if torn:
        say(f"{path}: the last line is torn and is dropped; its episode is run again.")
    if not lines:
        return None
    first = _parsed(path, 1, lines[0], tuple(Heading.__dataclass_fields__))
    found = Rows(Heading(**first | {"seeds": tuple(first["seeds"])}))
    for number, line in enumerate(lines[1:], 2):
        row = EpisodeRow(**_parsed(path, number, line, tuple(EpisodeRow.__dataclass_fields__)))
        found.rows.setdefault(row.seed, row)
    if strange := found.rows.keys() - set(found.heading.seeds):
        raise SightlineError(f"{path} holds a row of seed {min(strange)}, which is not its own: name another file.")
    found.size = len(data) - len(torn)
    return found


class RowsFile:
    """A file of rows that this process adds to; as a context, it is locked.

    Attributes:
        rows: seed -> row, of what was there when it was opened.

    Raises SightlineError where the file holds rows of other settings, something else, or cannot be written, and while
    another process adds to it.
    """

    def __init__(self, path: Path, heading: Heading) -> None:
        self.path, self.heading = path, heading
        self.rows: dict[int, EpisodeRow] = {}
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "ab")  # noqa: SIM115 - held until the context ends

    def __enter__(self) -> RowsFile:
        try:
            self._lock()
            found = read_rows(self.path)
            if found is not None and (differences := self.heading.differences(found.heading)):
                raise SightlineError(
                    f"{self.path} holds rows of other settings ({'; '.join(differences)}): give those to continue it, "
                    "or name another file."
                )
            with writing(self.path):
                self._file.truncate(0 if found is None else found.size)
            if found is None:
                append_line(self.path, self.heading.line())
                sync_folder(self.path.parent)
            elif found.rows:
                self.rows = found.rows
                say(f"{self.path}: {len(found.rows)} of {len(self.heading.seeds)} episodes are done already.")
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def kept(self) -> Kept:
        """For rollouts: what is there, and who keeps the rest."""
        return Kept(self.rows, partial(append_row, self.path))

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SightlineError(
                f"{self.path} is being written by another process; wait for it or stop it first."
            ) from None


def append_row(path: Path, row: EpisodeRow) -> None:
    """Add a row, see :func:`append_line`; several processes may do so at once."""
    append_line(path, _line(row.to_dict()))


def append_line(path: Path, line: bytes) -> None:
    """Add a line in one piece and force it to the disk. Raises SightlineError where that is impossible."""
    with writing(path):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            done = os.write(file, line)
            while done < len(line):  # a disk that is nearly full takes a part, and says why with the next one
                done += os.write(file, line[done:])
            os.fsync(file)
        finally:
            os.close(file)


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(plain(values), allow_nan=False).encode() + b"\n"


def _parsed(path: Path, number: int, line: bytes, names: tuple[str, ...]) -> dict[str, Any]:
    """A line's values, which must have these names."""
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, dict) or set(values) != set(names):
        raise SightlineError(f"Line {number} of {path} is none of an evaluation's rows: name another file.")
    return values
