"""Scenes side by side on one picture, to see with one's own eyes what a collection looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.core import console
from sightline.core.draw import contact_sheet
from sightline.core.errors import SightlineError
from sightline.core.pictures import require_picture, write_picture
from sightline.engine.simulation.randomization import apply_look, sample_look
from sightline.engine.simulation.renderer import Renderer
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.worlds.contents import numbered_world
from sightline.engine.worlds.placement import sample_layout
from sightline.engine.worlds.spec import WorldSpec

COLUMNS = 10


def scene_sheet(
    path: Path | str,
    count: int = 60,
    seed: int = 0,
    split: str = "train",
    collection: str = "full",
    size: int = 224,
    camera: str = "front",
) -> dict:
    """Write a picture of ``count`` scenes, each in a world of its own, and return ``scenes`` and ``path``.

    Args:
        path: a PNG or JPEG file; its folder is made.
        size: pixels, side of each scene's picture.

    Raises SightlineError on impossible arguments, or when the file cannot be written.
    """
    target = Path(path)
    require_picture(target)
    if count < 1:
        raise SightlineError(f"The number of scenes must be at least 1, not {count}.")
    pictures = []
    with console.progress(total=count, label="scenes", unit="scene") as bar:
        for number in range(count):
            pictures.append(scene_picture(seed, number, split, collection, size, camera))
            bar.update(1)
    write_picture(target, contact_sheet(pictures, min(COLUMNS, count)))
    console.table(f"Scenes of collection {collection}", ["", "value"], [["scenes", count], ["picture", str(target)]])
    return {"scenes": count, "path": str(target)}


def scene_picture(
    seed: int, number: int, split: str, collection: str, size: int, camera: str = "front"
) -> NDArray[np.uint8]:
    """[size,size,3] picture of scene ``number``: a world of its own, objects, pose of the arm and look at random."""
    world = numbered_world(WorldSpec(split=split, collection=collection), seed, number)
    rng = np.random.default_rng([seed, number])
    simulation = Simulation(world)
    simulation.reset(sample_layout(world, rng), rng)
    apply_look(world, sample_look(rng, split, collection))
    with Renderer(world, size) as renderer:
        return renderer.picture(simulation.data, camera)
