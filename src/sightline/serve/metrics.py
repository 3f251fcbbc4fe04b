"""Figures of a running server in Prometheus' text form."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping

BUCKETS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)  # milliseconds
PHASES = ("decode", "queue", "infer", "planner", "expert")


class Metrics:
    """Counts of answers and histograms of their times.

    Args:
        gauges: name -> what it is now, e.g. ``sessions``.
    """

    def __init__(self, gauges: Mapping[str, Callable[[], float]]) -> None:
        self.gauges = dict(gauges)
        self.answers: Counter[str] = Counter()
        self._counts = {phase: [0] * (len(BUCKETS) + 1) for phase in PHASES}
        self._sums = dict.fromkeys(PHASES, 0.0)
        self._lock = threading.Lock()

    def answered(self, outcome: str) -> None:
        """An answer went out: ``ok`` or the code of a refusal."""
        with self._lock:
            self.answers[outcome] += 1

    def timed(self, milliseconds: Mapping[str, float]) -> None:
        """Times of one answer's phases."""
        with self._lock:
            for phase in PHASES:
                if phase in milliseconds:
                    value = milliseconds[phase]
                    self._sums[phase] += value
                    self._counts[phase][sum(value > bucket for bucket in BUCKETS)] += 1

    def text(self) -> str:
        """The page at ``/metrics``."""
        with self._lock:
            lines = ["# TYPE sightline_answers_total counter"]
            lines += [f'sightline_answers_total{{outcome="{name}"}} {n}' for name, n in sorted(self.answers.items())]
            for name, read in self.gauges.items():
                lines += [f"# TYPE sightline_{name} gauge", f"sightline_{name} {read():g}"]
            lines.append("# TYPE sightline_milliseconds histogram")
            for phase in PHASES:
                lines += self._histogram(phase)
        return "\n".join(lines) + "\n"

    def _histogram(self, phase: str) -> list[str]:
        counts, lines, so_far = self._counts[phase], [], 0
        for bucket, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
            so_far += count
            lines.append(f'sightline_milliseconds_bucket{{phase="{phase}",le="{bucket}"}} {so_far}')
        lines.append(f'sightline_milliseconds_sum{{phase="{phase}"}} {self._sums[phase]:.3f}')
        lines.append(f'sightline_milliseconds_count{{phase="{phase}"}} {so_far}')
        return lines
