"""Text files are UTF-8 whatever the machine's locale is, and a terminal that cannot show a letter costs nothing."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sightline

FILES = sorted(Path(sightline.__file__).parent.rglob("*.py"))


def without_encoding(tree: ast.AST) -> Iterator[int]:
    """Lines that read or write text in the machine's encoding."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(word.arg in ("encoding", None) for word in node.keywords):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        module = getattr(getattr(node.func, "value", None), "id", "")
        modes = [value.value for value in node.args if isinstance(value, ast.Constant)]
        if called in ("read_text", "write_text"):
            yield node.lineno
        if called == "open" and module not in ("os", "av", "Image", "webbrowser") and modes and "b" not in modes[-1]:
            yield node.lineno


def test_every_text_file_is_utf8() -> None:
    found = [f"{path}:{line}" for path in FILES for line in without_encoding(ast.parse(path.read_text("utf-8")))]
    assert not found, found
    probe = ast.parse("p.read_text()\nopen(p, 'w')\nopen(p, 'rb')\np.open('a')\np.read_text(encoding='utf-8')")
    assert sorted(without_encoding(probe)) == [1, 2, 4]


SAYING = """
from sightline.core.console import run_command, say, table
from sightline.core.errors import SightlineError
def command():
    say("\u201cthe mug\u201d \u2013 \u6f22\u5b57")
    table("\u2713", ["95 % \u2013"], [["\u201cx\u201d"]])
    raise SightlineError("no \u201cmug\u201d")
raise SystemExit(run_command(command))
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_letters_that_a_terminal_cannot_show_are_replaced(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", SAYING], env=environment, capture_output=True, check=False)
    said, told = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert done.returncode == 2 and "Traceback" not in told
    assert "the mug" in said and "95 %" in said and told.startswith("Error: no ")
    assert encoding != "utf-8" or "\u6f22\u5b57" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_an_output_that_cannot_be_written_to_is_a_sentence() -> None:
    code = "from sightline.core.console import run_command, say\nraise SystemExit(run_command(lambda: say('x' * 9)))"
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and done.stderr.decode().startswith("Error: The output cannot be written")
    assert done.stderr.count(b"\n") == 1
