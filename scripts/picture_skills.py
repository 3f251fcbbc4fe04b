"""Draw one episode of each skill as a strip of pictures, front camera and wrist camera (docs/skills.jpg).

python scripts/picture_skills.py docs/skills.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.core.draw import Picture, caption_bar
from sightline.core.types import Episode
from sightline.engine.generation.episode import make_episode
from sightline.engine.generation.recipe import Recipe

SIZE, LETTERS, SEED, COLLECTION = 288, 24, 7, "full"
FRONT, WRIST = (0.0, 0.4, 0.75, 1.0), 0.55  # moments, as shares of the episode
CHOSEN = (("stack", 7), ("drawer", 2), ("drawer", 5), ("button", 6), ("lid", 2), ("lid", 3))  # kind, first one


def strip(episode: Episode) -> Picture:
    """[H,W,3] uint8: moments of an episode from left to right, the wrist camera's last, what was asked for below."""
    assert episode.task is not None
    moments = [("front", share) for share in FRONT] + [("wrist", WRIST)]
    last = len(episode.frames) - 1
    views = [episode.frames[round(share * last)].views[camera].image for camera, share in moments]
    return caption_bar(np.concatenate(views, axis=1), episode.task.instruction, LETTERS)


def first_success(tasks: str, candidate: int) -> Episode:
    """The first episode from this candidate on that succeeds."""
    while True:
        episode = make_episode(Recipe(SEED, size=SIZE, collection=COLLECTION, tasks=tasks), candidate, noise=False)
        if episode.success:
            return episode
        candidate += 1


if __name__ == "__main__":
    picture = np.concatenate([strip(first_success(*row)) for row in CHOSEN])
    Image.fromarray(picture).save(Path(sys.argv[1]), quality=80, optimize=True)
