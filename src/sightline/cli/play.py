"""The command ``sightline play``: the playground in the browser."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sightline.cli.options import Backend, Folder, Json, acting, newest_policy
from sightline.cli.serve import KEY
from sightline.core.console import say


@dataclass(frozen=True)
class Play:
    """Open the playground: a page in the browser where a policy acts in the simulator as you tell it, and where you
    point at what you mean. The address is printed.

    The environment variable SIGHTLINE_API_KEY sets a key that visitors must bring.
    """

    policy: str = "tiny"
    """Run or checkpoint folder, tiny (ships with the package) or expert (scripted)."""
    backend: Backend = ""
    beside: tuple[str, ...] = ()
    """Further policies to choose from, for two side by side."""
    port: int = 8080
    """Where it listens."""
    host: str = "127.0.0.1"
    """Address it listens on. Others than this machine's own need a key."""
    out: Folder = Path("outputs/playground")
    """Where kept episodes become LeRobot datasets, one for each robot."""
    threads: int = 1
    """CPU threads of the policies."""
    max_people: int = 4
    """Pages at once."""
    log: Literal["silent", "events"] = "silent"
    """events: JSON lines on standard error."""
    json: Json = None
    """Write the result here when the playground stops: url."""

    def run(self) -> dict:
        import torch

        from sightline.serve.log import Log
        from sightline.serve.playground.actors import Actor, load_actors
        from sightline.serve.playground.server import Playground, PlaySettings

        settings = PlaySettings(
            host=self.host, port=self.port, api_key=os.environ.get(KEY, ""), max_people=self.max_people
        )

        def load() -> dict[str, Actor]:
            torch.set_num_threads(self.threads)
            return load_actors([acting(self.policy, self.backend), *map(newest_policy, self.beside)])

        async def serve() -> str:
            playground = Playground(load, self.out, settings, Log(self.log))
            running = asyncio.create_task(playground.run(signals=True))
            listening = asyncio.create_task(playground.listening.wait())
            await asyncio.wait([running, listening], return_when=asyncio.FIRST_COMPLETED)
            url = f"http://{self.host}:{playground.port}/"
            if listening.done():
                say(f"The playground is at {url} (Ctrl-C ends it).")
            await running
            return url

        return {"url": asyncio.run(serve())}
