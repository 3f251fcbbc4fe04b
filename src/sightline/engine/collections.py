"""The collections of what worlds are made of: how much variety there is."""

from __future__ import annotations

from sightline.core.errors import require_known

STARTER = "starter"
"""The catalogue, surfaces and lights that the shipped checkpoint was trained on."""

FULL = "full"
"""The paper's scale."""

COLLECTIONS = (STARTER, FULL)

LIBRARY = "library:"
"""With a folder behind it, the objects that were imported there, in the surroundings of ``full``."""


def require_collection(collection: str) -> None:
    """Raise SightlineError unless ``collection`` is known, or a library (whose folder is looked at when it is used)."""
    if not collection.startswith(LIBRARY):
        require_known("collection", collection, COLLECTIONS)
