"""From a folder of mesh files to a library of objects; what its user knows better is read from ``objects.yaml``."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from sightline.core.console import progress
from sightline.core.errors import SightlineError, require_known
from sightline.engine.assets.importing.convert import Settings, import_file
from sightline.engine.assets.importing.library import Entry, write_entries
from sightline.engine.assets.importing.meshfile import SUFFIXES
from sightline.engine.assets.importing.solid import require_coacd

NOTES = "objects.yaml"
NOTABLE = ("noun", "colour", "size", "role", "mass", "units", "up", "scale")


@dataclass(frozen=True)
class Imported:
    """What became of one file: an entry, or the reason why not; ``unit`` that was used, seconds that it took."""

    source: Path
    entry: Entry | None
    unit: str
    reason: str
    seconds: float


def import_folder(folder: Path, out: Path, settings: Settings | None = None) -> tuple[Imported, ...]:
    """Import every mesh file below ``folder`` into the library at ``out``; files that cannot be used are skipped.

    Raises SightlineError when there is no mesh file, when none can be used, or when the library cannot be written.
    """
    settings = settings or Settings()
    if not folder.is_dir():
        raise SightlineError(f"There is no folder {folder}.")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise SightlineError(f"{folder} holds no mesh files: {', '.join(SUFFIXES)} are read.")
    require_coacd()
    notes = _read_notes(folder, settings, [path.name for path in files])
    results = []
    with progress(total=len(files), label=f"objects of {folder}", unit="file") as bar:
        for path, name in zip(files, _names(files), strict=True):
            results.append(_attempt(path, name, notes.get(path.name, settings)))
            bar.update(1)
    entries = [result.entry for result in results if result.entry]
    if not entries:
        raise SightlineError(
            f"None of the {len(files)} mesh files in {folder} can be used; the first, {files[0].name}, "
            f"{results[0].reason}."
        )
    every = {entry.model.name: entry for entry in write_entries(out, entries)}
    return tuple(replace(r, entry=every[r.entry.model.name]) if r.entry else r for r in results)


def _attempt(path: Path, name: str, settings: Settings) -> Imported:
    started = time.perf_counter()
    try:
        entry, unit = import_file(path, name, settings)
    except SightlineError as error:
        return Imported(path, None, "", str(error), time.perf_counter() - started)
    return Imported(path, entry, unit, "", time.perf_counter() - started)


def _names(files: Sequence[Path]) -> list[str]:
    """A name for each file, made of its letters and digits; the folder or the format is added where two agree."""
    names: list[str] = []
    for path in files:
        base = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "thing"
        options = (base, f"{base}_{path.suffix[1:].lower()}", f"{path.parent.name.lower()}_{base}")
        free = [name for name in options if name not in names]
        names.append(free[0] if free else f"{base}_{len(names)}")
    return names


def _read_notes(folder: Path, settings: Settings, files: Sequence[str]) -> dict[str, Settings]:
    """File name -> settings, from the folder's objects.yaml. Raises SightlineError when it makes no sense."""
    path = folder / NOTES
    if not path.is_file():
        return {}
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SightlineError(f"{path} cannot be read: {error}") from None
    if not isinstance(stored, Mapping) or not all(isinstance(note, Mapping) for note in stored.values()):
        raise SightlineError(f"{path} must map file names to settings, such as `mug.obj: {{noun: mug, role: item}}`.")
    notes = {}
    for name, note in stored.items():
        require_known(f"file in {path}", str(name), files)
        for key in note:
            require_known(f"setting of {name} in {path}", str(key), NOTABLE)
        try:
            notes[str(name)] = replace(settings, **note)
        except TypeError:
            raise SightlineError(f"{path}: the settings of {name} have a value of the wrong type.") from None
    return notes
