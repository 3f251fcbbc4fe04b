"""Open any LeRobot dataset (v2.1 or v3.0), see what is in it, and compare a policy's actions with the recorded ones.

Usage: python examples/04_use_your_own_dataset.py DIR. Without an argument it takes what 01_generate_data.py wrote.
This open-loop check needs no simulator and no robot: wrong units, a turned camera or a flipped gripper show at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from sightline import Policy, load_dataset
from sightline.core.types import Observation


def main() -> None:
    """What a foreign dataset lacks for training is its card: write down what its numbers mean as meta/card.json."""
    dataset = load_dataset(Path(sys.argv[1] if len(sys.argv) > 1 else "outputs/examples/dataset"))
    print(f"{len(dataset)} episodes, {dataset.frames} frames at {dataset.fps} Hz, cameras {dataset.cameras}")
    for problem in dataset.problems:
        print("problem:", problem)
    for name, values in dataset.table(0).items():
        print(f"  {name}: shape {values.shape}, from {values.min():.3f} to {values.max():.3f}")
    if dataset.card is None:
        print("no interface card (meta/card.json): nothing says what these numbers mean, so no policy is compared")
        return

    policy = Policy.from_pretrained("tiny")
    policy.card.require_match(dataset.card, "the policy", "the dataset", ignore=("chunk", "normalisation"))
    table, labels = dataset.table(0), dataset.labels(0)
    errors = []
    for t in range(0, len(table["action"]), policy.config.chunk):
        images = {name: dataset.frame(0, t, name) for name in dataset.cameras}
        cameras = {name: labels.camera(t, name) for name in dataset.cameras}
        chunk = policy.act(Observation(images, table["state"][t], dataset.episodes[0].text, cameras)).actions
        truth = table["action"][t : t + len(chunk)]
        errors.append(np.abs(chunk[: len(truth)] - truth).mean(0))
    for name, error in zip(dataset.card.action_names, np.mean(errors, 0), strict=True):
        print(f"  {name}: mean difference {error:.4f}")


if __name__ == "__main__":
    main()
