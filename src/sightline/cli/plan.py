"""The command ``sightline plan``: what a preset needs, before anything is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sightline.cli.options import Json
from sightline.core.console import say, table


@dataclass(frozen=True)
class Plan:
    """Memory and time of a preset on machines from a laptop to eight GPUs: to act, and to train in several ways."""

    preset: str = "m1"
    """Preset of the model: m1, m1-mini, ..."""
    views: int = 2
    """Pictures a sample."""
    json: Json = None
    """Write the result here: parameters, forward_gflops, kept_mib, kept_recomputed_mib, rows."""

    def run(self) -> dict:
        from sightline.models.config import preset
        from sightline.train.budget import budget

        config = preset(self.preset)
        say("Counting weights, and what autograd keeps of a sample (about half a minute for m1).")
        found = budget(config, self.views)
        total = sum(found["parameters"].values())
        title = f"{self.preset}: {total / 1e9:.2f} billion parameters, {self.views} views"
        table(title, ["machine", "to", "samples a device", "memory a device", "time"], map(cells, found["rows"]))
        say("Time: of an action, or of an update with that many samples a device, at the usual share of the peak.")
        return found


def cells(row: dict[str, Any]) -> list[str]:
    """One row of the table."""
    memory = f"{row['memory_gib']:.1f} GiB"
    if not row["fits"]:
        return [row["device"], row["recipe"], "-", f"{memory}: does not fit", "-"]
    samples = "-" if row["recipe"] == "act" else str(row["samples"])
    return [row["device"], row["recipe"], samples, memory, f"{row['seconds']:.2g} s"]
