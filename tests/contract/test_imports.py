"""What importing the package brings: no simulator, no settings of the process, nothing that was not asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest

# Settings that a command makes for itself; a fresh process of a user has none of them.
OWN = ("OMP_WAIT_POLICY", "LP_NUM_THREADS", "MUJOCO_GL")
REPORT = """
import json, os, sys
before = dict(os.environ)
{code}
changed = sorted(name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name))
print(json.dumps([changed, sorted(sys.modules)]))
"""


@cache
def imported(code: str) -> tuple[list[str], set[str]]:
    """Environment variables that some lines of Python change in a fresh process, and the modules that they load."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    command = [sys.executable, "-c", REPORT.format(code=code)]
    made = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    changed, modules = json.loads(made.stdout.splitlines()[-1])
    return changed, set(modules)


def test_the_package_alone_is_instant() -> None:
    changed, modules = imported("import sightline")
    assert not changed
    assert not modules & {"numpy", "yaml", "PIL", "torch"}
    assert {name for name in modules if name.startswith("sightline")} == {"sightline"}


@pytest.mark.parametrize("code", ["from sightline import Planner, Policy", "import sightline.train.stages"])
def test_a_policy_needs_no_simulator_and_leaves_the_process_alone(code: str) -> None:
    changed, modules = imported(code)
    # torch's compiler, which training's checkpoints load, notes for its children where it keeps its files.
    assert set(changed) <= ({"TORCHINDUCTOR_CACHE_DIR"} if "train" in code else set())
    rooms = {name.split(".")[1] for name in modules if name.startswith("sightline.")}
    assert "models" in rooms and not rooms & {"engine", "envs", "cli"}
    assert not {name.split(".")[0] for name in modules} & {"mujoco", "gymnasium", "robosuite"}


def test_a_policy_waits_for_what_is_heavy_and_not_yet_needed() -> None:
    _, modules = imported("from sightline import Planner, Policy")
    packages = {name.split(".")[0] for name in modules}
    assert "torch" in packages
    assert not packages & {"transformers", "pyarrow", "av", "scipy", "matplotlib", "trimesh", "rich", "tyro"}


def test_commands_settle_the_process_before_torch_reads_its_settings() -> None:
    _, modules = imported("import sightline.cli.commands")
    assert "torch" not in modules
    changed, _ = imported("from sightline.core.runtime import prepare_process; prepare_process()")
    assert changed == ["OMP_WAIT_POLICY"]
