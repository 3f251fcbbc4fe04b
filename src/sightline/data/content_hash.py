"""One number for what a dataset says, whatever its files' dates, compression or statistics."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pyarrow as pa

from sightline.data import layout
from sightline.data.dataset import Dataset, is_numeric
from sightline.data.labels import column_array


def content_hash(dataset: Dataset, episodes: int | None = None) -> str:
    """sha256 over the logical content of the first ``episodes`` episodes (default all), read from the disk.

    Counted are instruction, task, objects, seed, candidate, all values of data/ and annotations/, the videos' bytes.
    """
    total = hashlib.sha256()
    for meta in dataset.episodes[:episodes]:
        described = [meta.index, meta.length, meta.text, meta.seed, meta.candidate, meta.kind]
        described += [meta.task and dataclasses.asdict(meta.task), [item.stored() for item in meta.objects]]
        total.update(json.dumps(described).encode())
        for path in filter(None, (meta.table, meta.labels)):
            table = layout.read_parquet(path)
            for name in sorted(table.column_names):
                total.update(name.encode())
                total.update(_value_bytes(table, name))
        for camera in sorted(meta.videos):
            total.update(camera.encode())
            total.update(meta.videos[camera].path.read_bytes())
    return total.hexdigest()


def _value_bytes(table: pa.Table, name: str) -> bytes:
    """The values of a column, independent of how the file stores them."""
    if is_numeric(table.schema.field(name).type):
        return column_array(table, name).tobytes()
    return repr(table.column(name).to_pylist()).encode()
