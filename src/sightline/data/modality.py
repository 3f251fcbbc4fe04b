"""GR00T's ``meta/modality.json``: which dimensions of which column mean what.

A dataset without that file is read by the names in ``meta/info.json``: every column stands for itself, under its own
name and without its prefix, and so does every named dimension of ``observation.state`` and ``action``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sightline.core.errors import SightlineError, did_you_mean, require_known
from sightline.data import layout
from sightline.data.dataset import BOOKKEEPING
from sightline.data.episode_index import video_features
from sightline.data.rotations import ROTATION_SIZES

T = TypeVar("T")

FILE = "meta/modality.json"
GROUPS = ("state", "action", "video", "annotation")
DEFAULT_COLUMNS = {"state": layout.STATE, "action": layout.ACTION}
PREFIXES = {"state": (f"{layout.STATE}.", "observation.", "state."), "action": ("action.",)}
TASK_INDEX = "task_index"
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
        video: sub-key -> video feature; annotation: sub-key -> column.
    """

    source: str
    declared: bool
    state: Mapping[str, Field]
    action: Mapping[str, Field]
    video: Mapping[str, str]
    annotation: Mapping[str, str]

    def find(self, group: str, key: str) -> Any:
        """The field or column behind a sub-key. Raises SightlineError that names the nearest one."""
        known = getattr(self, group)
        if key not in known:
            raise SightlineError(
                f"{self.source} has no {group} '{key}'{did_you_mean(key, known)}; it has {', '.join(known) or 'none'}."
            )
        return known[key]


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
    if rotation:
        require_known(f"rotation_type of {name}", rotation, ROTATION_SIZES)
    column = _original(path, group, key, {"original_key": DEFAULT_COLUMNS[group], **entry})
    return Field(column, start, end, rotation, entry.get("absolute", True) is False)


def _original(path: Path, group: str, key: str, entry: Any) -> str:
    column = entry.get("original_key", key) if isinstance(entry, dict) else None
    if not isinstance(column, str) or not column:
        raise SightlineError(f"{path}: {group} '{key}' needs an original_key, the name of a column.")
    return column


def dimension_names(feature: Mapping) -> list[str]:
    """Names of a feature's dimensions: a list, or lists under a heading ({"motors": [...]}); empty without names."""
    names = feature.get("names") or []
    if isinstance(names, Mapping):
        names = [name for part in names.values() for name in (part if isinstance(part, list) else [part])]
    return [str(name) for name in names]


def _undeclared(root: Path, info: dict) -> Modality:
    features: dict[str, dict] = info["features"]
    fields: dict[str, dict[str, Field]] = {"state": {}, "action": {}}
    for name, feature in features.items():
        if name not in BOOKKEEPING and str(feature.get("dtype", "")).startswith(NUMBERS):
            group = "action" if name.split(".")[0] == "action" else "state"
            fields[group][name] = Field(name)
            for prefix in PREFIXES[group]:
                if name.startswith(prefix):
                    fields[group].setdefault(name.removeprefix(prefix), Field(name))
    for group, column in DEFAULT_COLUMNS.items():
        for at, name in enumerate(dimension_names(features.get(column, {}))):
            fields[group].setdefault(name, Field(column, at, at + 1))
    videos = video_features(info)
    return Modality(str(root), False, fields["state"], fields["action"], videos, {TASK_INDEX: TASK_INDEX})
