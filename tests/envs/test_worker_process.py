"""A worker's death, silence or complaint is a sentence here, never a hang or a traceback of pipes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import sightline_client.codec
from sightline.core.errors import SightlineError
from sightline.envs.worker_process import WorkerProcess, worker_command

PROGRAM = Path(__file__).parents[1] / "helpers" / "counting_worker.py"


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    command = [sys.executable, str(PROGRAM), str(Path(sightline_client.codec.__file__))]
    made = WorkerProcess(command, "The counter", "Feed it.")
    yield made
    made.close()


def test_questions_and_answers_hold_arrays(worker: WorkerProcess) -> None:
    large = np.random.default_rng(0).normal(size=(512, 1024))  # more than a pipe holds at once
    assert worker.ask("count")["count"] == 1
    answer = worker.ask("count", numbers=large)
    assert answer["count"] == 2
    np.testing.assert_array_equal(answer["doubled"], 2 * large)


def test_its_complaint_is_passed_on_and_it_goes_on(worker: WorkerProcess) -> None:
    with pytest.raises(SightlineError, match=r"^The counter: The moon is not up\.$"):
        worker.ask("complain")
    assert worker.ask("count")["count"] == 2


def test_its_death_is_told_with_its_last_words(worker: WorkerProcess) -> None:
    with pytest.raises(SightlineError, match=r"died at 'die' \(code 3\): out of cheese\. Feed it\.$"):
        worker.ask("die")
    with pytest.raises(SightlineError, match=r"died at 'count' \(code 3\)"):
        worker.ask("count")


def test_half_an_answer_is_a_death(worker: WorkerProcess) -> None:
    with pytest.raises(SightlineError, match=r"died at 'half' \(code 0\)"):
        worker.ask("half")


def test_who_is_killed_between_questions_is_missed_at_the_next(worker: WorkerProcess) -> None:
    worker.ask("count")
    assert worker._process is not None
    os.kill(worker._process.pid, signal.SIGKILL)
    worker._process.wait(10)
    with pytest.raises(SightlineError, match=r"died at 'count' \(signal 9\)"):
        worker.ask("count")


def test_silence_ends(worker: WorkerProcess) -> None:
    worker.ask("count")
    worker.patience = 0.05
    with pytest.raises(SightlineError, match="did not answer 'hang' in 0 s and was ended"):
        worker.ask("hang")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="The counter cannot be started"):
        WorkerProcess([str(tmp_path / "nothing")], "The counter").ask("count")


def test_the_end_of_the_questions_is_the_end_of_the_worker(worker: WorkerProcess) -> None:
    worker.ask("count")
    process = worker._process
    worker.close()
    assert process is not None and process.returncode == 0


def test_a_workers_file_is_asked_through_the_program_of_all_workers() -> None:
    """Its chatter goes where its warnings go, its complaint is its sentence, and it goes on; only QUESTIONS are."""
    worker = WorkerProcess(worker_command(Path(sys.executable), str(PROGRAM.parent / "answering_worker.py")), "It")
    try:
        assert worker.ask("add", number=2) == {"sum": 2}
        with pytest.raises(SightlineError, match=r"^It: The moon is not up\.$"):
            worker.ask("complain")
        with pytest.raises(SightlineError, match=r"^It: KeyError: moon"):
            worker.ask("break_down")
        with pytest.raises(SightlineError, match=r"^It: KeyError: secret"):
            worker.ask("secret")
        assert worker.ask("add", number=3) == {"sum": 5}
    finally:
        worker.close()


def test_a_worker_has_the_variables_that_it_is_given() -> None:
    code = "import os, sys; print(os.environ['MOON'], file=sys.stderr)"
    worker = WorkerProcess([sys.executable, "-c", code], "It", variables={"MOON": "is up"})
    with pytest.raises(SightlineError, match=r"died at 'add' \(code 0\): is up"):
        worker.ask("add")
