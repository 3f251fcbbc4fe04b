"""What the variety of collection full costs against the starter's: building worlds, textures, pictures, sensors.

CPU milliseconds of one process, medians, starter and full in turn so that other work on the machine hits both alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sightline.core.console import table, write_json
from sightline.core.runtime import prepare_process
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.spec import WorldSpec

STARTER, SOFT, SHADOW = "starter", "full, no shadow lamp", "full, shadow lamp"


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    started = time.process_time()
    work()
    return 1e3 * (time.process_time() - started)


def worlds(count: int) -> dict[str, list[float]]:
    """Building: every world with textures and geometry that no earlier one had."""

    build_world(0)  # reads the robot's meshes
    took: dict[str, list[float]] = {"starter": [], "full": []}
    for seed in range(1, count + 1):
        for collection, row in took.items():
            row.append(milliseconds(lambda c=collection, s=seed: build_world(s, WorldSpec(collection=c))))
    return {f"world, {collection}": row for collection, row in took.items()}


def textures(count: int) -> dict[str, list[float]]:
    """Painting: textures at even distances through the registry."""
    from sightline.engine.surroundings.textures import textures as registry

    entries = registry()
    chosen = [entries[k] for k in np.linspace(0, len(entries) - 1, count).astype(int)]
    return {"texture": [milliseconds(entry.swatch) for entry in chosen]}


def pictures(count: int, repeats: int = 4) -> dict[str, list[float]]:
    """Rendering at 224 pixels without the sensor, and the sensor alone."""
    from sightline.engine.simulation.randomization import apply_look, sample_look
    from sightline.engine.simulation.renderer import Renderer
    from sightline.engine.simulation.simulation import Simulation
    from sightline.engine.surroundings.sensor import sample_sensor
    from sightline.engine.worlds.placement import sample_layout

    took: dict[str, list[float]] = {f"picture, {name}": [] for name in (STARTER, SOFT, SHADOW)} | {"sensor": []}
    for seed in range(count):
        for collection in ("starter", "full"):
            world, rng = build_world(seed, WorldSpec(collection=collection)), np.random.default_rng(seed)
            simulation = Simulation(world)
            simulation.reset(sample_layout(world, rng), rng)
            with Renderer(world, 224) as renderer:
                for _ in range(repeats):
                    apply_look(world, sample_look(rng, collection=collection))
                    world.sensor, model = None, world.model
                    casting = bool((model.light_castshadow & model.light_active).any())
                    kind = STARTER if collection == "starter" else SHADOW if casting else SOFT
                    renderer.picture(simulation.data, "front")  # the first one after a change also moves textures
                    row = took[f"picture, {kind}"]
                    row.append(milliseconds(lambda r=renderer, s=simulation: r.picture(s.data, "front")))
                    picture, sensor = renderer.picture(simulation.data, "front"), sample_sensor(rng)
                    sensor.develop(picture, "front", 0.0)  # the grain is made once a look
                    took["sensor"].append(milliseconds(lambda s=sensor, p=picture: s.develop(p, "front", 0.1)))
    return took


def main() -> None:
    """Command line: ``python benchmarks/worlds.py [--count N] [--json FILE]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="worlds of each collection")
    parser.add_argument("--json", type=Path, default=None, help="write the result here")
    arguments = parser.parse_args()
    prepare_process()
    took = worlds(arguments.count) | textures(6 * arguments.count) | pictures(arguments.count)
    result = {what: {"median_ms": float(np.median(row)), "of": len(row)} for what, row in took.items() if row}
    rows = [[what, figures["median_ms"], figures["of"]] for what, figures in result.items()]
    table("CPU time of collection full against starter", ["what", "median ms", "of"], rows)
    if arguments.json is not None:
        write_json(arguments.json, result)


if __name__ == "__main__":
    main()
