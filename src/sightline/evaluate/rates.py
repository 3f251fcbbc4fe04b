"""How sure a success rate is."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """A proportion with its 95 % Wilson interval."""

    successes: int
    trials: int

    @property
    def value(self) -> float:
        """The observed proportion; NaN without trials."""
        return self.successes / self.trials if self.trials else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson score interval."""
        return wilson_interval(self.successes, self.trials)

    def __str__(self) -> str:
        if not self.trials:
            return "-"
        low, high = self.interval
        return f"{self.value:.0%} [{low:.0%}, {high:.0%}]"


def wilson_interval(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Wilson score interval of a binomial proportion; (0, 1) without trials.

    Unlike the normal approximation it stays inside [0, 1] and keeps a sensible width at 0 and at all successes.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    rate, z2 = successes / trials, z * z
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    half = z * math.sqrt(rate * (1 - rate) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    # At the extremes the bound is exactly 0 or 1; rounding must not move it.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == trials else centre + half)


@dataclass(frozen=True)
class Comparison:
    """Difference of two proportions (first minus second), its 95 % Newcombe interval and a two-sided p-value."""

    difference: float
    interval: tuple[float, float]
    p_value: float


def compare_rates(first: Rate, second: Rate) -> Comparison:
    """Compare two independent proportions: Newcombe's hybrid score interval and the pooled two-proportion z-test."""
    if not first.trials or not second.trials:
        raise ValueError("both sides need at least one trial")
    a, b = first.value, second.value
    (low_a, high_a), (low_b, high_b) = first.interval, second.interval
    low = a - b - math.hypot(a - low_a, high_b - b)
    high = a - b + math.hypot(high_a - a, b - low_b)
    pooled = (first.successes + second.successes) / (first.trials + second.trials)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / first.trials + 1 / second.trials))
    p_value = 1.0 if spread == 0 else math.erfc(abs(a - b) / spread / math.sqrt(2))
    return Comparison(a - b, (low, high), p_value)
