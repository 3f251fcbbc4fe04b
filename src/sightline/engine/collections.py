"""The collections of what worlds are made of: which objects there are, and which surroundings they stand in.

A new collection is a row in ``COLLECTIONS``. Importing this module does not load the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, cast

from sightline.core.errors import require_known

if TYPE_CHECKING:
    from sightline.engine.assets.catalogue import Catalogue
    from sightline.engine.surroundings.base import Surroundings

STARTER, FULL = "starter", "full"


@dataclass(frozen=True)
class Collection:
    """What worlds are made of.

    Attributes:
        about: what it is, in a few words of the command line's help.
        objects: module below ``engine.assets`` that answers as a ``Catalogue`` does.
        room: module below ``engine.surroundings`` whose ``ROOM`` answers as ``Surroundings`` do.
        arranged: share of scenes in which a drawn scene graph holds; in the others things stand where they fall.
        library: folder of the objects of one's own that stand in worlds, "" for the default one; the catalogue then
            has only the places to put things that they lack. None without.
        divided: whether it has the finer splits that tell demonstrations, grounding data and neither apart.
    """

    about: str
    objects: str
    room: str
    arranged: float
    library: str | None = None
    divided: bool = False

    @property
    def catalogue(self) -> Catalogue:
        """The kinds of objects and who is of each kind."""
        return cast("Catalogue", import_module(f"sightline.engine.assets.{self.objects}"))

    @property
    def surroundings(self) -> type[Surroundings]:
        """What worlds stand in."""
        return import_module(f"sightline.engine.surroundings.{self.room}").ROOM


COLLECTIONS = {
    STARTER: Collection("what the shipped checkpoint knows", "starter.catalogue", "starter_room", arranged=0.0),
    FULL: Collection("the paper's variety", "full", "varied_room", arranged=0.7, divided=True),
}

LIBRARY = "library:"
"""With a folder behind it, the name of a collection of the objects that were imported there."""

OWN = replace(
    COLLECTIONS[FULL],
    about="your own objects (see assets import) in the surroundings of full",
    objects="starter.catalogue",
    divided=False,
)


def collection_of(name: str) -> Collection:
    """The collection called ``name``; the folder of a library is looked at when it is used.

    Raises SightlineError on an unknown name: it lists those there are.
    """
    if name.startswith(LIBRARY):
        return replace(OWN, library=name.removeprefix(LIBRARY))
    require_known("collection", name, COLLECTIONS)
    return COLLECTIONS[name]
