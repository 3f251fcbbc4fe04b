"""Rows as they come in: which are there already, which are still to be made, and who keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sightline.core.console import progress
from sightline.core.errors import SightlineError
from sightline.evaluate.rows import EpisodeRow


def _unheard(row: EpisodeRow) -> None:
    """Nobody keeps this row."""


@dataclass(frozen=True)
class Kept:
    """What is there of an evaluation already.

    Attributes:
        rows: seed -> row.
        add: hears of every other row as its episode ends, in the process that ran it: it must be picklable.
    """

    rows: Mapping[int, EpisodeRow] = field(default_factory=dict)
    add: Callable[[EpisodeRow], None] = _unheard


def groups_of(seeds: Sequence[int], batch: int) -> list[list[int]]:
    """Groups of ``batch`` seeds in their order; the last may be smaller.

    Raises SightlineError where seeds repeat, or a group would hold none.
    """
    if len(set(seeds)) != len(seeds):
        raise SightlineError("The seeds of an evaluation must differ from each other.")
    if batch < 1:
        raise SightlineError(f"The batch must hold at least one environment, not {batch}.")
    return [list(seeds[i : i + batch]) for i in range(0, len(seeds), batch)]


class Collected:
    """The rows of an evaluation as they come in, with a bar that shows them.

    Attributes:
        groups: what has still to be run.
    """

    def __init__(self, seeds: Sequence[int], batch: int, kept: Kept, label: str) -> None:
        self.seeds, self.kept = list(seeds), kept
        self.rows = {seed: kept.rows[seed] for seed in seeds if seed in kept.rows}
        self.groups = [group for group in groups_of(seeds, batch) if not self.rows.keys() >= set(group)]
        self.bar = progress(len(seeds), label, unit="episode")

    def add(self, row: EpisodeRow) -> None:
        """Take a row in, once: of a group that was cut off some are there already."""
        if row.seed not in self.rows:
            self.rows[row.seed] = row
            self.show(1)

    def show(self, more: int) -> None:
        """Move the bar on."""
        if more:
            self.bar.update(more, success=sum(row.success for row in self.rows.values()) / len(self.rows))

    def in_order(self) -> list[EpisodeRow]:
        """The rows in the order of the seeds."""
        return [self.rows[seed] for seed in self.seeds]
