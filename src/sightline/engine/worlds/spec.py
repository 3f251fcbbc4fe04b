"""What worlds are made of and for, in one word that everything else passes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sightline.core.errors import SightlineError, require_known
from sightline.engine.assets.splits import DIVISIONS, SPLITS
from sightline.engine.collections import STARTER, collection_of
from sightline.engine.robots import DEFAULT, ROBOTS
from sightline.tasks.kinds import PLACE, TASKS, drawn_tasks


@dataclass(frozen=True, kw_only=True)
class WorldSpec:
    """A kind of world. With a seed it decides on everything in one.

    Attributes:
        split: which objects, colours, surfaces and looks may appear, see ``engine.assets.splits``.
        robot: who stands in it, one of ``engine.robots.ROBOTS``.
        collection: what all of that is chosen from (see ``engine.collections``).
        tasks: what the robot is to do there, one of ``tasks.kinds.TASKS``; decides on what furniture there is.
    """

    split: str = "train"
    robot: str = DEFAULT
    collection: str = STARTER
    tasks: str = PLACE

    def check(self) -> None:
        """Raise SightlineError on an unknown split, robot, collection or kind of tasks."""
        divided = collection_of(self.collection).divided
        if self.split in DIVISIONS and self.split not in SPLITS and not divided:
            raise SightlineError(
                f"Collection '{self.collection}' has no split '{self.split}': its splits are {', '.join(SPLITS)}; "
                "choose one of them, or the collection full."
            )
        require_known("split", self.split, DIVISIONS if divided else SPLITS)
        require_known("robot", self.robot, ROBOTS)
        require_known("kind of tasks", self.tasks, TASKS)

    def drawn(self, stream: int, number: int) -> WorldSpec:
        """The same with one kind of tasks where it says ``all``: the kind of world ``number`` of a stream of worlds."""
        return replace(self, tasks=drawn_tasks(self.tasks, stream, number))
