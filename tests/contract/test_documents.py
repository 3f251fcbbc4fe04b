"""What the documents tell people to type exists: README commands, make targets, files, and runs/laptop.sh."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sightline.cli import commands

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text()


def shell_lines(document: Path) -> list[str]:
    """The lines of all ```bash blocks, comments dropped, continued lines joined."""
    blocks = re.findall(r"```bash\n(.*?)```", document.read_text(), re.DOTALL)
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [line for line in (re.sub(r"\s+#.*|^#.*", "", line).strip() for line in joined.splitlines()) if line]


LINES = [(path.name, line) for path in DOCUMENTS for line in shell_lines(path)]


@pytest.mark.parametrize(("document", "line"), LINES, ids=[f"{name}: {line[:50]}" for name, line in LINES])
def test_commands_in_documents_exist(document, line):
    words = shlex.split(line)
    while "=" in words[0]:  # VARIABLE=value in front of a command
        words = words[1:]
    if words[0] == "sightline":
        commands.parse(words[1:])
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", MAKEFILE, re.MULTILINE), f"no target {words[1]}"
    elif words[0] in ("source", "cd", "git", "pip", "tensorboard"):
        pass
    else:
        assert os.access(ROOT / words[-1 if words[0] in ("bash", "python") else 0], os.R_OK), line


def test_the_readme_has_commands():
    assert sum(line.startswith(("sightline", "make")) for name, line in LINES if name == "README.md") >= 6


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_in_documents_exist(document):
    text = document.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"
    for path in re.findall(r"`((?:src|tests|runs|docs|examples|scripts)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), f"{document.name} names {path}"
    for path in re.findall(r"`((?:core|data|engine|envs|models|train|evaluate|serve)/[\w./-]*)`", text):
        assert (ROOT / "src" / "sightline" / path).exists(), f"{document.name} names {path}"


def test_the_demo_is_a_command(tmp_path):
    lines = MAKEFILE.replace("\\\n", " ").splitlines()
    (demo,) = [line for line in lines if "$(BIN)/sightline evaluate" in line]
    command = commands.parse(shlex.split(demo)[1:])
    assert isinstance(command, commands.Evaluate) and command.episodes == 20 and command.policy == "tiny"


def test_laptop_script_types_valid_commands(tmp_path):
    """The script is run with stand-ins for `sightline`, also under torchrun, that write down what they were asked."""
    (tmp_path / "runs").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    script = tmp_path / "runs" / "laptop.sh"
    script.write_text((ROOT / "runs" / "laptop.sh").read_text())
    stand_in = tmp_path / ".venv" / "bin" / "sightline"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> "$(dirname "$0")/asked"\n')
    under = tmp_path / ".venv" / "bin" / "torchrun"
    under.write_text('#!/bin/sh\nwhile [ "$1" != sightline.cli ]; do shift; done; shift\nexec sightline "$@"\n')
    for program in (stand_in, under):
        program.chmod(0o755)
    sizes = {"CROWDS": "4", "SCENES": "3", "EPISODES": "2", "TEST_EPISODES": "1", "PRETRAIN_STEPS": "5"}
    subprocess.run(["bash", str(script)], env={**os.environ, **sizes}, check=True, capture_output=True)

    asked = (tmp_path / ".venv" / "bin" / "asked").read_text().splitlines()
    typed = [commands.parse(line.split()) for line in asked]
    kinds = [type(command).__name__ for command in typed]
    assert kinds == ["Generate", "Generate", "Generate", "Pretrain", "Posttrain", "Evaluate"]
    crowds, scenes, episodes, pretrain, posttrain, evaluate = typed
    made = [(data.kind, data.episodes, data.split, data.collection) for data in (crowds, scenes, episodes)]
    assert made == [
        ("crowds", 4, "grounding", "full"), ("scenes", 3, "grounding", "full"), ("episodes", 2, "demonstrated", "full"),
    ]  # fmt: skip
    assert evaluate.collection == "full"
    assert "steps=5" in pretrain.overrides
    for stage in (pretrain, posttrain):
        assert any(override.startswith("minutes=") for override in stage.overrides), "training ends by the clock"
    assert posttrain.init == pretrain.out and evaluate.policy == str(posttrain.out)
