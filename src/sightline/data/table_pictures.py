"""Pictures that lie in the rows of a dataset's tables (features of type ``image``), read as they were stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.pictures import decode_picture

Picture = NDArray[np.uint8]


class TablePictures:
    """One column of a parquet file that holds an encoded picture a row: bytes, or ``{bytes, path}`` as Hugging Face
    writes them; a path is looked up below the file's own folder and the dataset's.

    Args:
        root: the dataset's folder.
    """

    def __init__(self, root: Path, path: Path, column: str) -> None:
        self.root, self.path, self.column = root, path, column

    def pictures(self, rows: Iterable[int]) -> Iterator[Picture]:
        """The pictures [H,W,3] uint8 RGB of rows of the file, in the order asked for.

        Raises SightlineError that names file, column and row where a picture is missing or damaged.
        """
        for row, stored in self._stored(rows):
            yield self._decode(stored, row)

    def check(self, rows: NDArray[np.int64]) -> None:
        """Raise SightlineError unless there is a picture in each of the rows. None is decoded, and where the file says
        that no value is null none is read."""
        schema = _opened(self.path).schema_arrow
        if self.column not in schema.names:
            raise SightlineError(f"{self.path} has no column '{self.column}' with pictures; repair the dataset.")
        kind = schema.field(self.column).type
        if pa.types.is_struct(kind):
            fits = "bytes" in {kind.field(i).name for i in range(kind.num_fields)}
        else:
            fits = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        if not fits:
            raise SightlineError(
                f"{self.path} keeps the pictures of '{self.column}' as {kind}, which cannot be read: encoded pictures "
                "(PNG, JPEG) are needed, as bytes."
            )
        if not _without_nulls(self.path, _stamp(self.path), self.column):
            for row, stored in self._stored(rows):
                self._data(stored, row)

    def _stored(self, rows: Iterable[int]) -> Iterator[tuple[int, Any]]:
        """Each row and what is stored in it."""
        starts = _starts(self.path, _stamp(self.path))
        for row in map(int, rows):
            group = int(np.searchsorted(starts, row, side="right")) - 1
            yield row, _read_group(self.path, _stamp(self.path), group, self.column)[row - int(starts[group])].as_py()

    def _data(self, stored: Any, row: int) -> bytes:
        """The encoded picture."""
        data, name = (stored.get("bytes"), stored.get("path")) if isinstance(stored, dict) else (stored, None)
        if data is None and name:
            near = (self.root / name, self.path.parent / name)
            found = next((path for path in near if path.is_file()), None)
            data = None if found is None else found.read_bytes()
        if not isinstance(data, bytes):
            lacking = f", the file {name} is missing" if name else ""
            raise SightlineError(f"{self.path} has no picture in '{self.column}' at row {row}{lacking}.")
        return data

    def _decode(self, stored: Any, row: int) -> Picture:
        return decode_picture(self._data(stored, row), f"{self.path}: the picture in '{self.column}' at row {row}")


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written again."""
    try:
        found = path.stat()
    except OSError:
        raise SightlineError(f"{path} is missing: the dataset is incomplete; copy it again.") from None
    return found.st_mtime_ns, found.st_size


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SightlineError(f"{path} cannot be read ({str(error).splitlines()[0]}); copy the dataset again.") from None


@lru_cache(maxsize=1024)
def _starts(path: Path, stamp: tuple[int, int]) -> NDArray[np.int64]:
    """[G] the first row of each row group."""
    metadata = _opened(path).metadata
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return np.cumsum([0, *sizes[:-1]])


@lru_cache(maxsize=1024)
def _without_nulls(path: Path, stamp: tuple[int, int], column: str) -> bool:
    """Whether the file says of itself that no row of a column of bytes is null."""
    metadata = _opened(path).metadata
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(place)
            if chunk.path_in_schema in (column, f"{column}.bytes"):
                told = chunk.statistics
                if told is None or not told.has_null_count or told.null_count:
                    return False
    return True


@lru_cache(maxsize=4)  # encoded pictures of a row group take up to a hundred megabytes
def _read_group(path: Path, stamp: tuple[int, int], group: int, column: str) -> pa.ChunkedArray:
    file = _opened(path)
    if column not in file.schema_arrow.names:
        raise SightlineError(f"{path} has no column '{column}' with pictures; repair the dataset.")
    try:
        return file.read_row_group(group, columns=[column], use_threads=False).column(0)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SightlineError(f"{path} cannot be read ({str(error).splitlines()[0]}); copy the dataset again.") from None
