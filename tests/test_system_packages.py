"""scripts/system_packages.sh installs what is missing when it may, and otherwise prints the one line to type."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "system_packages.sh"
LINE = "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1 libgl1-mesa-dri libopengl0"


@pytest.fixture
def machine(tmp_path):
    """A PATH of stand-ins; ``run(user, apt, works_after)`` runs the script on the machine that they make up."""
    for name in ("bash", "env", "true", "uname"):
        os.symlink(shutil.which(name), tmp_path / name)

    def stand_in(name: str, body: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)

    def run(
        user: int, apt: bool = True, works: str = "after", sudo: str = "exit 1"
    ) -> subprocess.CompletedProcess[str]:
        stand_in("id", f"echo {user}")
        # The stand-in Python can draw when it always could, or once apt-get has installed something.
        stand_in("python", {"before": "exit 0", "after": f"test -e {tmp_path}/installed", "never": "exit 1"}[works])
        stand_in("sudo", sudo)
        if apt:
            stand_in("apt-get", f'echo "$*" >> {tmp_path}/asked; [ "$1" != install ] || : > {tmp_path}/installed')
        done = subprocess.run(
            [str(SCRIPT), "rendering", "python"], env={"PATH": str(tmp_path)}, capture_output=True, text=True
        )
        done.asked = (tmp_path / "asked").read_text().splitlines() if (tmp_path / "asked").exists() else []
        return done

    return run


def test_nothing_happens_where_rendering_works(machine):
    done = machine(user=1000, works="before")
    assert done.returncode == 0 and not done.stdout and not done.asked


def test_root_installs(machine):
    done = machine(user=0)
    assert done.returncode == 0, done.stderr
    assert done.asked[0].startswith("update") and "libegl1 libgl1-mesa-dri libopengl0" in done.asked[1]


def test_passwordless_sudo_installs(machine):
    done = machine(user=1000, sudo='shift; exec "$@"')
    assert done.returncode == 0, done.stderr
    assert len(done.asked) == 2


def test_others_are_told_the_one_line(machine):
    done = machine(user=1000)
    assert done.returncode == 1 and LINE in done.stderr and not done.asked


def test_other_systems_are_told_what_is_needed(machine):
    done = machine(user=0, apt=False)
    assert done.returncode == 1 and "mesa-libEGL" in done.stderr


def test_an_installation_that_does_not_help_is_a_failure(machine):
    done = machine(user=0, works="never")
    assert done.returncode == 1 and "sightline.doctor" in done.stderr
