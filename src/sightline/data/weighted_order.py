"""Which item of which source comes at which draw: by share, each source gone through in a new order every pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError

ROUND = 10_000  # draws in which every source has its exact share


class Rotation:
    """Draws from sources of some sizes. Each is a pure function of (seed, index): nothing to save, nothing to share.

    Out of every ROUND draws each source has the number that its weight calls for (at least one), in a random order; the
    draws of a source go through all its items before one comes again, in another order every time.

    Attributes:
        sizes: items in each source; counts: draws of each in a round.
    """

    def __init__(self, sizes: Sequence[int], weights: Sequence[float] | NDArray[np.float64]) -> None:
        """Raises SightlineError unless there is a positive, finite weight for each of at most ROUND sources."""
        shares = np.asarray(weights, np.float64)
        if not len(sizes) or shares.shape != (len(sizes),) or not (np.isfinite(shares) & (shares > 0)).all():
            raise SightlineError(f"A mixture needs sources with one positive weight each, got {shares.tolist()}.")
        if len(sizes) > ROUND:
            raise SightlineError(f"A mixture may have at most {ROUND} sources, got {len(sizes)}.")
        self.sizes, self.counts = tuple(sizes), round_counts(shares)
        # Both are functions of their arguments; these only keep those in use from being made again.
        self._turns = lru_cache(maxsize=4)(self._make_turns)
        self._order = lru_cache(maxsize=2 * len(sizes))(self._make_order)

    def place(self, seed: int, index: int, attempt: int = 0) -> tuple[int, int]:
        """Source and item of draw number ``index``; a later ``attempt`` gives the item after it in that order."""
        turn, position = divmod(index, ROUND)
        owners, ranks = self._turns(seed, turn)
        source = int(owners[position])
        # Every round holds the same number of draws of a source: no history is needed to know its how-manieth it is.
        drawn = turn * int(self.counts[source]) + int(ranks[position])
        size = self.sizes[source]
        return source, int(self._order(seed, source, drawn // size)[(drawn + attempt) % size])

    def _make_turns(self, seed: int, turn: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """[ROUND] the source of every draw of a round, and how many of that source came before it in the round."""
        owners = np.repeat(np.arange(len(self.counts)), self.counts)
        owners = np.random.default_rng([seed, turn, 0]).permutation(owners)
        first = np.cumsum(self.counts) - self.counts
        ranks = np.empty(ROUND, np.int64)
        ranks[np.argsort(owners, kind="stable")] = np.arange(ROUND) - np.repeat(first, self.counts)
        return owners, ranks

    def _make_order(self, seed: int, source: int, number: int) -> NDArray[np.uint32]:
        """The order of a source's items in pass ``number``."""
        return np.random.default_rng([seed, source, number, 1]).permutation(self.sizes[source]).astype(np.uint32)


def round_counts(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many of ROUND draws each source gives: at least one, together ROUND, otherwise as near as can be to
    its share."""
    wanted = shares / shares.sum() * ROUND
    counts = np.maximum(np.floor(wanted).astype(np.int64), 1)
    while (rest := ROUND - int(counts.sum())) != 0:
        # The largest deficit is filled first, the largest surplus taken from first.
        at = np.argmax(wanted - counts) if rest > 0 else np.argmax(np.where(counts > 1, counts - wanted, -np.inf))
        counts[at] += np.sign(rest)
    return counts
