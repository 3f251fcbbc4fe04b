"""Closed loop in any environment: run the episodes, say how they went, write films and the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from sightline.core.console import plain, say
from sightline.core.errors import SightlineError
from sightline.core.outputs import keeping
from sightline.core.types import EXECUTE, PolicyLike
from sightline.envs.base import Environment
from sightline.evaluate.collected import Kept
from sightline.evaluate.language_probe import ListeningResult
from sightline.evaluate.launch import launch
from sightline.evaluate.policies import fingerprint, load_policy
from sightline.evaluate.report import print_summary, summary, write_rollout_report
from sightline.evaluate.rollout import RolloutSettings
from sightline.evaluate.rows_file import Heading, RowsFile
from sightline.evaluate.shards import Shard
from sightline.evaluate.suites.base import Suite, SuiteSettings

SEEDS = 1_000_000  # of each --seed: evaluations with different ones never share an episode


@dataclass(frozen=True, kw_only=True)
class ClosedLoopSettings(SuiteSettings):
    """What every suite of episodes reads.

    Attributes:
        seed: episode i has the seed ``seed * 1,000,000 + i``.
        rows: file to which a row is added as each episode ends; what it holds already is not run again.
        shard: "K/N": only part K (from 0) of N of the episodes, see :class:`Shard`; "" for all.
        video: folder for films of the first ``films`` episodes.
        execute, handling, window: see RolloutSettings.
        batch: see RolloutSettings; None: ``worlds``.
        workers: processes (CPUs of a cluster); launcher: see RolloutSettings. The rows depend on neither.
    """

    seed: int = 0
    rows: Path | None = None
    shard: str = ""
    video: Path | None = None
    films: int = 24
    execute: int = EXECUTE
    handling: str = "receding"
    window: int = 7
    batch: int | None = None
    workers: int = 2
    launcher: str = "local"
    worlds: ClassVar[int] = 4  # that a process holds, unless told otherwise

    @property
    def seeds(self) -> list[int]:
        """One for each episode."""
        return [self.seed * SEEDS + i for i in range(self.episodes)]

    @property
    def rollout(self) -> RolloutSettings:
        """How the episodes are run."""
        films = self.films if self.video else 0
        batch = self.worlds if self.batch is None else self.batch
        return RolloutSettings(batch, self.execute, self.handling, films, self.video, self.launcher, self.window)


def closed_loop(
    title: str,
    make_policy: Callable[[], PolicyLike],
    make_env: Callable[[], Environment],
    settings: ClosedLoopSettings,
    about: Mapping[str, Any],
    seeds: Sequence[int] | None = None,
    probe: Callable[[], ListeningResult | None] = lambda: None,
) -> dict:
    """Run a policy in an environment, print the result and write the report.

    Args:
        title: what is evaluated in what.
        make_policy, make_env: build one of each in every process; with more than one worker they must be picklable.
        about: what the result and the report say about how they were made, besides ``settings``.
        seeds: of the episodes, where they are not ``settings.seeds``.
        probe: a look at how the policy listens, after the episodes.

    Returns:
        ``success_rate`` (at the end) and its ``ci95``, ``success_any_time``, ``wrong_object_rate`` (None where the
        environment does not say), ``episodes`` (rows), ``seconds``, ``settings`` and, where probed, ``listening``.
    """
    started = time.monotonic()
    seeds = settings.seeds if seeds is None else seeds
    shard = Shard.of(settings.shard)
    heading = Heading(
        title, _decisive(settings, about), tuple(shard.seeds(seeds, settings.rollout.batch)), settings.shard
    )
    with _kept(settings.rows, heading) as kept:
        rows = launch(make_policy, make_env, heading.seeds, settings.rollout, settings.workers, title, kept)
    rows.sort(key=lambda row: row.seed)  # in whatever order they were run
    seconds = time.monotonic() - started
    listening = probe()
    print_summary(rows)
    about = {
        "seed": settings.seed,
        "chunk handling": f"{settings.handling}{_window(settings)}, {settings.execute} actions a chunk",
        "workers": settings.workers,
        "seconds": round(seconds, 1),
        **about,
        **({"shard": settings.shard} if settings.shard else {}),
    }
    result = {
        **summary(rows),
        "seconds": seconds,
        "settings": about,
        **({"listening": listening.to_dict()} if listening else {}),
    }
    with keeping(result):
        if settings.report is not None:
            write_rollout_report(settings.report, title, rows, about, settings.video, listening)
            say(f"Report: {settings.report}")
        filmed = [row for row in rows if row.video]
        if settings.video is not None and len(filmed) < (wanted := min(settings.films, len(rows))):
            raise SightlineError(
                f"{wanted - len(filmed)} of {wanted} films could not be written to {settings.video} (is the disk "
                "full?); everything else is as it should be."
            )
    return result


def by_task(seeds: Sequence[int], tasks: int) -> list[int]:
    """The same episodes of a suite whose number i is task i % tasks, those of a task after each other: loading another
    task's world takes seconds."""
    return sorted(seeds, key=lambda seed: (seed % SEEDS % tasks, seed))


def _decisive(settings: ClosedLoopSettings, about: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides on the rows, and nothing else, JSON-ready."""
    run = settings.rollout
    return plain(
        {name: value for name, value in about.items() if name != "CPUs"}
        | {"weights": fingerprint(str(about["policy"])), "seed": settings.seed, "episodes": settings.episodes}
        | {"execute": run.execute, "handling": run.handling + _window(settings)}
        | {"batch": run.batch, "films": run.films}
    )


def _window(settings: ClosedLoopSettings) -> str:
    """What an adaptive ensemble is made of; other handlings have no window."""
    return f" of {settings.window} chunks" if settings.handling == "adaptive" else ""


@contextmanager
def _kept(path: Path | None, heading: Heading) -> Iterator[Kept]:
    """Rows that are in the file already, and who adds to it; without a file none and nobody."""
    if path is None:
        yield Kept()
        return
    with RowsFile(path, heading) as file:
        yield file.kept


def benchmark(environment: str, **arguments: Any) -> Suite[ClosedLoopSettings]:
    """The suite of an environment that needs no settings of its own: a row of the registry.

    Args:
        environment: ``module:Class``, an :class:`Environment`; imported when it is used.
        arguments: of its constructor.
    """

    def run(policy: str, settings: ClosedLoopSettings, about: Mapping[str, Any]) -> dict:
        module, _, name = environment.partition(":")
        make_env = partial(getattr(import_module(module), name), **arguments)
        title = f"{policy} on {about['suite']}"
        return closed_loop(title, partial(load_policy, policy), make_env, settings, {**about, **arguments})

    return Suite(ClosedLoopSettings, run)
