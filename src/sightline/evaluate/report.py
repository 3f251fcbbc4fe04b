"""Reports: one HTML page that needs nothing but itself (and, when there are many films, the folder of films)."""

from __future__ import annotations

import base64
import io
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from PIL import Image

from sightline.core.console import say, table
from sightline.core.draw import Picture
from sightline.evaluate.charts import curves, histogram, rate_chart
from sightline.evaluate.grounding_metrics import GroundingScores
from sightline.evaluate.language_probe import ListeningResult
from sightline.evaluate.page import card as _card
from sightline.evaluate.page import cell as _text
from sightline.evaluate.page import html_table as _table
from sightline.evaluate.page import settings_card as _settings
from sightline.evaluate.page import tiles as _tiles
from sightline.evaluate.page import write_page as _write
from sightline.evaluate.rates import Rate
from sightline.evaluate.reliability import reliability_chart
from sightline.evaluate.rows import EpisodeRow

if TYPE_CHECKING:
    from sightline.evaluate.suites.openloop import OpenLoopScores

SHOWN_EPISODES = 4
EMBED_LIMIT = 24 * 2**20  # bytes of film that are put into the page itself; more than that is linked
PLAYER = 'controls muted loop playsinline preload="metadata" onmouseenter="this.play()"'
# Fields by which success is told apart: by task where these are few, else by relation.
GROUPS = {"task": "By task", "relation": "By relation", "style": "By the way the target is described"}
FEW_TASKS = 16
SHARES = {"wrong_object_lifted": "Wrong object lifted", "target_lifted": "Target lifted"}
COLUMNS = {
    "steps": "steps",
    "instruction": "instruction",
    "style": "style",
    "progress": "progress",
    "target": "target",
    "lifted": "first lifted",
    "failure": "why it failed",
}
METRICS = {
    "box_acc50": "boxes right (IoU ≥ 0.5)",
    "mean_iou": "mean IoU",
    "point_acc": "points on the object",
    "point_ceiling": "the same for true points",
    "point_error_px": "point error, px",
    "reference_box_acc50": "reference boxes right",
    "place_error_px": "place error, px",
    "trace_mae_px": "trace error, px",
}


def success_rate(rows: Sequence[EpisodeRow], when: str = "success") -> Rate:
    """Successes of all rows: at the end, or ``success_any_time``."""
    return Rate(sum(getattr(row, when) for row in rows), len(rows))


def share(rows: Sequence[EpisodeRow], key: str) -> Rate | None:
    """How often a field is true, of the rows that say; None where none does."""
    known = [getattr(row, key) for row in rows if getattr(row, key) is not None]
    return Rate(sum(known), len(known)) if known else None


def breakdown(rows: Sequence[EpisodeRow], key: str) -> dict[str, Rate]:
    """Success by the values of one field, in alphabetical order; rows without a value are left out."""
    names = sorted({getattr(row, key) for row in rows} - {"", None})
    return {name: success_rate([row for row in rows if getattr(row, key) == name]) for name in names}


def breakdowns(rows: Sequence[EpisodeRow]) -> dict[str, dict[str, Rate]]:
    """Success told apart by everything that is worth it: key of GROUPS -> value -> rate."""
    found = {key: breakdown(rows, key) for key in GROUPS}
    found["relation" if len(found["task"]) <= FEW_TASKS else "task"] = {}
    return {key: groups for key, groups in found.items() if groups}


def mean_progress(rows: Sequence[EpisodeRow]) -> float | None:
    """Mean share of the task that was done, over the rows that say; None where none does."""
    known = [row.progress for row in rows if row.progress is not None]
    return sum(known) / len(known) if known else None


def failures(rows: Sequence[EpisodeRow]) -> list[tuple[str, int]]:
    """Reasons of failure with their counts, most frequent first."""
    return Counter(row.failure for row in rows if not row.success).most_common()


def summary(rows: Sequence[EpisodeRow]) -> dict:
    """The figures of a result: success at the end with its interval, at any time, wrong objects, and the rows."""
    rate, wrong = success_rate(rows), share(rows, "wrong_object_lifted")
    return {
        "success_rate": rate.value,
        "ci95": list(rate.interval),
        "success_any_time": success_rate(rows, "success_any_time").value,
        "wrong_object_rate": None if wrong is None else wrong.value,
        "episodes": [row.to_dict() for row in rows],
    }


def print_summary(rows: Sequence[EpisodeRow]) -> None:
    """The console's table: success at the end and at any time, by task and by style, then what else is known and what
    went wrong."""
    lines: list[tuple[Any, ...]] = []
    overall = [("all", success_rate(rows)), ("all, at any time", success_rate(rows, "success_any_time"))]
    for name, rate in [*overall, *(line for group in breakdowns(rows).values() for line in group.items())]:
        low, high = rate.interval
        lines.append((name, rate.trials, rate.successes, f"{rate.value:.1%}", f"{low:.1%} – {high:.1%}"))
    table("Success", ("episodes", "run", "succeeded", "rate", "95 % interval"), lines)
    said = {text: share(rows, key) for key, text in SHARES.items()}
    if known := [f"{text}: {rate}." for text, rate in said.items() if rate is not None]:
        say(" ".join(known))
    if (progress := mean_progress(rows)) is not None:
        say(f"Progress, mean: {progress:.0%}.")
    if found := failures(rows):
        table("Failures", ("reason", "episodes"), found)


def print_grounding(summary: Mapping[str, Any]) -> None:
    """The console's table of grounding metrics, overall and by style."""
    groups = {"all": summary, **summary["by_style"], **summary["by_kind"]}
    lines = [(name, part["questions"], *(_text(part[key]) for key in METRICS)) for name, part in groups.items()]
    table("Grounding", ("questions", "asked", *METRICS.values()), lines)
    say(f"Confidence in boxes is off by {summary['calibration_error']:.1%} in the mean (expected calibration error).")
    if summary["absent"]:
        say(
            f"Of {summary['absent']} things that are not there {summary['absent_told']:.0%} were said not to be; "
            f"of those that are, {1 - summary['found']:.0%}."
        )


def write_rollout_report(
    path: Path,
    title: str,
    rows: Sequence[EpisodeRow],
    settings: Mapping[str, Any],
    film_dir: Path | None = None,
    listening: ListeningResult | None = None,
) -> None:
    """Write the page of a closed-loop evaluation.

    Args:
        settings: what was run, shown as a table.
        film_dir: where the films named in the rows are.
    """
    rate = success_rate(rows)
    low, high = rate.interval
    wrong, progress = share(rows, "wrong_object_lifted"), mean_progress(rows)
    ever = success_rate(rows, "success_any_time")
    steps = [row.steps for row in rows if row.success]
    tiles = [
        (f"{rate.value:.0%}", f"success at the end, {rate.successes} of {rate.trials} episodes"),
        (f"{low:.1%} – {high:.1%}", "95 % interval (Wilson)"),
        (f"{ever.value:.0%}", "done at some time, though perhaps not at the end"),
        *([(f"{wrong.value:.0%}", "lifted a wrong object")] if wrong is not None else []),
        *([(f"{progress:.0%}", "progress, mean")] if progress is not None else []),
        (f"{sum(steps) / len(steps):.0f}" if steps else "–", "steps to success, mean"),
    ]
    body = [_tiles(tiles), "<h2>Where it succeeds</h2>", '<div class="pair">']
    for key, groups in breakdowns(rows).items():
        body.append(_card(GROUPS[key], rate_chart(groups, GROUPS[key])))
    failed = [row.steps for row in rows if not row.success]
    lengths = histogram(
        {"success": steps, "failure": failed}, "Episode lengths", "steps (green: success, red: failure)"
    )
    body.append(_card("Episode lengths", lengths))
    if found := failures(rows):
        body.append(_card("What went wrong", _table(("reason", "episodes"), found)))
    body.append("</div>")
    if listening is not None:
        body.append(_listening(listening))
    body += [_films(rows, film_dir, path), "<h2>All episodes</h2>", _episodes(rows), _settings(settings)]
    _write(path, title, "Closed loop: the policy looks, acts on what it sees and was told, and looks again.", body)


def write_grounding_report(path: Path, title: str, scores: GroundingScores, settings: Mapping[str, Any]) -> None:
    """Write the page of a grounding evaluation."""
    summary = scores.summary()
    tiles = [
        (f"{summary['box_acc50']:.0%}", "boxes right (IoU at least 0.5)"),
        (f"{summary['point_acc']:.0%}", "points on the right object"),
        (f"{summary['place_error_px']:.1f} px", "error of the place point"),
        (f"{summary['trace_mae_px']:.1f} px", "error of the trace, at 224 px"),
    ]
    if summary["absent"]:
        tiles.append((f"{summary['absent_told']:.0%}", "of absent things said not to be there"))
    groups = {"all": summary, **summary["by_style"], **summary["by_kind"]}
    lines = [(name, part["questions"], *(part[key] for key in METRICS)) for name, part in groups.items()]
    body = [_tiles(tiles), "<h2>By question</h2>", _card("", _table(("questions", "asked", *METRICS.values()), lines))]
    if bins := scores.reliability():
        error = f"off by {summary['calibration_error']:.1%} in the mean"
        body += ["<h2>Can its confidence be believed?</h2>", _card(error, reliability_chart(bins, "Reliability"))]
    if scores.examples:
        pictures = [f'<div class="film"><img alt="" src="{_data_url(picture)}"></div>' for picture in scores.examples]
        body += ["<h2>Answers (left) and truth (right)</h2>", '<div class="films wide">', *pictures, "</div>"]
    body.append(_settings(settings))
    _write(path, title, "Grounding: the planner is asked where things are, where they go and how to get there.", body)


def write_open_loop_report(path: Path, title: str, scores: OpenLoopScores, settings: Mapping[str, Any]) -> None:
    """Write the page of an open-loop evaluation."""
    summary = scores.summary()
    tiles = [
        (f"{summary['open_loop_error']:.1f} %", "mean error, of each dimension's range"),
        (f"{summary['constant_error']:.1f} %", "the same for always doing the average"),
        (str(summary["frames"]), "frames asked"),
    ]
    body = [_tiles(tiles)]
    for episode in scores.curves[:SHOWN_EPISODES]:
        charts = [
            curves(
                {
                    "recorded": (range(len(episode.recorded)), episode.recorded[:, i].tolist()),
                    "policy": (episode.frames.tolist(), episode.predicted[:, i].tolist()),
                },
                name,
            )
            for i, name in enumerate(scores.names)
        ]
        note = '<p class="note">Wide grey: recorded. Thin: what the policy would do first in that frame.</p>'
        body += [f"<h2>{escape(episode.name)}: {escape(episode.instruction)}</h2>", _card("", "".join(charts) + note)]
    body.append(_settings(settings))
    _write(path, title, "Open loop: what the policy would do at every moment of recorded episodes.", body)


def _listening(result: ListeningResult) -> str:
    lines = [(name, str(named), str(other), str(none)) for name, named, other, none in result.outcomes()]
    columns = ("instruction", "lifts the named object", "lifts the other run's object", "lifts nothing")
    note = (
        f'<p class="note">{len(result.swapped)} scenes, each run twice: only the target\'s noun phrase differs.</p>'
        if result.swapped
        else ""
    )
    return "<h2>Does it listen?</h2>" + _card("", _table(columns, lines) + note)


def _episodes(rows: Sequence[EpisodeRow]) -> str:
    shown = [key for key in COLUMNS if any(getattr(row, key) is not None for row in rows)]
    columns = ("seed", "outcome", *(COLUMNS[key] for key in shown))
    lines = [(row.seed, "success" if row.success else "failure", *(getattr(row, key) for key in shown)) for row in rows]
    return f"<details><summary>Show {len(rows)} rows</summary>{_card('', _table(columns, lines))}</details>"


def _films(rows: Sequence[EpisodeRow], film_dir: Path | None, page: Path) -> str:
    filmed = [row for row in rows if row.video]
    if not filmed or film_dir is None:
        return ""
    paths = [film_dir / row.video for row in filmed]
    embed = sum(film.stat().st_size for film in paths) <= EMBED_LIMIT
    parts = ["<h2>Episodes</h2>", '<div class="films">']
    for row, film in zip(filmed, paths, strict=True):
        if embed:
            source = "data:video/mp4;base64," + base64.b64encode(film.read_bytes()).decode()
        else:
            source = quote(os.path.relpath(film.resolve(), page.resolve().parent).replace(os.sep, "/"))
        badge = '<span class="badge good">success</span>' if row.success else '<span class="badge">failure</span>'
        reason = f' <span class="note">{escape(row.failure)}</span>' if row.failure else ""
        player = f'<video src="{source}" {PLAYER}></video>'
        parts.append(f'<div class="film">{player}<p>{badge}{escape(row.instruction or "")}{reason}</p></div>')
    return "".join([*parts, "</div>"])


def _data_url(picture: Picture) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
