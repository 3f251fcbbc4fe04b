"""From a folder of mesh files to a library of objects; what its user knows better is read from ``objects.yaml``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import yaml

from sightline.core.console import progress, say
from sightline.core.errors import SightlineError, require_known
from sightline.engine.assets.importing.convert import Settings
from sightline.engine.assets.importing.library import Entry, entries_if_any, write_entries
from sightline.engine.assets.importing.meshfile import SUFFIXES
from sightline.engine.assets.importing.naming import told_by
from sightline.engine.assets.importing.solid import require_coacd
from sightline.engine.assets.importing.workshop import Imported, Order, Workshop

NOTES = "objects.yaml"
NOTABLE = ("noun", "colour", "size", "role", "mass", "units", "up", "scale")


def import_folder(folder: Path, out: Path, settings: Settings | None = None) -> tuple[Imported, ...]:
    """Import every mesh file below ``folder`` into the library at ``out``; files that cannot be used are skipped.

    Interrupted, it keeps the objects that are finished.

    Raises SightlineError when there is no mesh file, when none can be used, or when the library cannot be written.
    """
    settings = settings or Settings()
    if not folder.is_dir():
        raise SightlineError(f"There is no folder {folder}.")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise SightlineError(f"{folder} holds no mesh files: {', '.join(SUFFIXES)} are read.")
    require_coacd()
    notes = _read_notes(folder, settings, [path.relative_to(folder).as_posix() for path in files])
    results: list[Imported] = []
    try:
        with Workshop() as shop, progress(total=len(files), label=f"objects of {folder}", unit="file") as bar:
            for order in _orders(folder, files, entries_if_any(out), settings, notes):
                results.append(shop.make(order))
                bar.update(1)
    except KeyboardInterrupt:
        kept = [result.entry for result in results if result.entry]
        if kept:
            write_entries(out, kept)
            say(f"{len(kept)} objects that were finished are in the library {out}.")
        raise
    entries = [result.entry for result in results if result.entry]
    if not entries:
        raise SightlineError(
            f"None of the {len(files)} mesh files in {folder} can be used; the first, {files[0].name}, "
            f"{results[0].reason}."
        )
    every = {entry.model.name: entry for entry in write_entries(out, entries)}
    return tuple(replace(r, entry=every[r.entry.model.name]) if r.entry else r for r in results)


def _orders(
    folder: Path, files: Sequence[Path], known: Sequence[Entry], settings: Settings, notes: Mapping[str, Settings]
) -> list[Order]:
    """What is to be made of each file: its name, its words, its settings."""
    folders = Counter(stem for stem, _ in {(path.stem.lower(), path.parent) for path in files})
    told = [told_by(path, folder, folders[path.stem.lower()] > 1) for path in files]
    names = _names(files, [_slug(name) for name, _ in told], known)
    sources = [path.relative_to(folder).as_posix() for path in files]
    return [
        Order(path, source, name, notes.get(source, settings), words)
        for path, source, name, (_, words) in zip(files, sources, names, told, strict=True)
    ]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "thing"


def _names(files: Sequence[Path], bases: Sequence[str], known: Sequence[Entry]) -> list[str]:
    """A name for each file that no other object of the library has; a file that is in it already keeps its own.

    ``bases`` are tried first; the file's name, its format or a number is added where two agree. What lies in the
    library from a file that is gone, or from nobody knows where, makes room for one of its name.
    """
    paths = [str(path.resolve()) for path in files]
    own = {entry.path: entry.model.name for entry in known}
    here = set(paths)
    taken = {entry.model.name for entry in known if entry.path in here or Path(entry.path or "/").is_file()}
    names: list[str] = []
    for path, full, base in zip(files, paths, bases, strict=True):
        if full in own:
            names.append(own[full])
            continue
        stem, form = _slug(path.stem), path.suffix[1:].lower()
        options = [base, *([f"{base}_{stem}", f"{base}_{stem}_{form}"] if stem not in base else [f"{base}_{form}"])]
        options += [f"{base}_{number}" for number in range(2, len(files) + len(taken) + 2)]
        names.append(next(name for name in options if name not in taken))
        taken.add(names[-1])
    return names


def _read_notes(folder: Path, settings: Settings, files: Sequence[str]) -> dict[str, Settings]:
    """Path below ``folder`` -> settings, from the folder's objects.yaml, where a file that is the only one of its name
    may stand without its folders. Raises SightlineError when it makes no sense."""
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
    for written, note in stored.items():
        name = _noted(str(written), files, path)
        for key in note:
            require_known(f"setting of {written} in {path}", str(key), NOTABLE)
        try:
            notes[name] = replace(settings, **note)
        except TypeError:
            raise SightlineError(f"{path}: the settings of {written} have a value of the wrong type.") from None
        except SightlineError as error:
            raise SightlineError(f"{path}, {written}: {error}") from None
    return notes


def _noted(written: str, files: Sequence[str], notes: Path) -> str:
    """The file that a line of objects.yaml speaks of."""
    name = PurePosixPath(written).as_posix()
    if name in files:
        return name
    alike = [file for file in files if PurePosixPath(file).name == name]
    if len(alike) > 1:
        raise SightlineError(
            f"'{written}' in {notes} stands for {len(alike)} files; name each by its path: {', '.join(alike[:3])}"
            f"{', ...' if len(alike) > 3 else ''}."
        )
    if not alike:
        shown = [PurePosixPath(file).name for file in files] if "/" not in name else list(files)
        require_known(f"file in {notes}", written, list(dict.fromkeys(shown)))
    return alike[0]
