"""Sources of conversations about pictures: files of LLaVA-style records, by themselves or named in a registry."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sightline.core.config import load_config
from sightline.core.errors import SightlineError, require_known
from sightline.data.answers import Coordinates
from sightline.data.conversation_record import Conversation, parse_record
from sightline.data.coordinate_units import require_plausible
from sightline.data.records import Records

LOOKED = 512  # records that are looked at for what their numbers count


@dataclass(frozen=True)
class SourceConfig:
    """One entry of a registry of conversations.

    Attributes:
        annotations: .json (a list) or .jsonl (a record a line).
        pictures: folder that the records' paths start from; left out, the record's ``raw_data.data_root``, else the
            annotations' folder.
        coordinates: see Conversation; left out, pixels of the pictures, unless the numbers themselves speak against it.
    """

    annotations: Path
    pictures: Path | None = None
    coordinates: Coordinates | None = None


class Conversations:
    """One source: records of a file, or a share of them, with their pictures.

    Args:
        keep: share of the records, drawn with ``seed``.

    Raises SightlineError where the file or the folder of pictures is missing, and where boxes and points cannot count
    what they are said to, or nobody can know what they count.
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
        require_plausible(self._some(), config.coordinates, config.annotations, self.name)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Conversation:
        """Raises SightlineError that names a record that is damaged."""
        row = int(self.rows[number])
        record = self.records[row]
        where, unit = self.records.where(row), self.config.coordinates or "picture"
        return parse_record(record, where, self._folder(record), unit)

    def _some(self) -> Iterator[Conversation]:
        """Records from all over the source, those that are damaged left out."""
        count = len(self)
        numbers = np.arange(count) if count <= LOOKED else np.random.default_rng(0).integers(0, count, LOOKED)
        for number in numbers:
            with suppress(SightlineError):
                yield self[int(number)]

    def _folder(self, record: Any) -> Path:
        if self.config.pictures is not None:
            return self.config.pictures
        raw = record.get("raw_data") if isinstance(record, Mapping) else None
        root = raw.get("data_root") if isinstance(raw, Mapping) else None
        folder = self.config.annotations.parent
        return folder / root if isinstance(root, str) else folder


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


def config_of(annotations: Path) -> SourceConfig:
    """How a file of records is read that is named by itself: as the registry of its name beside it says (``qa.yaml`` of
    ``qa.jsonl``; `sightline questions` writes one), else by default. Raises SightlineError where that is damaged."""
    beside = annotations.with_suffix(".yaml")
    if beside.is_file() and annotations.name in beside.read_text(encoding="utf-8", errors="replace"):
        for config in read_registry(beside).values():
            if config.annotations.resolve() == annotations.resolve():
                return config
    return SourceConfig(annotations)


def open_source(registry: Mapping[str, SourceConfig], name: str, seed: int = 0) -> Conversations:
    """The source of that name; ``name%NN`` keeps NN % of its records, drawn with ``seed``."""
    plain, percent, share = name.partition("%")
    require_known("source of conversations", plain, registry)
    try:
        keep = float(share) / 100 if percent else 1.0
    except ValueError:
        raise SightlineError(f"'{name}' does not say how many percent of {plain}; write {plain}%50.") from None
    return Conversations(registry[plain], plain, keep, seed)
