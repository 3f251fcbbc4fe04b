"""Episodes run by a Ray cluster: what :mod:`sightline.evaluate.rollout` does with processes, with machines.

This package and the policy's folder must be on the other machines. A machine that is lost takes only the groups with it
that it was running; Ray has them run elsewhere, and rows do not depend on where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sightline.core.errors import SightlineError
from sightline.core.ray_cluster import RETRIES, RayCluster
from sightline.core.types import PolicyLike
from sightline.envs.base import Environment
from sightline.evaluate.collected import Collected, Kept
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.evaluate.rows import EpisodeRow

LOST = (
    f"The Ray cluster lost a group of episodes {RETRIES + 1} times ({{reason}}); rows in the file of --rows are safe, "
    "run the same command again to continue."
)
_policy: dict[bytes, PolicyLike] = {}  # of this worker, by who made it: loading takes longer than a group of episodes

Makers = tuple[Callable[[], PolicyLike], Callable[[], Environment]]


def run_group(
    makers: Makers, run: bytes, seeds: list[int], options: dict[int, dict], settings: RolloutSettings
) -> list[EpisodeRow]:
    """Rows of a group of episodes; ``run`` tells the policies of different evaluations apart."""
    make_policy, make_env = makers
    if run not in _policy:
        _policy.clear()
        _policy[run] = make_policy()
    return rollout(_policy[run], make_env, seeds, settings, options)


def rollout_on_cluster(
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], Environment],
    seeds: Sequence[int],
    settings: RolloutSettings,
    workers: int,
    options: Mapping[int, dict],
    label: str,
    kept: Kept,
) -> list[EpisodeRow]:
    """See ``rollout_in_processes``; rows are kept as each group ends, by this process.

    Raises SightlineError where there is no cluster (see :class:`RayCluster`), a group is lost again and again, films
    are wanted, or whatever an episode raised.
    """
    if settings.film_dir is not None:
        raise SightlineError("Films are written where episodes run: leave --video out, or use --launcher local.")
    collected = Collected(seeds, settings.batch, kept, label)
    left = list(collected.groups)
    with RayCluster() as cluster, collected.bar:
        collected.show(len(collected.rows))
        run, makers = cluster.task(run_group), cluster.share((make_policy, make_env))
        name = makers.binary()
        pending: set[Any] = set()
        while left or pending:
            while left and len(pending) < workers:
                group = left.pop(0)
                mine = {seed: options[seed] for seed in group if seed in options}
                pending.add(run(makers, name, group, mine, settings))
            for call in cluster.done(pending):
                pending.remove(call)
                for row in cluster.result(call, LOST):
                    if row.seed not in collected.rows:
                        kept.add(row)
                    collected.add(row)
    return collected.in_order()
