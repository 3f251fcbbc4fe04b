"""The command line: every command explains itself at once, mistakes are one sentence and a non-zero exit."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sightline.cli import commands
from sightline.core.errors import SightlineError
from sightline.engine.collections import COLLECTIONS
from sightline.engine.robots import ROBOTS

CONTRACT = {
    "doctor": [],
    "generate": [
        "--out",
        "--episodes",
        "--seed",
        "--kind",
        "--split",
        "--robot",
        "--workers",
        "--renders-per-plan",
        "--tasks",
    ]
    + ["--size"],
    "inspect": ["--html"],
    "audit": [],
    "merge": ["--out"],
    "convert": ["--out", "--format", "--robot", "--instruction", "--hz", "--flip", "--cameras", "--state"],
    "questions": ["--out", "--count", "--kinds", "--seed", "--workers", "--images", "--language", "--phrasing"],
    "annotate": ["--out", "--seed", "--language", "--phrasing"],
    "pretrain": ["--data", "--chat", "--check", "--out", "--preset", "--base-vlm", "--dino", "--set"],
    "posttrain": [
        "--data",
        "--embodiment",
        "--mixture",
        "--chat",
        "--init",
        "--out",
        "--guidance",
        "--preset",
        "--set",
    ],
    "evaluate": [
        "--policy",
        "--suite",
        "--split",
        "--robot",
        "--episodes",
        "--seed",
        "--video",
        "--report",
        "--data",
        "--rows",
        "--shard",
    ],
    "join": ["--films", "--report"],
    "compare": ["--by", "--margin", "--error-rate", "--power", "--sequential", "--report"],
    "ground": ["--policy", "--image", "--text", "--out"],
    "serve": ["--policy", "--port", "--host", "--threads", "--idle"],
    "calibrate": ["--policy", "--data", "--out", "--pictures"],
    "play": ["--policy", "--port", "--host"],
    "export": ["--policy", "--backend", "--weights", "--out"],
    "plan": ["--preset", "--views"],
    "assets scenes": ["--out", "--count", "--seed", "--split", "--collection", "--size"],
    "assets objects": ["--out", "--count", "--kinds", "--seed", "--colliders"],
    "assets kinds": ["--collection"],
    "assets count": [],
    "assets import": ["--out", "--gallery", "--units", "--up", "--mass"],
    "assets list": ["--gallery"],
}


def help_of(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        commands.parse([*arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_lists_exactly_the_commands_that_exist(capsys):
    text = help_of(capsys)
    names = {name.split()[0] for name in CONTRACT}
    assert set(commands.COMMANDS) == names
    assert all(name in text for name in names)


@pytest.mark.parametrize("name", CONTRACT)
def test_every_command_has_help_and_the_options_of_the_contract(capsys, name):
    text = help_of(capsys, *name.split())
    assert all(option in text for option in [*CONTRACT[name], "--json"])


@pytest.mark.parametrize("name", ["generate", "evaluate"])
def test_help_names_every_robot_and_collection(capsys, name):
    text = help_of(capsys, name)
    assert all(choice in text for choice in (*ROBOTS, *COLLECTIONS, "library:DIR"))


def test_help_is_fast_and_imports_nothing_heavy():
    code = "import sys\nfrom sightline.cli import commands\n"
    code += "try:\n    commands.parse(['evaluate', '--help'])\nexcept SystemExit:\n    pass\n"
    code += "print(sorted({'torch', 'transformers', 'mujoco', 'gymnasium', 'scipy'} & set(sys.modules)))\n"
    code += "import time; print(time.process_time())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, seconds = done.stdout.splitlines()[-2:]
    assert heavy == "[]"
    assert float(seconds) < 5  # of CPU; about 0.5 s, whatever else the machine does


def test_arguments_become_the_command():
    line = "posttrain --data a b --init run1 --out run2 --guidance none --set steps=100 --set batch=8 --json r.json"
    sets, result = ("steps=100", "batch=8"), Path("r.json")
    data, init, out = (Path("a"), Path("b")), Path("run1"), Path("run2")
    expected = commands.Posttrain(data, out, init, guidance="none", overrides=sets, json=result)
    assert commands.parse(line.split()) == expected
    assert commands.parse(["inspect", "folder"]) == commands.Inspect(Path("folder"))


MISUSE = ["", "fly", "generate --episodes 3", "generate --out x --episodes three", "evaluate --polciy tiny"]


@pytest.mark.parametrize("line", MISUSE)
def test_misuse_exits_with_two(line, capsys):
    with pytest.raises(SystemExit) as ended:
        commands.parse(line.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err


@dataclass(frozen=True)
class Fake:
    json: Path | None = None
    fails: bool = False

    def run(self) -> dict:
        if self.fails:
            raise SightlineError("The dataset at nowhere does not exist.")
        return {"episodes": 3}


def test_results_are_written_and_errors_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(commands.COMMANDS, "fake", Fake)
    with pytest.raises(SystemExit) as ended:
        commands.main(["fake", "--json", str(tmp_path / "r.json")])
    assert ended.value.code == 0
    assert json.loads((tmp_path / "r.json").read_text()) == {"episodes": 3}
    with pytest.raises(SystemExit) as ended:
        commands.main(["fake", "--fails", "True"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "Error: The dataset at nowhere does not exist.\n"


def test_doctor_on_this_machine(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        commands.main(["doctor", "--json", str(tmp_path / "doctor.json")])
    result = json.loads((tmp_path / "doctor.json").read_text())
    assert ended.value.code == 0 and result["ok"]
    names = {check["name"] for check in result["checks"]}
    assert {"Python", "torch", "rendering", "robots", "video", "disk"} <= names
    assert "MuJoCo" in capsys.readouterr().out


def test_doctor_names_the_package_when_nothing_can_draw(monkeypatch):
    from sightline import doctor

    monkeypatch.setattr(doctor, "_python", lambda *_, **__: subprocess.CompletedProcess([], -11, "", ""))
    check = doctor.check_rendering()
    assert not check.ok and check.required
    assert "libegl1" in check.fix and "-11" in check.detail


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("pretrain --data a --out b --chat c.jsonl", "--chat"),
        ("pretrain --data a --out b --check c.jsonl --dino d", "--check, --dino"),
        ("posttrain --data a --out b --embodiment oxe_bridge", "--embodiment"),
        ("pretrain --preset m1-mini --data a --out b", "learns from conversations"),
        ("pretrain --preset m1-mini --out b", "give --chat"),
        ("posttrain --preset m1-mini --data a --out b --guidance none --chat c.jsonl", "nothing is co-trained"),
    ],
)
def test_options_of_the_other_kind_of_planner_are_refused(line: str, option: str) -> None:
    with pytest.raises(SightlineError, match=option):
        commands.parse(line.split()).run()
