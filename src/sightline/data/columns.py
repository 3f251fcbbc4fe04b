"""Reading some columns of all episodes: every file is opened once, nothing but those columns is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.data import layout
from sightline.data.dataset import BOOKKEEPING, Dataset, is_numeric, require_finite
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import column_array

Columns = dict[str, NDArray]


def read_columns(
    dataset: Dataset, names: Iterable[str] | None = None, episodes: Iterable[int] | None = None,
    problems: list[str] | None = None,
) -> Iterator[tuple[int, Columns]]:  # fmt: skip
    """(episode, column -> [T] or [T,d]) of the chosen episodes (default all), in the order of the index.

    Args:
        names: columns; numbers and text can be read. Default: every numeric column but the bookkeeping.
        problems: where given, damaged episodes are skipped and one sentence about each is added here.
    Raises:
        SightlineError: a file is missing, damaged or lacks a column, or an episode is cut short or holds NaN (unless
            ``problems`` is given).
    """
    wanted = None if names is None else list(names)
    chosen = dataset.episodes if episodes is None else [dataset.episodes[i] for i in episodes]
    for _, group in groupby(chosen, key=lambda meta: meta.table):
        yield from _read_file(list(group), wanted, problems)


def _read_file(
    group: list[EpisodeMeta], names: list[str] | None, problems: list[str] | None
) -> Iterator[tuple[int, Columns]]:
    """The episodes that share one data file."""
    path = group[0].table
    try:
        whole, rows = _arrays(group[0], names)
    except SightlineError as error:
        _report(problems, error if len(group) == 1 else SightlineError(f"{error} ({len(group)} episodes are in it)"))
        return
    for meta in group:
        first, last = meta.rows or (0, rows)
        part = {name: values[first:last] for name, values in whole.items()}
        try:
            if min(last, rows) - first != meta.length:
                raise SightlineError(
                    f"{path} holds {max(0, min(last, rows) - first)} frames of episode {meta.index} but the index says "
                    f"{meta.length}; it was cut short, copy or generate the dataset again."
                )
            for name, values in part.items():
                require_finite(meta, name, values)
        except SightlineError as error:
            _report(problems, error)
            continue
        yield meta.index, part


def _arrays(meta: EpisodeMeta, names: list[str] | None) -> tuple[Columns, int]:
    """The columns of a whole data file and its number of rows."""
    if names is None:
        table = layout.read_parquet(meta.table, _numeric_columns(meta))
    else:
        table = layout.read_parquet(meta.table, names)
    try:
        return {name: column_array(table, name) for name in table.column_names}, table.num_rows
    except SightlineError as error:
        raise SightlineError(f"{meta.table}: {error}; repair the dataset.") from None


def _numeric_columns(meta: EpisodeMeta) -> list[str]:
    try:
        schema = pq.read_schema(meta.table)
    except (pa.ArrowException, OSError):
        return []  # reading the file will say what is wrong with it
    return [field.name for field in schema if field.name not in BOOKKEEPING and is_numeric(field.type)]


def _report(problems: list[str] | None, error: SightlineError) -> None:
    if problems is None:
        raise error
    problems.append(str(error))
