"""Who runs the episodes of an evaluation: processes of this machine, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sightline.core.types import PolicyLike
from sightline.envs.base import Environment
from sightline.evaluate.collected import Kept
from sightline.evaluate.ray_cluster import rollout_on_cluster
from sightline.evaluate.rollout import RolloutSettings, rollout_in_processes
from sightline.evaluate.rows import EpisodeRow


def launch(
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], Environment],
    seeds: Sequence[int],
    settings: RolloutSettings,
    workers: int,
    label: str,
    kept: Kept,
) -> list[EpisodeRow]:
    """See ``rollout_in_processes``; ``settings.launcher`` says whether CPUs of a Ray cluster do the same instead."""
    run = rollout_on_cluster if settings.launcher == "ray" else rollout_in_processes
    return run(make_policy, make_env, seeds, settings, workers, {}, label, kept)
