"""What a user of vla-eval runs, in vla-eval's own environment: our model server, and its client as a benchmark has it.

    python vla_eval_program.py FILE ADDRESS

``FILE`` is examples/vla_eval_sightline.py, ``ADDRESS`` that of a policy server. Prints what came back, as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import sys

import anyio
import numpy as np
from vla_eval.connection import Connection
from vla_eval.model_servers.serve import serve_async


async def main(file: str, address: str) -> None:
    spec = importlib.util.spec_from_file_location("bridge", file)
    bridge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bridge)
    server = bridge.SightlineModelServer(address, chunk_size=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"turn": bridge.rotation_vector(0.2, -0.3, 0.4).tolist(), "still": bridge.rotation_vector(0, 0, 0).tolist()}
    async with anyio.create_task_group() as group:
        group.start_soon(serve_async, server, "127.0.0.1", port)
        connection = Connection(f"ws://127.0.0.1:{port}", backoff_base=1.1)
        await connection.connect(benchmark="LIBEROBenchmark")
        told["hello"] = {key: connection.server_info[key] for key in ("observation_params", "action_spec")}
        picture = np.zeros((256, 256, 3), np.uint8)
        picture[:, :128] = 200  # bright on the left, as vla-eval shows it
        seen = {"images": {"agentview": picture, "wrist": picture}, "task_description": "lift the soup"}
        told["episodes"] = []
        for _ in range(2):
            await connection.start_episode({"name": "lift the soup"})
            actions = [np.asarray((await connection.act(seen))["actions"]).tolist() for _ in range(3)]
            await connection.end_episode({"success": False})
            told["episodes"].append(actions)
        await connection.close()
        group.cancel_scope.cancel()
    print(json.dumps(told))


anyio.run(main, *sys.argv[1:])
