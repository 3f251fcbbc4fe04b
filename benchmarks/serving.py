"""How many chunks a second a policy server gives to one client and to several, and how long each of them waits.

    python benchmarks/serving.py [POLICY] [SECONDS]

The server is a process of its own; clients are threads of this one, each with pictures of its own.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np

from sightline.core.console import table
from sightline_client import PolicyClient

PORT = 8019
CLIENTS = (1, 2, 4, 8)


def observation(client: PolicyClient, seed: int) -> dict[str, Any]:
    """A random picture for each camera of the policy, and a state of zeros."""
    config, rng = client.metadata["policy_server_config"], np.random.default_rng(seed)
    shape = (*config["image_resolution"], 3)
    message: dict[str, Any] = {key: rng.integers(0, 256, shape, np.uint8) for key in config["cameras"].values()}
    if config["state"]["size"]:
        message[config["state"]["key"]] = np.zeros(config["state"]["size"], np.float32)
    return message | {"prompt": "put the red mug into the bowl"}


def ask(seed: int, seconds: float, start: threading.Barrier, waits: list[float], batches: list[float]) -> None:
    """One client that asks again and again; its first request, which looks around, does not count."""
    with PolicyClient(f"ws://127.0.0.1:{PORT}") as client:
        seen = observation(client, seed)
        client.infer(seen)
        start.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            answer = client.infer(seen)
            waits.append(1000 * (time.monotonic() - began))
            batches.append(answer["server_timing"]["batch"])


def measure(clients: int, seconds: float) -> list[Any]:
    """One row of the table."""
    waits, batches = list[float](), list[float]()
    start = threading.Barrier(clients)
    threads = [threading.Thread(target=ask, args=(seed, seconds, start, waits, batches)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p95 = np.percentile(waits, [50, 95])
    return [clients, len(waits) / seconds, float(np.mean(batches)), float(p50), float(p95)]


def main() -> None:
    """Start the server, measure, stop it."""
    policy = sys.argv[1] if len(sys.argv) > 1 else "tiny"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    command = [sys.executable, "-m", "sightline.cli", "serve", "--policy", policy, "--port", str(PORT)]
    server = subprocess.Popen([*command, "--log", "silent"], stdout=subprocess.DEVNULL)
    try:
        rows = [measure(clients, seconds) for clients in CLIENTS]
    finally:
        server.terminate()
        server.wait(60)
    table(policy, ["clients", "chunks a second", "observations a batch", "wait p50, ms", "p95"], rows)


if __name__ == "__main__":
    main()
