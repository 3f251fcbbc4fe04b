"""What the measurements of the server share: a server in a process of its own, what robots see, and percentiles."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.types import Observation
from sightline.envs.tabletop import TabletopEnv

START = 1800.0  # seconds that a policy may take until it is loaded and warm; a busy machine is slow


@contextmanager
def policy_server(policy: str, *options: str, cores: Sequence[int] = ()) -> Iterator[str]:
    """``sightline serve`` while the block runs; its address.

    Args:
        options: further ones of the command.
        cores: of the machine that it may use; all of them unless given.

    Raises SightlineError with the server's own words where it does not start.
    """
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "sightline.cli", "serve", "--policy", policy, "--port", str(port)]
    with tempfile.TemporaryFile("w+") as words:
        keep = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        server = subprocess.Popen(
            [*command, "--log", "silent", *options], stdout=words, stderr=subprocess.STDOUT, preexec_fn=keep
        )
        try:
            until = time.monotonic() + START
            while not _ready(port):
                if server.poll() is not None or time.monotonic() > until:
                    words.seek(0)
                    raise SightlineError(f"The server did not start: {words.read().strip()[-2000:]}")
                time.sleep(0.2)
            yield f"ws://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as page:
            return page.status == 200
    except (urllib.error.URLError, OSError):
        return False


def scenes(count: int, size: int = 224) -> list[Observation]:
    """What the robot sees at the beginning of the first tabletop episodes; every one is another scene and task."""
    env, seen = TabletopEnv(size=size), []
    for seed in range(count):
        env.reset(seed=seed)
        seen.append(env.observe())
    env.close()
    return seen


def percentiles(values: Sequence[float]) -> list[float]:
    """p50, p95, p99 and the largest."""
    return [float(value) for value in (*np.percentile(values, [50, 95, 99]), max(values))]
