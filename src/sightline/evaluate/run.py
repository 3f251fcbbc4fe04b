"""The command ``sightline evaluate``: closed-loop success or grounding accuracy of a policy."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import sightline
from sightline.core.console import say
from sightline.core.errors import SightlineError, require_known
from sightline.core.types import EXECUTE
from sightline.engine.collections import STARTER
from sightline.engine.robots import DEFAULT, ROBOTS
from sightline.evaluate.grounding_metrics import Grounder, evaluate_grounding
from sightline.evaluate.language_probe import ListeningResult, listen
from sightline.evaluate.openloop import evaluate_open_loop
from sightline.evaluate.policies import EXPERT, REPLAY, load_policy
from sightline.evaluate.report import (
    print_grounding,
    print_summary,
    success_rate,
    write_grounding_report,
    write_open_loop_report,
    write_rollout_report,
)
from sightline.evaluate.rollout import Environment, RolloutSettings, rollout_in_processes
from sightline.tasks.kinds import PLACE

SUITES = ("tabletop", "grounding", "openloop")
SEED_STRIDE = 1_000_000  # evaluations with different --seed never share an episode
FILMS = 24
DEFAULTS = {"robot": DEFAULT, "collection": STARTER, "tasks": PLACE}


def evaluate(
    policy: str,
    suite: str = "tabletop",
    split: str = "seen",
    episodes: int = 100,
    seed: int = 0,
    video: Path | None = None,
    report: Path | None = None,
    data: Sequence[Path] = (),
    workers: int = 1,
    execute: int = EXECUTE,
    handling: str = "receding",
    batch: int = 4,
    films: int = FILMS,
    probe: int = 0,
    robot: str = "",
    phrasing: str = "plain",
    collection: str = "",
    tasks: str = "",
    embodiment: str = "sightline",
) -> dict:
    """Evaluate a policy, print the result and write the report.

    Args:
        policy: checkpoint folder, ``tiny``, ``expert`` or ``replay:DIR``.
        suite: ``tabletop`` (closed loop), ``grounding`` (questions about the pictures in ``data``) or ``openloop``
            (what the policy would do in the recorded episodes of ``data``, read as ``embodiment`` says).
        episodes: number of episodes (grounding: of pictures; openloop: of each dataset).
        split: ``seen`` or ``unseen``; a replay is tied to its dataset's scenes instead.
        seed: episode i has the seed ``seed * 1,000,000 + i``; a replay has none.
        video: folder for films of the first ``films`` episodes.
        report: HTML file to write.
        workers: processes; the rows do not depend on it.
        execute, handling, batch: see RolloutSettings.
        probe: number of scenes of the listening probe (0: not run).
        robot: who does it; empty: the recorded one in a replay, else the engine's default.
        phrasing: words of the instructions, one of engine.lexicon.SPOKEN; a replay hears the recorded ones.
        collection, tasks: what worlds are made of and what is to be done (see TabletopEnv); a replay has its dataset's.

    Returns:
        ``success_rate``, ``ci95``, ``wrong_object_rate``, ``episodes`` (rows), ``seconds``, ``settings`` and, where
        probed, ``listening``; for grounding ``box_acc50``, ``point_acc``, ``trace_mae_px``, more of their kind,
        ``by_style`` and ``by_kind``; for openloop ``open_loop_error``, ``constant_error`` and ``by_dimension``.

    Raises:
        SightlineError: unknown suite, policy, split or robot, or cards that do not match.
    """
    require_known("suite", suite, SUITES)
    if episodes < 1:
        raise SightlineError(f"At least one episode is needed, not {episodes}.")
    about = {
        "policy": policy,
        "suite": suite,
        "split": split,
        "seed": seed,
        "version": code_version(),
        "CPUs": os.cpu_count(),
    }
    if suite == "grounding":
        return _grounding(policy, data, episodes, seed, report, about | {"data": ", ".join(map(str, data))})
    if suite == "openloop":
        about |= {"data": ", ".join(map(str, data)), "embodiment": embodiment}
        return _open_loop(policy, data, embodiment, episodes, report, about)
    settings = RolloutSettings(batch, execute, handling, films if video else 0, Path(video) if video else None)
    about["phrasing"] = phrasing
    scenes = {"robot": robot, "collection": collection, "tasks": tasks}
    world = _world_of(policy, split, scenes, phrasing, episodes, seed)
    about |= {key: world[2][key] for key in scenes}
    return _closed_loop(policy, split, world, settings, workers, report, probe, about)


def _closed_loop(
    policy: str,
    split: str,
    world: tuple[Callable[[], Environment], list[int], dict[str, str]],
    settings: RolloutSettings,
    workers: int,
    report: Path | None,
    probe: int,
    about: dict,
) -> dict:
    make_policy = partial(load_policy, policy)
    make_env, seeds, _ = world
    started = time.monotonic()
    rows = rollout_in_processes(make_policy, make_env, seeds, settings, workers, label=f"{policy} on tabletop/{split}")
    seconds = time.monotonic() - started
    unfilmed = replace(settings, films=0, film_dir=None)
    listening = _probe(make_policy, make_env, seeds[:probe], unfilmed, workers)
    print_summary(rows)
    scripted = policy == EXPERT or policy.startswith(REPLAY)
    chunks = "one action at a time" if scripted else f"{settings.handling}, {settings.execute} actions a chunk"
    about = about | {"chunk handling": chunks, "workers": workers, "seconds": round(seconds, 1)}
    if report is not None:
        write_rollout_report(Path(report), f"{policy} on tabletop, {split}", rows, about, settings.film_dir, listening)
        say(f"Report: {report}")
    rate = success_rate(rows)
    return {
        "success_rate": rate.value,
        "ci95": list(rate.interval),
        "wrong_object_rate": sum(row.wrong_object_lifted for row in rows) / len(rows),
        "episodes": [row.to_dict() for row in rows],
        "seconds": seconds,
        "settings": about,
        **({"listening": listening.to_dict()} if listening else {}),
    }


def tabletop(split: str, phrasing: str, robot: str, collection: str, tasks: str) -> Callable[[], Environment]:
    """A picklable factory of tabletop environments (see TabletopEnv)."""
    from sightline.envs.tabletop import TabletopEnv  # the simulator: not needed for grounding

    return partial(TabletopEnv, split, 224, False, robot, phrasing, collection, tasks)


def _world_of(
    policy: str, split: str, scenes: dict[str, str], phrasing: str, episodes: int, seed: int
) -> tuple[Callable[[], Environment], list[int], dict[str, str]]:
    """The environments, seeds and kind of scenes of an evaluation; a replay happens in its dataset's first episodes."""
    if not policy.startswith(REPLAY):
        chosen = DEFAULTS | {key: value for key, value in scenes.items() if value}
        require_known("robot", chosen["robot"], ROBOTS)
        make_env = tabletop(split, phrasing, **chosen)
        make_env()  # impossible scenes are told here, not by a process of many
        return make_env, [seed * SEED_STRIDE + i for i in range(episodes)], chosen
    from sightline.envs.recorded import RecordedEnv

    make_recorded = partial(RecordedEnv, policy.removeprefix(REPLAY))
    recorded = make_recorded()
    of_dataset = {key: getattr(recorded.world, key) for key in DEFAULTS}
    for key, wanted in scenes.items():
        if wanted not in ("", of_dataset[key]):
            raise SightlineError(f"That dataset's {key} is {of_dataset[key]}: a replay cannot be of '{wanted}'.")
    if phrasing != "plain":
        raise SightlineError("A replay hears the words that were recorded: leave the phrasing out.")
    return make_recorded, list(range(min(episodes, len(recorded.dataset)))), of_dataset


def _probe(
    make_policy: Callable[[], Any],
    make_env: Callable[[], Environment],
    seeds: Sequence[int],
    settings: RolloutSettings,
    workers: int,
) -> ListeningResult | None:
    if not seeds:
        return None
    result = listen(make_policy, make_env, seeds, settings, workers)
    result.print()
    return result


def _grounding(policy: str, data: Sequence[Path], pictures: int, seed: int, report: Path | None, about: dict) -> dict:
    grounder = load_policy(policy)
    if not isinstance(grounder, Grounder):
        raise SightlineError(f"The policy '{policy}' cannot say where things are; use a checkpoint folder or 'tiny'.")
    scores = evaluate_grounding(grounder, [Path(folder) for folder in data], pictures, seed=seed)
    summary = scores.summary()
    print_grounding(summary)
    if report is not None:
        write_grounding_report(Path(report), f"{policy}: grounding", scores, about | {"pictures": pictures})
        say(f"Report: {report}")
    return summary | {"settings": about}


def _open_loop(
    policy: str, data: Sequence[Path], embodiment: str, episodes: int, report: Path | None, about: dict
) -> dict:
    actor = load_policy(policy)
    from sightline.models.policy import Policy  # imports transformers, which takes seconds

    if not isinstance(actor, Policy):
        raise SightlineError(f"The suite openloop needs a trained policy, not '{policy}'.")
    scores = evaluate_open_loop(actor, [Path(folder) for folder in data], embodiment, episodes)
    scores.print()
    if report is not None:
        write_open_loop_report(Path(report), f"{policy}: open loop", scores, about)
        say(f"Report: {report}")
    return scores.summary() | {"settings": about}


def code_version() -> str:
    """The package's version and, in a git checkout, the commit (with ``+`` when files have changed since)."""
    folder = Path(sightline.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return sightline.__version__
    return f"{sightline.__version__} ({found})"
