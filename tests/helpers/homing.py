"""A policy server to be killed: ``python homing.py PORT FILE``. Its policy leads the state to zero.

When it is asked while FILE exists, it takes the file away and is gone in the middle of inference, as by kill -9.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from serving import Echo

from sightline.core.types import ActionChunk, Observation
from sightline.serve.served import Chunks, Frozen
from sightline.serve.server import PolicyServer, Settings


class Homing(Echo):
    """A fifth of the way to zero in each action."""

    def __init__(self, deadly: Path) -> None:
        super().__init__()
        self.deadly = deadly

    def act(
        self, observations: Sequence[Observation], rows: Sequence[int], seed: int | None, frozen: Sequence[Frozen]
    ) -> Chunks:
        if self.deadly.exists():
            self.deadly.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        steps = 0.2 * 0.8 ** np.arange(self.interface.card.chunk, dtype=np.float32)[:, None]
        return [ActionChunk(np.append(-one.state * steps, steps, axis=1)) for one in observations], {}


if __name__ == "__main__":
    settings = Settings(port=int(sys.argv[1]))
    asyncio.run(PolicyServer(lambda: Homing(Path(sys.argv[2])), "homing", settings).run(signals=True))
