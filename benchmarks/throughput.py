"""What a verified, fully annotated episode costs the data engine, and where the CPU time goes.

    python benchmarks/throughput.py --episodes 60 --collection full --shadow

Every part is timed with the CPU clock of the process (all its threads) and counts only its own time, not that of the
parts inside it. ``--shadow`` lights every scene with one shadow lamp, which draws everything a second time.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import tyro

from sightline.core.console import table, write_json
from sightline.core.runtime import prepare_process
from sightline.data import writer
from sightline.engine.expert import choose
from sightline.engine.expert.pick_place import Expert
from sightline.engine.generation import episode, scenario
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe
from sightline.engine.simulation.randomization import Look, sample_look
from sightline.engine.simulation.renderer import Renderer
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.simulation.success import Judge

EXPERTS = {Expert, *choose.EXPERTS.values()}
PHYSICS, RENDERING, PLANNING = "physics", "rendering", "planning"
PARTS: tuple[tuple[str, Any, str], ...] = (
    (PHYSICS, Simulation, "step"),
    (PHYSICS, Simulation, "settle"),
    (PHYSICS, Simulation, "reset"),
    (RENDERING, Renderer, "_update"),
    (RENDERING, Renderer, "_draw"),
    (RENDERING, Renderer, "_developed"),
    ("setting up the renderer", Renderer, "__init__"),
    ("annotation", Renderer, "view"),
    *((PLANNING, expert, name) for expert in EXPERTS for name in ("__init__", "act") if name in vars(expert)),
    (PLANNING, episode, "sample_stage_task"),
    ("layout", scenario, "lay_out"),
    ("judging", Judge, "watch"),
    ("building the world", scenario, "numbered_world"),
    ("encoding videos", writer, "encode_video"),
    ("labels to disk", writer, "labels_table"),
    ("writing", writer, "stage_episode"),
    ("writing", writer.DatasetWriter, "commit"),
)


@dataclass(frozen=True)
class Settings:
    """What is generated."""

    episodes: int = 60
    collection: str = "full"
    tasks: str = "place"
    robot: str = "panda"
    renders_per_plan: int = 1
    size: int = 224
    """Pixels."""
    shadow: bool = False
    """Only lights with a shadow lamp; without it, as they come."""
    seed: int = 0
    json: Path | None = None
    """Write the figures here."""


class Clock:
    """Own CPU seconds of parts that may be inside one another."""

    def __init__(self) -> None:
        self.own: dict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    def timed(self, part: str, call: Callable) -> Callable:
        """``call``, its time booked on ``part``."""

        def wrapper(*arguments: Any, **options: Any) -> Any:
            self._inside.append(0.0)
            started = time.process_time()
            try:
                return call(*arguments, **options)
            finally:
                spent = time.process_time() - started
                self.own[part] += spent - self._inside.pop()
                if self._inside:
                    self._inside[-1] += spent

        return wrapper


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """All parts report to the clock."""
    with ExitStack() as stack:
        for part, owner, name in PARTS:
            found = vars(owner)[name]
            plain = found.__func__ if isinstance(found, staticmethod) else found
            timed = clock.timed(part, plain)
            stack.enter_context(
                mock.patch.object(owner, name, staticmethod(timed) if isinstance(found, staticmethod) else timed)
            )
        yield


def shadowed_look(*arguments: Any) -> Look:
    """A look whose light casts shadows."""
    while True:
        look = sample_look(*arguments)
        if any(lamp.shadow for lamp in look.dressing.light.build().lamps):  # type: ignore[attr-defined]
            return look


def main(settings: Settings) -> None:
    """Generate, print the table of parts and the rate."""
    prepare_process()
    recipe = Recipe(
        settings.seed,
        size=settings.size,
        renders_per_plan=settings.renders_per_plan,
        robot=settings.robot,
        collection=settings.collection,
        tasks=settings.tasks,
    )
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="sightline-bench-") as folder, ExitStack() as stack:
        generate(Path(folder) / "warm", 1, recipe)
        if settings.shadow:
            stack.enter_context(mock.patch.object(episode, "sample_look", shadowed_look))
        stack.enter_context(watched(clock))
        started = time.process_time()
        made = generate(Path(folder) / "data", settings.episodes, recipe)
        total = time.process_time() - started
    clock.own["everything else"] = total - sum(clock.own.values())
    episodes, frames = made["episodes"], made["frames"]
    rows = [
        [part, spent / episodes, 100 * spent / total] for part, spent in sorted(clock.own.items(), key=lambda p: -p[1])
    ]
    table(f"CPU time of {episodes} episodes, {frames} frames", ["part", "s an episode", "%"], rows)
    result = {
        "episodes": episodes,
        "frames": frames,
        "cpu_seconds_per_episode": total / episodes,
        "episodes_per_hour_and_core": 3600 * episodes / total,
        "physics_and_rendering": (clock.own[PHYSICS] + clock.own[RENDERING]) / total,
        "planning": sum(clock.own[part] for part in (PLANNING, PHYSICS, "layout", "judging")) / total,
        "planning_without_physics": clock.own[PLANNING] / total,
        "parts": dict(clock.own),
    }
    table("Throughput", ["", "value"], [[key, value] for key, value in result.items() if key != "parts"])
    if settings.json is not None:
        write_json(settings.json, result)


if __name__ == "__main__":
    main(tyro.cli(Settings))
