"""``sightline generate``: datasets of our own worlds, and demonstrations of a benchmark's tasks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal

import tyro

from sightline.cli.options import (
    ABOUT_ALL_COLLECTIONS,
    ROBOT_NAMES,
    TASK_NAMES,
    Folder,
    Json,
)
from sightline.core.errors import SightlineError
from sightline.engine.collections import STARTER
from sightline.engine.robots import DEFAULT
from sightline.tasks.kinds import PLACE

BENCHMARKS_OWN = ("suite_tasks", "wider", "in_a_row", "pictures_every", "varied")  # options that only --suite reads


@dataclass(frozen=True)
class Generate:
    """Run the data engine: a LeRobot v3.0 dataset of verified episodes with box, point and trace labels."""

    out: Folder
    """Dataset folder. An interrupted dataset is continued."""
    episodes: int
    """Number of verified episodes (with --kind scenes: of slide shows, 16 labelled scenes each; crowds: 12)."""
    seed: int = 0
    """Seed of the dataset; the same seed gives the same episodes for any number of workers."""
    kind: Literal["episodes", "scenes", "crowds"] = "episodes"
    """episodes: the expert's actions with both cameras. scenes: unrelated still scenes for grounding pre-training.
    crowds: the same with many unrelated things, for learning what each kind looks like."""
    split: str = "train"
    """Which objects, colours and surroundings may appear: train, or of collection full demonstrated (for
    demonstrations: one kind in six left out) and grounding (for grounding pre-training: all but what is novel)."""
    collection: Annotated[str, tyro.conf.arg(help=f"What worlds are made of. {ABOUT_ALL_COLLECTIONS}")] = STARTER
    tasks: Annotated[str, tyro.conf.arg(help=f"What is to be done: {TASK_NAMES}.")] = PLACE
    robot: Annotated[str, tyro.conf.arg(help=f"Who does it: {ROBOT_NAMES}.")] = DEFAULT
    workers: int = 2
    """Processes (with --launcher ray: CPUs of the cluster) that simulate and render."""
    launcher: Literal["local", "ray"] = "local"
    """local: processes of this machine. ray: an existing Ray cluster; needs the extra 'ray'."""
    shard: int | None = None
    """Make this shard of a large dataset alone: its 1,000 episodes number 1000 * K and up; see merge."""
    renders_per_plan: int = 1
    """Times each plan is rendered with other lights, textures and cameras."""
    depth: bool = False
    """Store depth maps of every frame and camera too (16-bit PNG, millimetres)."""
    size: int = 224
    """Height and width of the pictures, pixels."""
    suite: str = ""
    """Demonstrations of a benchmark's tasks instead, in layouts that are not its own: libero_object and the other
    suites of LIBERO, after 'make setup-libero'; simpler_widowx, after 'make setup-simpler'. Reads --seed, --workers,
    --suite-tasks, --wider, --in-a-row and, of LIBERO, --pictures-every and --varied; what else differs from its
    default is refused."""
    suite_tasks: tuple[int, ...] = ()
    """Numbers of the suite's tasks that are demonstrated, from 0 (--suite only); left out: all of them."""
    wider: float | None = None
    """Metres by which every second round over a suite's tasks (simpler_widowx: every one) lets things begin farther out
    than the benchmark does (--suite only; left out: 0.035, of simpler_widowx 0.025)."""
    in_a_row: int = 1
    """Candidates of one of a suite's tasks that follow each other (--suite only): loading the next world takes eight
    seconds. Ask for at least ten times as many episodes."""
    pictures_every: int = 1
    """Steps from one picture to the next (--suite only): nine tenths of the time go into pictures. Between them films
    stand still (column ``drawn`` of the labels): training looks at no others, and an action expert that is told the
    truth learns from all steps."""
    varied: bool = False
    """Let things exchange places and draw the goal among what there is, with a sentence for it (--suite libero_spatial,
    libero_object or libero_goal): else every task is only seen in its one arrangement."""
    json: Json = None
    """Write the result here: episodes, attempts, frames, seconds, content_hash; with --suite also nearest."""

    def run(self) -> dict:
        if self.suite:
            return self._benchmark()
        from sightline.engine.generation.generate import generate
        from sightline.engine.generation.recipe import Recipe

        recipe = Recipe(
            seed=self.seed,
            split=self.split,
            kind=self.kind,
            size=self.size,
            renders_per_plan=self.renders_per_plan,
            depth=self.depth,
            robot=self.robot,
            collection=self.collection,
            tasks=self.tasks,
            shard=self.shard,
        )
        for option in fields(self):
            if option.name in BENCHMARKS_OWN and getattr(self, option.name) != option.default:
                name = option.name.replace("_", "-")
                raise SightlineError(f"--{name} is about the demonstrations of a benchmark: name its --suite.")
        return generate(self.out, self.episodes, recipe, self.workers, self.launcher)

    def _benchmark(self) -> dict:
        from sightline.envs.simpler.protocol import SUITE

        read = ["out", "episodes", "seed", "workers", "suite", *BENCHMARKS_OWN, "json"]
        if self.suite == SUITE:
            read = [name for name in read if name not in ("pictures_every", "varied")]  # pictures cost little there
        for option in fields(self):
            if option.name not in read and getattr(self, option.name) != option.default:
                name = option.name.replace("_", "-")
                raise SightlineError(f"--{name} is not read with --suite {self.suite}; leave it out.")
        return self._widowx() if self.suite == SUITE else self._libero()

    def _widowx(self) -> dict:
        from sightline.envs.simpler.demonstrations import WIDER, WidowXDemonstrations, generate_widowx

        wider = WIDER if self.wider is None else self.wider
        recipe = WidowXDemonstrations(self.seed, wider, self.suite_tasks, self.in_a_row)
        return generate_widowx(self.out, self.episodes, recipe, self.workers)

    def _libero(self) -> dict:
        from sightline.envs.libero.demonstrations import WIDER, Demonstrations, generate_libero

        wider = WIDER if self.wider is None else self.wider
        recipe = Demonstrations(
            self.suite, self.seed, wider, self.suite_tasks, self.in_a_row, self.pictures_every, self.varied
        )
        return generate_libero(self.out, self.episodes, recipe, self.workers)
