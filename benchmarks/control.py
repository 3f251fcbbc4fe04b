"""Control at the card's rate, held for minutes, with the simulator on one core and the policy server on the others:
which ticks had their action in time?

    python benchmarks/control.py --policy tiny --minutes 10 --json outputs/control.json

(the full size; --minutes 0.2 shows that it works). Episode after episode, the simulated robot is moved by the clock on
the wall: every tick it carries out its action and needs the next one before the tick is over, pictures drawn where a
chunk is asked for. A tick whose action came later is a missed deadline, and the clock goes on from there. Not counted:
setting up a scene, and the first chunk of an episode, for which the arm waits at rest. Other work on the machine counts
against it.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import tyro
from policy_server import percentiles, policy_server

from sightline.core.console import progress, say, table, write_json
from sightline.core.runtime import prepare_process
from sightline.core.types import EXECUTE
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.remote import PATIENCE, message_of
from sightline_client import Asynchronous, Blocking, PolicyClient, RealTime


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    policy: str = "tiny"
    """Checkpoint folder (an exported one acts with its engine) or tiny."""
    minutes: float = 10.0
    """Of control."""
    way: Literal["blocking", "asynchronous", "real-time"] = "real-time"
    """How chunks are used."""
    execute: int = EXECUTE
    """Actions of a chunk after which the next one is asked for."""
    threads: int = 1
    """CPU threads of the policy."""
    json: Path | None = None
    """Write the figures here."""


@dataclass
class Times:
    """Milliseconds: of each tick's work, of its lateness at the start, of answers and of first chunks; and counts."""

    work: list[float]
    late: list[float]
    answers: list[float]
    first: list[float]
    missed: int = 0
    episodes: int = 0
    successes: int = 0


def drive(env: TabletopEnv, actions: Any, config: dict[str, Any], times: Times, seed: int, ticks: int) -> None:
    """One episode, at most ``ticks`` long."""
    period = 1 / env.card.control_hz
    env.reset(seed=seed)
    actions.reset()

    def observe() -> dict[str, Any]:
        return message_of(env.observe(), config)

    began = time.monotonic()
    action, answer = actions.next(observe), actions.answer
    times.first.append(1000 * (time.monotonic() - began))
    due = time.monotonic()  # of this tick
    for _ in range(ticks):
        started = time.monotonic()
        times.late.append(1000 * (started - due))
        info = env.advance(action)
        if info["is_success"] or info["truncated"]:
            times.successes += info["is_success"]
            break
        action = actions.next(observe)
        if actions.answer is not answer:
            answer = actions.answer
            times.answers.append(sum(answer["server_timing"][f"{phase}_ms"] for phase in ("decode", "queue", "infer")))
        now, due = time.monotonic(), due + period
        times.work.append(1000 * (now - started))
        if now > due:
            times.missed, due = times.missed + 1, now
        time.sleep(max(0.0, due - time.monotonic()))
    times.episodes += 1


def main(settings: Settings) -> None:
    """Drive, print, write."""
    prepare_process()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    times = Times([], [], [], [])
    with policy_server(settings.policy, "--threads", str(settings.threads), cores=cores[1:] or cores) as address:
        client = PolicyClient(address, patience=PATIENCE)
        card, config = client.metadata["card"], client.metadata["policy_server_config"]
        env, wanted = TabletopEnv(size=card["image_size"][0]), round(60 * settings.minutes * card["control_hz"])
        ways = {"blocking": Blocking, "asynchronous": Asynchronous, "real-time": RealTime}
        actions = ways[settings.way](client, settings.execute)
        with progress(wanted, "control", unit="tick") as bar:
            while (done := len(times.work)) < wanted:
                drive(env, actions, config, times, times.episodes, wanted - done)
                bar.update(len(times.work) - done, missed=times.missed)
        if isinstance(actions, Asynchronous):
            actions.close()
        client.close()
        env.close()
    rows = [
        ["work of a tick", *percentiles(times.work)],
        ["begin of a tick, late by", *percentiles(times.late)],
        ["an answer, in the server", *percentiles(times.answers)],
        ["first chunk of an episode (not counted)", *percentiles(times.first)],
    ]
    columns = ["milliseconds", "p50", "p95", "p99", "longest"]
    table(f"{settings.policy}, {settings.way}, {len(cores)} cores", columns, rows)
    period = 1000 / card["control_hz"]
    say(
        f"{times.missed} of {len(times.work)} deadlines of {period:.0f} ms missed ({settings.minutes:g} minutes, "
        f"{times.episodes} episodes, {times.successes} of them done)."
    )
    if settings.json is not None:
        found = {"missed": times.missed, "ticks": len(times.work), "episodes": times.episodes}
        found |= {"successes": times.successes, "columns": columns, "rows": rows}
        write_json(settings.json, {"settings": asdict(settings), **found})


if __name__ == "__main__":
    main(tyro.cli(Settings))
