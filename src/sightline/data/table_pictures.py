"""Pictures that lie in the rows of a dataset's tables (features of type ``image``), read as they were stored."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sightline.core.errors import SightlineError

Picture = NDArray[np.uint8]


class TablePictures:
    """One column of a parquet file that holds an encoded picture a row: bytes, or ``{bytes, path}`` as Hugging Face
    writes them; a path is looked up below the file's own folder and the dataset's.

    Args:
        root: the dataset's folder.
    """

    def __init__(self, root: Path, path: Path, column: str) -> None:
        self.root, self.path, self.column = root, path, column

    def pictures(self, rows: Sequence[int] | NDArray[np.int64]) -> Iterator[Picture]:
        """The pictures [H,W,3] uint8 RGB of rows of the file, in the order asked for.

        Raises SightlineError that names file, column and row where a picture is missing or damaged.
        """
        starts = _starts(self.path, _stamp(self.path))
        for row in map(int, rows):
            group = int(np.searchsorted(starts, row, side="right")) - 1
            stored = _read_group(self.path, _stamp(self.path), group, self.column)[row - int(starts[group])].as_py()
            yield self._decode(stored, row)

    def check(self) -> None:
        """Raise SightlineError unless the file has the column and it can hold pictures. No picture is read."""
        schema = _schema(self.path, _stamp(self.path))
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

    def _decode(self, stored: Any, row: int) -> Picture:
        data, name = (stored.get("bytes"), stored.get("path")) if isinstance(stored, dict) else (stored, None)
        if data is None and name:
            near = (self.root / name, self.path.parent / name)
            found = next((path for path in near if path.is_file()), None)
            data = None if found is None else found.read_bytes()
        if not isinstance(data, bytes):
            lacking = f", the file {name} is missing" if name else ""
            raise SightlineError(f"{self.path} has no picture in '{self.column}' at row {row}{lacking}.")
        try:
            with Image.open(io.BytesIO(data)) as picture:
                return np.array(picture.convert("RGB"))
        # Decoders report damage with whatever exception their format knows.
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise SightlineError(
                f"{self.path}: the picture in '{self.column}' at row {row} cannot be read ({error})."
            ) from None


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
def _schema(path: Path, stamp: tuple[int, int]) -> pa.Schema:
    return _opened(path).schema_arrow


@lru_cache(maxsize=4)  # encoded pictures of a row group take up to a hundred megabytes
def _read_group(path: Path, stamp: tuple[int, int], group: int, column: str) -> pa.ChunkedArray:
    file = _opened(path)
    if column not in file.schema_arrow.names:
        raise SightlineError(f"{path} has no column '{column}' with pictures; repair the dataset.")
    try:
        return file.read_row_group(group, columns=[column], use_threads=False).column(0)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SightlineError(f"{path} cannot be read ({str(error).splitlines()[0]}); copy the dataset again.") from None
