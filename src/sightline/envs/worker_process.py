"""A simulator in a process and a Python environment of its own, asked over a pipe.

Messages are those of the policy server's codec (``sightline_client.codec``: msgpack with arrays, nothing unpickled),
each behind its length. The program answers one map to each map; ``error`` in an answer is a sentence.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sightline_client.codec
from sightline.core.errors import SightlineError
from sightline.envs import worker_program
from sightline_client.codec import Limits, pack, unpack

LENGTH = worker_program.LENGTH
ANSWERS = Limits(size=256 * 2**20, entries=1_000_000)
PATIENCE = 600.0  # seconds for one answer; the slowest one loads a world, which takes seconds
FAREWELL = 10.0  # seconds that a worker has to end by itself
PIECE = 2**20


def find_python(name: str, target: str, variable: str, venv: str, needs: str) -> Path:
    """The Python that has a benchmark: ``$variable``, or that of the folder ``venv`` here or in the checkout.

    Args:
        name: of the benchmark.
        target: ``make setup-TARGET`` installs it.
        needs: what that Python must have, for the message.

    Raises SightlineError where there is none.
    """
    if told := os.environ.get(variable):
        found = [Path(told)]
    else:
        found = [folder / venv / "bin" / "python" for folder in (Path.cwd(), Path(__file__).parents[3])]
    for path in found:
        if path.is_file():
            return path.absolute()
    raise SightlineError(
        f"{name} is not installed ({' and '.join(map(str, found))} not there): run 'make setup-{target}' in a "
        f"checkout of Sightline, or let ${variable} name the Python that has {needs}."
    )


def worker_command(python: Path, program: str) -> list[str]:
    """The command that answers as the file ``program`` says, see ``worker_program``."""
    return [str(python), "-I", str(worker_program.__file__), str(sightline_client.codec.__file__), program]


class WorkerProcess:
    """A program that answers maps with maps, started at the first question.

    Args:
        command: of the program; it reads questions from its standard input and writes answers to its standard output.
        name: what it simulates, for messages.
        hint: what to try where the process dies.
        patience: seconds that an answer may take.
        variables: of its environment, besides those of this process.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        hint: str = "",
        patience: float = PATIENCE,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.command, self.name, self.hint, self.patience = list(command), name, hint, patience
        self.variables = dict(variables or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (as long as this object lives)

    def ask(self, question: str, **details: Any) -> dict[str, Any]:
        """The answer to a question with its details (numbers, words, lists, maps, arrays).

        Raises:
            SightlineError: the worker's own sentence, or that it could not be started, died or hangs; it is not asked
                again then.
        """
        data = pack({"question": question, **details})
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(LENGTH.pack(len(data)) + data)
            process.stdin.flush()
        except OSError:
            raise self._dead(question) from None
        answer = unpack(self._read(LENGTH.unpack(self._read(LENGTH.size, question))[0], question), ANSWERS)
        if "error" in answer:
            raise SightlineError(f"{self.name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process; it is not used afterwards."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # its end is what tells the worker to stop
        try:
            process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # A session of its own: Ctrl-C is for this process, which then closes the pipe.
            try:
                self._process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._said,
                    start_new_session=True,
                    env={**os.environ, **self.variables},
                )
            except OSError as error:
                raise SightlineError(f"{self.name} cannot be started: {error}.") from None
        return self._process

    def _read(self, count: int, question: str) -> bytes:
        """Exactly ``count`` bytes of the answer."""
        process = self._running()
        assert process.stdout is not None
        until, parts, left = time.monotonic() + self.patience, [], count
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while left:
                if not selector.select(max(0.0, until - time.monotonic())):
                    process.kill()
                    raise SightlineError(
                        f"{self.name} did not answer '{question}' in {self.patience:.0f} s and was ended."
                    )
                part = os.read(process.stdout.fileno(), min(left, PIECE))
                if not part:
                    raise self._dead(question)
                parts.append(part)
                left -= len(part)
        return b"".join(parts)

    def _dead(self, question: str) -> SightlineError:
        """What to say of a worker that has ended."""
        process = self._running()
        try:
            code = process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        self._said.seek(0)
        lines = [line for line in self._said.read().decode(errors="replace").splitlines() if line.strip()]
        how = f"signal {-code}" if code < 0 else f"code {code}"
        last = f": {lines[-1].strip()}" if lines else ""
        hint = f" {self.hint}" if self.hint else ""
        return SightlineError(f"{self.name} died at '{question}' ({how}){last}.{hint}".replace("..", "."))
