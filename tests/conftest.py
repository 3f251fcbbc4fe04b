"""Settings of all tests: the same examples in every run, no clock in the verdict, processes that share two cores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from sightline.core.runtime import prepare_process

# What several rooms' tests share; the processes that tests start inherit this path.
sys.path.insert(0, str(Path(__file__).parent / "helpers"))

prepare_process()
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Random examples found once are pinned with @example; a run must not fail because the machine is busy or unlucky.
settings.register_profile("house", derandomize=True, deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """A test that trains or serves sets the threads of its whole process; the next test computes with one again."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What a longer run may ask for."""
    parser.addoption("--hostile-frames", type=int, default=3000, help="frames that tests/serve/test_hostile.py sends")
