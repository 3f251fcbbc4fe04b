"""GR00T's ``meta/modality.json``: which dimensions of which column mean what.

A dataset without that file is read by the names in ``meta/info.json``: every column stands for itself, under its own
name and without its prefix, and so does every named dimension of the whole state and action (``observation.state`` or
``state``, ``action`` or ``actions``). A name that stands for two things stands for neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sightline.core.errors import SightlineError, did_you_mean, require_known
from sightline.data import layout
from sightline.data.dataset import BOOKKEEPING
from sightline.data.info import camera_features, shown
from sightline.data.rotations import ROTATION_SIZES
from sightline.data.rows import TASK_INDEX

T = TypeVar("T")

FILE = "meta/modality.json"
GROUPS = ("state", "action", "video", "annotation")
WHOLE = {"state": (layout.STATE, "state"), "action": (layout.ACTION, "actions")}  # columns whose dimensions have names
PREFIXES = {"state": (f"{layout.STATE}.", "observation.", "state."), "action": ("action.", "actions.")}
ACTION_WORDS = ("action", "actions")  # how the names of columns begin that are actions
NUMBERS = ("float", "int", "uint", "bool")  # how the names of numeric types begin


@dataclass(frozen=True)
class Field:
    """Dimensions ``start`` to ``end`` (exclusive; None = all that follow) of ``column``.

    Attributes:
        rotation: form of the rotation that they hold, see sightline.data.rotations; empty where the dataset does
            not say or they are none.
        relative: the dataset says that they are changes, not targets.
    """

    column: str
    start: int = 0
    end: int | None = None
    rotation: str = ""
    relative: bool = False


@dataclass(frozen=True)
class Modality:
    """What a dataset holds, by sub-key.

    Attributes:
        source: where this comes from, for messages.
        declared: whether the dataset has a modality.json.
        state, action: sub-key -> field.
        video: sub-key -> feature with films or pictures; annotation: sub-key -> column.
        unclear: group -> name that stands for nothing -> why.
    """

    source: str
    declared: bool
    state: Mapping[str, Field]
    action: Mapping[str, Field]
    video: Mapping[str, str]
    annotation: Mapping[str, str]
    unclear: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def find(self, group: str, key: str) -> Any:
        """The field or column behind a sub-key. Raises SightlineError that names the nearest one, or says why the name
        cannot be used."""
        known = getattr(self, group)
        if key in known:
            return known[key]
        if why := self.unclear.get(group, {}).get(key):
            raise SightlineError(f"{self.source} has no {group} '{key}' that could be told: {why}.")
        hint = did_you_mean(key, known)
        other = {"state": "action", "action": "state"}.get(group)
        if other and key in getattr(self, other):
            column = getattr(self, other)[key].column
            hint = f", only a {other} of that name; give the part 'column: {column}' to take it from there"
        elif group == "annotation":
            hint += f"; set 'language: {TASK_INDEX}' in the embodiment to take the words of the list of tasks"
        raise SightlineError(f"{self.source} has no {group} '{key}'{hint}; it has {', '.join(known) or 'none'}.")


def read_modality(root: Path, info: dict) -> Modality:
    """What the dataset in ``root`` says about its columns; ``info`` is the contents of its info.json.

    Raises SightlineError naming the entry of modality.json that is malformed.
    """
    path = root / FILE
    if not path.exists():
        return _undeclared(root, info)
    groups = layout.read_json(path)
    if not isinstance(groups, dict) or not all(isinstance(groups.get(name, {}), dict) for name in GROUPS):
        raise SightlineError(f"{path} must hold an object with the groups {', '.join(GROUPS)}.")

    def entries(group: str, read: Callable[[Path, str, str, Any], T]) -> dict[str, T]:
        return {key: read(path, group, key, entry) for key, entry in groups.get(group, {}).items()}

    return Modality(
        str(path), True, entries("state", _field), entries("action", _field),
        entries("video", _original), entries("annotation", _original),
    )  # fmt: skip


def _field(path: Path, group: str, key: str, entry: Any) -> Field:
    name = f"{path}: {group} '{key}'"
    if not isinstance(entry, dict):
        raise SightlineError(f"{name} must be an object with start and end.")
    start, end = entry.get("start"), entry.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise SightlineError(f"{name} needs whole numbers 0 <= start < end, got start {start} and end {end}.")
    rotation = entry.get("rotation_type") or ""
    if not isinstance(rotation, str):
        raise SightlineError(f"{name}: rotation_type must be a text, found {shown(rotation)}.")
    if rotation:
        require_known(f"rotation_type of {name}", rotation, ROTATION_SIZES)
    column = _original(path, group, key, {"original_key": WHOLE[group][0], **entry})
    return Field(column, start, end, rotation, entry.get("absolute", True) is False)


def _original(path: Path, group: str, key: str, entry: Any) -> str:
    column = entry.get("original_key", key) if isinstance(entry, dict) else None
    if not isinstance(column, str) or not column:
        raise SightlineError(f"{path}: {group} '{key}' needs an original_key, the name of a column.")
    return column


def dimension_names(feature: Mapping) -> list[str]:
    """Names of a feature's dimensions: a list, lists under a heading ({"motors": [...]}), or places by name
    ({"delta_x": 0, ...}); empty without names.

    Raises SightlineError where there are not as many as dimensions, or their places do not count from 0 on.
    """
    names = _flat(feature.get("names"))
    shape = feature.get("shape", [])
    if names and len(shape) == 1 and len(names) != shape[0]:
        raise SightlineError(f"it has {len(names)} names for {shape[0]} dimensions")
    return names


def _flat(names: Any) -> list[str]:
    if isinstance(names, Mapping):
        places = list(names.values())
        if places and all(type(place) is int for place in places):
            if sorted(places) != list(range(len(places))):
                raise SightlineError(f"its names have the places {shown(places)}, which do not count from 0 on")
            return sorted(map(str, names), key=lambda name: names[name])
        return [name for part in places for name in _flat(part if isinstance(part, (list, Mapping)) else [part])]
    return [str(name) for name in names] if isinstance(names, list) else []


def _undeclared(root: Path, info: dict) -> Modality:
    features: dict[str, dict] = info["features"]
    fields: dict[str, dict[str, Field]] = {"state": {}, "action": {}}
    short: dict[str, list[tuple[str, Field]]] = {"state": [], "action": []}
    unclear: dict[str, dict[str, str]] = {"state": {}, "action": {}}
    for name, feature in features.items():
        if name not in BOOKKEEPING and str(feature.get("dtype", "")).startswith(NUMBERS):
            group = "action" if re.split(r"[._/]", name)[0] in ACTION_WORDS else "state"
            fields[group][name] = Field(name)
            stripped = {name.removeprefix(prefix) for prefix in PREFIXES[group] if name.startswith(prefix)}
            short[group] += [(word, Field(name)) for word in sorted(stripped - {""})]
    for group, columns in WHOLE.items():
        for column in columns:
            try:
                short[group] += _dimensions(column, features.get(column, {}))
            except SightlineError as error:
                why = f"'{column}' cannot be split, {error}"
                unclear[group] |= dict.fromkeys(_names_only(features[column]), why)
    for group, words in short.items():
        _settle(fields[group], words, unclear[group])
    cameras = camera_features(info)
    return Modality(str(root), False, fields["state"], fields["action"], cameras, {TASK_INDEX: TASK_INDEX}, unclear)


def _dimensions(column: str, feature: Mapping) -> Iterator[tuple[str, Field]]:
    """The named dimensions of a column."""
    return ((name, Field(column, at, at + 1)) for at, name in enumerate(dimension_names(feature)))


def _names_only(feature: Mapping) -> list[str]:
    names = feature.get("names")
    return list(map(str, names)) if isinstance(names, (list, Mapping)) else []


def _settle(fields: dict[str, Field], words: list[tuple[str, Field]], unclear: dict[str, str]) -> None:
    """Add short names to the columns' own; those that several things have are unclear."""
    meant: dict[str, list[Field]] = {}
    for word, found in words:
        if word not in fields and found not in meant.setdefault(word, []):
            meant[word].append(found)
    for word, several in meant.items():
        if len(several) == 1:
            fields[word] = several[0]
        else:
            places = " or ".join(f"'column: {field.column}, start: {field.start}'" for field in several)
            unclear[word] = f"it stands for {len(several)} things; give the part {places}"
