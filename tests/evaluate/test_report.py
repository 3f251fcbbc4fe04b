"""The report holds the numbers, the films and no link to anywhere."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from answers import Echo, item
from fake_world import FakeEnv, FakePolicy, QuietEnv

from sightline.evaluate import report
from sightline.evaluate.grounding_metrics import measure
from sightline.evaluate.language_probe import ListeningResult
from sightline.evaluate.rollout import RolloutSettings, rollout


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    films = tmp_path_factory.mktemp("films & more")
    settings = RolloutSettings(batch=4, films=2, film_dir=films)
    return rollout(FakePolicy(), FakeEnv, list(range(12)), settings), films


def test_rollout_report_holds_the_numbers(evaluated, tmp_path):
    rows, films = evaluated
    path = tmp_path / "deep" / "report.html"
    listening = ListeningResult(rows[1:3], rows[1:3])
    report.write_rollout_report(path, "P <on> tabletop", rows, {"seed": 0, "CPUs": 2}, films, listening)
    page = path.read_text()
    assert "67%" in page and "8 of 12" in page and "39.1% – 86.2%" in page
    assert "onto" in page and "attribute" in page and "not lifted" in page and "take the mug" in page
    assert "P &lt;on&gt; tabletop" in page and "Does it listen?" in page and "CPUs" in page
    assert page.count("data:video/mp4;base64,") == 2
    assert not re.search(r'(src|href)="https?://', page)
    assert "nan" not in re.sub('base64,[^"]*', "", page).lower()


def test_big_films_are_linked_relative_to_the_page(evaluated, tmp_path, monkeypatch):
    rows, films = evaluated
    monkeypatch.setattr(report, "EMBED_LIMIT", 10)
    path = films.parent / "report.html"
    report.write_rollout_report(path, "title", rows, {}, films)
    links = re.findall(r'<video src="([^"]+)"', path.read_text())
    assert links == [f"{films.name.replace(' ', '%20').replace('&', '%26')}/{row.video}" for row in rows[:2]]


def test_breakdown_and_failures(evaluated):
    rows, _ = evaluated
    assert str(report.success_rate(rows)) == "67% [39%, 86%]"
    assert {name: rate.trials for name, rate in report.breakdown(rows, "target").items()} == {"mug": 6, "bottle": 6}
    assert report.failures(rows) == [("not lifted", 4)]


def test_many_tasks_are_told_by_their_relation(evaluated):
    rows, _ = evaluated
    assert list(report.breakdowns(rows)) == ["task", "style"]
    many = [replace(row, task=f"task {row.seed}") for row in rows] * 2
    many = [replace(row, task=f"{row.task} {place % 24}") for place, row in enumerate(many)]
    found = report.breakdowns(many)
    assert list(found) == ["relation", "style"] and found["relation"]["onto"].trials == 24


def test_the_console_shows_rates_and_reasons(evaluated, capsys):
    report.print_summary(evaluated[0])
    shown = capsys.readouterr().out
    assert "66.7%" in shown and "39.1% – 86.2%" in shown and "not lifted" in shown and "Wrong object lifted" in shown


def test_a_run_without_success_or_films_still_has_a_page(tmp_path):
    rows = rollout(FakePolicy(), FakeEnv, [0, 3])
    report.write_rollout_report(tmp_path / "r.html", "t", rows, {})
    assert "0%" in (tmp_path / "r.html").read_text()


def test_what_an_environment_does_not_say_is_not_reported(tmp_path, capsys):
    rows = rollout(FakePolicy(), QuietEnv, list(range(12)))
    report.print_summary(rows)
    report.write_rollout_report(tmp_path / "r.html", "t", rows, {})
    shown, page = capsys.readouterr().out, (tmp_path / "r.html").read_text()
    for text in (shown.lower(), page.lower()):
        assert "33" in text and "67%" in text.replace("66.7%", "67%") and re.search("at (any|some) time", text)
        said = re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL)
        assert not any(word in said for word in ("lifted", "progress", "none", "by task", "target", "instruction"))


def test_progress_is_reported_where_it_is_known(tmp_path, capsys):
    rows = [replace(row, progress=0.25) for row in rollout(FakePolicy(), QuietEnv, [1, 2])]
    report.print_summary([*rows, replace(rows[0], progress=None)])
    report.write_rollout_report(tmp_path / "r.html", "t", rows, {})
    assert "Progress, mean: 25%" in capsys.readouterr().out and "25%" in (tmp_path / "r.html").read_text()


def test_grounding_report_holds_numbers_and_pictures(tmp_path, capsys):
    scores = measure(Echo(), [[item("refer"), item("task", "spatial")]], examples=4)
    report.write_grounding_report(tmp_path / "g.html", "grounding", scores, {"pictures": 1})
    page = (tmp_path / "g.html").read_text()
    assert "50%" in page and "224.0 px" in page and "spatial" in page
    assert page.count("data:image/jpeg;base64,") == 1
    report.print_grounding(scores.summary())
    assert "trace" in capsys.readouterr().out
    assert np.isfinite(scores.summary()["box_acc50"])
