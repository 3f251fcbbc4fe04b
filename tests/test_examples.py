"""Every example is short and runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sightline

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("[0-9]*.py"))
SHIPPED = Path(sightline.__file__).parent / "checkpoints" / "tiny" / "model.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the examples run, one after the other; the data of the first is there for the fourth."""
    return tmp_path_factory.mktemp("examples")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_short(example):
    assert len(example.read_text().splitlines()) < 100


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(example, folder):
    if "Policy" in example.read_text() and not SHIPPED.is_file():
        pytest.skip("needs the shipped checkpoint")
    dataset = folder / "outputs" / "examples" / "dataset"
    if example.stem.startswith("04") and not dataset.exists():
        subprocess.run([sys.executable, str(EXAMPLES[0])], cwd=folder, check=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run([sys.executable, str(example)], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout
