"""The client: patience, a lost connection, time-outs with their phase, and nothing imported that a robot lacks."""

from __future__ import annotations

import ast
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import homing
import numpy as np
import pytest
from serving import SHORT, Echo, observation, serving
from websockets.sync.server import serve as serve_anything

import sightline_client
from sightline_client import Blocking, Patience, PhaseTimeout, PolicyClient, PolicyError, Refused, Unreachable
from sightline_client.codec import pack

LONG = Patience(connect=120.0, queue=60.0, inference=60.0)  # a process starts meanwhile
SOURCES = sorted(Path(sightline_client.__file__).parent.glob("*.py"))


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_source_is_python_3_8_and_imports_little(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    tops = {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert tops <= {"numpy", "msgpack", "websockets", "sightline_client"}


def test_it_stands_alone():
    code = "import sys, sightline_client; print('sightline' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_nobody_there_is_a_sentence():
    with serving(Echo) as running:
        address = running.address
    with pytest.raises(Unreachable, match=f"{address} within 0.2 s") as gone:
        PolicyClient(address, patience=Patience(connect=0.2))
    assert gone.value.phase == "connect" and "sightline serve" in str(gone.value)
    with pytest.raises(PolicyError, match="no address"):
        PolicyClient("http://nowhere")


def test_it_waits_for_a_server_that_is_starting():
    with serving(Echo) as running:
        port = running.server.port
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(PolicyClient, f"ws://127.0.0.1:{port}", patience=SHORT)
        with serving(Echo, port=port), early.result() as client:
            assert client.infer(observation())["call"] == 1


def test_a_lost_connection_is_made_again_and_the_episode_goes_on():
    with serving(Echo) as running, PolicyClient(running.address, patience=SHORT) as client:
        assert client.infer(observation())["call"] == 1
        client._socket.socket.shutdown(2)  # the cable
        assert client.infer(observation())["call"] == 2 and client.reconnects == 1


def test_a_server_that_dies_in_mid_episode_is_waited_for():
    with serving(Echo) as running:
        port = running.server.port
        client = PolicyClient(running.address, patience=SHORT)
        client.infer(observation())
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.infer, observation(4.0))
        with serving(Echo, port=port):
            answer = asked.result()
            assert answer["actions"][0, 0] == 4 and answer["call"] == 1 and client.reconnects == 1
            client.close()


def test_a_server_killed_in_mid_episode_and_started_again_ends_the_episode_as_it_should(tmp_path):
    deadly = tmp_path / "deadly"
    command = [sys.executable, homing.__file__, str(free_port()), str(deadly)]

    def episode(client, killed_at):
        state, states = np.array([1.0, -0.5, 0.25], np.float32), list[np.ndarray]()
        actions = Blocking(client, execute=2)
        actions.reset()
        while np.abs(state).max() > 0.02:
            if len(states) == killed_at:
                deadly.touch()
            seen = {**observation(), "observation/state": state}
            state = state + actions.next(partial(dict, seen))[:3]
            states.append(state)
        return states

    def start():
        return subprocess.Popen(command)

    first = start()
    try:
        with PolicyClient(f"ws://127.0.0.1:{command[2]}", patience=LONG) as client, ThreadPoolExecutor(1) as pool:
            undisturbed = episode(client, killed_at=-1)
            disturbed = pool.submit(episode, client, killed_at=6)
            assert first.wait(60) == -signal.SIGKILL, "gone while it was asked"
            second = start()
            try:
                assert np.array_equal(disturbed.result(), undisturbed) and len(undisturbed) > 10
                assert client.reconnects == 1
            finally:
                second.kill()
                second.wait()
    finally:
        first.kill()
        first.wait()


def test_inference_that_takes_too_long_is_told_apart():
    echo = Echo()
    with serving(lambda: echo) as running:
        client = PolicyClient(running.address, patience=Patience(connect=20.0, queue=0.1, inference=0.1))
        echo.gate.clear()
        with pytest.raises(PhaseTimeout, match=r"inference in 0\.1 s") as late:
            client.infer(observation())
        assert late.value.phase == "inference"
        echo.gate.set()
        client.patience = SHORT
        assert client.infer(observation(9.0))["actions"][0, 0] == 9  # not the answer that came late
        client.close()


def test_servers_of_others_are_understood():
    """A plain openpi server: any metadata, actions alone, errors as text."""

    def others(socket):
        socket.send(pack({"made_by": "somebody"}))
        for number, _ in enumerate(socket):
            socket.send(pack({"actions": [[1.0]]}) if number == 0 else "Traceback: no such key")

    with serve_anything(others, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with PolicyClient(f"ws://127.0.0.1:{server.socket.getsockname()[1]}", patience=SHORT) as client:
            assert client.metadata == {"made_by": "somebody"} and client.infer({})["actions"] == [[1.0]]
            with pytest.raises(Refused, match="no such key"):
                client.infer({})
        server.shutdown()
