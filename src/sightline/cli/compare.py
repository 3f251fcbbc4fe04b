"""The command ``sightline compare``: is one policy better than another?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sightline.cli.options import File, Json


@dataclass(frozen=True)
class Compare:
    """Compare results of evaluate, pair by pair on the same episodes: each with the first of them."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="A.json B.json..")]
    """Files that evaluate --json wrote, or --rows, finished or not. The first is what the others are compared with;
    what they may differ in is the policy."""
    by: Literal["success", "success_any_time", "target_lifted", "wrong_object_lifted", "progress", "steps"] = "success"
    """success: done at the end. success_any_time: done at any moment. steps: of the episodes that both did."""
    margin: float | None = None
    """Differences up to this size count as equal. Left out: 0.05, which is 5 percentage points; for steps, 2."""
    error_rate: float = 0.05
    """How often a comparison may end with a false verdict."""
    power: float = 0.8
    """How often the smallest difference that is told would show."""
    sequential: bool = False
    """True: look at episode after episode and stop as soon as something can be said. The error rate then holds however
    often the command is repeated while an evaluation goes on."""
    report: File = None
    """Write an HTML page with pictures of the paired outcomes here."""
    json: Json = None
    """Write the result here: difference, ci95, p_value, smallest_detectable, verdict (better, worse, equal or cannot
    tell); comparisons, one for each further file."""

    def run(self) -> dict:
        from sightline.evaluate.comparison.run import compare

        return compare(self.files, self.by, self.margin, self.error_rate, self.power, self.sequential, self.report)
