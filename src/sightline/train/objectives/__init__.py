"""What is learned: a file for each objective, named in the configuration.

An objective draws a batch (a pure function of seed and step) and turns it into a loss. To add one, write
``objectives/NAME.py`` with ``make(setup)`` and put NAME into OBJECTIVES of sightline.train.config, with the keys that
it needs; both kinds of planners can share it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from torch import Tensor

from sightline.core.errors import SightlineError, require_known
from sightline.models.system import DualSystem
from sightline.train.setup import StageSetup

# Numbers of the first five streams, which runs depend on; others follow from their names.
STREAMS = {"grounding": 1, "action": 2, "check": 3, "recognition": 4, "words": 5}


class Objective(Protocol):
    """One thing to learn.

    Attributes:
        name: what its numbers are logged under; weight: of its loss in the sum.
    """

    name: str
    weight: float = 1.0

    def batch(self, step: int, progress: float, part: int = 0) -> Any:
        """Micro-batch ``part`` of a step, a pure function of both and the seed; None when the objective sits the step
        out. ``progress`` runs from 0 to 1. All parts of a step take the same way through planner, visual encoder and
        action expert: processes that share these wait for each other there."""

    def loss(self, system: DualSystem, batch: Any) -> tuple[Tensor, dict[str, Tensor], int]:
        """The loss, its named parts, and the number of samples."""

    def held_out(self) -> Objective | None:
        """The same on data that is kept out of learning, for LossCheck; None where there is none, or where a score
        says more than the loss."""
        return None


def make_objectives(setup: StageSetup) -> list[Objective]:
    """The objectives that the configuration names, in that order, without those that its settings leave out.

    Raises SightlineError for an unknown name, one whose data the run does not have, and where none is left.
    """
    known = [module.name for module in iter_modules(__path__)]
    made: list[Objective] = []
    for name in setup.config.objectives:
        require_known("objective", name, known)
        objective = import_module(f"{__name__}.{name}").make(setup)
        if objective is not None:
            made.append(objective)
    if not made:
        raise SightlineError(
            f"There is nothing to learn in {setup.stage}: the settings leave out every one of objectives="
            f"[{', '.join(setup.config.objectives)}]."
        )
    return made


def generator(seed: int, step: int, stream: str, part: int = 0) -> np.random.Generator:
    """Random numbers of one micro-batch: a resumed run draws what the uninterrupted one would have drawn.

    ``stream`` is the objective's own name, so that no two objectives draw the same numbers.
    """
    number = STREAMS.get(stream) or crc32(stream.encode())
    return np.random.default_rng([seed, step, number, part] if part else [seed, step, number])
