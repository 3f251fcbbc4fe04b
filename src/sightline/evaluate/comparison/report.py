"""How a comparison is told: the console's table and sentences, and a page with pictures of the paired outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from sightline.core.console import say, table
from sightline.evaluate.comparison import charts
from sightline.evaluate.comparison.results import Result
from sightline.evaluate.comparison.verdict import CANNOT_TELL, EQUAL, Comparison, Question
from sightline.evaluate.page import card, html_table, settings_card, tiles, write_page

COLUMNS = (
    "policy",
    "episodes",
    "first",
    "this",
    "won : lost",
    "difference",
    "95 % interval",
    "p",
    "could show",
    "verdict",
)


def lines(question: Question, comparisons: Sequence[Comparison]) -> list[tuple[Any, ...]]:
    """The table's lines."""
    show, signed = question.outcome.show, question.outcome.show_difference
    return [
        (
            one.label,
            len(one.pairs),
            show(one.first_mean),
            show(one.other_mean),
            f"{one.pairs.wins} : {one.pairs.losses}",
            signed(one.difference),
            " to ".join(map(signed, one.ci95)),
            f"{one.p_value_adjusted:.2g}",
            "nothing" if one.smallest_detectable is None else _size(one.smallest_detectable, question),
            one.verdict,
        )
        for one in comparisons
    ]


def sentence(one: Comparison, first: str, question: Question) -> str:
    """What came out, in words."""
    outcome = question.outcome
    margin = f"{_size(question.margin, question)} {outcome.difference_unit}"
    if one.verdict == EQUAL:
        said = f"{one.label} and {first} are equal within {margin}"
    elif one.verdict == CANNOT_TELL:
        said = f"Whether {one.label} or {first} is better cannot be told from {len(one.pairs)} episodes"
    else:
        said = f"{one.label} is {one.verdict} than {first}"
        if one.within_margin:
            said += f", though by no more than the margin of {margin}"
    if one.course is not None and one.course.verdict:
        said += f", after {len(one.pairs)} of {one.common} episodes"
    return f"{said}. {_power(one, question)}" if one.verdict == CANNOT_TELL else f"{said}."


def _size(value: float, question: Question) -> str:
    return question.outcome.show_difference(value).lstrip("+")


def _power(one: Comparison, question: Question) -> str:
    if one.smallest_detectable is None:
        return "So few show no difference at all: run more episodes."
    smallest = f"{_size(one.smallest_detectable, question)} {question.outcome.difference_unit}"
    return f"A difference of {smallest} would have shown in {question.power:.0%} of such runs; smaller ones need more."


def print_comparisons(first: str, question: Question, comparisons: Sequence[Comparison]) -> None:
    """The console's table, then a sentence for each comparison and what else is to be known."""
    outcome = question.outcome
    title = (
        f"{outcome.about.capitalize()} on the same episodes, against {first}; differences in {outcome.difference_unit}"
    )
    table(title, COLUMNS, lines(question, comparisons))
    for one in comparisons:
        say(sentence(one, first, question))
        for note in one.notes:
            say(f"  {note}")


def write_comparison_report(
    path: Path,
    first: tuple[str, Result],
    others: Sequence[Result],
    question: Question,
    comparisons: Sequence[Comparison],
    settings: Mapping[str, Any],
) -> None:
    """Write the page.

    Args:
        first: label and result of the policy that all others are compared with.
        others: results in the order of ``comparisons``.
        settings: of the episodes and of the comparison, shown as a table.
    """
    label, base = first
    outcome = question.outcome
    picture = charts.differences(comparisons, outcome, question.margin)
    note = (
        '<p class="note">Dot: difference. Bar: 95 % interval. Grey band: within it, policies count as equal. '
        f"{'Less is better.' if outcome.lower_is_better else 'More is better.'}</p>"
    )
    body = [
        _summary(comparisons, question),
        "<h2>Differences</h2>",
        card("", picture + note),
        card("", html_table(COLUMNS, lines(question, comparisons))),
    ]
    for one, result in zip(comparisons, others, strict=True):
        body.append(f"<h2>{escape(one.label)} against {escape(label)}</h2>")
        body.append(f"<p>{escape(' '.join([sentence(one, label, question), *one.notes]))}</p>")
        if outcome.graded:
            body.append(card("", charts.scatter(one.pairs, outcome, label, one.label)))
        else:
            body.append(
                card(f"{outcome.about}, a square an episode", charts.outcomes(one.pairs, outcome, label, one.label))
            )
        if one.course is not None:
            body.append(
                card("Evidence: a verdict is given where its line reaches the upper mark", charts.evidence(one.course))
            )
        body.append(_differing(one, base, result, label))
    body.append(settings_card(settings))
    title = f"{outcome.about.capitalize()}: {', '.join(one.label for one in comparisons)} against {label}"
    write_page(path, title, "The same episodes under each policy, pair by pair.", body)


def _summary(comparisons: Sequence[Comparison], question: Question) -> str:
    if len(comparisons) > 1:
        counts = [(str(sum(one.verdict == name for one in comparisons)), name)
                  for name in dict.fromkeys(one.verdict for one in comparisons)]  # fmt: skip
        return tiles(counts)
    (one,), signed = comparisons, question.outcome.show_difference
    unit = question.outcome.difference_unit
    smallest = "nothing" if one.smallest_detectable is None else f"{_size(one.smallest_detectable, question)} {unit}"
    return tiles(
        [
            (one.verdict, f"the verdict on {one.label}, of {len(one.pairs)} episodes"),
            (f"{signed(one.difference)} {unit}", "difference"),
            (" to ".join(map(signed, one.ci95)), "95 % interval"),
            (f"{one.p_value:.2g}", "p, exact paired test" if one.course is None else "p, valid at any time"),
            (smallest, f"the smallest difference that {question.power:.0%} of such runs show"),
        ]
    )


def _differing(one: Comparison, first: Result, other: Result, label: str) -> str:
    """The episodes that became different, to be looked at."""
    keys = [key for key, gain in zip(one.pairs.keys, one.pairs.gains, strict=True) if gain != 0]
    if not keys:
        return '<p class="note">No episode became different.</p>'
    rows = [
        (key.seed, key.instruction or key.task, _outcome(first.rows[key]), _outcome(other.rows[key])) for key in keys
    ]
    heading = f"<summary>Show the {len(keys)} episodes that became different</summary>"
    return f"<details>{heading}{card('', html_table(('seed', 'instruction', label, one.label), rows))}</details>"


def _outcome(row: Mapping[str, Any]) -> str:
    if row["success"]:
        return f"success, {row.get('steps', '–')} steps"
    return f"failure: {row.get('failure') or 'not said why'}"
