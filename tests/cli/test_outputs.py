"""What commands write is tried before they work, and their figures outlive what cannot be written."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from sightline.cli import assets, commands
from sightline.cli.options import File, Folder, Json
from sightline.core.errors import SightlineError
from sightline.core.outputs import Output, keeping
from sightline.evaluate import film

WRITTEN = {"json", "html", "report", "video", "gallery", "out"}


def code_of(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        commands.main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_every_option_that_is_written_says_so() -> None:
    every = [kind for kind in commands.COMMANDS.values() if isinstance(kind, type)]
    every += [value for name, value in vars(assets).items() if name.startswith("Assets")]
    assert len(every) >= 18
    for kind in every:
        hints = get_type_hints(kind, include_extras=True)
        marked = {name for name, hint in hints.items()
                  if any(isinstance(mark, Output) for mark in getattr(hint, "__metadata__", ()))}  # fmt: skip
        named = {field.name for field in fields(kind)} & WRITTEN
        assert named <= marked <= WRITTEN | {"images", "rows"}, kind


@dataclass(frozen=True)
class Fake:
    out: Folder
    report: File = None
    json: Json = None

    def run(self) -> dict:
        (self.out / "worked").mkdir(parents=True)
        with keeping({"answer": 42}):
            raise SightlineError("The report cannot be written.")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(commands.COMMANDS, "fake", Fake)


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("option", ["--json", "--report"])
@pytest.mark.parametrize("name", ["", "file/r.json", "x" * 300])
def test_outputs_are_tried_before_the_work(
    option: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert code_of("fake", "--out", tmp_path / "run", option, tmp_path / name) == 2
    assert not (tmp_path / "run").exists() and capsys.readouterr().err.startswith("Error: ")
    assert code_of("fake", "--out", tmp_path / "file") == 2
    assert "name a folder" in capsys.readouterr().err


@pytest.mark.usefixtures("fake")
def test_figures_are_written_though_a_report_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert code_of("fake", "--out", tmp_path / "run", "--json", tmp_path / "r.json") == 2
    assert json.loads((tmp_path / "r.json").read_text()) == {"answer": 42}
    assert capsys.readouterr().err == "Error: The report cannot be written.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_films_and_reports_never_cost_an_evaluation(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(film.VideoWriter):
        def add(self, *frames: Any, **options: Any) -> None:
            raise OSError(28, "No space left on device")

    line = ["evaluate", "--policy", "expert", "--episodes", 1, "--workers", 1, "--json", tmp_path / "r.json"]
    assert code_of(*line, "--report", "/dev/full") == 2
    assert "/dev/full cannot be written (the disk is full" in capsys.readouterr().err
    first = json.loads((tmp_path / "r.json").read_text())
    monkeypatch.setattr(film, "VideoWriter", Full)
    assert code_of(*line, "--video", tmp_path / "films") == 2
    said = capsys.readouterr()
    assert "1 of 1 films could not be written" in said.err and "95 % interval" in said.out
    second = json.loads((tmp_path / "r.json").read_text())
    assert first["success_rate"] == second["success_rate"] and second["episodes"][0]["video"] == ""
    assert not list((tmp_path / "films").iterdir()), "no half films are left"
