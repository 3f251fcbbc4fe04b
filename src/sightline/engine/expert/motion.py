"""What the robot needs to know of a skill: where a scene offers it, and who carries it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sightline.core.types import SceneState
from sightline.engine.expert.pick_place import Expert
from sightline.engine.worlds.world import World

Pairs = Iterator[tuple[int, int]]
"""(target, reference), indices of a scene's objects."""


class Motion(NamedTuple):
    """How one skill is done.

    Attributes:
        expert: who carries it out.
        offered: what the robot of a world can do it with in a scene of it.
    """

    expert: type[Expert]
    offered: Callable[[SceneState, World], Pairs]


def of_role(scene: SceneState, role: str) -> list[int]:
    """The present objects of that role."""
    return [index for index, info in enumerate(scene.objects) if scene.present[index] and info.role == role]
