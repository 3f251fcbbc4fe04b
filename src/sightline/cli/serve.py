"""The command ``sightline serve``: a policy for robots and programs elsewhere."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Literal

from sightline.cli.options import Backend, Json, acting
from sightline.core.console import say

KEY = "SIGHTLINE_API_KEY"


@dataclass(frozen=True)
class Serve:
    """Serve a policy over websockets: openpi's protocol, and that of InternVLA-M1's and starVLA's clients.

    /healthz answers when the server is there, /readyz when the policy is loaded and warm, /metrics counts. The
    environment variable SIGHTLINE_API_KEY sets the key that clients must send.
    """

    policy: str
    """Run or checkpoint folder, tiny (ships with the package), expert (scripted, in a simulation of the server's own)
    or replay:DIR (recorded actions)."""
    backend: Backend = ""
    port: int = 8000
    """Where it listens."""
    host: str = "127.0.0.1"
    """Address it listens on. Others than this machine's own need an API key."""
    threads: int = 1
    """CPU threads of the policy. With one, answers are the very numbers that evaluate sees without a server."""
    max_batch: int = 8
    """Observations of several clients that are computed together, at most."""
    max_queue: int = 32
    """Requests that may wait; the next one is told that the server is busy."""
    max_sessions: int = 256
    """Episodes at once, at most."""
    idle: float = 1800.0
    """Seconds after which an episode that nobody goes on with ends."""
    log: Literal["silent", "events", "requests", "instructions"] = "events"
    """JSON lines on standard error. requests: also every answer; instructions: also what the policy was told."""
    json: Json = None
    """Write the result here when the server stops: answers."""

    def run(self) -> dict:
        import torch

        from sightline.serve.log import Log
        from sightline.serve.served import Served, served_by
        from sightline.serve.server import PolicyServer, Settings

        settings = Settings(
            host=self.host,
            port=self.port,
            api_key=os.environ.get(KEY, ""),
            max_batch=self.max_batch,
            max_queue=self.max_queue,
            max_sessions=self.max_sessions,
            idle=self.idle,
        )

        def load() -> Served:
            torch.set_num_threads(self.threads)
            return served_by(acting(self.policy, self.backend))

        say(f"Serving {self.policy} at ws://{self.host}:{self.port}; Ctrl-C stops it.")
        server = PolicyServer(load, self.policy, settings, Log(self.log))
        asyncio.run(server.run(signals=True))
        return {"answers": dict(server.service.metrics.answers) if server.service else {}}
