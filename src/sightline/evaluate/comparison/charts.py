"""Pictures of a comparison as inline SVG, in the page's colours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from sightline.evaluate.comparison.outcomes import Outcome
from sightline.evaluate.comparison.pairing import Pairs
from sightline.evaluate.comparison.sequential import Course
from sightline.evaluate.comparison.verdict import Comparison

WIDTH = 760
LABEL, RIGHT = 190, 150  # room for names on the left and figures on the right
ROW = 30
NAME = 23  # characters of a name that the room holds
CELL, ACROSS = 14, 50  # squares of the outcomes: size, and how many in a row
PATHS = {"better": "good", "worse": "bad", "equal": "guess"}


def _svg(height: float, title: str, parts: Sequence[str], width: float = WIDTH) -> str:
    label = escape(title, quote=True)
    opening = f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}">'
    return "".join([opening, *parts, "</svg>"])


def _nice(largest: float) -> float:
    """A round step for about four marks up to ``largest``."""
    power = 10 ** math.floor(math.log10(largest / 4))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= largest / 4)


def differences(comparisons: Sequence[Comparison], outcome: Outcome, margin: float) -> str:
    """A line a policy: a dot at its difference, a bar over the 95 % interval; a band where it counts as equal."""
    ends = [abs(bound) for comparison in comparisons for bound in comparison.ci95]
    reach = 1.1 * max(margin, *ends)
    plot, height = WIDTH - LABEL - RIGHT, ROW * len(comparisons) + 54
    base = height - 44

    def at(value: float) -> float:
        return LABEL + plot * (value + reach) / (2 * reach)

    band = f'x="{at(-margin):.1f}" y="8" width="{at(margin) - at(-margin):.1f}" height="{base - 8}"'
    parts = [f'<rect class="margin" {band}/>']
    step = _nice(reach)
    for mark in np.arange(-math.floor(reach / step), math.floor(reach / step) + 1) * step:
        kind = "zero" if mark == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{at(mark):.1f}" y1="8" x2="{at(mark):.1f}" y2="{base}"/>')
        text = f"{mark if outcome.unit else 100 * mark:+.3g}" if mark else "0"
        parts.append(f'<text class="axis" x="{at(mark):.1f}" y="{base + 16}" text-anchor="middle">{text}</text>')
    left, right = ("better", "worse") if outcome.lower_is_better else ("worse", "better")
    unit = f"difference, {outcome.difference_unit}"
    for text, x, anchor in (
        (f"← {left}", LABEL, "start"),
        (unit, LABEL + plot / 2, "middle"),
        (f"{right} →", LABEL + plot, "end"),
    ):
        parts.append(f'<text class="axis" x="{x}" y="{base + 36}" text-anchor="{anchor}">{text}</text>')
    for i, comparison in enumerate(comparisons):
        y = 8 + ROW * (i + 0.5)
        low, high = (at(bound) for bound in comparison.ci95)
        name = comparison.label if len(comparison.label) <= NAME else "…" + comparison.label[-NAME + 1 :]
        parts.append(f'<text x="{LABEL - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        size = f'width="{max(high - low, 1):.1f}" height="10" rx="5"'
        parts.append(f'<rect class="interval" x="{low:.1f}" y="{y - 5}" {size}/>')
        parts.append(f'<circle class="dot" cx="{at(comparison.difference):.1f}" cy="{y}" r="5"/>')
        text = f"{outcome.show_difference(comparison.difference)} · {comparison.verdict}"
        parts.append(f'<text x="{WIDTH - RIGHT + 14}" y="{y + 4}">{text}</text>')
    return _svg(height, "Differences to the first policy", parts)


def outcomes(pairs: Pairs, outcome: Outcome, first: str, other: str) -> str:
    """A square an episode, by what became of it under both policies; its seed and words where the pointer rests."""
    found = list(zip((pairs.first > 0).tolist(), (pairs.other > 0).tolist(), strict=True))
    good, bad = ("loss", "win") if outcome.lower_is_better else ("win", "loss")
    kinds = (
        ((True, True), "both", "both"),
        ((False, True), good, f"only {other}"),
        ((True, False), bad, f"only {first}"),
        ((False, False), "neither", "neither"),
    )
    parts, y = [], 0
    for kind, style, text in kinds:
        members = [key for key, what in zip(pairs.keys, found, strict=True) if what == kind]
        parts.append(f'<rect class="{style}" x="0" y="{y + 6}" width="12" height="12" rx="2"/>')
        parts.append(f'<text x="20" y="{y + 17}">{escape(text)}: {len(members)}</text>')
        y += 26
        for number, key in enumerate(members):
            row, column = divmod(number, ACROSS)
            place = f'x="{column * (CELL + 1)}" y="{y + row * (CELL + 1)}" width="{CELL}" height="{CELL}" rx="2"'
            said = escape(f"seed {key.seed}: {key.instruction or key.task}")
            parts.append(f'<rect class="{style}" {place}><title>{said}</title></rect>')
        y += math.ceil(len(members) / ACROSS) * (CELL + 1) + 8
    return _svg(y, f"{outcome.about.capitalize()} of each episode under both policies", parts)


def scatter(pairs: Pairs, outcome: Outcome, first: str, other: str) -> str:
    """A dot an episode, the first policy's value to the right and the other's upward; on the line they are equal."""
    largest = float(max(1.0, pairs.first.max(), pairs.other.max()))
    step = _nice(largest) if outcome.unit else 0.25
    high = step * math.ceil(largest / step)
    side, left, top = 320, 76, 20

    def across(value: float) -> float:
        return left + side * value / high

    def down(value: float) -> float:
        return top + side * (high - value) / high

    parts = []
    for mark in np.arange(round(high / step) + 1) * step:
        text = f"{mark:.4g}" if outcome.unit else f"{mark:.0%}"
        parts.append(
            f'<line class="grid" x1="{across(mark):.1f}" y1="{top}" x2="{across(mark):.1f}" y2="{top + side}"/>'
        )
        parts.append(f'<line class="grid" x1="{left}" y1="{down(mark):.1f}" x2="{left + side}" y2="{down(mark):.1f}"/>')
        for x, y, anchor in ((across(mark), top + side + 16, "middle"), (left - 8, down(mark) + 4, "end")):
            parts.append(f'<text class="axis" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>')
    ends = f'x1="{left}" y1="{top + side}" x2="{across(high)}" y2="{down(high)}"'
    parts.append(f'<line class="zero" {ends}/>')
    dots = Counter(zip(pairs.first.tolist(), pairs.other.tolist(), pairs.gains.tolist(), strict=True))
    for (one, two, gain), count in dots.items():
        kind = "good" if gain > 0 else "bad" if gain < 0 else "both"
        radius = min(3 + math.sqrt(count), 14)
        said = f"<title>{count} × {one:.4g}, {two:.4g}</title>"
        place = f'cx="{across(one):.1f}" cy="{down(two):.1f}" r="{radius:.1f}"'
        parts.append(f'<circle class="{kind}" fill-opacity="0.6" {place}>{said}</circle>')
    middle = left + side / 2
    parts.append(f'<text class="axis" x="{middle}" y="{top + side + 36}" text-anchor="middle">{escape(first)}</text>')
    upward = f'transform="translate(16 {top + side / 2}) rotate(-90)" text-anchor="middle"'
    parts.append(f'<text class="axis" {upward}>{escape(other)}</text>')
    for number, (kind, text, count) in enumerate(
        (("good", f"{other} better", pairs.wins), ("bad", f"{first} better", pairs.losses),
         ("both", "equal", len(pairs) - pairs.wins - pairs.losses))
    ):  # fmt: skip
        line = top + 16 + 22 * number
        parts.append(f'<circle class="{kind}" cx="{left + side + 36}" cy="{line - 4}" r="5"/>')
        parts.append(f'<text x="{left + side + 50}" y="{line}">{escape(text)}: {count}</text>')
    return _svg(top + side + 46, f"{outcome.about.capitalize()} of each episode under both policies", parts)


def evidence(course: Course) -> str:
    """What spoke for each verdict after each pair, on a logarithmic scale, and the line at which it is said."""
    shown = {name: path[: course.looked] for name, path in course.evidence.items()}
    return _evidence(shown, course.threshold, course.looked)


def _evidence(paths: Mapping[str, np.ndarray], threshold: float, looked: int) -> str:
    left, right, top, plot = 64, 90, 14, 190
    low = max(min(-1.0, *(float(path.min()) for path in paths.values())), -threshold)
    high = max(1.25 * threshold, *(float(path.max()) for path in paths.values()))

    def down(value: float) -> float:
        return top + plot * (high - max(value, low)) / (high - low)

    parts = []
    for value, text in ((0.0, "1"), (threshold, f"{math.exp(threshold):.3g}")):
        kind = "grid" if value == 0 else "zero"
        y = down(value)
        parts.append(f'<line class="{kind}" x1="{left}" y1="{y:.1f}" x2="{WIDTH - right}" y2="{y:.1f}"/>')
        parts.append(f'<text class="axis" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    for name, path in paths.items():
        across = left + (WIDTH - left - right) * np.arange(1, looked + 1) / looked
        points = " ".join(f"{x:.1f},{down(value):.1f}" for x, value in zip(across, path.tolist(), strict=True))
        parts.append(f'<polyline class="line {PATHS[name]}" points="{points}"/>')
    ends = {name: down(float(path[-1])) for name, path in paths.items()}
    last = -math.inf
    for name in sorted(ends, key=ends.__getitem__):  # names beside the ends of their lines, none upon another
        last = max(ends[name], last + 15)
        parts.append(f'<text x="{WIDTH - right + 8}" y="{last + 4:.1f}">{name}</text>')
    base = top + plot
    for text, at, anchor in (("1", left, "start"), (str(looked), WIDTH - right, "end")):
        parts.append(f'<text class="axis" x="{at}" y="{base + 18}" text-anchor="{anchor}">{text}</text>')
    parts.append(f'<text class="axis" x="{WIDTH / 2}" y="{base + 18}" text-anchor="middle">episodes looked at</text>')
    return _svg(base + 28, "Evidence after each episode", parts)
