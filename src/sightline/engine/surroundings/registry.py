"""How families of parametric things are divided among the splits, and what makes two of them the same."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError, require_known
from sightline.engine.assets.splits import HELD_OUT, NOVEL, USUAL, division

HELD_OUT_EVERY = 6  # of a training family's members, every sixth is held out


def member(split: str | None, novel_family: bool, number: int) -> bool:
    """Whether ``split`` may use member ``number`` of a family (without a split: always).

    ``train`` and ``seen`` share their members, ``unseen`` has held-out members of the same families, and ``novel``
    has families of its own (see Division). Raises SightlineError on an unknown split.
    """
    if split is None:
        return True
    held_out = number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    return (NOVEL if novel_family else HELD_OUT if held_out else USUAL) in division(split).looks


def require_member(what: str, family: str, number: int, families: Collection[str], count: int) -> None:
    """Raise SightlineError unless there is a member ``number`` of that family."""
    require_known(f"family of {what}s", family, families)
    if not 0 <= number < count:
        raise SightlineError(f"There is no {what} {number} of family '{family}': numbers go from 0 to {count - 1}.")


def digest(*parts: NDArray | str) -> str:
    """Hash of arrays (shape, type and bytes) and words: equal for equal content, whatever made it."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            total.update(part.encode() + b"\0")
        else:
            array = np.ascontiguousarray(part)
            total.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return total.hexdigest()
