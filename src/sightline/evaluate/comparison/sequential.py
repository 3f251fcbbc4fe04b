"""Comparison that may stop at any pair: evidence as the wealth of somebody who bets on it.

Who bets on the next gain at fair odds multiplies his wealth by a factor whose mean is at most 1, unless what he bets
against is false. By Ville's inequality wealth then exceeds 1/a at *any* time in at most a share a of runs, however
often one looks and whatever makes one stop. Instead of one stake a bet, the wealth is spread evenly over all stakes
(Cover's universal portfolio). For gains of -1, 0 and 1 and the bound 0 that is the likelihood ratio of McNemar's test
with an even prior over the wins' share; for others see Waudby-Smith and Ramdas, "Estimating means of bounded random
variables by betting" (2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sightline.evaluate.comparison.statistics import Gains, detectable_mean, detectable_rate, smoothed

_nodes, _weights = np.polynomial.legendre.leggauss(64)
STAKES, SHARES = (_nodes + 1) / 2, _weights / 2  # a stake of the wealth, and the share of the wealth that is bet so

RUNS = 120  # that are simulated to say what could have been shown


def log_wealth(gains: Gains, bound: float = 0.0) -> NDArray[np.float64]:
    """Log wealth after each pair of who bets that the mean gain is above ``bound``.

    Args:
        gains: [..., n], from -1 to 1.
        bound: above -1.

    Returns:
        [..., n]. Where the mean gain, given all pairs before, is never above ``bound``, it ever exceeds log(1/a) in at
        most a share a of runs.
    """
    values, number = np.unique(gains, return_inverse=True)  # most gains occur often
    growth = np.log1p(STAKES * ((1 + values) / (1 + bound) - 1)[:, None])
    wealth = np.cumsum(growth[number.reshape(gains.shape)], axis=-2)
    largest = wealth.max(axis=-1)
    return largest + np.log(np.exp(wealth - largest[..., None]) @ SHARES)


@dataclass(frozen=True)
class Course:
    """What could be said after each pair.

    Attributes:
        evidence: verdict -> log wealth of who bets on it [n].
        threshold: of log wealth, at which it is said.
        verdict: the first that was said; "" where none was.
        looked: pairs until then, else all.
    """

    evidence: dict[str, NDArray[np.float64]]
    threshold: float
    verdict: str
    looked: int


def follow(gains: Gains, margin: float, error_rate: float) -> Course:
    """Look at pair after pair and stop as soon as something can be said.

    Args:
        gains: [n] from -1 to 1, in an order that was settled before the outcomes were known.
        margin: mean gains within it, either way, are equal; below 1.
        error_rate: how often a run may end with a false verdict, whatever is true; half of it for each direction.
    """
    evidence = {
        "better": log_wealth(gains),
        "worse": log_wealth(-gains),
        # Equal has two sides, and the weaker one counts.
        "equal": np.minimum(log_wealth(gains, -margin), log_wealth(-gains, -margin)),
    }
    threshold = math.log(2 / error_rate)
    reached = {name: int(np.argmax(path >= threshold)) for name, path in evidence.items() if path.max() >= threshold}
    verdict = min(reached, key=reached.__getitem__, default="")
    return Course(evidence, threshold, verdict, reached[verdict] + 1 if verdict else len(gains))


def p_value_any_time(course: Course) -> float:
    """The smallest error rate at which a difference would have been said by the time of the stop."""
    highest = max(float(course.evidence[name][: course.looked].max()) for name in ("better", "worse"))
    return min(1.0, 2 * math.exp(-highest))


def interval_any_time(gains: Gains, level: float) -> tuple[float, float]:
    """Interval of the mean gain that holds whenever one looks; it contains the mean of the gains [n]."""
    threshold = math.log(2 / (1 - level))

    def lowest(some: Gains) -> float:
        def spare(bound: float) -> float:
            return float(log_wealth(some, bound)[-1]) - threshold

        edge = -1 + 1e-9
        return edge if spare(edge) <= 0 else float(brentq(spare, edge, 1.0, xtol=1e-7))

    return lowest(gains), -lowest(-gains)


def detectable_any_time(gains: Gains, graded: bool, error_rate: float, power: float) -> float | None:
    """Smallest mean gain that so many pairs show with this power, from 120 simulated runs; None where there is none.

    Pairs differ as often as these do and, where graded, scatter around their mean as these do.
    """
    rng, count = np.random.default_rng(0), len(gains)
    chance = rng.random((RUNS, count))
    known, differing = smoothed(gains), float((gains != 0).mean())
    scatter = (known - known.mean())[rng.integers(0, len(known), (RUNS, count))]

    def shown(difference: float) -> float:
        if graded:
            runs = np.clip(scatter + difference, -1, 1)
        else:
            other = max(differing, difference)
            wins, losses = (other + difference) / 2, (other - difference) / 2
            runs = (chance < wins).astype(float) - (chance > 1 - losses)
        # A gain of nothing changes no wealth: it need not be looked at.
        wealth = [log_wealth(run[run != 0]).max(initial=0.0) for run in runs]
        return float(np.mean(np.array(wealth) >= math.log(2 / error_rate)))

    # All pairs at once need a smaller difference; to stop early rarely costs more than this.
    low = detectable_mean(gains, error_rate, power) if graded else detectable_rate(count, differing, error_rate, power)
    if low is None:
        return None
    high = min(1.0, 2.5 * low)
    if shown(high) < power:
        low, high = high, 1.0
        if shown(high) < power:
            return None
    for _ in range(6):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) >= power else (middle, high)
    return high
