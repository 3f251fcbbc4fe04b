"""Everything that could be said of an object, to check it all."""

from __future__ import annotations

import numpy as np

from sightline.core.types import SceneState
from sightline.language.referring import PLAIN, Expression, Phrasebook, Wording


def referring_expressions(
    scene: SceneState, index: int, rng: np.random.Generator, wording: Wording = PLAIN
) -> list[Expression]:
    """Every unambiguous way to single out object ``index`` among the present objects, worded at random."""
    book = Phrasebook(scene, wording)
    if index not in book.graph.indices:
        return []
    number = book.graph.indices.index(index)
    found = [book._attribute(wanted, rng) for wanted in book.candidates(number, "attribute")]
    for style in ("spatial", "superlative"):
        found += [book._related(item, rng) for group in book.candidates(number, style) for item in group]
    return found
