"""Exact tests, intervals and power of paired outcomes. A gain is how much better the second of a pair did, -1 to 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binom, binomtest, norm

Gains = NDArray[np.float64]

RESAMPLES = 9_999
EXACT = 16  # up to so many pairs that differ, all their sign flips are looked at
CHUNK = 2**21  # numbers that are drawn at once
TIE = 1e-9  # sums of floats that differ by less are the same sum


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided p-value of McNemar's exact test: a pair that differs does so either way. 1 where none differs."""
    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def sign_flips(gains: Gains) -> float:
    """Two-sided p-value of the paired permutation test of the mean gain [n]: every gain could as well be a loss.

    Exact for up to 16 pairs that differ, else from 9,999 random flips and the observed one. 1 where none differs.
    """
    sizes = np.abs(gains[gains != 0])
    observed = abs(float(gains.sum())) - TIE
    if len(sizes) <= EXACT:
        flips = np.arange(2 ** len(sizes))[:, None] >> np.arange(len(sizes)) & 1
        return float((np.abs((2 * flips - 1) @ sizes) >= observed).mean())
    rng, extreme, left = np.random.default_rng(0), 0, RESAMPLES
    while left:
        some = min(left, max(1, CHUNK // len(sizes)))
        flips = rng.integers(0, 2, (some, len(sizes)), np.int8)
        extreme += int((np.abs((2 * flips - 1) @ sizes) >= observed).sum())
        left -= some
    return (extreme + 1) / (RESAMPLES + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: below a rate, at most that share of such families holds any false one."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable").tolist()):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def smoothed(gains: Gains) -> Gains:
    """The gains [n] and two wins and two losses of full size, as Agresti and Coull (1998) count them for one rate.

    Without them a handful of pairs that never differed would prove that none ever can. With them n such pairs show no
    more than exact bounds do: a mean gain within about 4/n.
    """
    return np.concatenate([gains, [1.0, 1.0, -1.0, -1.0]])


def bootstrap_interval(gains: Gains, level: float, p_value: float) -> tuple[float, float]:
    """Percentile interval of the mean gain from 9,999 resamples of the smoothed pairs.

    It agrees with the exact test (``p_value``): where that does not tell the gain from zero at this level, the interval
    is widened to hold zero, and where that does, it ends there.
    """
    values, counts = np.unique(smoothed(gains), return_counts=True)
    rng, means, left = np.random.default_rng(0), [], RESAMPLES
    while left:
        some = min(left, max(1, CHUNK // len(values)))
        means.append(rng.multinomial(counts.sum(), counts / counts.sum(), some) @ values / counts.sum())
        left -= some
    tail = (1 - level) / 2
    low, high = (float(bound) for bound in np.quantile(np.concatenate(means), [tail, 1 - tail]))
    if p_value > 1 - level:
        return min(low, 0.0), max(high, 0.0)
    return (max(low, 0.0), high) if gains.sum() > 0 else (low, min(high, 0.0))


def power_of_mcnemar(difference: float, pairs: int, differing: float, error_rate: float) -> float:
    """How often McNemar's exact test shows a true difference.

    Args:
        difference: of the two rates, 0 to 1.
        pairs: number of pairs.
        differing: share of pairs that differ; raised to the difference where it is smaller, as it must.
        error_rate: of the test.
    """
    differing = max(differing, difference)
    count = np.arange(1, pairs + 1)
    needed = binom.isf(error_rate / 2, count, 0.5)  # more wins than that reject
    shown = binom.sf(needed, count, 0.5 * (1 + difference / differing))
    return float(binom.pmf(count, pairs, differing) @ shown)


def detectable_rate(pairs: int, differing: float, error_rate: float, power: float) -> float | None:
    """Smallest difference of two rates that McNemar's exact test shows with this power; None: not even from 0 to 1."""

    def lack(difference: float) -> float:
        return power_of_mcnemar(difference, pairs, differing, error_rate) - power

    return float(brentq(lack, 1e-9, 1.0, xtol=1e-6)) if lack(1.0) >= 0 else None


def detectable_mean(gains: Gains, error_rate: float, power: float) -> float | None:
    """The same for the permutation test of a mean gain, in the normal approximation; None where there is none."""
    if 2.0 ** (1 - len(gains)) > error_rate:  # even if every pair differed the same way
        return None
    quantiles = float(norm.ppf(1 - error_rate / 2) + norm.ppf(power))
    found = quantiles * float(smoothed(gains).std(ddof=1)) / len(gains) ** 0.5
    return found if found <= 1 else None
