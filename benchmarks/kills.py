"""Kill the data engine at random moments and see whether anything that was finished is lost.

    python benchmarks/kills.py --kills 100 --workers 2

Every round continues the same dataset in a new process group and kills all of it with SIGKILL after a random while.
After every kill the dataset must open and hold at least the episodes it held before, unchanged; in the end it must have
no problem and the content of a run that nobody disturbed.
"""

from __future__ import annotations

import json
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

from sightline.core.console import progress, table
from sightline.data import load_dataset
from sightline.data.content_hash import content_hash
from sightline.data.inspect import inspect
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe


@dataclass(frozen=True)
class Settings:
    """What is killed, and how often."""

    kills: int = 100
    workers: int = 2
    seed: int = 0
    """Seed of the moments and of the dataset."""
    size: int = 64
    """Pixels."""
    longest: float = 6.0
    """Seconds after which a run is killed at the latest, counted from when it has opened the dataset."""


def command(out: Path, episodes: int, settings: Settings) -> list[str]:
    """One run of the data engine."""
    return [
        sys.executable, "-m", "sightline.cli", "generate", "--out", str(out), "--episodes", str(episodes),
        "--seed", str(settings.seed), "--size", str(settings.size), "--workers", str(settings.workers),
    ]  # fmt: skip


def killed(run: list[str], out: Path, after: float) -> None:
    """Start a run, wait until it has started to work and ``after`` seconds more, kill its whole process group."""
    started, staging = time.time(), out / ".staging"
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and not (staging.exists() and staging.stat().st_ctime > started):
        time.sleep(0.02)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main(settings: Settings) -> None:
    """Kill, check, repeat; print and check the outcome."""
    moments = random.Random(settings.seed)
    episodes_each = 10**6  # never reached: every run is killed
    with tempfile.TemporaryDirectory(prefix="sightline-kills-") as folder:
        out, held, fingerprint, within_writing = Path(folder) / "data", 0, "", 0
        with progress(settings.kills, "kills", unit="kill") as bar:
            for _ in range(settings.kills):
                killed(command(out, episodes_each, settings), out, moments.uniform(0.0, settings.longest))
                if not (out / "meta" / "info.json").exists():
                    assert not held, "the dataset is gone"
                    bar.update(1, episodes=0)
                    continue
                dataset = load_dataset(out)
                assert len(dataset) >= held, f"{held - len(dataset)} finished episodes are gone"
                assert not held or content_hash(dataset, held) == fingerprint, "finished episodes have changed"
                within_writing += any((out / ".staging").iterdir())
                held = len(dataset)
                fingerprint = content_hash(dataset, held) if held else ""
                bar.update(1, episodes=held)
        problems = inspect(out)["problems"]
        whole = generate(Path(folder) / "whole", held, Recipe(settings.seed, size=settings.size), settings.workers)
    result = {
        "kills": settings.kills,
        "kills while an episode was being written": within_writing,
        "episodes": held,
        "problems": len(problems),
        "content as undisturbed": whole["content_hash"] == fingerprint,
    }
    table("Killing the data engine", ["", "value"], [[key, value] for key, value in result.items()])
    print(json.dumps(result))
    if problems or not result["content as undisturbed"]:
        sys.exit(1)


if __name__ == "__main__":
    main(tyro.cli(Settings))
