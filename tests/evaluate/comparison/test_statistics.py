"""Tests, intervals and power of pairs against closed forms, scipy and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sightline.evaluate.comparison import statistics as own

TABLES = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
GAINS = st.lists(st.sampled_from([-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0]), min_size=2, max_size=11)


def table(wins: int, losses: int, ties: int) -> np.ndarray:
    return np.repeat([1.0, -1.0, 0.0], [wins, losses, ties])


def permuted(gains: np.ndarray) -> float:
    """The paired permutation test of scipy, exact."""
    test = stats.permutation_test(
        (gains,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    return float(test.pvalue)


@given(TABLES)
def test_mcnemar_is_the_binomial_sum(counts: tuple[int, int, int]) -> None:
    wins, losses, _ = counts
    differ = wins + losses
    tail = sum(math.comb(differ, k) for k in range(min(wins, losses) + 1)) / 2**differ
    assert own.mcnemar(wins, losses) == pytest.approx(min(1.0, 2 * tail), rel=1e-9)
    assert own.mcnemar(wins, losses) == own.mcnemar(losses, wins)


def test_policies_that_never_differ_are_not_told_apart() -> None:
    nothing = np.zeros(50)
    assert own.mcnemar(0, 0) == own.sign_flips(nothing) == 1
    low, high = own.bootstrap_interval(nothing, 0.95, 1.0)
    # No single point: the score interval of one rate that was never seen (Wilson's) is as wide.
    assert (low, high) == pytest.approx((-(1.96**2) / (50 + 1.96**2), 1.96**2 / (50 + 1.96**2)), abs=0.01)


@given(GAINS)
def test_sign_flips_are_the_permutation_test_of_scipy(values: list[float]) -> None:
    gains = np.array(values)
    assert own.sign_flips(gains) == pytest.approx(permuted(gains) if gains.any() else 1.0)
    assert own.sign_flips(np.concatenate([gains, np.zeros(30)])) == own.sign_flips(gains)


@given(st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 9)))
def test_sign_flips_of_wins_and_losses_are_mcnemar(counts: tuple[int, int, int]) -> None:
    wins, losses, ties = counts
    assert own.sign_flips(table(wins, losses, ties + 1)) == pytest.approx(own.mcnemar(wins, losses))


def test_many_sign_flips_are_drawn_and_never_give_zero() -> None:
    assert own.sign_flips(table(40, 25, 100)) == pytest.approx(own.mcnemar(40, 25), abs=0.012)
    assert own.sign_flips(table(300, 0, 0)) == 1 / (own.RESAMPLES + 1)
    graded = np.random.default_rng(5).normal(0.1, 0.3, 400).clip(-1, 1)
    assert own.sign_flips(graded) == own.sign_flips(graded), "the same rows give the same figures"


def test_holm_against_its_published_example() -> None:
    # Holm 1979, as p.adjust of R gives it.
    assert own.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert own.holm([0.2]) == [0.2] and own.holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_lies_between_nothing_and_bonferroni(p_values: list[float]) -> None:
    adjusted = own.holm(p_values)
    for p_value, one in zip(p_values, adjusted, strict=True):
        assert p_value <= one <= min(1.0, len(p_values) * p_value)
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()


@pytest.mark.parametrize("counts", [(30, 12, 158), (9, 3, 38), (60, 55, 285)])
def test_the_bootstrap_agrees_with_its_closed_form(counts: tuple[int, int, int]) -> None:
    wins, losses, _ = counts
    size = sum(counts) + 4
    middle = (wins - losses) / size
    spread = math.sqrt(((wins + losses + 4) / size - middle**2) / size)
    expected = (middle - 1.96 * spread, middle + 1.96 * spread)
    interval = own.bootstrap_interval(table(*counts), 0.95, own.mcnemar(wins, losses))
    assert interval == pytest.approx(expected, abs=1.6 / size)


@settings(max_examples=30)
@given(GAINS)
def test_the_interval_holds_the_mean(values: list[float]) -> None:
    gains = np.array(values)
    low, high = own.bootstrap_interval(gains, 0.95, own.sign_flips(gains))
    assert -1 <= low <= gains.mean() <= high <= 1


def test_intervals_and_tests_never_contradict_each_other() -> None:
    for wins in range(0, 40, 3):
        for losses in range(0, wins + 1, 2):
            for ties in (0, 100):
                p_value, gains = own.mcnemar(wins, losses), table(wins, losses, ties)
                if not len(gains):
                    continue
                low, high = own.bootstrap_interval(gains, 0.95, p_value)
                assert low >= 0 if p_value <= 0.05 else low <= 0, (wins, losses, ties)
                assert low <= gains.mean() and high > 0


@pytest.mark.parametrize("truth", [(0.15, 0.05), (0.02, 0.02)])
def test_the_interval_holds_the_truth_as_often_as_it_says(truth: tuple[float, float]) -> None:
    rng, held = np.random.default_rng(1), 0
    for wins, losses, ties in rng.multinomial(120, [*truth, 1 - sum(truth)], 200).tolist():
        low, high = own.bootstrap_interval(table(wins, losses, ties), 0.95, own.mcnemar(wins, losses))
        held += low <= truth[0] - truth[1] <= high
    assert held / 200 > 0.93


def equal(pairs: int, wins: float, losses: float, margin: float, runs: int = 300) -> float:
    """How often the whole interval lies within the margin, from simulated runs."""
    drawn = np.random.default_rng(4).multinomial(pairs, [wins, losses, 1 - wins - losses], runs).tolist()
    within = {}
    for counts in set(map(tuple, drawn)):
        low, high = own.bootstrap_interval(table(*counts), 0.95, own.mcnemar(*counts[:2]))
        within[counts] = -margin <= low and high <= margin
    return float(np.mean([within[tuple(counts)] for counts in drawn]))


@pytest.mark.parametrize(("pairs", "wins"), [(60, 0.0), (80, 0.0), (120, 0.01)])
def test_policies_that_differ_by_the_margin_are_not_called_equal(pairs: int, wins: float) -> None:
    assert equal(pairs, wins, wins + 0.05, 0.05) <= 0.045
    assert equal(4 * pairs, wins / 2, wins / 2, 0.05) > 0.95, "and those that do not are"


@pytest.mark.parametrize(("pairs", "differing", "difference"), [(60, 0.3, 0.15), (200, 0.1, 0.06), (40, 0.05, 0.2)])
def test_power_is_how_often_the_test_rejects(pairs: int, differing: float, difference: float) -> None:
    rng, share = np.random.default_rng(2), max(differing, difference)
    chances = [(share + difference) / 2, (share - difference) / 2, 1 - share]
    drawn = rng.multinomial(pairs, chances, 2000).tolist()
    p_values = {pair: own.mcnemar(*pair) for pair in {(wins, losses) for wins, losses, _ in drawn}}
    shown = np.mean([wins > losses and p_values[wins, losses] <= 0.05 for wins, losses, _ in drawn])
    assert own.power_of_mcnemar(difference, pairs, differing, 0.05) == pytest.approx(shown, abs=0.03)


@settings(max_examples=20)
@given(st.integers(8, 300), st.floats(0.005, 0.6))
def test_the_smallest_detectable_difference_has_the_power(pairs: int, differing: float) -> None:
    found = own.detectable_rate(pairs, differing, 0.05, 0.8)
    assert found is not None
    assert own.power_of_mcnemar(found, pairs, differing, 0.05) == pytest.approx(0.8, abs=1e-3)
    assert own.power_of_mcnemar(0.9 * found, pairs, differing, 0.05) < 0.8
    assert own.detectable_rate(2 * pairs, differing, 0.05, 0.8) < found


def test_too_few_pairs_show_nothing_at_all() -> None:
    # Five wins of five have a p-value of 1/16.
    assert own.detectable_rate(5, 0.5, 0.05, 0.8) is None
    assert own.detectable_mean(np.ones(5), 0.05, 0.8) is None
    assert own.detectable_rate(6, 0.5, 0.05, 0.8) == pytest.approx(0.8 ** (1 / 6), abs=1e-4)


def test_the_smallest_detectable_mean_has_the_power() -> None:
    rng = np.random.default_rng(3)
    known = rng.normal(0, 0.2, 80).clip(-1, 1)
    found = own.detectable_mean(known, 0.05, 0.8)
    assert found is not None
    runs = rng.normal(found, own.smoothed(known).std(), (100, 80))
    assert np.mean([own.sign_flips(run) <= 0.05 for run in runs]) == pytest.approx(0.8, abs=0.1)
