"""Every suite is chosen by its name, reads its own options and refuses the others."""

from __future__ import annotations

import dataclasses
import json

import pytest
from fake_world import FakePolicy

from sightline.cli.commands import Evaluate, parse
from sightline.core.console import plain
from sightline.core.errors import SightlineError
from sightline.evaluate.run import evaluate
from sightline.evaluate.suites import SUITES, closed_loop
from sightline.evaluate.suites.closed_loop import benchmark

FLAGS = {"policy", "backend", "suite", "json"}  # of the command, not of a suite


@pytest.mark.parametrize("name", SUITES)
def test_settings_are_options_of_the_command_with_the_same_defaults(name):
    options = {field.name: field.default for field in dataclasses.fields(Evaluate)}
    settings = {field.name: field.default for field in dataclasses.fields(SUITES[name].settings)}
    assert settings.items() <= options.items()


def test_every_option_of_the_command_is_read_by_a_suite():
    assert {field.name for field in dataclasses.fields(Evaluate)} - FLAGS == {
        option for suite in SUITES.values() for option in suite.options
    }


@pytest.mark.parametrize(
    ("line", "strange"),
    [
        ("--data d", "--data"),
        ("--embodiment oxe_bridge", "--embodiment"),
        ("--suite grounding --video v --workers 4 --data d", "--video, --workers"),
        ("--suite openloop --probe 3 --data d --seed 1", "--seed, --probe"),
        ("--suite openloop --split unseen", "--split"),
    ],
)
def test_options_of_other_suites_are_refused(line, strange):
    with pytest.raises(SightlineError, match=f"does not read {strange}: leave it out. It reads --episodes, "):
        parse(["evaluate", "--policy", "expert", *line.split()]).run()


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        ("grounding", "cannot say where things are"),
        ("openloop", "needs a trained policy"),
        ("bowling", "Unknown suite"),
    ],
)
def test_who_cannot_be_asked_is_told(suite, message):
    with pytest.raises(SightlineError, match=message):
        evaluate("expert", suite=suite)


def test_a_benchmark_is_an_environment_and_a_row(monkeypatch, tmp_path):
    monkeypatch.setitem(SUITES, "fake", benchmark("fake_world:FakeEnv", limit=9))
    monkeypatch.setattr(closed_loop, "load_policy", lambda spec: FakePolicy())
    page = tmp_path / "report.html"
    result = evaluate("someone", suite="fake", episodes=6, seed=2, workers=1, report=page)
    assert [row["seed"] for row in result["episodes"]] == [2_000_000 + i for i in range(6)]
    assert max(row["steps"] for row in result["episodes"]) == 9 and result["wrong_object_rate"] == 0.0
    assert result["success_rate"] == result["success_any_time"] == pytest.approx(4 / 6)
    about = result["settings"]
    assert (about["suite"], about["limit"], about["chunk handling"]) == ("fake", 9, "receding, 4 actions a chunk")
    assert "someone on fake" in page.read_text() and "4 of 6" in page.read_text()
    assert json.loads(json.dumps(plain(result), allow_nan=False))["episodes"] == result["episodes"]
