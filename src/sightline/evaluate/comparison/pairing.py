"""Which episodes of two results are the same, and what came out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.evaluate.comparison.outcomes import MOST, Outcome
from sightline.evaluate.comparison.results import EpisodeKey, Result

# What two results may differ in: the policy and how its chunks are played are what is compared ...
COMPARED = ("policy", "weights", "chunk handling", "execute", "handling")
# ... and the episodes do not depend on these (which episodes they are is in the rows themselves).
CIRCUMSTANCES = (
    "version",
    "CPUs",
    "workers",
    "seconds",
    "seed",
    "episodes",
    "batch",
    "films",
    "shard",
    "shards",
)


@dataclass(frozen=True)
class Pairs:
    """The same n episodes under two policies, by seed.

    Attributes:
        keys: the episodes, in the order of their seeds.
        first, other: the outcome under either policy [n], in its own unit.
        gains: how much better the other did [n], as a share of ``span``: from -1 to 1.
        span: the largest difference that one episode can show, in the outcome's unit.
        left_out: episodes of the first and of the other result that are not among the pairs.
    """

    keys: tuple[EpisodeKey, ...]
    first: NDArray[np.float64]
    other: NDArray[np.float64]
    gains: NDArray[np.float64]
    span: float
    left_out: tuple[int, int]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def wins(self) -> int:
        """Episodes in which the other did better."""
        return int((self.gains > 0).sum())

    @property
    def losses(self) -> int:
        """Episodes in which the first did better."""
        return int((self.gains < 0).sum())

    def until(self, count: int) -> Pairs:
        """The first ``count`` of them."""
        return Pairs(
            self.keys[:count],
            self.first[:count],
            self.other[:count],
            self.gains[:count],
            self.span,
            self.left_out,
        )


def pair(first: Result, other: Result, outcome: Outcome) -> Pairs:
    """The episodes that two results share, matched by seed, task and instruction whatever their order.

    Raises:
        SightlineError: they were not run in the same setting, share no episode, were told different things at the
            same seed, or no shared episode says the outcome.
    """
    require_same_setting(first, other)
    shared = sorted(first.rows.keys() & other.rows.keys())
    _require_same_words(first, other, shared)
    if not shared:
        raise SightlineError(
            f"{first.path} and {other.path} share no episodes ({_seeds(first)} and {_seeds(other)}): "
            "evaluate both with the same --seed."
        )
    told = [
        (key, one, two)
        for key in shared
        if (one := outcome.read(first.rows[key], first.row_name(key))) is not None
        and (two := outcome.read(other.rows[key], other.row_name(key))) is not None
    ]
    if not told:
        why = "both did" if outcome.of_successes else f"both say '{outcome.field}'"
        raise SightlineError(f"Of {first.path} and {other.path}, no episode is there that {why}: choose another --by.")
    keys = tuple(key for key, _, _ in told)
    before, after = (np.array([pair[which] for pair in told], float) for which in (1, 2))
    span = _longest(first, other, outcome) if outcome.unit else 1.0
    gains = (before - after if outcome.lower_is_better else after - before) / span
    return Pairs(keys, before, after, gains, span, (len(first.rows) - len(keys), len(other.rows) - len(keys)))


def require_same_setting(first: Result, other: Result) -> None:
    """Raise SightlineError unless two results differ in their policies alone."""
    names = [name for name in {**first.settings, **other.settings} if name not in (*COMPARED, *CIRCUMSTANCES)]
    names.sort(key=lambda name: name != "suite")  # the greatest difference is told first
    for name in names:
        one, two = first.settings.get(name), other.settings.get(name)
        if one != two:
            raise SightlineError(
                f"{first.path} was evaluated with {name} {_said(one)} and {other.path} with {_said(two)}: only "
                "policies are compared, so evaluate both in the same setting."
            )


def circumstances(first: Result, other: Result) -> list[str]:
    """Sentences about what else two results differ in, which a reader should know of."""
    told = ("version", "chunk handling")
    return [
        f"{name.capitalize()}: {_said(first.settings[name])} and {_said(other.settings[name])}."
        for name in told
        if name in first.settings and first.settings[name] != other.settings.get(name, first.settings[name])
    ]


def _require_same_words(first: Result, other: Result, shared: list[EpisodeKey]) -> None:
    """A seed that both ran, but never with the same task and words, was another world: then nothing is comparable."""
    same = {key.seed for key in shared}
    one, two = ({key.seed: key for key in result.rows} for result in (first, other))
    if strange := sorted(one.keys() & two.keys() - same):
        seed = strange[0]
        raise SightlineError(
            f"{first.path} and {other.path} were told different things at {len(strange)} of {len(one.keys() & two)} "
            f"common seeds (seed {seed}: {_words(one[seed])} and {_words(two[seed])}): evaluate both with the same "
            "version and settings."
        )


def _longest(first: Result, other: Result, outcome: Outcome) -> float:
    """The largest value in either file: of steps, the step limit as soon as one episode failed."""
    values = [row.get(outcome.field) for result in (first, other) for row in result.rows.values()]
    return max(1.0, *(float(value) for value in values if isinstance(value, (int, float)) and 0 <= value <= MOST))


def _seeds(result: Result) -> str:
    seeds = [key.seed for key in result.rows]
    return f"seeds {min(seeds)} to {max(seeds)}" if len(seeds) > 1 else f"seed {seeds[0]}"


def _words(key: EpisodeKey) -> str:
    return repr(key.instruction or key.task)


def _said(value: Any) -> str:
    return "none" if value is None else f"'{value}'"
