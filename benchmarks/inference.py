"""CPU time of a chunk and of an episode's first call (with its looks): torch beside exported policies, in one process,
on the same threads, in turn. Also the eight looks as one batch beside one after the other.

    python benchmarks/inference.py --policy tiny --backend DIR [--backend DIR ..] [--threads 1] [--calls 20]

Other work on the machine slows all of them alike while they take turns: the ratios are the figures to keep.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def cpu(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall milliseconds of all threads for one call."""
    wall, spent = time.perf_counter(), time.process_time()
    work()
    return 1e3 * (time.process_time() - spent), 1e3 * (time.perf_counter() - wall)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", default="tiny")
    parser.add_argument("--backend", action="append", default=[], help="folder that sightline export has written")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    import torch

    from sightline.core.console import table, write_json
    from sightline.models.exported.backend import load_exported, with_backend
    from sightline.models.exported.export import probe_observations

    torch.set_num_threads(options.threads)
    names = ["torch", *options.backend]
    policies = {name: load_exported(with_backend(options.policy, name if name != "torch" else "")) for name in names}
    observation = probe_observations(policies["torch"], 1)[0]

    def first(name: str) -> None:
        policies[name].reset()
        policies[name].act(observation)

    times: dict[str, dict[str, list[tuple[float, float]]]] = {name: {"chunk": [], "first call": []} for name in names}
    for name in names:
        first(name)
        policies[name].act(observation)
    for _ in range(options.calls):
        for name in names:
            times[name]["chunk"].append(cpu(lambda name=name: policies[name].act(observation)))
    for _ in range(max(3, options.calls // 4)):
        for name in names:
            times[name]["first call"].append(cpu(lambda name=name: first(name)))
    rows = []
    for name in names:
        for what, measured in times[name].items():
            spent, wall = np.array(measured).T
            eager = np.median(np.array(times["torch"][what])[:, 0])
            rows.append([name, what, *np.percentile(spent, [50, 95, 99]), np.median(wall), np.median(spent) / eager])
    columns = ["backend", "what", "CPU ms p50", "p95", "p99", "wall ms p50", "of torch's CPU time"]
    table(f"{options.threads} thread(s), {options.calls} calls", columns, rows)
    looks(policies["torch"], observation)
    if options.json is not None:
        write_json(options.json, {"columns": columns, "rows": rows})


def looks(policy, observation) -> None:  # type: ignore[no-untyped-def]
    """Eight pictures seen one after the other and as one batch, by torch."""
    import torch

    from sightline.core.console import say

    one = policy.transforms.inputs([observation])
    many = one.rows(torch.zeros(8, dtype=torch.long))
    with torch.inference_mode():

        def apart() -> None:
            for _ in range(8):
                policy.system.see(one.images, one.tokens, one.cameras)

        def together() -> None:
            policy.system.see(many.images, many.tokens, many.cameras)

        turns = [(cpu(apart)[0], cpu(together)[0]) for _ in range(4)][1:]
    before, after = np.median(np.array(turns), 0)
    say(f"Eight looks, torch, CPU ms: {before:.0f} one after the other, {after:.0f} as one batch.")


if __name__ == "__main__":
    main()
