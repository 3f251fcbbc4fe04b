"""Frames a second of the playground while a policy acts: what a person sees when the words have been said.

    python benchmarks/playground.py --seconds 60 --browser --json outputs/playground.json

(the full size; --seconds 5 shows that it works). The command ``sightline play`` runs in a process of its own, as for
everybody; scene after scene of a collection is opened and its first example said. Counted are the frames that arrive,
both pictures with everything that is drawn over them, at the speed that the page asks for: at 1 the simulated clock
runs at the robot's rate, so that more than this rate cannot be seen; at 4 the machine is the limit. With --browser the
page itself is open in Chromium without a window, on the same cores (needs ``make test-playground`` once, which installs
it); else a plain client reads what a page would.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from websockets.sync.client import connect

from sightline.core.console import table, write_json

START = 300.0  # seconds until the policy is loaded
SPEEDS = (1.0, 4.0)


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    policy: str = "tiny"
    """Checkpoint folder or name."""
    collection: str = "full"
    """Of which scenes are."""
    seconds: float = 60.0
    """Of acting, at each speed."""
    browser: bool = False
    """Open the page in Chromium, and count what reaches it."""
    json: Path | None = None
    """Write the figures here."""


def main(settings: Settings) -> None:
    watch = in_a_browser if settings.browser else by_a_client
    figures = {}
    with playground(settings.policy) as port:
        for speed in SPEEDS:
            figures[f"{speed:g}"] = rates(watch(port, settings, speed))
    rows = [[name, *(f"{value:.4g}" for value in told.values())] for name, told in figures.items()]
    titles = ["speed", "frames", "seconds", "frames a second", "between frames, ms: p50", "p95", "longest"]
    table("The playground while a policy acts", titles, rows)
    if settings.json is not None:
        write_json(settings.json, {"browser": settings.browser, "policy": settings.policy, "speeds": figures})


def rates(episodes: list[list[float]]) -> dict[str, float]:
    """Of the moments (seconds) at which frames came, an episode each."""
    gaps = np.concatenate([np.diff(moments) for moments in episodes if len(moments) > 1])
    return {
        "frames": len(gaps),
        "seconds": float(gaps.sum()),
        "fps": float(len(gaps) / gaps.sum()),
        **{name: float(1000 * np.quantile(gaps, q)) for name, q in (("p50", 0.5), ("p95", 0.95), ("longest", 1.0))},
    }


class Watching:
    """Opens scene after scene, says the first example of each, and notes when frames come."""

    def __init__(self, settings: Settings, speed: float, send: Callable[[dict], None]) -> None:
        self.settings, self.speed, self.send = settings, speed, send
        self.episodes: list[list[float]] = []
        self._said = self._playing = False
        self._next()

    @property
    def over(self) -> bool:
        """Whether it has watched for long enough."""
        return sum(moments[-1] - moments[0] for moments in self.episodes if moments) >= self.settings.seconds

    def frame(self) -> None:
        """One has come."""
        if self._playing:
            self.episodes[-1].append(time.monotonic())

    def state(self, told: dict) -> None:
        """The page has been told how things stand."""
        if not self._said:
            self._said = True
            self.send({"do": "speed", "value": self.speed})
            self.send({"do": "say", "words": told["examples"][0]})
        elif told["playing"]:
            self._playing = True
        elif self._playing:
            self._next()

    def _next(self) -> None:
        self._said = self._playing = False
        self.episodes.append([])
        self.send({"do": "new", "seed": len(self.episodes), "collection": self.settings.collection})


def by_a_client(port: int, settings: Settings, speed: float) -> list[list[float]]:
    """Watched without a page."""
    with connect(f"ws://127.0.0.1:{port}/live", max_size=None) as page:
        watching = Watching(settings, speed, lambda told: page.send(json.dumps(told)))
        while not watching.over:
            heard(watching, page.recv(timeout=START))
    return watching.episodes


def in_a_browser(port: int, settings: Settings, speed: float) -> list[list[float]]:
    """Watched through the page: a second visitor would have scenes of its own, so that its own socket is listened to
    and spoken through."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(KEEP_SOCKET)
        waiting: list[str | bytes] = []
        page.on("websocket", lambda opened: opened.on("framereceived", waiting.append))
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_function("window.sockets && window.sockets.some((one) => one.readyState === 1)")
        watching = Watching(settings, speed, lambda told: page.evaluate(SPEAK, json.dumps(told)))
        while not watching.over:
            page.wait_for_timeout(5)
            while waiting:
                heard(watching, waiting.pop(0))
        browser.close()
    return watching.episodes


KEEP_SOCKET = """
const Plain = window.WebSocket;
window.sockets = [];
window.WebSocket = class extends Plain {
    constructor(...told) { super(...told); window.sockets.push(this); }
};
"""
SPEAK = "(told) => window.sockets.find((one) => one.readyState === 1).send(told)"


def heard(watching: Watching, message: str | bytes) -> None:
    """A message of the playground."""
    if isinstance(message, bytes):
        (length,) = struct.unpack_from("<I", message)
        if json.loads(message[4 : 4 + length])["type"] == "frame":
            watching.frame()
    elif (told := json.loads(message))["type"] == "state":
        watching.state(told)


@contextmanager
def playground(policy: str) -> Iterator[int]:
    """``sightline play`` while the block runs; its port."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sightline.cli", "play", "--policy", policy, "--port", str(port)]
        running = subprocess.Popen([*command, "--out", folder], stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + START
            while not ready(port):
                if running.poll() is not None or time.monotonic() > until:
                    raise SystemExit("The playground did not start.")
                time.sleep(0.2)
            yield port
        finally:
            running.terminate()
            running.wait(60)


def ready(port: int) -> bool:
    """Whether the policy is loaded."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main(tyro.cli(Settings))
