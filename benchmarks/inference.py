"""Time of a chunk and of an episode's first call (with its looks), by backend and threads: torch beside exported
policies, in one process, in turn.

    python benchmarks/inference.py --policy tiny --backend DIR DIR --threads 1 2 --calls 200 --json outputs/times.json

(the full size; --calls 8 shows that it works). Other work on the machine slows all of them alike while they take turns:
the ratios are the figures to keep. CPU time counts all threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from sightline.core.console import say, table, write_json
from sightline.core.runtime import prepare_process

TORCH = "torch"


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    policy: str = "tiny"
    """Checkpoint folder or tiny."""
    backend: tuple[Path, ...] = ()
    """Folders that sightline export has written."""
    threads: tuple[int, ...] = (1,)
    """CPU threads."""
    calls: int = 20
    """Chunks of each; an eighth as many first calls, three at least."""
    json: Path | None = None
    """Write the figures here."""


def cpu(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall milliseconds of all threads for one call."""
    wall, spent = time.perf_counter(), time.process_time()
    work()
    return 1e3 * (time.process_time() - spent), 1e3 * (time.perf_counter() - wall)


def measured(settings: Settings, threads: int) -> list[list[Any]]:
    """Rows of the table for so many threads."""
    import torch

    from sightline.models.exported.backend import load_exported, with_backend
    from sightline.models.exported.export import probe_observations

    torch.set_num_threads(threads)  # engines take as many, when they are loaded
    folders = {TORCH: "", **{str(folder): str(folder) for folder in settings.backend}}
    policies = {name: load_exported(with_backend(settings.policy, folder)) for name, folder in folders.items()}
    observation = probe_observations(policies[TORCH], 1)[0]

    def first(policy: Any) -> None:
        policy.reset()
        policy.act(observation)

    what: dict[str, tuple[Callable[[Any], object], int]] = {
        "chunk": (lambda policy: policy.act(observation), settings.calls),
        "first call": (first, max(3, settings.calls // 8)),
    }
    rows = []
    for policy in policies.values():
        first(policy)
        policy.act(observation)
    for label, (work, calls) in what.items():
        times = {name: np.zeros((2, calls)) for name in policies}
        for call in range(calls):
            for name, policy in policies.items():
                times[name][:, call] = cpu(partial(work, policy))
        for name, (spent, wall) in times.items():
            three = [value for one in (spent, wall) for value in np.percentile(one, [50, 95, 99])]
            rows.append([threads, name, label, *three, np.median(spent) / np.median(times[TORCH][0])])
    return rows


def looks(policy: str) -> None:
    """Eight pictures seen one after the other and as one batch, by torch."""
    import torch

    from sightline.models.exported.export import probe_observations
    from sightline.models.policy import Policy

    torch.set_num_threads(1)
    here = Policy.from_pretrained(policy)
    one = here.transforms.inputs(probe_observations(here, 1))
    many = one.rows(torch.zeros(8, dtype=torch.long))
    with torch.inference_mode():

        def apart() -> None:
            for _ in range(8):
                here.system.see(one.images, one.tokens, one.cameras)

        def together() -> None:
            here.system.see(many.images, many.tokens, many.cameras)

        turns = [(cpu(apart)[0], cpu(together)[0]) for _ in range(4)][1:]
    before, after = np.median(np.array(turns), 0)
    say(f"Eight looks, torch, one thread, CPU ms: {before:.0f} one after the other, {after:.0f} as one batch.")


def main(settings: Settings) -> None:
    """Measure, print, write."""
    prepare_process()
    rows = [row for threads in settings.threads for row in measured(settings, threads)]
    columns = ["threads", "backend", "what", "CPU p50", "p95", "p99", "wall p50", "p95", "p99", "of torch's CPU"]
    table(f"{settings.policy}, {settings.calls} calls, milliseconds", columns, rows)
    looks(settings.policy)
    if settings.json is not None:
        write_json(settings.json, {"settings": asdict(settings), "columns": columns, "rows": rows})


if __name__ == "__main__":
    main(tyro.cli(Settings))
