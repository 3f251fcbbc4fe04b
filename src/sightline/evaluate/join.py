"""The rows of all shards of an evaluation, made into the result of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.core.outputs import keeping
from sightline.evaluate.report import print_summary, summary, write_rollout_report
from sightline.evaluate.rows_file import Rows, read_rows
from sightline.evaluate.shards import Shard


def join(paths: Sequence[Path], report: Path | None = None, films: Path | None = None) -> dict:
    """Join the rows of shards, or of one whole evaluation: print the result and write the report.

    Args:
        paths: files of rows; together the shards 0/N to (N-1)/N of one evaluation, complete.
        films: folder of the films that the rows name.

    Returns:
        As a closed loop's: ``success_rate``, ``ci95``, ``success_any_time``, ``wrong_object_rate``, ``episodes``,
        ``settings``.

    Raises SightlineError where parts are missing, unfinished, there twice or of different evaluations.
    """
    parts = [_complete(path) for path in paths]
    first, numbers = parts[0].heading, []
    for path, part in zip(paths, parts, strict=True):
        same = replace(part.heading, shard=first.shard, seeds=first.seeds)
        if differences := same.differences(first):
            raise SightlineError(
                f"{paths[0]} and {path} are of different evaluations ({'; '.join(differences)}): join those of one."
            )
        numbers.append(Shard.of(part.heading.shard))
    if len({shard.count for shard in numbers}) > 1 or len(set(numbers)) < len(numbers):
        shown = ", ".join(part.heading.shard or "all" for part in parts)
        raise SightlineError(f"These are no parts of one whole ({shown}): join each shard of one division once.")
    if lost := sorted(set(range(numbers[0].count)) - {shard.number for shard in numbers}):
        raise SightlineError(f"Shards are missing: {', '.join(f'{number}/{numbers[0].count}' for number in lost)}.")
    rows = [part.rows[seed] for part in parts for seed in part.heading.seeds]
    rows.sort(key=lambda row: row.seed)
    print_summary(rows)
    about = {**first.settings, "shards": len(parts)}
    result = {**summary(rows), "settings": about}
    if report is not None:
        with keeping(result):
            write_rollout_report(report, first.title, rows, about, films)
        say(f"Report: {report}")
    return result


def _complete(path: Path) -> Rows:
    """What a file holds. Raises SightlineError where rows are missing."""
    part = read_rows(path)
    if part is None:
        raise SightlineError(f"{path} holds no rows: run its evaluation first.")
    if part.missing:
        raise SightlineError(
            f"{path} is not finished ({len(part.missing)} of {len(part.heading.seeds)} episodes are missing): "
            "run its evaluation again to continue it."
        )
    return part
