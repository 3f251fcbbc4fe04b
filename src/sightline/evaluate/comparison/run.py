"""The command ``sightline compare``: results are read, paired, judged, printed and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sightline.core.console import say
from sightline.core.errors import SightlineError, require_known
from sightline.core.outputs import keeping
from sightline.evaluate.comparison.outcomes import OUTCOMES
from sightline.evaluate.comparison.pairing import CIRCUMSTANCES, COMPARED, Pairs, circumstances, pair
from sightline.evaluate.comparison.report import print_comparisons, write_comparison_report
from sightline.evaluate.comparison.results import Result, labels, read_result
from sightline.evaluate.comparison.verdict import Question, Rival, judge

# What a comparison of two files has at the top of its result too.
TOP = ("pairs", "difference", "ci95", "p_value", "smallest_detectable", "verdict")


def compare(
    files: Sequence[Path],
    by: str = "success",
    margin: float | None = None,
    error_rate: float = 0.05,
    power: float = 0.8,
    sequential: bool = False,
    report: Path | None = None,
) -> dict:
    """Compare results of ``evaluate --json``, all with the first: print what came out and write the page.

    Args:
        by: one of OUTCOMES.
        margin: differences up to this size count as equal, in the outcome's unit; None: the outcome's own.
        error_rate, power, sequential: see :class:`Question`.
        report: HTML file to write.

    Returns:
        ``comparisons``, each with ``policy``, ``difference`` (this policy's minus the first's), ``ci95``, ``p_value``,
        ``smallest_detectable``, ``verdict`` and more; with two files the comparison's figures stand at the top too.
        ``first``, ``settings``.

    Raises:
        SightlineError: fewer than two files, a damaged one, results that cannot be compared, an impossible number.
    """
    require_known("outcome", by, OUTCOMES)
    outcome = OUTCOMES[by]
    question = Question(outcome, outcome.margin if margin is None else margin, error_rate, power, sequential)
    if len(files) < 2:
        raise SightlineError("Name at least two result files: the first is what the others are compared with.")
    results = [read_result(path) for path in files]
    label, *names = labels(results)
    first, *others = results
    rivals = []
    for name, other in zip(names, others, strict=True):
        pairs = pair(first, other, outcome)
        rivals.append(Rival(name, other.policy, str(other.path), pairs, _notes(first, other, pairs, question)))
    comparisons = judge(rivals, question)
    print_comparisons(label, question, comparisons)
    settings = {name: value for name, value in first.settings.items() if name not in (*COMPARED, *CIRCUMSTANCES)}
    settings |= {
        "compared by": outcome.about,
        "equal within": outcome.show_difference(question.margin).lstrip("+") + f" {outcome.difference_unit}",
        "error rate": question.error_rate,
        "power": question.power,
        "looked at": "pair by pair, until something could be said" if sequential else "all pairs at once",
    }
    found = [one.to_dict() for one in comparisons]
    result = {
        **({name: found[0][name] for name in TOP} if len(found) == 1 else {}),
        "first": {"label": label, "policy": first.policy, "file": str(first.path)},
        "by": by,
        "margin": question.margin,
        "error_rate": error_rate,
        "power": power,
        "sequential": sequential,
        "comparisons": found,
        "settings": settings,
    }
    if report is not None:
        with keeping(result):
            write_comparison_report(report, (label, first), others, question, comparisons, settings)
        say(f"Report: {report}")
    return result


def _notes(first: Result, other: Result, pairs: Pairs, question: Question) -> list[str]:
    """What a reader should know of the pairs besides their figures."""
    notes = circumstances(first, other)
    if any(pairs.left_out):
        why = "did not succeed in both" if question.outcome.of_successes else "are not in both"
        notes.append(f"Left out: {pairs.left_out[0]} episodes of {first.path} and {pairs.left_out[1]} of {other.path}, "
                     f"which {why}.")  # fmt: skip
    return notes
