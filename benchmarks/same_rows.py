"""Closed-loop episodes through a policy server beside the same ones without it: are all rows equal?

    python benchmarks/same_rows.py --policy tiny --seeds 100 --workers 2 --json outputs/same_rows.json

(the full size; --seeds 4 shows that it works). Also asks for one chunk twice with a ``seed`` and compares the bytes.
Fails where anything differs.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro
from policy_server import policy_server, scenes

from sightline.core.console import say, table, write_json
from sightline.core.runtime import prepare_process
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.policies import load_policy
from sightline.evaluate.remote import PATIENCE, message_of
from sightline.evaluate.rollout import rollout_in_processes
from sightline.evaluate.rows import EpisodeRow
from sightline_client import PolicyClient


@dataclass(frozen=True)
class Settings:
    """What is compared."""

    policy: str = "tiny"
    """Checkpoint folder (an exported one acts with its engine) or tiny."""
    seeds: int = 100
    """Episodes: seeds from --first on."""
    first: int = 0
    """The first seed."""
    workers: int = 1
    """Processes that simulate."""
    json: Path | None = None
    """Write the figures here."""


def rows(policy: str, size: int, settings: Settings, label: str) -> tuple[list[EpisodeRow], float]:
    """A row for each seed, on pictures of ``size`` pixels, and the seconds that they took."""
    began, seeds = time.monotonic(), range(settings.first, settings.first + settings.seeds)
    made = rollout_in_processes(
        partial(load_policy, policy), partial(TabletopEnv, size=size), seeds, workers=settings.workers, label=label
    )
    return made, time.monotonic() - began


def asked_twice(address: str) -> tuple[int, bool]:
    """The side of the policy's pictures, and whether two requests with one seed get the same bytes."""
    (seen,) = scenes(1)
    with PolicyClient(address, patience=PATIENCE) as client:
        message = message_of(seen, client.metadata["policy_server_config"])
        first, second = (np.array(client.infer(message, seed=5)["actions"]) for _ in range(2))
        return client.metadata["card"]["image_size"][0], first.tobytes() == second.tobytes()


def main(settings: Settings) -> None:
    """Run both, compare, print."""
    prepare_process()
    with policy_server(settings.policy) as address:
        size, same_bytes = asked_twice(address)
        there, slow = rows(address, size, settings, "through a server")
    here, quick = rows(settings.policy, size, settings, "without one")
    differing = [one.seed for one, other in zip(here, there, strict=True) if one != other]
    table(
        f"{settings.policy}, {settings.seeds} episodes",
        ["", "success", "seconds"],
        [
            [name, sum(row.success for row in made), seconds]
            for name, made, seconds in (("through a server", there, slow), ("without one", here, quick))
        ],
    )
    told = f"seeds {', '.join(map(str, differing))}" if differing else "none"
    say(f"Rows that differ: {told}. The same seed gives the same bytes: {'yes' if same_bytes else 'no'}.")
    if settings.json is not None:
        found = {"differing": differing, "same_bytes": same_bytes, "successes": sum(row.success for row in here)}
        write_json(settings.json, {"settings": asdict(settings), **found, "rows": [asdict(row) for row in here]})
    if differing or not same_bytes:
        sys.exit("A server makes a difference.")


if __name__ == "__main__":
    main(tyro.cli(Settings))
