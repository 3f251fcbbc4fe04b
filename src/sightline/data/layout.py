"""Where things are in a dataset folder (LeRobot v3.0 layout), and how files get there whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sightline.core.errors import SightlineError
from sightline.core.outputs import sync_folder
from sightline.core.outputs import write_durably as write_durably

VERSION = "v3.0"
FILES_PER_CHUNK = 1000
IMAGE_PREFIX = "observation.images."
STATE, ACTION = "observation.state", "action"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
LABELS_PATH = "annotations/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
INFO, TASKS, STATS, CARD = "meta/info.json", "meta/tasks.parquet", "meta/stats.json", "meta/card.json"


def place_of(episode: int) -> dict[str, int]:
    """Chunk and file number of an episode: one file an episode, so that every finished episode is durable."""
    return {"chunk_index": episode // FILES_PER_CHUNK, "file_index": episode % FILES_PER_CHUNK}


def image_key(camera: str) -> str:
    """LeRobot's feature name of a camera."""
    return IMAGE_PREFIX + camera


def move_durably(source: Path, target: Path) -> None:
    """Rename a file that is already on the disk into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    sync_folder(target.parent)


def json_bytes(value: object) -> bytes:
    """``value`` as indented JSON."""
    return (json.dumps(value, indent=1) + "\n").encode()


def parquet_bytes(table: pa.Table, arrow_schema: bool = True) -> bytes:
    """A small table as parquet: one row group, zstd, no column statistics (they would outweigh the data).

    arrow_schema: also store what parquet cannot say (lists of fixed size, pandas' index); costs 100 bytes a column.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", write_statistics=False, use_dictionary=False, store_schema=arrow_schema
    )
    return sink.getvalue().to_pybytes()


def read_parquet(path: Path, columns: list[str] | None = None, optional: list[str] | None = None) -> pa.Table:
    """The table in ``path``: all columns, or the named ones and those of the ``optional`` ones that exist.

    Raises SightlineError that names the file when it is missing, damaged or lacks a column.
    """
    try:
        file = pq.ParquetFile(path)
        present = set(file.schema_arrow.names)
        wanted = [*(columns or ()), *(name for name in optional or () if name in present)]
        chosen = None if columns is None else list(dict.fromkeys(wanted))
        table = file.read(columns=chosen, use_threads=False)
    except FileNotFoundError:
        raise SightlineError(f"{path} is missing: the dataset is incomplete; copy or generate it again.") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise SightlineError(
            f"{path} cannot be read ({reason}): it is damaged or was cut short; copy or generate the dataset again."
        ) from None
    missing = set(columns or ()) - present
    if missing:
        raise SightlineError(f"{path} lacks the columns {sorted(missing)}: it is not the file this dataset promises.")
    return table


def read_json(path: Path) -> dict:
    """The JSON in ``path``. Raises SightlineError that names the file when it is missing or malformed."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SightlineError(f"{path} is missing: the dataset is incomplete; copy or generate it again.") from None
    except ValueError as error:
        raise SightlineError(f"{path} is not valid JSON ({error}); copy or generate the dataset again.") from None
