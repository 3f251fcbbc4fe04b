"""Draws follow from seed and number, rounds are full and near the shares."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.core.errors import SightlineError
from sightline.data.weighted_order import ROUND, Rotation, round_counts


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=300))
def test_rounds_are_full_and_near_the_shares(shares: list[float]) -> None:
    counts = round_counts(np.array(shares))
    assert counts.sum() == ROUND and counts.min() >= 1
    wanted = np.array(shares) / sum(shares) * ROUND
    large = wanted >= 1
    assert (counts[~large] == 1).all() and (counts[large] <= wanted[large] + 1).all()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 3))
def test_every_item_comes_once_a_pass(sizes: list[int], seed: int) -> None:
    rotation = Rotation(sizes, sizes)
    draws = [rotation.place(seed, index) for index in range(3 * sum(sizes))]
    assert draws == [Rotation(sizes, sizes).place(seed, index) for index in range(3 * sum(sizes))]
    for source, size in enumerate(sizes):
        items = [item for owner, item in draws if owner == source]
        passes = [items[start : start + size] for start in range(0, len(items) - size + 1, size)]
        assert all(sorted(one) == list(range(size)) for one in passes)


def test_a_round_has_exactly_its_shares() -> None:
    rotation = Rotation([7, 50_000], [1.0, 3.0])
    for turn in (0, 2):
        owners = Counter(rotation.place(5, turn * ROUND + i)[0] for i in range(ROUND))
        assert owners == {0: ROUND // 4, 1: 3 * ROUND // 4}


@pytest.mark.parametrize("weights", [[], [1.0], [1.0, 0.0], [1.0, np.nan], [1.0, -1.0]])
def test_impossible_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(SightlineError, match="positive weight"):
        Rotation([3, 3], weights)
    with pytest.raises(SightlineError, match="at most"):
        Rotation([1] * (ROUND + 1), [1.0] * (ROUND + 1))
