"""Comparison that may stop at any pair: its wealth against a closed form, its errors by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc, betaln

from sightline.evaluate.comparison import statistics
from sightline.evaluate.comparison.sequential import (
    detectable_any_time,
    follow,
    interval_any_time,
    log_wealth,
    p_value_any_time,
)

RATE, RUNS, PAIRS = 0.05, 250, 150


def runs_of(wins: float, losses: float, runs: int = RUNS, pairs: int = PAIRS, seed: int = 0) -> np.ndarray:
    """Gains of simulated runs [runs, pairs] whose pairs are won and lost with these chances."""
    chance = np.random.default_rng(seed).random((runs, pairs))
    return (chance < wins).astype(float) - (chance > 1 - losses)


def verdicts(runs: np.ndarray, margin: float = 0.05) -> list[str]:
    return [follow(run, margin, RATE).verdict for run in runs]


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=120))
def test_wealth_is_the_likelihood_ratio_of_mcnemar_with_an_even_prior(values: list[float]) -> None:
    gains = np.array(values)
    wins, losses = (gains > 0).sum(), (gains < 0).sum()
    # Twice the mean of p^wins (1 - p)^losses over p from 1/2 to 1, against p = 1/2.
    beyond = betainc(losses + 1, wins + 1, 0.5)
    expected = (wins + losses + 1) * math.log(2) + betaln(wins + 1, losses + 1) + math.log(beyond)
    assert log_wealth(gains)[-1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("differing", [0.2, 1.0])
def test_equal_policies_are_told_apart_no_more_often_than_stated(differing: float) -> None:
    told = verdicts(runs_of(differing / 2, differing / 2))
    wrong = np.mean([verdict in ("better", "worse") for verdict in told])
    assert wrong <= RATE + 2 * math.sqrt(RATE * (1 - RATE) / RUNS)


def test_looking_at_every_pair_with_a_common_test_would_be_wrong_far_more_often() -> None:
    """What the sequential mode is there for; and the simulation above can fail."""
    wins, losses = (np.cumsum(sign * runs_of(0.2, 0.2) > 0, axis=1) for sign in (1, -1))
    p_values = {(a, b): statistics.mcnemar(a, b) for a, b in set(zip(wins.flat, losses.flat, strict=True))}
    wrong = [any(p_values[pair] <= RATE for pair in zip(*run, strict=True)) for run in zip(wins, losses, strict=True)]
    assert np.mean(wrong) > 2 * RATE


def test_different_policies_are_called_equal_or_worse_no_more_often_than_stated() -> None:
    """The difference is just the margin."""
    told = verdicts(runs_of(0.1, 0.05, seed=1))
    wrong = np.mean([verdict in ("equal", "worse") for verdict in told])
    assert wrong <= RATE + 2 * math.sqrt(RATE * (1 - RATE) / RUNS)


def test_lopsided_grades_of_equal_policies_are_no_evidence() -> None:
    """Rare large losses among many small gains, zero in the mean: a test of signs would be wrong nearly always."""
    rng = np.random.default_rng(2)
    runs = np.where(rng.random((RUNS, PAIRS)) < 0.1, -0.9, 0.1)
    wrong = np.mean([verdict in ("better", "worse") for verdict in verdicts(runs)])
    assert wrong <= RATE + 2 * math.sqrt(RATE * (1 - RATE) / RUNS)


def test_what_is_true_is_found_early() -> None:
    clear = [follow(run, 0.05, RATE) for run in runs_of(0.3, 0.05, runs=100, seed=3)]
    assert np.mean([course.verdict == "better" for course in clear]) > 0.95
    assert np.median([course.looked for course in clear]) < PAIRS / 2
    same = follow(np.zeros(PAIRS), 0.05, RATE)
    assert same.verdict == "equal" and same.looked < 110, "a bound of three in n needs 74"
    assert p_value_any_time(same) == 1


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=60))
def test_better_and_worse_are_mirror_images(values: list[float]) -> None:
    gains = np.array(values)
    one, two = follow(gains, 0.2, RATE), follow(-gains, 0.2, RATE)
    assert {"better": "worse", "worse": "better"}.get(one.verdict, one.verdict) == two.verdict
    assert one.looked == two.looked and p_value_any_time(one) == pytest.approx(p_value_any_time(two))


def test_more_episodes_never_change_what_was_said() -> None:
    gains = runs_of(0.35, 0.05, runs=1, seed=4)[0]
    whole = follow(gains, 0.05, RATE)
    assert whole.verdict == "better" and 10 < whole.looked < PAIRS
    assert follow(gains[: whole.looked], 0.05, RATE).looked == whole.looked
    assert follow(gains[: whole.looked - 1], 0.05, RATE).verdict == ""


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=80))
def test_the_interval_holds_the_mean_and_agrees_with_the_evidence(values: list[float]) -> None:
    gains = np.array(values)
    low, high = interval_any_time(gains, 0.95)
    assert -1 <= low <= gains.mean() + 1e-6 and gains.mean() - 1e-6 <= high <= 1
    assert (low > 1e-6) == (log_wealth(gains)[-1] > math.log(40) + 1e-4) or abs(low) < 1e-4


def test_the_interval_holds_the_truth_at_all_times_at_once() -> None:
    runs = runs_of(0.25, 0.1, runs=300, seed=5)
    passed = [(log_wealth(sign * runs, sign * 0.15) >= math.log(40)).any(axis=1) for sign in (1, -1)]
    assert np.mean(passed[0] | passed[1]) <= RATE


def test_stopping_early_costs_some_power() -> None:
    gains = np.repeat([1.0, -1.0, 0.0], [12, 12, 96])
    found = detectable_any_time(gains, graded=False, error_rate=RATE, power=0.8)
    fixed = statistics.detectable_rate(120, 0.2, RATE, 0.8)
    assert found is not None and fixed is not None and fixed < found < 2 * fixed
    shown = verdicts(runs_of((0.2 + found) / 2, (0.2 - found) / 2, runs=100, pairs=120, seed=6))
    assert np.mean([verdict == "better" for verdict in shown]) == pytest.approx(0.8, abs=0.12)
    assert detectable_any_time(gains, graded=True, error_rate=RATE, power=0.8) == pytest.approx(found, rel=0.3)
    assert detectable_any_time(np.ones(3), graded=False, error_rate=RATE, power=0.8) is None
