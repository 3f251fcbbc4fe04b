"""The suites of SimplerEnv: which episodes, in which order, with which worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from sightline.core.console import table
from sightline.envs.simpler import google_protocol
from sightline.envs.simpler.environment import SimplerEnv, find_data, start_worker
from sightline.envs.simpler.google import GoogleEnv
from sightline.envs.simpler.google import start_worker as start_google
from sightline.envs.simpler.protocol import SUITE, TASKS, episode_of, protocol_of
from sightline.envs.simpler.recorded import RecordedSimplerEnv, recordings_of
from sightline.evaluate.policies import REPLAY, load_policy
from sightline.evaluate.suites.base import Suite
from sightline.evaluate.suites.closed_loop import ClosedLoopSettings, by_task, closed_loop


@dataclass(frozen=True, kw_only=True)
class SimplerSettings(ClosedLoopSettings):
    """How SimplerEnv is run.

    Attributes:
        interface, most_steps: see SimplerEnv.
    """

    interface: str = "sightline"
    most_steps: int | None = None
    worlds: ClassVar[int] = 1  # each takes 0.7 GB of memory


@dataclass(frozen=True, kw_only=True)
class GoogleSettings(ClosedLoopSettings):
    """How the Google Robot tasks are run."""

    worlds: ClassVar[int] = 1  # each takes 1 GB of memory


def run(policy: str, settings: SimplerSettings, about: Mapping[str, Any]) -> dict:
    """Evaluate a policy on the suite, see :func:`closed_loop`; or replay recordings of it (``replay:FOLDER``).

    Raises SightlineError where ManiSkill or the benchmark's files are missing or are others, where cards do not match,
    or for more episodes than the suite has.
    """
    find_data()
    worker = start_worker()  # what is missing is told here, not by a process of many
    versions = worker.ask("hello")["versions"]
    worker.close()
    protocol = {"benchmark": ", ".join(f"{name} {version}" for name, version in versions.items())}
    protocol |= protocol_of(settings.interface, settings.most_steps)
    if policy.startswith(REPLAY):
        folder = policy.removeprefix(REPLAY)
        make_env: Any = partial(RecordedSimplerEnv, folder, settings.interface)
        seeds = list(range(min(settings.episodes, len(recordings_of(folder)))))
        protocol["episodes"] = f"recorded ones of {folder}"
        protocol["chunk handling"] = "one action at a time"
    else:
        make_env = partial(SimplerEnv, settings.interface, settings.most_steps)
        seeds = by_task(settings.seeds, len(TASKS))
        episode_of(settings.seeds[-1])  # too many are told here, not after hours
    table(f"Protocol of {SUITE}", ["", ""], list(protocol.items()))
    title = f"{policy} on {SUITE}"
    return closed_loop(title, partial(load_policy, policy), make_env, settings, {**about, **protocol}, seeds)


def run_google(policy: str, settings: ClosedLoopSettings, about: Mapping[str, Any]) -> dict:
    """Evaluate a policy on the Google Robot tasks, see :func:`closed_loop`.

    Raises SightlineError where the benchmark or a scene is missing, where cards do not match, or for more episodes than
    there are.
    """
    worker = start_google()
    versions = worker.ask("hello")["versions"]
    worker.close()
    protocol = {"benchmark": ", ".join(f"{name} {version}" for name, version in versions.items())}
    protocol |= google_protocol.protocol_of()
    google_protocol.episode_of(settings.seeds[-1])  # too many are told here, not after hours
    table(f"Protocol of {google_protocol.SUITE}", ["", ""], list(protocol.items()))
    title = f"{policy} on {google_protocol.SUITE}"
    return closed_loop(title, partial(load_policy, policy), GoogleEnv, settings, {**about, **protocol})


SIMPLER: dict[str, Suite[Any]] = {
    SUITE: Suite(SimplerSettings, run),
    google_protocol.SUITE: Suite(GoogleSettings, run_google),
}
