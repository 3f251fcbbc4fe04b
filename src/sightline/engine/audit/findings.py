"""What an audit has compared and found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array

# Largest deviations that pass, in pixels; pictures of more than 224 pixels may deviate more in proportion, smaller ones
# as much, since boxes are of whole pixels in every picture. Boxes are compared with outlines of upright objects, but a
# long thing that rests on its pieces may be tilted by a degree.
TOLERANCES: dict[str, float] = {"box": 2.0, "point": 1.0, "mask": 2.0, "trace": 1.0}


@dataclass
class Findings:
    """What has been found so far.

    Attributes:
        checked: what -> number of labels compared.
        worst: kind of TOLERANCES -> largest deviation, pixels.
        problems: one sentence each.
        counts: what -> number of problems.
        unshown: episodes whose frames end before the goal shows, because the target still moves.
    """

    checked: Counter[str] = field(default_factory=Counter)
    worst: dict[str, float] = field(default_factory=lambda: dict.fromkeys(TOLERANCES, 0.0))
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unshown: int = 0

    def add(self, episode: int, what: str, problems: Iterable[str]) -> None:
        """Take note of what is wrong with an episode."""
        for problem in problems:
            self.counts[what] += 1
            self.problems.append(f"episode {episode}: {problem}")

    def beyond(self, kind: str, deviation: Array, width: float) -> NDArray[np.intp]:
        """Indices [k,dimensions] of the deviations (pixels; NaN: nothing to compare) beyond the tolerance of a kind.

        Args:
            width: of the picture, pixels.
        """
        known = deviation[~np.isnan(deviation)]
        self.checked[kind] += known.size
        self.worst[kind] = max(self.worst[kind], float(known.max(initial=0.0)))
        with np.errstate(invalid="ignore"):
            return np.argwhere(deviation > TOLERANCES[kind] * max(width / 224, 1.0))
