"""Can a confidence be believed? Of all answers that are 80 % sure, 80 % should be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

BINS = 10
SIDE, LEFT, TOP = 220, 60, 12  # pixels of the chart


@dataclass(frozen=True)
class Bin:
    """Answers of similar confidence: how sure they are in the mean, which share is right, how many there are."""

    sure: float
    right: float
    count: int


def reliability(sure: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """The reliability curve: answers by their confidence, in BINS of equal width; empty ones are left out."""
    confidence, truth = np.asarray(sure, float), np.asarray(right, float)
    number = np.minimum((confidence * BINS).astype(int), BINS - 1)
    chosen = [number == index for index in range(BINS)]
    return [
        Bin(float(confidence[mine].mean()), float(truth[mine].mean()), int(mine.sum())) for mine in chosen if mine.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: by how much confidence and truth differ, in the mean over all answers (Guo et al.
    2017); NaN without any."""
    total = sum(part.count for part in bins)
    return sum(part.count * abs(part.sure - part.right) for part in bins) / total if total else float("nan")


def reliability_chart(bins: Sequence[Bin], title: str) -> str:
    """The curve as SVG: a dot a bin, larger for more answers, on the diagonal where they can be believed."""
    most = max((part.count for part in bins), default=1)
    width, height = LEFT + SIDE + 20, TOP + SIDE + 46
    parts = [f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}">']
    for percent in (0, 50, 100):
        x, y = LEFT + SIDE * percent / 100, TOP + SIDE * (1 - percent / 100)
        parts.append(f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{TOP + SIDE}"/>')
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{LEFT + SIDE}" y2="{y}"/>')
        parts.append(f'<text class="axis" x="{x}" y="{TOP + SIDE + 16}" text-anchor="middle">{percent} %</text>')
        parts.append(f'<text class="axis" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{percent} %</text>')
    parts.append(f'<line class="grid" x1="{LEFT}" y1="{TOP + SIDE}" x2="{LEFT + SIDE}" y2="{TOP}"/>')
    for part in bins:
        x, y, r = LEFT + SIDE * part.sure, TOP + SIDE * (1 - part.right), 2 + 5 * (part.count / most) ** 0.5
        said = f"{part.count} answers that are {part.sure:.0%} sure: {part.right:.0%} right"
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"><title>{said}</title></circle>')
    parts.append(
        f'<text class="axis" x="{LEFT + SIDE / 2}" y="{height - 8}" text-anchor="middle">sure (right: upwards)</text>'
    )
    return "".join([*parts, "</svg>"])
