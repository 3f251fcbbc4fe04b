"""One recipe made four ways: by one worker, by two, with kills in between, and on a Ray cluster of two nodes.

    python benchmarks/sameness.py --episodes 12 --tasks all --collection full --robot ur5e --renders-per-plan 2

Prints the four content hashes and fails unless they are equal. Needs the extra `ray`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from sightline.core.console import table
from sightline.core.runtime import prepare_process
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe


@dataclass(frozen=True)
class Settings:
    """The recipe, and how often it is disturbed."""

    episodes: int = 12
    seed: int = 78
    size: int = 64
    """Pixels."""
    tasks: str = "all"
    collection: str = "full"
    robot: str = "panda"
    renders_per_plan: int = 1
    kills: int = 3

    def recipe(self) -> Recipe:
        return Recipe(
            self.seed,
            size=self.size,
            tasks=self.tasks,
            collection=self.collection,
            robot=self.robot,
            renders_per_plan=self.renders_per_plan,
        )


def disturbed(out: Path, settings: Settings) -> str:
    """Generate with two workers, killed again and again after 4 to 8 seconds; the content hash in the end."""
    moments = random.Random(settings.seed)
    options = {name: str(value) for name, value in vars(settings).items() if name != "kills"}
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    for _ in range(settings.kills):
        command = [sys.executable, "-m", "sightline.cli", "generate", "--out", str(out), "--workers", "2", *words]
        run = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(4.0, 8.0))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return generate(out, settings.episodes, settings.recipe(), 2)["content_hash"]


def clustered(out: Path, settings: Settings) -> str:
    """Generate on a Ray cluster of two nodes with a CPU each; the content hash."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = cluster.address
    try:
        return generate(out, settings.episodes, settings.recipe(), 2, "ray")["content_hash"]
    finally:
        ray.shutdown()
        cluster.shutdown()


def main(settings: Settings) -> None:
    """Make it four ways and compare."""
    prepare_process()
    with tempfile.TemporaryDirectory(prefix="sightline-same-") as name:
        folder = Path(name)
        hashes = {
            f"{workers} worker(s)": generate(folder / str(workers), settings.episodes, settings.recipe(), workers)[
                "content_hash"
            ]
            for workers in (1, 2)
        }
        hashes[f"{settings.kills} kills"] = disturbed(folder / "killed", settings)
        hashes["Ray, two nodes"] = clustered(folder / "ray", settings)
    table("The same dataset, made four ways", ["how", "content hash"], list(hashes.items()))
    if len(set(hashes.values())) > 1:
        sys.exit("The content depends on how it is made.")


if __name__ == "__main__":
    main(tyro.cli(Settings))
