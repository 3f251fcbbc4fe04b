"""Ask the planner where things are: a phrase yields an object, an instruction yields what to grasp and where to put it.

Usage: python examples/02_ground_a_picture.py [PICTURE "TEXT"]. Without arguments the picture comes from the simulator.
Writes outputs/examples/grounding.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sightline import Policy
from sightline.core.draw import overlay
from sightline.envs import TabletopEnv

OUT = Path("outputs/examples")


def main() -> None:
    """Grounding needs one picture and no calibration; boxes and points are in its pixels."""
    policy = Policy.from_pretrained("tiny")
    if len(sys.argv) == 3:
        picture, text = np.array(Image.open(sys.argv[1]).convert("RGB")), sys.argv[2]
    else:
        env = TabletopEnv(split="seen")
        env.reset(seed=3)
        observation = env.observe()
        picture, text = observation.images["front"], observation.instruction

    answer = policy.ground(picture, text)
    print(text)
    for label, box in answer.boxes.items():
        print(f"  {label}: box {np.round(box, 1)}, confidence {answer.confidence[label]:.0%}")
    for label, point in answer.points.items():
        print(f"  {label}: point {np.round(point, 1)}")
    print(f"  in its own words: {answer.text}")

    OUT.mkdir(parents=True, exist_ok=True)
    Image.fromarray(overlay(picture, answer, scale=3)).save(OUT / "grounding.png")
    print("drawn in", OUT / "grounding.png")


if __name__ == "__main__":
    main()
