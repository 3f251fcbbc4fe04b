"""One conversation about pictures, as LLaVA, OpenAI and Qwen write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.pictures import read_picture
from sightline.data.answers import Coordinates

MARK = "<image>"
ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}

# Parts of a turn whose content is a list, as OpenAI's two interfaces and Qwen's pipelines call them.
TEXT_PARTS = ("text", "input_text", "output_text")
PICTURE_PARTS = ("image", "image_url", "input_image")
PICTURE_KEYS = ("image", "image_url", "path", "url")


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
        coordinates: what boxes and points in the text count, of the last picture shown before them.
        kind: of question, where the record says so.
        system: the system turn; empty for the usual one.
        folder: that the paths of the pictures start from.
    """

    name: str
    turns: tuple[Turn, ...]
    pictures: tuple[Path, ...] = ()
    coordinates: Coordinates = "picture"
    kind: str = ""
    system: str = ""
    folder: Path = Path()


def parse_record(record: Any, where: str, pictures: Path, coordinates: Coordinates = "picture") -> Conversation:
    """A record ``{"image" | "images": str | [str], "conversations": [{"from" | "role", "value" | "content"}, ...]}``;
    the turns may be called ``messages``. Content may be a list of parts (``text``, ``image``, ``image_url``), as OpenAI
    and Qwen write it.

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
    said_parts = [_turn(turn, number, name) for number, turn in enumerate(said, start=1)]
    turns = [turn for turn, _ in said_parts]
    within = [path for _, paths in said_parts for path in paths]
    system = turns.pop(0).text if turns[0].role == "system" else ""
    if [turn.role for turn in turns] != ["user", "assistant"] * (len(turns) // 2) or not turns:
        raise SightlineError(f"{name}: user and assistant must speak by turns, the user first, the assistant last.")
    shown = _shown(record, within, name)
    marks = sum(turn.text.count(MARK) for turn in turns if turn.role == "user")
    if marks != len(shown):
        raise SightlineError(f"{name} has {marks} {MARK} marks for {len(shown)} pictures; each picture needs one mark.")
    files = tuple(pictures / item for item in shown)
    return Conversation(name, tuple(turns), files, coordinates, str(record.get("kind", "")), system, pictures)


def _shown(record: Mapping[str, Any], within: list[str], name: str) -> list[str]:
    """The paths of a record's pictures: its own, in the places of those parts of its turns that name none."""
    shown = record.get("image", record.get("images")) or []
    shown = [shown] if isinstance(shown, str) else shown
    if not isinstance(shown, list) or not all(isinstance(item, str) for item in shown):
        raise SightlineError(f"{name}: 'image' must be a path or a list of paths.")
    if not within:
        return [_path(item, name) for item in shown]
    own = iter(shown)
    filled = [_path(path or next(own, ""), name) for path in within]
    return [path for path in filled if path] + [_path(item, name) for item in own]


def _path(written: str, name: str) -> str:
    """A picture's path as a record writes it. Raises SightlineError for what is no file."""
    if written.startswith(("http://", "https://", "data:")):
        raise SightlineError(f"{name}: the picture '{written[:40]}' is no file; save it and name its path.")
    return written.removeprefix("file://")


def _turn(turn: Any, number: int, name: str) -> tuple[Turn, list[str]]:
    """A turn, and the paths of the pictures among its parts; empty for a part that names none."""
    if not isinstance(turn, Mapping):
        raise SightlineError(f"{name}: turn {number} is not an object with 'from' and 'value'.")
    role, content = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
    if not isinstance(role, str) or role not in ROLES:
        raise SightlineError(f"{name}: turn {number} is from {role!r}; known: {', '.join(ROLES)}.")
    text, paths = content, []
    if isinstance(content, list):
        parts = [_part(part, f"{name}: turn {number}") for part in content]
        text = "".join(words for words, _ in parts)
        paths = [path for _, path in parts if path is not None]
    if not isinstance(text, str) or not text.strip():
        raise SightlineError(f"{name}: turn {number} has no text.")
    return Turn(ROLES[role], text), paths


def _part(part: Any, where: str) -> tuple[str, str | None]:
    """The text of one part of a turn; of a picture its mark, and its path, empty where the record names it."""
    if isinstance(part, str):
        return part, None
    kind = None
    if isinstance(part, Mapping):
        kind = part.get("type") or next((key for key in ("text", *PICTURE_PARTS) if key in part), None)
    if kind in TEXT_PARTS and isinstance(part.get("text"), str):
        return part["text"], None
    if kind in PICTURE_PARTS:
        named = next((part[key] for key in PICTURE_KEYS if part.get(key)), "")
        named = named.get("url") if isinstance(named, Mapping) else named
        if isinstance(named, str):
            return MARK, named
    raise SightlineError(f"{where} has a part of type {kind!r} that is not understood; known: text, image, image_url.")


def read_pictures(conversation: Conversation) -> list[NDArray[np.uint8]]:
    """The pictures [H,W,3] uint8 of a conversation, in their order. Raises SightlineError that names a file that is
    missing, with the way out, or damaged."""
    for path in conversation.pictures:
        if not path.exists():
            raise SightlineError(
                f"There is no picture at {path}: paths start from {conversation.folder.resolve()}. A registry "
                "names another one, a .yaml file with `NAME: {annotations: FILE, pictures: DIR}` in place of the file; "
                "`sightline questions --images DIR` writes pictures and registry."
            )
    return [read_picture(path) for path in conversation.pictures]
