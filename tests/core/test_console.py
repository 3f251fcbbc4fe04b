"""Progress reports rate and time left in plain text too; JSON files are whole or absent; errors are one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sightline.core.console import format_seconds, progress, run_command, say, table, write_json
from sightline.core.errors import SightlineError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_plain_progress_shows_rate_and_time_left(capsys):
    clock = Clock()
    with progress(100, "episodes", unit="episode", clock=clock) as bar:
        for _ in range(40):
            clock.now += 0.5
            bar.update(1, success=0.9)
        clock.now += 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "episodes: 20/100  2 episode/s  40 s left  success 0.9"
    assert len(lines) == 3  # one every ten seconds, one at the end


def test_a_resumed_job_reports_the_rate_of_this_run(capsys):
    clock = Clock()
    with progress(1000, "steps", unit="step", done=900, clock=clock) as bar:
        clock.now = 50
        bar.update(100)
        clock.now = 60  # what happens after the last step does not count
    assert capsys.readouterr().out == "steps: 1000/1000  2 step/s  50 s in all\n"


def test_progress_follows_a_change_of_speed():
    clock = Clock()
    bar = progress(None, "work", clock=clock)
    for _ in range(100):
        clock.now += 1
        bar.update(1)
    for _ in range(100):
        clock.now += 1
        bar.update(10)
    assert bar.rate == pytest.approx(10)


def test_table_and_say_print_brackets_as_they_are(capsys):
    say("shape [224,224,3]")
    table("Result", ["task", "rate"], [["into [bowl]", 0.123456], ["onto", float("nan")]])
    out = capsys.readouterr().out
    assert "shape [224,224,3]" in out and "into [bowl]" in out and "0.1235" in out


def test_write_json_is_plain_and_atomic(tmp_path):
    path = tmp_path / "deep" / "result.json"
    write_json(path, {"a": np.float32(0.5), "b": np.arange(3), "c": Path("x"), "d": float("nan"), "e": (1, True, None)})
    assert json.loads(path.read_text()) == {"a": 0.5, "b": [0, 1, 2], "c": "x", "d": None, "e": [1, True, None]}
    before = path.read_text()
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


def test_run_command_prints_one_sentence_and_no_traceback(capsys):
    def fails() -> None:
        raise SightlineError("The dataset DIR does not exist; generate one first.")

    assert run_command(lambda: None) == 0
    assert run_command(fails) == 2
    captured = capsys.readouterr()
    assert captured.err == "Error: The dataset DIR does not exist; generate one first.\n" and captured.out == ""
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 / 0)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")]
)
def test_format_seconds(seconds, text):
    assert format_seconds(seconds) == text


def test_a_reader_that_leaves_is_no_error():
    """As ``sightline --help | head``: the pipe is closed before anything is written."""
    script = (
        "from sightline.core.console import run_command; import sys; sys.exit(run_command(lambda: print('x' * 10**6)))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == 141
