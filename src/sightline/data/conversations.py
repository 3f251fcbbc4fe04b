"""Conversations about pictures: LLaVA-style JSON and JSON lines, read one record at a time however large the file."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sightline.core.config import load_config
from sightline.core.errors import SightlineError, require_known

MARK = "<image>"
ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
_OPENING = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*(\])?")
_SEPARATOR = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")
BLOCK = 1 << 24  # bytes read at a time while lines are counted

Coordinates = Literal["picture", "model"]


@dataclass(frozen=True)
class Turn:
    """What one side says: ``role`` is user or assistant; each MARK in a user's text stands for a picture."""

    role: str
    text: str


@dataclass(frozen=True)
class Conversation:
    """One record.

    Attributes:
        name: its id, or file and line.
        turns: user and assistant by turns, the user first, the assistant last.
        pictures: files, one for each MARK, in their order.
        coordinates: what boxes and points in the text count: pixels of the ``picture`` file (of the last picture shown
            before them), or already those of the picture as the ``model`` sees it.
        kind: of question, where the record says so.
        system: the system turn; empty for the usual one.
    """

    name: str
    turns: tuple[Turn, ...]
    pictures: tuple[Path, ...] = ()
    coordinates: Coordinates = "picture"
    kind: str = ""
    system: str = ""


@dataclass(frozen=True)
class SourceConfig:
    """One entry of a registry of conversations.

    Attributes:
        annotations: .json (a list) or .jsonl (a record a line).
        pictures: folder that the records' paths start from; left out, the record's ``raw_data.data_root``, else the
            annotations' folder.
        coordinates: see Conversation.
    """

    annotations: Path
    pictures: Path | None = None
    coordinates: Coordinates = "picture"


class Records:
    """The records of a file, found by their place in it: 24 bytes of memory a record, the rest is read when asked for.

    Raises SightlineError for a file that is missing or, as a .json list, damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        require_known("ending of a file of conversations", path.suffix, (".jsonl", ".json"))
        try:
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
        raise SightlineError(f"{path} is not a JSON list of conversations; name a file with a record a line .jsonl.")
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


# ---- records --------------------------------------------------------------------------------------------------------


def parse_record(record: Any, where: str, pictures: Path, coordinates: Coordinates = "picture") -> Conversation:
    """A record ``{"image" | "images": str | [str], "conversations": [{"from" | "role", "value" | "content"}, ...]}``;
    the turns may be called ``messages`` as well.

    Args:
        where: file and line, its name where it has no id.
        pictures: folder that its paths start from.

    Raises SightlineError that names the record and says what is wrong with it.
    """
    if not isinstance(record, Mapping):
        raise SightlineError(f"{where} holds no record but {type(record).__name__}.")
    name = f"{where} ({record['id']})" if "id" in record else where
    if "video" in record or "videos" in record:
        raise SightlineError(f"{name} shows a video; only pictures are supported.")
    said = record.get("conversations", record.get("messages"))
    if not isinstance(said, list) or not said:
        raise SightlineError(f"{name} has no list of 'conversations'.")
    turns = [_turn(turn, number, name) for number, turn in enumerate(said, start=1)]
    system = turns.pop(0).text if turns[0].role == "system" else ""
    if [turn.role for turn in turns] != ["user", "assistant"] * (len(turns) // 2) or not turns:
        raise SightlineError(f"{name}: user and assistant must speak by turns, the user first, the assistant last.")
    shown = record.get("image", record.get("images")) or []
    shown = [shown] if isinstance(shown, str) else shown
    if not isinstance(shown, list) or not all(isinstance(item, str) for item in shown):
        raise SightlineError(f"{name}: 'image' must be a path or a list of paths.")
    marks = sum(turn.text.count(MARK) for turn in turns if turn.role == "user")
    if marks != len(shown):
        raise SightlineError(f"{name} has {marks} {MARK} marks for {len(shown)} pictures; each picture needs one mark.")
    files = tuple(pictures / item for item in shown)
    return Conversation(name, tuple(turns), files, coordinates, str(record.get("kind", "")), system)


def _turn(turn: Any, number: int, name: str) -> Turn:
    if not isinstance(turn, Mapping):
        raise SightlineError(f"{name}: turn {number} is not an object with 'from' and 'value'.")
    role, text = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
    if not isinstance(role, str) or role not in ROLES:
        raise SightlineError(f"{name}: turn {number} is from {role!r}; known: {', '.join(ROLES)}.")
    if not isinstance(text, str) or not text.strip():
        raise SightlineError(f"{name}: turn {number} has no text.")
    return Turn(ROLES[role], text)


class Conversations:
    """One source: records of a file, or a share of them, with their pictures.

    Args:
        keep: share of the records, drawn with ``seed``.

    Raises SightlineError where the file or the folder of pictures is missing.
    """

    def __init__(self, config: SourceConfig, name: str = "", keep: float = 1.0, seed: int = 0) -> None:
        self.config, self.name = config, name or config.annotations.stem
        if config.pictures is not None and not config.pictures.is_dir():
            raise SightlineError(f"There is no folder of pictures {config.pictures} (conversations {self.name}).")
        if not 0 < keep <= 1:
            raise SightlineError(f"The share of {self.name} must be over 0 and at most 100 %, got {keep:.0%}.")
        self.records = Records(config.annotations)
        if not len(self.records):
            raise SightlineError(f"The conversations {config.annotations} hold no records.")
        self.rows = np.arange(len(self.records))
        if keep < 1:
            rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
            self.rows = np.sort(rng.permutation(self.rows)[: max(1, round(keep * len(self.rows)))])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Conversation:
        """Raises SightlineError that names a record that is damaged."""
        row = int(self.rows[number])
        record = self.records[row]
        return parse_record(record, self.records.where(row), self._folder(record), self.config.coordinates)

    def _folder(self, record: Any) -> Path:
        if self.config.pictures is not None:
            return self.config.pictures
        raw = record.get("raw_data") if isinstance(record, Mapping) else None
        root = raw.get("data_root") if isinstance(raw, Mapping) else None
        folder = self.config.annotations.parent
        return folder / root if isinstance(root, str) else folder


def read_picture(path: Path) -> NDArray[np.uint8]:
    """[H,W,3] uint8 RGB of a picture file. Raises SightlineError that names a file that is missing or damaged."""
    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("RGB"))
    except FileNotFoundError:
        raise SightlineError(f"There is no picture {path}.") from None
    # Decoders report damage with whatever exception their format knows.
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise SightlineError(f"The picture {path} cannot be read ({error}).") from None


# ---- the registry ---------------------------------------------------------------------------------------------------


def read_registry(path: Path) -> dict[str, SourceConfig]:
    """A YAML file ``name: {annotations: FILE, pictures: DIR}``; relative paths start from its folder."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SightlineError(f"The registry {path} cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SightlineError(f"The registry {path} is not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(entries, Mapping) or not all(isinstance(entry, Mapping) for entry in entries.values()):
        raise SightlineError(f"The registry {path} must hold 'name: {{annotations: FILE, pictures: DIR}}' entries.")
    found = {}
    for name, entry in entries.items():
        try:
            config = load_config(SourceConfig, entry)
        except SightlineError as error:
            raise SightlineError(f"The registry {path}, entry '{name}': {error}") from None
        folder = path.parent
        pictures = None if config.pictures is None else folder / config.pictures
        found[str(name)] = SourceConfig(folder / config.annotations, pictures, config.coordinates)
    return found


def open_source(registry: Mapping[str, SourceConfig], name: str, seed: int = 0) -> Conversations:
    """The source of that name; ``name%NN`` keeps NN % of its records, drawn with ``seed``."""
    plain, percent, share = name.partition("%")
    require_known("source of conversations", plain, registry)
    try:
        keep = float(share) / 100 if percent else 1.0
    except ValueError:
        raise SightlineError(f"'{name}' does not say how many percent of {plain}; write {plain}%50.") from None
    return Conversations(registry[plain], plain, keep, seed)
