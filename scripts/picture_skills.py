"""Draw one episode of each skill as a strip of pictures, front and wrist camera (docs/skills.jpg).

python scripts/picture_skills.py docs/skills.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.core.draw import Picture, caption_bar
from sightline.core.types import Episode
from sightline.engine.recipe import Recipe
from sightline.engine.rollout import CAMERAS, make_episode

SIZE, FRAMES, SEED = 256, 6, 7
CHOSEN = (("stack", "starter", 1), ("drawer", "full", 1), ("drawer", "full", 4), ("button", "full", 0))


def strip(episode: Episode) -> Picture:
    """[H,W,3] uint8: six moments of an episode from left to right, a row a camera, what was asked for below."""
    assert episode.task is not None
    chosen = np.linspace(0, len(episode.frames) - 1, FRAMES).round().astype(int)
    rows = [np.concatenate([episode.frames[t].views[camera].image for t in chosen], axis=1) for camera in CAMERAS]
    return caption_bar(np.concatenate(rows), episode.task.instruction)


def first_success(tasks: str, collection: str, candidate: int) -> Episode:
    """The first episode from this candidate on that succeeds."""
    while True:
        episode = make_episode(Recipe(SEED, size=SIZE, collection=collection, tasks=tasks), candidate, noise=False)
        if episode.success:
            return episode
        candidate += 1


if __name__ == "__main__":
    Image.fromarray(np.concatenate([strip(first_success(*row)) for row in CHOSEN])).save(
        Path(sys.argv[1]), quality=70, optimize=True
    )
