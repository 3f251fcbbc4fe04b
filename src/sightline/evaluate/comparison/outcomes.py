"""What two policies are compared by: one record for each field of an episode's row that says how well it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sightline.core.errors import SightlineError

MOST = 1_000_000_000  # of whatever is counted; no episode has more


@dataclass(frozen=True)
class Outcome:
    """One number an episode.

    Attributes:
        field: of the rows, see ``EpisodeRow``.
        about: what it is, in a table's heading.
        graded: whether it is a number of many values and not a yes or no.
        lower_is_better: whether less of it is better.
        unit: "" for shares, which are shown in percent, else what it counts.
        margin: differences up to this size count as equal, where nobody says otherwise; in the outcome's unit.
        of_successes: whether only episodes count that succeeded.
    """

    field: str
    about: str
    graded: bool = False
    lower_is_better: bool = False
    unit: str = ""
    margin: float = 0.05
    of_successes: bool = False

    def read(self, row: Mapping[str, Any], where: str) -> float | None:
        """The number of one row; None where the row does not say it.

        Args:
            where: what the row is called in an error.

        Raises:
            SightlineError: the row holds something else.
        """
        value = row.get(self.field)
        if value is None or (self.of_successes and row.get("success") is not True):
            return None
        highest = MOST if self.unit else 1
        if isinstance(value, bool) != (not self.graded) or not isinstance(value, (int, float)):
            raise SightlineError(f"{where} has {self.field} {value!r}, which no evaluation writes: evaluate again.")
        if not 0 <= value <= highest:
            raise SightlineError(f"{where} has an impossible {self.field}, {value!s:.20}: evaluate again.")
        return float(value)

    def show(self, value: float) -> str:
        """A value: shares in percent."""
        return f"{value:.1f}" if self.unit else f"{value:.1%}"

    def show_difference(self, value: float) -> str:
        """A difference with its sign: shares in percentage points."""
        shown = round(value if self.unit else 100 * value, 1)
        return f"{shown + 0.0:+.1f}"  # no difference is +0.0, never -0.0

    @property
    def difference_unit(self) -> str:
        """What differences are counted in."""
        return self.unit or "points"


OUTCOMES = {
    "success": Outcome("success", "success at the end"),
    "success_any_time": Outcome("success_any_time", "success at any time"),
    "target_lifted": Outcome("target_lifted", "target lifted"),
    "wrong_object_lifted": Outcome("wrong_object_lifted", "wrong object lifted", lower_is_better=True),
    "progress": Outcome("progress", "progress", graded=True),
    "steps": Outcome(
        "steps", "steps to success", graded=True, lower_is_better=True, unit="steps", margin=2.0, of_successes=True
    ),
}
