"""How often the expert picks up and puts away, by closed-form grasps and by grasps sampled from the mesh.

    python benchmarks/grasping.py --trials 6 --json grasps.json            # items of the starter catalogue, both ways
    python benchmarks/grasping.py --library DIR --trials 6 --json own.json # items of an imported library

Each trial is one item and one container in a settled random scene, undisturbed; success is the engine's own verdict.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from sightline.core.console import table, write_json
from sightline.core.runtime import prepare_process
from sightline.core.types import Task
from sightline.engine.assets import ObjectModel
from sightline.engine.assets.grasping import sample_grasps
from sightline.engine.assets.importing.library import load_library
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.generation.episode import perform
from sightline.engine.robots import DEFAULT, ROBOTS, robot
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.placement import sample_scene
from sightline.engine.worlds.spec import WorldSpec
from sightline.engine.worlds.world import World
from sightline.tasks.scene_graph import FOOTING

CONTAINERS = (("bowl", "blue", "large"), ("box", "blue", "large"), ("basket", "yellow", "large"), ("tray", "red"))


def container_for(item: ObjectModel) -> ObjectModel:
    """The first container with room for the item; the largest when none has."""
    models = [starter.model(*words) for words in CONTAINERS]
    return next((model for model in models if item.radius <= FOOTING * model.radius), models[-1])


def success_of(item: ObjectModel, trials: int, seed: int, robot_name: str) -> tuple[list[str], int]:
    """Why each trial failed (empty: it did not), and how often the expert had to try again."""
    world = World.of((item, container_for(item)), spec=WorldSpec(robot=robot_name))
    simulation, failures, retries = Simulation(world), [], 0
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial])
        simulation.reset(sample_scene(world, rng), rng)
        attempt = perform(simulation, Task("into", 0, 1, "", "", ""))
        failures.append(attempt.failure)
        retries += attempt.retries
    return failures, retries


def starter_items() -> list[ObjectModel]:
    """Thirty item models: every kind once, in turning sizes, and a few kinds twice."""
    chosen = []
    for number, kind in enumerate(kind for kind in starter.kinds() if starter.role(kind) == "item"):
        variants = starter.variants(kind)
        chosen.append(starter.build(variants[(7 * number) % len(variants)]))
    chosen += [
        starter.model(*words) for words in (("mug", "blue", "large"), ("bottle", "red", "large"), ("cube", "red"))
    ]
    return chosen[:30]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, help="folder made by `sightline assets import`")
    parser.add_argument("--trials", type=int, default=6, help="scenes for each item")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--robot", default=DEFAULT, choices=ROBOTS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    prepare_process()
    models = starter_items() if options.library is None else load_library(options.library)
    rows, totals, hand = [], {}, robot(options.robot).hand
    for model in (model for model in models if model.role == "item"):
        ways = {"as it is": model}
        if options.library is None:
            started = time.process_time()
            found = sample_grasps(model, np.random.default_rng(options.seed), hand)
            ways["sampled"] = model.with_grasps([candidate.grasp for candidate in found])
            seconds = time.process_time() - started
            totals.setdefault("CPU seconds to sample", []).append(seconds)
        row = [model.name, len(ways.get("sampled", model).grasps)]
        for way, candidate in ways.items():
            failures, retries = success_of(candidate, options.trials, options.seed, options.robot)
            totals.setdefault(way, []).extend(not failure for failure in failures)
            why = ", ".join(sorted({failure for failure in failures if failure}))
            row += [f"{failures.count('')}/{len(failures)}", retries, why]
        rows.append(row)
        print(*row, flush=True)
    summary = {name: float(np.mean(values)) for name, values in totals.items()}
    heads = ["item", "grasps", *("closed form" if options.library is None else "success", "retries", "failures")]
    heads += ["sampled", "retries", "failures"]
    table("Success of picking up and putting away", heads[: len(rows[0])], rows)
    print(summary)
    if options.json is not None:
        write_json(options.json, {"rows": rows, "summary": summary, "trials": options.trials})


if __name__ == "__main__":
    main()
