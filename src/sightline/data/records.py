"""The records of a JSON list or of JSON lines, found by their place in the file however large it is."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError, require_known

BLOCK = 1 << 24  # bytes read at a time while lines are counted
_OPENING = re.compile(r"(?:\xef\xbb\xbf)?[ \t\r\n]*\[[ \t\r\n]*(\])?")
_SEPARATOR = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")


class Records:
    """The records of a file, found by their place in it: 24 bytes of memory a record, the rest is read when asked for.

    Raises SightlineError for a file that is missing or, as a .json list, damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        require_known("ending of a file of conversations", path.suffix, (".jsonl", ".json"))
        try:
            _require_readable(path)
            self.places = _list_places(path) if path.suffix == ".json" else _line_places(path)
        except OSError as error:
            raise SightlineError(f"The conversations {path} cannot be read ({error.strerror}).") from None

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, number: int) -> Any:
        """One record as parsed. Raises SightlineError that names file and line where it is damaged."""
        start, end, _ = self.places[number].tolist()
        try:
            with open(self.path, "rb") as file:
                file.seek(start)
                return json.loads(file.read(end - start))
        except OSError as error:
            raise SightlineError(f"The conversations {self.path} cannot be read ({error.strerror}).") from None
        except (ValueError, RecursionError) as error:
            raise SightlineError(f"{self.where(number)} is not valid JSON ({error}).") from None

    def where(self, number: int) -> str:
        """File and line of a record, for messages."""
        return f"{self.path}:{self.places[number, 2]}"


def _line_places(path: Path) -> NDArray[np.int64]:
    """[N,3] first byte, end and number of every line that is not empty."""
    breaks, returns, offset = [], [], 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            signs = np.frombuffer(block, np.uint8)
            breaks.append(np.flatnonzero(signs == ord("\n")) + offset)
            returns.append(np.flatnonzero(signs == ord("\r")) + offset)
            offset += len(block)
    ends = np.concatenate([*breaks, [offset]]).astype(np.int64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    places = np.stack([starts, ends, np.arange(1, len(ends) + 1)], 1)
    lengths = ends - starts
    lone = np.flatnonzero(lengths == 1)
    lengths[lone[np.isin(starts[lone], np.concatenate([*returns, []]))]] = 0  # the carriage return of an empty line
    return places[lengths > 0]


def _list_places(path: Path) -> NDArray[np.int64]:
    """[N,3] first byte, end and line of every element of a JSON list."""
    # One character a byte, whatever the encoding: offsets are bytes, and JSON's own signs are ASCII.
    text = path.read_bytes().decode("latin-1")
    opening = _OPENING.match(text)
    if opening is None:
        raise SightlineError(f"{path} is not a JSON list of conversations; {_instead(text)}.")
    at, line, places, decoder = opening.end(), 1 + opening[0].count("\n"), [], json.JSONDecoder()
    while opening[1] is None:
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise SightlineError(f"{path}:{line} is not valid JSON ({error}); repair or copy the file.") from None
        places.append((at, end, line))
        separator = _SEPARATOR.match(text, end)
        if separator is None:
            raise SightlineError(f"{path} is cut short after line {line}; repair or copy the file.")
        if separator[1] == "]":
            break
        line += text.count("\n", at, separator.end())
        at = separator.end()
    return np.array(places, dtype=np.int64).reshape(-1, 3)


def _require_readable(path: Path) -> None:
    """Raise SightlineError for a file in another encoding, and for a list that is called lines."""
    with open(path, "rb") as file:
        start = file.read(64)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SightlineError(f"{path} is written in UTF-16; save it in UTF-8.")
    if path.suffix == ".jsonl" and start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        raise SightlineError(f"{path} is a JSON list, not a record a line; name it {path.with_suffix('.json').name}.")


def _instead(text: str) -> str:
    """What is to be done with a .json file that holds no list."""
    text = text.removeprefix("\xef\xbb\xbf").strip()
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return "write the records into one list, [...]"
    if end < len(text):
        return "name a file with a record a line .jsonl"
    lists = [key for key, held in value.items() if isinstance(held, list)] if isinstance(value, dict) else []
    if {"conversations", "messages"} & set(lists):
        return "put brackets, [...], around its one record"
    return f"take the list out of its '{lists[0]}'" if lists else "write the records into one list, [...]"
