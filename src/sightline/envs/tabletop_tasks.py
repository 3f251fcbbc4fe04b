"""The 200 tasks of the suite ``tabletop`` and the conditions under which they are set: its splits over ``full``.

*Unseen* is what no demonstration shows, though grounding data may; *novel* is what neither shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from sightline.core.errors import require_known
from sightline.engine.worlds.placement import USUAL, Spread

FILE = "tabletop_tasks.yaml"
OUTSIDE = Spread(((0.33, -0.29), (0.69, 0.29)), reach=0.71)  # 3 to 4 cm farther out than training, on every side


@dataclass(frozen=True)
class Conditions:
    """What a split sets its tasks in.

    Attributes:
        about: what it asks, in a few words.
        tasks: which list of the data file.
        split: of objects and surroundings, one of ``engine.assets.splits.DIVISIONS``.
        phrasing: of instructions, one of ``language.paraphrases.SPOKEN``.
        spread: where things stand. Where it is not the usual one, the target stands outside of that.
        more: things in a scene beyond the usual 4 to 7.
    """

    about: str
    tasks: str
    split: str
    phrasing: str = "train"
    spread: Spread = USUAL
    more: int = 0


SEEN = Conditions("what demonstrations show, in new scenes", "demonstrated", "demonstrated")
CONDITIONS = {
    "seen": SEEN,
    "unseen-instance": Conditions("other objects of demonstrated kinds", "demonstrated", "unseen-instance"),
    "unseen-kind": Conditions("kinds that no demonstration shows", "spared", "unseen-kind"),
    "unseen-background": Conditions("other surfaces, textures, lights, rooms", "demonstrated", "unseen-background"),
    "unseen-position": Conditions(
        "targets outside the area of training, denser clutter",
        "demonstrated",
        "demonstrated",
        spread=OUTSIDE,
        more=3,
    ),
    "unseen-instruction": Conditions(
        "words that no demonstration uses", "demonstrated", "demonstrated", phrasing="unseen"
    ),
    "novel-kind": Conditions("kinds that nothing is trained on", "novel", "novel-kind"),
    "novel-instruction": Conditions(
        "words that nothing is trained on", "demonstrated", "demonstrated", phrasing="novel"
    ),
}

# Relation -> how a task is called.
WORDS = {
    "into": "into",
    "onto": "onto",
    "left": "to the left of",
    "right": "to the right of",
    "front": "in front of",
    "behind": "behind",
}


@dataclass(frozen=True)
class TabletopTask:
    """One task: which kind of thing is to be put where.

    Attributes:
        number: of the task in the data file, from 1 over all lists.
        relation: one of ``core.types.RELATIONS``.
        target, reference: kinds of objects.
    """

    number: int
    relation: str
    target: str
    reference: str

    def name(self, split: str) -> str:
        """As rows call it, such as ``seen/017: put a mug into a bowl``."""
        return f"{split}/{self.number:03d}: put {_a(self.target)} {WORDS[self.relation]} {_a(self.reference)}"


def conditions(split: str) -> Conditions:
    """What a split sets its tasks in. Raises SightlineError on an unknown one."""
    require_known("split", split, CONDITIONS)
    return CONDITIONS[split]


@cache
def tasks_of(split: str) -> tuple[TabletopTask, ...]:
    """The tasks of a split, in their order. Raises SightlineError on an unknown one."""
    return _lists()[conditions(split).tasks]


@cache
def step_limit() -> int:
    """Actions that an episode of any of the tasks may take."""
    return int(_file()["steps"])


@cache
def _file() -> dict:
    return yaml.safe_load(files("sightline.envs").joinpath(FILE).read_text(encoding="utf-8"))


@cache
def _lists() -> dict[str, tuple[TabletopTask, ...]]:
    found: dict[str, tuple[TabletopTask, ...]] = {}
    for name, entries in _file()["tasks"].items():
        found[name] = tuple(
            TabletopTask(number, relation, entry["put"], entry[relation])
            for number, entry in entries.items()
            for relation in entry
            if relation != "put"
        )
    return found


def _a(noun: str) -> str:
    return f"{'an' if noun.startswith(('a', 'e', 'i', 'o', 'u', 'hour')) else 'a'} {noun}"
