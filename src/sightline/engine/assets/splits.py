"""How objects are divided among the splits, and how large their sizes are."""

from __future__ import annotations

from sightline.core.errors import require_known

SPLITS = ("train", "seen", "unseen", "novel")
# Size -> times the medium one.
ITEM_SCALES = {"small": 0.83, "medium": 1.0, "large": 1.25}
TARGET_SCALES = {"small": 0.9, "medium": 1.0, "large": 1.15}


def require_split(split: str) -> None:
    """Raise SightlineError unless ``split`` is known."""
    require_known("split", split, SPLITS)
