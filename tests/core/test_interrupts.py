"""Ctrl-C is heard wherever it comes, is never lost in an import, and never reaches a worker."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import PROCESSES, blocked, forever, say_blocked, wait_with_a_pool

from sightline.core.console import run_command
from sightline.core.interrupts import hearing_interrupts
from sightline.core.worker_pool import DEAF, WorkerPool

SWALLOWING = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except BaseException:
    pass  # as libraries do that look for an optional part
passed = True
"""


def test_an_interrupt_that_an_import_would_swallow_is_heard_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "swallowing_part.py").write_text(SWALLOWING)
    monkeypatch.syspath_prepend(tmp_path)

    def command() -> None:
        import swallowing_part

        assert swallowing_part.passed
        signal.pause()

    assert run_command(command) == 130


def test_outside_of_imports_it_is_heard_at_once(capsys: pytest.CaptureFixture) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), hearing_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it went on")
    assert signal.getsignal(signal.SIGINT) is before
    assert run_command(lambda: os.kill(os.getpid(), signal.SIGINT)) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_workers_are_deaf_and_end_at_once_with_whoever_waits() -> None:
    ours, theirs = DEAF.Pipe()
    process = DEAF.Process(target=say_blocked, args=(theirs,))
    process.start()
    assert ours.poll(60) and ours.recv()
    process.join()
    with WorkerPool(1) as pool:
        assert pool.submit(blocked).result(60)
    assert not blocked()
    with pytest.raises(KeyboardInterrupt), WorkerPool(1) as pool:
        pool.submit(forever)
        raise KeyboardInterrupt


def test_workers_end_with_a_parent_that_is_killed() -> None:
    ours, theirs = PROCESSES.Pipe()
    parent = PROCESSES.Process(target=wait_with_a_pool, args=(theirs,))
    parent.start()
    assert ours.poll(60)
    worker = os.pidfd_open(ours.recv())
    parent.kill()
    assert select.select([worker], [], [], 60)[0], "the worker goes on"
    os.close(worker)
    parent.join()


def test_the_first_moments_of_the_command_end_quietly(tmp_path: Path) -> None:
    """The commands' own imports are the first place where it may come."""
    code = "import os, signal, sys\n"
    code += "class Finder:\n    def find_spec(self, name, *rest):\n"
    code += "        if name == 'tyro': os.kill(os.getpid(), signal.SIGINT)\n"
    code += "sys.meta_path.insert(0, Finder())\n"
    code += "from sightline.cli import main\nmain(['doctor'])\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=100)
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")
