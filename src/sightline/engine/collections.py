"""The collections of what worlds are made of: how much variety there is."""

from __future__ import annotations

from sightline.core.errors import require_known

# starter: the catalogue, surfaces and lights that the shipped checkpoint was trained on. full: the paper's scale.
COLLECTIONS = ("starter", "full")
# library:DIR is a folder of objects of one's own (see assets/library.py), in the starter's surroundings.
LIBRARY = "library:"


def require_collection(collection: str) -> None:
    """Raise SightlineError unless ``collection`` is known."""
    if not collection.startswith(LIBRARY):
        require_known("collection", collection, COLLECTIONS)
