"""Run the data engine, open what it wrote, and draw the labels of one frame.

Writes outputs/examples/dataset (a LeRobot v3.0 dataset of two episodes) and outputs/examples/labels.png.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from sightline import load_dataset
from sightline.core.draw import overlay
from sightline.core.types import Grounding
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe

OUT = Path("outputs/examples")


def main() -> None:
    """Two verified episodes; the same seed gives the same two, on any machine with any number of workers."""
    result = generate(OUT / "dataset", episodes=2, recipe=Recipe(seed=1))
    print("content hash", result["content_hash"])

    dataset = load_dataset(OUT / "dataset")
    meta, table, labels = dataset.episodes[0], dataset.table(0), dataset.labels(0)
    print(f"{meta.text!r}: {len(labels)} frames at {dataset.fps} Hz, cameras {dataset.cameras}")
    print("state", table["state"].shape, "action", table["action"].shape, "sub-tasks", dict.fromkeys(labels.subtasks))

    # Every label is in pixels of the stored picture: boxes by object, the grasp and place points, the tool's path.
    visible = {thing.id: labels.boxes["front"][0, i] for i, thing in enumerate(labels.objects)}
    drawing = Grounding(
        camera="front",
        boxes={name: box for name, box in visible.items() if np.isfinite(box).all()},
        points={"target": labels.grasp_pixels["front"][0], "place": labels.place_pixels["front"][0]},
        trace=labels.traces["front"][0],
    )
    picture = overlay(dataset.frame(0, 0, "front"), drawing, scale=3)
    Image.fromarray(picture).save(OUT / "labels.png")
    print("drawn in", OUT / "labels.png")


if __name__ == "__main__":  # worker processes import this file again
    main()
