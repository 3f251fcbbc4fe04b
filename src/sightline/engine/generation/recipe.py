"""What a generated dataset is made of: with its length, all that decides its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sightline.core.errors import SightlineError, require_known
from sightline.data.writer import KINDS
from sightline.engine.worlds.spec import WorldSpec

SHARD = 1000
"""Episodes of a shard."""

STRIDE = 1_000_000
"""Candidates of shard k are numbered from k * STRIDE on."""


class Making(Protocol):
    """What generation must know of a recipe, whoever makes the episodes."""

    @property
    def seed(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def renders_per_plan(self) -> int: ...
    @property
    def shard(self) -> int | None: ...
    def check(self) -> None:
        """Raise SightlineError when nothing can be made so."""


@dataclass(frozen=True)
class Recipe(WorldSpec):
    """All that decides what a dataset contains, apart from its length: a kind of world, and what is made there.

    Attributes:
        seed: of the dataset; candidate i is a pure function of it and i.
        kind: ``episodes`` (the expert's demonstrations), ``scenes`` (slide shows of labelled scenes) or ``crowds``
            (slide shows of many unrelated things).
        size: height and width of the pictures, pixels.
        renders_per_plan: times that each plan is rendered with another look.
        depth: whether depth maps are stored too.
        shard: this shard alone (see generate.py); None: a whole dataset.
    """

    seed: int = 0
    kind: str = "episodes"
    size: int = 224
    renders_per_plan: int = 1
    depth: bool = False
    shard: int | None = None

    def check(self) -> None:
        """Raise SightlineError when nothing can be made so."""
        if self.seed < 0:
            raise SightlineError(f"The seed must not be negative, but it is {self.seed}.")
        if self.size % 2 or not 32 <= self.size <= 2048:
            raise SightlineError(f"The picture size must be an even number of 32 to 2048 pixels, not {self.size}.")
        require_known("kind", self.kind, KINDS)
        super().check()
        if self.renders_per_plan < 1:
            raise SightlineError(f"The number of renders per plan must be at least 1, not {self.renders_per_plan}.")
        if self.kind != "episodes" and self.renders_per_plan > 1:
            raise SightlineError(
                f"{self.kind.capitalize()} have no plan that could be rendered several times; ask for more instead."
            )
        if self.shard is not None and self.shard < 0:
            raise SightlineError(f"Shards are numbered from 0 on; there is no shard {self.shard}.")
