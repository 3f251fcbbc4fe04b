"""What can be said of an object before it is built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One object of a collection: enough to choose it and to build it.

    Attributes:
        kind, colour, size: as in ObjectModel.
        number: which instance of its kind (collection ``full``).
        held_out: whether training never sees it.
    """

    kind: str
    colour: str
    size: str
    number: int = 0
    held_out: bool = False
