"""How fast this machine is: data engine, reading, stage-1 training, policy. Prints a table; --json FILE keeps it.

CPU seconds count all processes and threads; they are the figures to compare, because other work on the machine blurs
the wall time.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sightline.core.console import table, write_json
from sightline.core.runtime import prepare_process

Row = dict[str, Any]


def measure(what: str, unit: str, count: Callable[[], int]) -> Row:
    """One row: ``count`` does the work and says how many units it was."""
    wall, cpu = time.monotonic(), sum(os.times()[:4])
    units = count()
    wall, cpu = time.monotonic() - wall, sum(os.times()[:4]) - cpu
    return {"what": what, "unit": unit, "units": units, "per_second": units / wall, "cpu_seconds_per_unit": cpu / units}


def engine(folder: Path, episodes: int) -> list[Row]:
    """Demonstrations and scenes, one process, written to disk."""
    from sightline.engine.generation.generate import generate
    from sightline.engine.generation.recipe import Recipe

    generate(folder / "warm-up", episodes=1)
    return [
        measure("data engine, one process", "episode", lambda: generate(folder / "data", episodes)["episodes"]),
        measure("labelled scenes", "frame", lambda: generate(folder / "scenes", 4, Recipe(kind="scenes"))["frames"]),
    ]


def reading(folder: Path) -> list[Row]:
    """Decoding pictures and labels of a dataset."""
    from sightline.data import load_dataset

    dataset = load_dataset(folder / "data")

    def videos() -> int:
        return sum(len(dataset.video(i, camera)) for i in range(len(dataset)) for camera in dataset.cameras)

    return [
        measure("pictures read", "picture", videos),
        # Twenty times over: once is shorter than the clock of CPU seconds can tell.
        measure("labels read", "frame", lambda: sum(len(dataset.labels(i)) for i in [*range(len(dataset))] * 20)),
    ]


def training(folder: Path, steps: int) -> list[Row]:
    """Stage 1 at preset tiny; its own figure, which leaves reading the data out."""
    from sightline.train.stages import pretrain

    result = pretrain([folder / "data", folder / "scenes"], folder / "run", "tiny", [f"steps={steps}"])
    rate = result["samples_per_second"]
    return [{"what": "stage 1, preset tiny", "unit": "sample", "units": steps, "per_second": rate}]


def acting(folder: Path, calls: int) -> list[Row]:
    """The policy alone: pictures and words to a chunk of actions."""
    from sightline.core.types import Observation
    from sightline.data import load_dataset
    from sightline.models.policy import Policy

    policy, dataset = Policy.from_pretrained(folder / "run/checkpoints/last/policy"), load_dataset(folder / "data")
    state, labels = dataset.table(0)["state"][0], dataset.labels(0)
    images = {name: dataset.frame(0, 0, name) for name in dataset.cameras}
    cameras = {name: labels.camera(0, name) for name in dataset.cameras}
    observation = Observation(images, state, dataset.episodes[0].text, cameras)

    def act(batch: int) -> int:
        for _ in range(calls):
            policy.act_batch([observation] * batch, list(range(batch)))
        return calls * batch

    act(1)
    return [measure(f"policy, batch of {batch}", "chunk", lambda batch=batch: act(batch)) for batch in (1, 8)]


def main() -> None:
    """Run all parts in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=12, help="episodes the data engine makes")
    parser.add_argument("--steps", type=int, default=20, help="training updates")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    prepare_process()
    with tempfile.TemporaryDirectory(prefix="sightline-bench-") as name:
        folder = Path(name)
        rows = engine(folder, options.episodes) + reading(folder)
        rows += training(folder, options.steps) + acting(folder, calls=10)
    columns = ["what", "unit", "per second", "CPU s a unit"]
    cells = [[row["what"], row["unit"], row["per_second"], row.get("cpu_seconds_per_unit")] for row in rows]
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    table(f"Speed of this machine ({machine})", columns, cells)
    if options.json is not None:
        write_json(options.json, {"machine": machine, "rows": rows})


if __name__ == "__main__":
    main()
