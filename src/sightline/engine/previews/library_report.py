"""What the commands `sightline assets import` and `sightline assets list` do and say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sightline.core.console import table
from sightline.core.outputs import keeping
from sightline.core.pictures import require_picture, write_picture
from sightline.engine.assets.importing.convert import Settings
from sightline.engine.assets.importing.folder import import_folder
from sightline.engine.assets.importing.library import Entry, default_library, read_entries
from sightline.engine.previews.gallery import gallery

HEADS = ["object", "noun", "colour", "size", "role", "cm", "g", "pieces", "grasps", "from"]


def import_and_report(folder: Path, out: Path | None, settings: Settings, picture: Path | None) -> dict:
    """Import the mesh files of ``folder`` into the library ``out``; print tables, draw the gallery.

    Returns:
        ``library`` (its folder), ``objects`` and ``skipped`` (a row for each file).

    Raises SightlineError when no file can be used, or when something cannot be written.
    """
    if picture is not None:
        require_picture(picture)  # before the long work
    library = out or default_library()
    results = import_folder(folder, library, settings)
    made = [result.entry for result in results if result.entry]
    _show(f"Objects imported into {library}", made)
    skipped = [[str(result.source.relative_to(folder)), result.reason] for result in results if not result.entry]
    if skipped:
        table("Files that are no usable objects", ["file", "it"], skipped)
    rows = [_row(result.entry) | {"unit": result.unit, "seconds": result.seconds} for result in results if result.entry]
    result = {
        "library": library,
        "objects": rows,
        "skipped": [dict(zip(("file", "reason"), s, strict=True)) for s in skipped],
    }
    _draw(made, picture, result)
    return result


def report_library(library: Path | None, picture: Path | None) -> dict:
    """Print the objects of a library, draw the gallery; returns ``library`` and ``objects``."""
    folder = library or default_library()
    entries = read_entries(folder)
    _show(f"Objects of {folder}", entries)
    result = {"library": folder, "objects": [_row(entry) for entry in entries]}
    _draw(entries, picture, result)
    return result


def _show(title: str, entries: Sequence[Entry]) -> None:
    table(title, HEADS, [list(_row(entry).values()) for entry in entries])


def _draw(entries: Sequence[Entry], picture: Path | None, result: dict) -> None:
    if picture is not None:
        with keeping(result):
            write_picture(picture, gallery([entry.model for entry in entries]))


def _row(entry: Entry) -> dict:
    model = entry.model
    return {
        "name": model.name,
        "noun": model.kind,
        "colour": model.colour,
        "size": model.size,
        "role": model.role,
        "cm": " x ".join(f"{100 * side:.1f}" for side in model.extent),
        "g": round(1000 * model.mass),
        "pieces": len(model.shape.colliders),
        "grasps": len(model.grasps),
        "from": entry.source,
    }
