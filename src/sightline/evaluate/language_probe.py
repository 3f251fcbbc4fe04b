"""Does the policy listen? The same scene, another noun: which object does it pick up?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sightline.core.console import table
from sightline.core.types import PolicyLike, SceneState, Task
from sightline.evaluate.rates import Rate
from sightline.evaluate.rollout import RolloutSettings, rollout_in_processes
from sightline.evaluate.rows import EpisodeRow
from sightline.language.instructions import TaskSampler
from sightline.language.referring import STYLES, Phrasebook

if TYPE_CHECKING:
    from sightline.envs.tabletop import TabletopEnv


@dataclass(frozen=True)
class ListeningResult:
    """Outcomes of pairs of episodes that differ in the target's noun phrase alone.

    Attributes:
        original, swapped: rows of the two runs, in the same order.
    """

    original: list[EpisodeRow]
    swapped: list[EpisodeRow]

    def outcomes(self) -> list[tuple[str, Rate, Rate, Rate]]:
        """Lines (instruction, named object lifted first, the pair's other object lifted first, nothing lifted)."""
        return [
            ("original", *self._count(self.original, self.swapped)),
            ("target noun swapped", *self._count(self.swapped, self.original)),
        ]

    @staticmethod
    def _count(rows: list[EpisodeRow], others: list[EpisodeRow]) -> tuple[Rate, Rate, Rate]:
        named = sum(row.lifted == row.target for row in rows)
        other = sum(row.lifted == pair.target for row, pair in zip(rows, others, strict=True))
        return Rate(named, len(rows)), Rate(other, len(rows)), Rate(sum(not row.lifted for row in rows), len(rows))

    def print(self) -> None:
        """The console's table."""
        columns = ("instruction", "lifts the named object", "lifts the other run's object", "lifts nothing")
        table(
            f"Does it listen? ({len(self.swapped)} scenes)", columns, [tuple(map(str, row)) for row in self.outcomes()]
        )

    def to_dict(self) -> dict:
        """JSON-ready: the share of swapped episodes that act on the newly named object, with its interval, and more."""
        (_, kept, _, _), (_, follows, stays, none) = self.outcomes()
        return {
            "pairs": len(self.swapped),
            "acts_on_named_before": kept.value,
            "acts_on_named_after": follows.value,
            "acts_on_named_after_ci95": list(follows.interval),
            "acts_on_original_after": stays.value,
            "lifts_nothing_after": none.value,
        }


def swap_target(scene: SceneState, task: Task, rng: np.random.Generator) -> Task | None:
    """The same task with another present item as its target, and nothing else of the sentence changed.

    Returns None when no other item can take the target's part (too wide for the container, no unique phrase, ...).
    """
    book = Phrasebook(scene)
    sampler = TaskSampler(scene, book)
    local = book.graph.indices
    if task.reference not in local:
        return None
    reference = local.index(task.reference)
    feasible = sampler.feasible[task.relation][:, reference]
    others = [number for number in np.flatnonzero(feasible).tolist() if local[number] != task.target]
    for number in rng.permutation(others).tolist() if others else []:
        for style in STYLES:
            spoken = book.express(int(number), style, rng)
            if spoken is not None and spoken.phrase != task.target_phrase:
                words = task.instruction.replace(task.target_phrase, spoken.phrase, 1)
                return replace(task, target=local[int(number)], target_phrase=spoken.phrase, instruction=words)
    return None


def listen(
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], TabletopEnv],
    seeds: Sequence[int],
    settings: RolloutSettings | None = None,
    workers: int = 1,
) -> ListeningResult:
    """Run each seed's scene twice: with its own instruction, and with the target's noun phrase swapped.

    Seeds whose scene has no other item that fits are left out.
    """
    env = make_env()
    swaps: dict[int, dict] = {}
    for seed in seeds:
        env.reset(seed=seed)
        assert env.task is not None, "a reset environment has a task"
        other = swap_target(env.scene(), env.task, np.random.default_rng([seed, 1]))
        if other is not None:
            swaps[seed] = {"task": other}
    chosen = list(swaps)
    original = rollout_in_processes(make_policy, make_env, chosen, settings, workers, label="as told")
    swapped = rollout_in_processes(make_policy, make_env, chosen, settings, workers, swaps, label="noun swapped")
    return ListeningResult(original, swapped)
