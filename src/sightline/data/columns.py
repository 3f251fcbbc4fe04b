"""Reading some columns of all episodes: every file is opened once, nothing but those columns is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import pyarrow as pa
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.data import layout
from sightline.data.dataset import Dataset, numeric_columns, require_finite
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import column_array
from sightline.data.rows import CLOCK, KEYS, FileRows

Columns = dict[str, NDArray]


def read_columns(
    dataset: Dataset, names: Iterable[str] | None = None, episodes: Iterable[int] | None = None,
    problems: list[str] | None = None, clocks: bool = False,
) -> Iterator[tuple[int, Columns]]:  # fmt: skip
    """(episode, column -> [T] or [T,d]) of the chosen episodes (default all), in the order of the index.

    Args:
        names: columns; numbers and text can be read. Default: every numeric column but the bookkeeping.
        problems: where given, damaged episodes are skipped and one sentence about each is added here.
        clocks: also look at the times of the rows, which the dataset then remembers; episodes whose clock cannot be
            used are damaged.
    Raises:
        SightlineError: a file is missing, damaged or lacks a column, or an episode's rows cannot be told from others,
            are too few or hold NaN (unless ``problems`` is given).
    """
    wanted = None if names is None else list(names)
    chosen = dataset.episodes if episodes is None else [dataset.meta(i) for i in episodes]
    for _, group in groupby(chosen, key=lambda meta: meta.table):
        yield from _read_file(dataset, list(group), wanted, problems, clocks)


def _read_file(
    dataset: Dataset, group: list[EpisodeMeta], names: list[str] | None, problems: list[str] | None, clocks: bool
) -> Iterator[tuple[int, Columns]]:  # fmt: skip
    """The episodes that share one data file."""
    path = group[0].table
    try:
        wanted = numeric_columns(path) if names is None else names
        table = layout.read_parquet(path, wanted, [*([CLOCK] if clocks else []), *KEYS])
        rows = FileRows(path, table, dataset.alone(group[0]))
        whole = _arrays(table, path)
        stamps = whole.get(CLOCK) if clocks else None
    except SightlineError as error:
        _report(problems, error if len(group) == 1 else SightlineError(f"{error} ({len(group)} episodes are in it)"))
        return
    for meta in group:
        try:
            place = rows.of(meta)
            if clocks:
                dataset.remember(meta, place, stamps)
            part = {name: whole[name][place] for name in wanted}
            for name, values in part.items():
                require_finite(meta, name, values)
        except SightlineError as error:
            _report(problems, error)
            continue
        yield meta.index, part


def _arrays(table: pa.Table, path: object) -> Columns:
    """The columns of a whole data file."""
    try:
        return {name: column_array(table, name) for name in table.column_names}
    except SightlineError as error:
        raise SightlineError(f"{path}: {error}; repair the dataset.") from None


def _report(problems: list[str] | None, error: SightlineError) -> None:
    if problems is None:
        raise error
    problems.append(str(error))
