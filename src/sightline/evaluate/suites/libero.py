"""The suites of LIBERO and LIBERO-PRO: which episodes, in which order, with which worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from sightline.core.console import table
from sightline.core.errors import SightlineError
from sightline.envs.libero.environment import LiberoEnv, checked_width, start_worker
from sightline.envs.libero.protocol import SUITES, episode_of, protocol_of, tasks_of
from sightline.envs.libero.recorded import RecordedLiberoEnv, recordings_of
from sightline.evaluate.policies import REPLAY, load_policy
from sightline.evaluate.suites.base import Suite
from sightline.evaluate.suites.closed_loop import ClosedLoopSettings, by_task, closed_loop


@dataclass(frozen=True, kw_only=True)
class LiberoSettings(ClosedLoopSettings):
    """How LIBERO is run.

    Attributes:
        interface, wider: see LiberoEnv.
    """

    interface: str = "sightline"
    wider: float = 0.0
    worlds: ClassVar[int] = 1  # each takes 2 GB of memory


def run(suite: str, policy: str, settings: LiberoSettings, about: Mapping[str, Any]) -> dict:
    """Evaluate a policy on a suite, see :func:`closed_loop`; or replay recordings of it (``replay:FOLDER``).

    Raises SightlineError where LIBERO is not installed or is another version, where cards do not match, or for more
    episodes than the suite has.
    """
    checked_width(settings.wider)
    if settings.wider and policy.startswith(REPLAY):
        raise SightlineError("Recordings are replayed from where they began: leave out --wider.")
    worker = start_worker()  # what is missing is told here, not by a process of many
    versions = worker.ask("hello")["versions"]
    worker.close()
    protocol = {"benchmark": ", ".join(f"{name} {version}" for name, version in versions.items())}
    protocol |= protocol_of(suite, settings.interface, settings.wider)
    if policy.startswith(REPLAY):
        folder = policy.removeprefix(REPLAY)
        make_env: Any = partial(RecordedLiberoEnv, folder, suite, settings.interface)
        seeds = list(range(min(settings.episodes, len(recordings_of(folder, suite)))))
        protocol["episodes"] = f"recorded ones of {folder}, their own fixtures and waiting steps"
        protocol["chunk handling"] = "one action at a time"
    else:
        make_env = partial(LiberoEnv, suite, settings.interface, settings.wider)
        seeds = by_task(settings.seeds, tasks_of(suite))
        episode_of(suite, settings.seeds[-1])  # too many are told here, not after hours
    table(f"Protocol of {suite}", ["", ""], list(protocol.items()))
    title = f"{policy} on {suite}"
    return closed_loop(title, partial(load_policy, policy), make_env, settings, {**about, **protocol}, seeds)


LIBERO: dict[str, Suite[Any]] = {suite: Suite(LiberoSettings, partial(run, suite)) for suite in SUITES}
