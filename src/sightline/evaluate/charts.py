"""Small charts as inline SVG: they follow the page's colours, need no script and stay sharp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from sightline.evaluate.rates import Rate

ROW = 26
LABEL, PLOT, VALUE = 100, 300, 120


def rate_chart(rates: Mapping[str, Rate], title: str) -> str:
    """One line a group: a dot at its rate, a bar over its 95 % Wilson interval, the numbers beside it."""
    width, height = LABEL + PLOT + VALUE, ROW * len(rates) + 44
    parts = [f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}">']
    for percent in (0, 25, 50, 75, 100):
        x = LABEL + PLOT * percent / 100
        parts.append(f'<line class="grid" x1="{x}" y1="8" x2="{x}" y2="{height - 26}"/>')
        parts.append(f'<text class="axis" x="{x}" y="{height - 8}" text-anchor="middle">{percent} %</text>')
    for i, (name, rate) in enumerate(rates.items()):
        y = 8 + ROW * (i + 0.5)
        parts.append(f'<text x="{LABEL - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        if not rate.trials:
            continue
        low, high = (LABEL + PLOT * bound for bound in rate.interval)
        parts.append(
            f'<rect class="interval" x="{low:.1f}" y="{y - 5}" width="{max(high - low, 1):.1f}" height="10" rx="5"/>'
        )
        parts.append(f'<circle class="dot" cx="{LABEL + PLOT * rate.value:.1f}" cy="{y}" r="5"/>')
        text = f"{rate.value:.0%} ({rate.successes}/{rate.trials})"
        parts.append(f'<text x="{LABEL + PLOT + 14}" y="{y + 4}">{text}</text>')
    return "".join([*parts, "</svg>"])


def curves(lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], title: str) -> str:
    """Values over time, one line each of (times, values); at most two: class ``truth`` first, then ``guess``."""
    width, plot, left = LABEL + PLOT + VALUE, 90, 64
    values = [value for _, line in lines.values() for value in line]
    low, high = min(values), max(values)
    last = max(max(times) for times, _ in lines.values()) or 1
    parts = [
        f'<svg class="chart" viewBox="0 0 {width} {plot + 34}" role="img" aria-label="{escape(title, quote=True)}">'
    ]
    parts.append(f'<text x="{left}" y="12">{escape(title)}</text>')
    for value, at in ((high, 20), (low, 20 + plot)):
        parts.append(f'<line class="grid" x1="{left}" y1="{at}" x2="{width - 8}" y2="{at}"/>')
        parts.append(f'<text class="axis" x="{left - 6}" y="{at + 4}" text-anchor="end">{value:.3g}</text>')
    for name, (times, line) in zip(("truth", "guess"), lines.values(), strict=True):
        across = left + (width - left - 8) * np.asarray(times, float) / last
        down = 20 + plot * (high - np.asarray(line, float)) / max(high - low, 1e-12)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
        parts.append(f'<polyline class="{name}" points="{points}"/>')
    return "".join([*parts, "</svg>"])


def histogram(groups: Mapping[str, Sequence[float]], title: str, unit: str, bins: int = 16) -> str:
    """Counts of values, stacked by group (at most two groups: class ``good`` first, then ``bad``)."""
    values = [value for group in groups.values() for value in group]
    if not values:
        return ""
    low, high = float(min(values)), float(max(values))
    edges = np.linspace(low, max(high, low + bins), bins + 1)
    counts = [np.histogram(group, edges)[0] for group in groups.values()]
    width, plot, base = LABEL + PLOT + VALUE, 130, 146
    peak, step = max(int(np.sum(counts, axis=0).max()), 1), (LABEL + PLOT + VALUE - 60) / bins
    parts = [
        f'<svg class="chart" viewBox="0 0 {width} {base + 40}" role="img" aria-label="{escape(title, quote=True)}">'
    ]
    parts.append(f'<line class="grid" x1="40" y1="{base}" x2="{width - 20}" y2="{base}"/>')
    top = np.zeros(bins)
    for name, count in zip(("good", "bad"), counts, strict=False):
        for i in np.flatnonzero(count).tolist():
            y = base - plot * (top[i] + count[i]) / peak
            size = f'width="{step - 3:.1f}" height="{plot * count[i] / peak:.1f}"'
            parts.append(f'<rect class="{name}" x="{40 + step * i:.1f}" y="{y:.1f}" {size} rx="2"/>')
        top += count
    for i in range(0, bins + 1, max(1, bins // 4)):
        parts.append(
            f'<text class="axis" x="{40 + step * i:.1f}" y="{base + 16}" text-anchor="middle">{edges[i]:.0f}</text>'
        )
    parts.append(f'<text class="axis" x="34" y="{base - plot + 8}" text-anchor="end">{peak}</text>')
    parts.append(f'<text class="axis" x="{width / 2}" y="{base + 34}" text-anchor="middle">{escape(unit)}</text>')
    return "".join([*parts, "</svg>"])
