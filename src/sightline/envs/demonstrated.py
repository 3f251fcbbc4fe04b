"""What demonstrations of all benchmarks have in common: numbers of their recipes, and how one is done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.data import Dataset
from sightline.data.episode_index import EpisodeMeta
from sightline.data.labels import EXECUTED, column_array
from sightline.data.layout import read_parquet


def check_numbers(suite: str, tasks: int, suite_tasks: Sequence[int], seed: int, counts: Mapping[str, int]) -> None:
    """Raise SightlineError for numbers that no recipe can have.

    Args:
        tasks: how many ``suite`` has; suite_tasks: those of them that are demonstrated.
        counts: what there must be at least one of, by name.
    """
    if seed < 0:
        raise SightlineError(f"The seed must not be negative, but it is {seed}.")
    for task in suite_tasks:
        if not 0 <= task < tasks:
            raise SightlineError(f"{suite} has tasks 0 to {tasks - 1}, no task {task}.")
    for what, number in counts.items():
        if number < 1:
            raise SightlineError(f"The number of {what} must be at least 1, not {number}.")


def turn_of(candidate: int, in_a_row: int, suite_tasks: Sequence[int], tasks: int) -> tuple[int, int]:
    """The task of candidate number ``candidate`` and how many rounds over the tasks came before; see check_numbers."""
    chosen = tuple(suite_tasks) or tuple(range(tasks))
    rounds, turn = divmod(candidate // in_a_row, len(chosen))
    return chosen[turn], rounds


def episode_again(dataset: Dataset, number: int) -> EpisodeMeta:
    """The episode of a dataset that is done again. Raises SightlineError for a number that there is not."""
    if not 0 <= number < len(dataset):
        raise SightlineError(f"{dataset.root} has {len(dataset)} episodes, no number {number}.")
    return dataset.episodes[number]


def executed_actions(episode: EpisodeMeta) -> Array:
    """[T,A] what was done in it, disturbances included."""
    assert episode.labels is not None, "demonstrations have labels"
    return column_array(read_parquet(episode.labels, [EXECUTED]), EXECUTED)
