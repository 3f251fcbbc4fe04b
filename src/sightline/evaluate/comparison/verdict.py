"""What can be said of two policies after their pairs: better, worse, equal within a margin, or that one cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sightline.core.errors import SightlineError
from sightline.evaluate.comparison.outcomes import Outcome
from sightline.evaluate.comparison.pairing import Pairs
from sightline.evaluate.comparison.sequential import (
    Course,
    detectable_any_time,
    follow,
    interval_any_time,
    p_value_any_time,
)
from sightline.evaluate.comparison.statistics import (
    bootstrap_interval,
    detectable_mean,
    detectable_rate,
    holm,
    mcnemar,
    sign_flips,
)

BETTER, WORSE, EQUAL, CANNOT_TELL = "better", "worse", "equal", "cannot tell"


@dataclass(frozen=True)
class Question:
    """What is asked of the pairs.

    Attributes:
        outcome: by which the policies are compared.
        margin: differences up to this size count as equal, in the outcome's unit.
        error_rate: how often a comparison may end with a false verdict.
        power: with which the smallest detectable difference is found.
        sequential: whether pairs are looked at one by one until something can be said.
    """

    outcome: Outcome
    margin: float
    error_rate: float = 0.05
    power: float = 0.8
    sequential: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.error_rate < 1:
            raise SightlineError(f"The error rate must lie between 0 and 1, not be {self.error_rate:g}.")
        if not self.error_rate < self.power < 1:
            raise SightlineError(f"The power must lie between the error rate and 1, not be {self.power:g}.")
        if not self.margin > 0:
            raise SightlineError(f"The margin must be above 0, not {self.margin:g}: equality cannot be shown without.")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One policy against the first; differences are the other's value minus the first's, in the outcome's unit.

    Attributes:
        label: what it is called; policy: as ``--policy`` named it; file: where its rows are.
        pairs: those that count; with a sequential question, those until the stop.
        common: how many episodes both files have.
        ci95: of the difference.
        p_value: that of this comparison; p_value_adjusted: for all comparisons together.
        smallest_detectable: the smallest difference that so many pairs show with the power that was asked for; None
            where they show none at all.
        within_margin: whether the difference is certainly no larger than the margin.
        verdict: of the other policy.
        course: of a sequential question.
        notes: what else a reader should know.
    """

    label: str
    policy: str
    file: str
    pairs: Pairs
    common: int
    ci95: tuple[float, float]
    p_value: float
    p_value_adjusted: float
    smallest_detectable: float | None
    within_margin: bool
    verdict: str
    course: Course | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def first_mean(self) -> float:
        """Mean outcome of the first policy."""
        return float(self.pairs.first.mean())

    @property
    def other_mean(self) -> float:
        """Mean outcome of the other policy."""
        return float(self.pairs.other.mean())

    @property
    def difference(self) -> float:
        """Mean difference."""
        return float((self.pairs.other - self.pairs.first).mean())

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        stopped = {} if self.course is None else {"stopped": bool(self.course.verdict)}
        return {
            "label": self.label,
            "policy": self.policy,
            "file": self.file,
            "pairs": len(self.pairs),
            "common_episodes": self.common,
            **stopped,
            "first": self.first_mean,
            "other": self.other_mean,
            "wins": self.pairs.wins,
            "losses": self.pairs.losses,
            "difference": self.difference,
            "ci95": list(self.ci95),
            "p_value": self.p_value,
            "p_value_adjusted": self.p_value_adjusted,
            "smallest_detectable": self.smallest_detectable,
            "within_margin": self.within_margin,
            "verdict": self.verdict,
            "notes": self.notes,
        }


@dataclass(frozen=True)
class Rival:
    """A policy that is compared with the first: its label, its name and file, and the pairs."""

    label: str
    policy: str
    file: str
    pairs: Pairs
    notes: list[str]


def judge(rivals: Sequence[Rival], question: Question) -> list[Comparison]:
    """Compare every rival with the first, in order.

    Differences are said with Holm's correction; equality, and everything that is said before all pairs were looked at,
    with the error rate shared evenly among the comparisons.

    Raises:
        SightlineError: the margin is as large as the largest possible difference.
    """
    for rival in rivals:
        if question.margin >= rival.pairs.span:
            raise SightlineError(
                f"A margin of {question.margin:g} calls everything equal, as no two episodes differ by more than "
                f"{rival.pairs.span:g}: give a smaller --margin."
            )
    return _one_by_one(rivals, question) if question.sequential else _all_pairs(rivals, question)


def _all_pairs(rivals: Sequence[Rival], question: Question) -> list[Comparison]:
    graded, rate = question.outcome.graded, question.error_rate / len(rivals)
    p_values = [sign_flips(pairs.gains) if graded else mcnemar(pairs.wins, pairs.losses)
                for pairs in (rival.pairs for rival in rivals)]  # fmt: skip
    found = []
    for rival, p_value, adjusted in zip(rivals, p_values, holm(p_values), strict=True):
        pairs = rival.pairs
        if graded:
            detectable = detectable_mean(pairs.gains, rate, question.power)
        else:
            detectable = detectable_rate(len(pairs), (pairs.wins + pairs.losses) / len(pairs), rate, question.power)
        low, high = bootstrap_interval(pairs.gains, 1 - rate, p_value)
        within = -question.margin / pairs.span <= low and high <= question.margin / pairs.span
        if adjusted <= question.error_rate:
            verdict = BETTER if pairs.gains.sum() > 0 else WORSE
        else:
            verdict = EQUAL if within else CANNOT_TELL
        found.append(
            _compared(
                rival,
                pairs,
                common=len(pairs),
                ci95=_in_units(bootstrap_interval(pairs.gains, 0.95, p_value), pairs, question.outcome),
                p_value=p_value,
                p_value_adjusted=adjusted,
                smallest_detectable=None if detectable is None else detectable * pairs.span,
                within_margin=within,
                verdict=verdict,
            )
        )
    return found


def _compared(rival: Rival, pairs: Pairs, **found: Any) -> Comparison:
    """What was found of a rival over these pairs."""
    return Comparison(label=rival.label, policy=rival.policy, file=rival.file, pairs=pairs, notes=rival.notes, **found)


def _one_by_one(rivals: Sequence[Rival], question: Question) -> list[Comparison]:
    rate, found = question.error_rate / len(rivals), []
    for rival in rivals:
        margin = question.margin / rival.pairs.span
        course = follow(rival.pairs.gains, margin, rate)
        pairs = rival.pairs.until(course.looked)
        low, high = interval_any_time(pairs.gains, 1 - rate)
        detectable = detectable_any_time(rival.pairs.gains, question.outcome.graded, rate, question.power)
        p_value = p_value_any_time(course)
        found.append(
            _compared(
                rival,
                pairs,
                common=len(rival.pairs),
                ci95=_in_units(interval_any_time(pairs.gains, 0.95), pairs, question.outcome),
                p_value=p_value,
                p_value_adjusted=min(1.0, len(rivals) * p_value),
                smallest_detectable=None if detectable is None else detectable * pairs.span,
                within_margin=-margin <= low and high <= margin,
                verdict=course.verdict or CANNOT_TELL,
                course=course,
            )
        )
    return found


def _in_units(interval: tuple[float, float], pairs: Pairs, outcome: Outcome) -> tuple[float, float]:
    """An interval of the mean gain as one of the difference."""
    low, high = (bound * pairs.span for bound in interval)
    return (-high, -low) if outcome.lower_is_better else (low, high)
