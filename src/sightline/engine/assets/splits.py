"""How objects, and what they stand in, are divided among the splits, and how large their sizes are.

Every collection has the splits of ``SPLITS``. Collection ``full`` has the finer ones of ``DIVISIONS`` too, which tell
apart what action data has shown, what only grounding data has shown, and what neither has.
"""

from __future__ import annotations

from dataclasses import dataclass

from sightline.core.errors import require_known

SPLITS = ("train", "seen", "unseen", "novel")

# Of kinds: demonstrated, known from grounding data alone, and kept from both. Of instances and looks: those that
# demonstrations use, others like them, and (of looks) families that nothing uses.
SHOWN, SPARED, NOVEL = "shown", "spared", "novel"
USUAL, HELD_OUT = "usual", "held out"


@dataclass(frozen=True)
class Division:
    """What a split of collection ``full`` may use.

    Attributes:
        about: what it is for, in a few words.
        kinds: of ``SHOWN``, ``SPARED`` and ``NOVEL`` kinds of objects.
        instances: of ``USUAL`` and ``HELD_OUT`` instances of shown and spared kinds; of novel kinds always all.
        looks: of ``USUAL``, ``HELD_OUT`` and ``NOVEL`` surfaces, textures, lights and backdrops.
    """

    about: str
    kinds: tuple[str, ...]
    instances: tuple[str, ...] = (USUAL,)
    looks: tuple[str, ...] = (USUAL,)


DIVISIONS = {
    "train": Division("everything but what is held out", (SHOWN, SPARED)),
    "seen": Division("the same, for evaluation", (SHOWN, SPARED)),
    "unseen": Division("held-out instances in held-out surroundings", (SHOWN, SPARED), (HELD_OUT,), (HELD_OUT,)),
    "novel": Division("kinds and families of surroundings that nothing is trained on", (NOVEL,), looks=(NOVEL,)),
    "demonstrated": Division("for demonstrations: one kind in six is left out", (SHOWN,)),
    "grounding": Division(
        "for grounding data: all but the novel", (SHOWN, SPARED), (USUAL, HELD_OUT), (USUAL, HELD_OUT)
    ),
    "unseen-instance": Division("other objects of demonstrated kinds", (SHOWN,), (HELD_OUT,)),
    "unseen-kind": Division("kinds that no demonstration shows", (SPARED,), (USUAL, HELD_OUT)),
    "unseen-background": Division("demonstrated objects in other surroundings", (SHOWN,), looks=(HELD_OUT,)),
    "novel-kind": Division("kinds that nothing is trained on", (NOVEL,)),
}

# Size -> times the medium one.
ITEM_SCALES = {"small": 0.83, "medium": 1.0, "large": 1.25}
TARGET_SCALES = {"small": 0.9, "medium": 1.0, "large": 1.15}


def require_split(split: str) -> None:
    """Raise SightlineError unless ``split`` is one that every collection has."""
    require_known("split", split, SPLITS)


def division(split: str) -> Division:
    """What a split of collection ``full`` may use. Raises SightlineError unless ``split`` is known."""
    require_known("split", split, DIVISIONS)
    return DIVISIONS[split]
