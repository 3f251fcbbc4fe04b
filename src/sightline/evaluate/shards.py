"""Parts of an evaluation, which run wherever there is room; ``join`` makes one of them again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sightline.core.errors import SightlineError
from sightline.evaluate.collected import groups_of


@dataclass(frozen=True)
class Shard:
    """Part ``number`` (from 0) of ``count``: every count-th group of episodes, so that batches stay what they were."""

    number: int = 0
    count: int = 1

    @staticmethod
    def of(text: str) -> Shard:
        """The shard that "K/N" names; "" is all. Raises SightlineError where it is none."""
        if not text:
            return Shard()
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        shard = Shard(int(found[1]), int(found[2])) if found else Shard(1, 1)
        if shard.number >= shard.count:
            raise SightlineError(f"There is no shard '{text}': give K/N with K from 0 to N - 1, such as 0/4.")
        return shard

    def seeds(self, seeds: Sequence[int], batch: int) -> list[int]:
        """The seeds of this part. Raises SightlineError where it has none, and as :func:`groups_of`."""
        own = [seed for group in groups_of(seeds, batch)[self.number :: self.count] for seed in group]
        if not own:
            raise SightlineError(
                f"Shard {self.number}/{self.count} of {len(seeds)} episodes in batches of {batch} is empty: "
                "use fewer shards or smaller batches."
            )
        return own
