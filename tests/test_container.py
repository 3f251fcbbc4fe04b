"""The container file: every path and command in it is one that is there (no container is built here)."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import tyro
from serving import Echo, serving

from sightline.cli.serve import Serve
from sightline.core.errors import SightlineError

ROOT = Path(__file__).parents[1]


def steps() -> list[tuple[str, str]]:
    """Instructions and what they are given, lines that go on joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def only(instruction: str) -> str:
    """What the one instruction of this name is given."""
    (given,) = (rest for name, rest in steps() if name == instruction)
    return given


def test_what_is_copied_exists_and_is_let_into_the_image():
    ignored = (ROOT / ".dockerignore").read_text().split()
    sources = [source for name, rest in steps() if name == "COPY" for source in rest.split()[:-1]]
    assert sources and ignored[0] == "*"
    for source in sources:
        assert (ROOT / source).exists() and f"!{source}" in ignored, source


def test_what_is_installed_was_copied_before():
    copied: dict[str, Path] = {}
    for name, rest in steps():
        *sources, target = rest.split()
        if name == "COPY" and len(sources) == 1:
            copied[target] = ROOT / sources[0]
        for word in shlex.split(rest) if name == "RUN" and "pip install" in rest else ():
            if word.startswith("/opt/sightline/"):
                (at, source) = next(pair for pair in copied.items() if word.startswith(pair[0]))
                assert (source / Path(word).relative_to(at) / "pyproject.toml").is_file()
    assert copied["/opt/sightline/src"] == ROOT / "src"


def test_torch_is_the_one_that_make_installs():
    (pinned,) = re.findall(r"torch==[\d.]+", (ROOT / "Dockerfile").read_text())
    assert pinned in (ROOT / "Makefile").read_text()


def test_the_command_is_one_of_ours_and_wants_a_key_from_the_environment(monkeypatch):
    program, command, *given = json.loads(only("ENTRYPOINT")) + json.loads(only("CMD"))
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert program in scripts and command == "serve"
    serve = tyro.cli(Serve, args=given)
    assert (serve.policy, serve.host, str(serve.port)) == ("tiny", "0.0.0.0", only("EXPOSE"))
    monkeypatch.delenv("SIGHTLINE_API_KEY", raising=False)
    with pytest.raises(SightlineError, match="SIGHTLINE_API_KEY"):
        serve.run()


def test_nobody_serves_as_root():
    names = [name for name, _ in steps()]
    assert only("USER") in only_run("useradd") and names.index("USER") < names.index("ENTRYPOINT")


def only_run(program: str) -> str:
    """The one RUN of this program."""
    (given,) = (rest for name, rest in steps() if name == "RUN" and rest.startswith(program))
    return given


def test_the_health_check_tells_ready_from_not():
    given = only("HEALTHCHECK")
    python, flag, program = json.loads(given[given.index("CMD") + 4 :])
    assert (python, flag) == ("python", "-c") and only("EXPOSE") in program
    with serving(Echo) as running:
        here = program.replace(f":{only('EXPOSE')}/", f":{running.server.port}/")
        exec(here, {})
        running.server.ready.clear()
        with pytest.raises(OSError, match="503"):
            exec(here, {})
