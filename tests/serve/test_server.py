"""The server as clients meet it: answers, sessions, batches, refusals, pages, the stop."""

from __future__ import annotations

import io
import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from serving import CARD, SHORT, Echo, Running, observation, serving
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from sightline.core.errors import SightlineError
from sightline.envs.libero.protocol import INTERFACES
from sightline.serve.log import Log
from sightline.serve.metadata import unit
from sightline.serve.server import Settings
from sightline_client import PhaseTimeout, PolicyClient, Refused, Unreachable
from sightline_client.client import Patience
from sightline_client.codec import pack, unpack


def page(running: Running, path: str, key: str = "") -> tuple[int, str]:
    """Status and text of a page."""
    request = urllib.request.Request(running.page + path, headers={"Authorization": key} if key else {})
    try:
        with urllib.request.urlopen(request) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def jpeg(side: int = 16, form: str = "JPEG") -> bytes:
    """A grey picture as a file."""
    out = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), 127, np.uint8)).save(out, form)
    return out.getvalue()


# ---- answers ---------------------------------------------------------------------------------------------------


def test_metadata_say_what_requests_must_hold(client):
    told = client.metadata
    config = told["policy_server_config"]
    assert told["card"] == CARD.to_dict()
    assert config["cameras"] == {"front": "observation/front_image", "wrist": "observation/wrist_image"}
    assert (config["n_external_cameras"], config["needs_wrist_camera"], config["needs_session_id"]) == (1, True, False)
    assert (config["action_horizon"], config["action_dim"], config["control_hz"]) == (4, 4, 10)
    assert config["state"]["units"] == ["m", "m", "m"] and config["actions"]["units"][-1] == CARD.gripper
    assert set(config["cameras"].values()) | {config["state"]["key"], config["prompt"]} == set(observation())


def test_what_libero_s_hand_is_measured_in() -> None:
    card = INTERFACES["sightline"].card
    assert [unit(name, card) for name in card.state_names[5:]] == ["rad", "m", "m/s", card.gripper]


def test_an_answer_holds_actions_and_where_the_time_went(client):
    answer = client.infer(observation(2.0))
    assert answer["actions"].tolist() == [[2, 0, 0, 1], [3, 1, 1, 1], [4, 2, 2, 1], [5, 3, 3, 1]]
    timing = client.infer(observation(2.0))["server_timing"]
    assert set(timing) == {"decode_ms", "queue_ms", "infer_ms", "planner_ms", "prev_total_ms", "batch"}
    assert all(value >= 0 for value in timing.values()) and timing["batch"] == 1


def test_other_names_of_the_same_things_are_read(client):
    grey = np.full((8, 8, 3), 127, np.uint8)
    nested = {"images": {"front": grey, "wrist": jpeg()}, "state": [4, 0.5, 0], "task": "put it there"}
    assert client.infer(nested)["actions"][0, 0] == 4
    openpi = {"observation/image": jpeg(form="PNG"), "observation/wrist_image": grey}
    assert client.infer({**openpi, "observation/state": np.array([5.0, 0, 0]), "prompt": "go"})["actions"][0, 0] == 5


def test_sessions_are_apart_and_outlive_their_connection(server):
    with PolicyClient(server.address, session="a", patience=SHORT) as a, PolicyClient(server.address, session="b") as b:
        assert [a.infer(observation())["call"] for _ in range(2)] == [1, 2]
        assert b.infer(observation())["call"] == 1
    with PolicyClient(server.address, session="a", patience=SHORT) as again:
        assert again.infer(observation())["call"] == 3
        again.reset()
        assert again.infer(observation())["call"] == 1


def test_a_request_without_a_session_belongs_to_its_connection(server):
    for _ in range(2):
        with connect(server.address) as socket:
            socket.recv()
            socket.send(pack(observation()))
            assert unpack(socket.recv())["call"] == 1


def test_a_seed_gives_the_same_bytes_and_leaves_the_session_alone(client):
    first, second = client.infer(observation(), seed=7), client.infer(observation(), seed=7)
    assert first["actions"].tobytes() == second["actions"].tobytes() and first["actions"][0, 3] == 7
    assert client.infer(observation())["call"] == 1


def test_a_chunk_begins_with_what_is_frozen(client):
    frozen = np.full((2, 4), 0.5, np.float32)
    answer = client.infer({**observation(1.0), "frozen": frozen})
    assert (answer["actions"][:2] == 0.5).all() and answer["actions"][2, 0] == 3


def test_a_batch_is_answered_in_its_order(client):
    answers = client.infer_batch([observation(1.0), observation(2.0)], ["left", "right"])
    assert [one["actions"][0, 0] for one in answers] == [1, 2]


def test_the_answer_to_a_request_that_comes_again_is_the_same(server):
    request = pack({**observation(), "session_id": "lost", "request_id": "lost-1"})
    answers = []
    for _ in range(2):
        with connect(server.address) as socket:
            socket.recv()
            socket.send(request)
            answers.append(socket.recv())
    assert answers[0] == answers[1]


# ---- many clients ----------------------------------------------------------------------------------------------


def test_what_waits_together_is_computed_together_and_nobody_gets_another_answer():
    echo = Echo()
    with serving(lambda: echo) as running, ThreadPoolExecutor(8) as pool:
        clients = [PolicyClient(running.address, patience=SHORT) for _ in range(8)]
        echo.gate.clear()
        first = pool.submit(clients[0].infer, observation(0.0))
        assert echo.began.wait(20)
        others = [pool.submit(clients[i].infer, observation(float(i))) for i in range(1, 8)]
        while running.server.service.worker.waiting < 7:
            threading.Event().wait(0.005)
        echo.gate.set()
        got = [answer.result()["actions"][0, 0] for answer in [first, *others]]
        assert got == list(range(8)) and sorted(map(len, echo.batches)) == [1, 7]
        for one in clients:
            one.close()


def test_a_full_queue_says_so_and_a_late_request_is_dropped():
    echo = Echo()
    with serving(lambda: echo, max_queue=1) as running, ThreadPoolExecutor(2) as pool:
        echo.gate.clear()
        clients = [PolicyClient(running.address, patience=SHORT) for _ in range(2)]
        hasty = PolicyClient(running.address, patience=Patience(queue=0.0, inference=20.0))
        running_one = pool.submit(clients[0].infer, observation())
        assert echo.began.wait(20)
        waiting = pool.submit(hasty.infer, observation())
        while running.server.service.worker.waiting < 1:
            threading.Event().wait(0.005)
        with pytest.raises(Refused, match="busy") as refused:
            clients[1].infer(observation())
        assert refused.value.code == "busy"
        echo.gate.set()
        with pytest.raises(PhaseTimeout) as late:
            waiting.result()
        assert late.value.phase == "queue" and running_one.result()["call"] == 1
        for one in [*clients, hasty]:
            one.close()


def test_pings_are_answered_while_the_policy_works():
    echo = Echo()
    with serving(lambda: echo) as running, connect(running.address) as socket:
        socket.recv()
        echo.gate.clear()
        socket.send(pack(observation()))
        assert echo.began.wait(20)
        assert socket.ping().wait(20) and page(running, "/healthz") == (200, "OK\n")
        echo.gate.set()
        assert unpack(socket.recv())["call"] == 1


def test_one_wrong_request_of_a_batch_spoils_no_other():
    echo = Echo()
    with serving(lambda: echo) as running, ThreadPoolExecutor(3) as pool:
        clients = [PolicyClient(running.address, patience=SHORT) for _ in range(3)]
        echo.gate.clear()
        first = pool.submit(clients[0].infer, observation())
        assert echo.began.wait(20)
        bad = pool.submit(clients[1].infer, observation(words="fail"))
        good = pool.submit(clients[2].infer, observation(3.0))
        while running.server.service.worker.waiting < 2:
            threading.Event().wait(0.005)
        echo.gate.set()
        assert good.result()["actions"][0, 0] == 3 and first.result()["call"] == 1
        with pytest.raises(Refused, match="cannot be done"):
            bad.result()
        for one in clients:
            one.close()


# ---- refusals --------------------------------------------------------------------------------------------------

BOMB = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x02\x00\x00\x00\x07\x8c\xf3\x62"
WRONG = {
    "no picture": ({"observation/front_image": None}, "observation/front_image"),
    "grey picture": ({"observation/wrist_image": np.zeros((8, 8), np.uint8)}, "observation/wrist_image"),
    "picture of NaN": ({"observation/wrist_image": np.full((8, 8, 3), np.nan)}, "observation/wrist_image"),
    "empty picture": ({"observation/wrist_image": np.zeros((0, 8, 3), np.uint8)}, "observation/wrist_image"),
    "large picture": ({"observation/wrist_image": np.zeros((1, 5_000_000, 3), np.uint8)}, "observation/wrist_image"),
    "bomb": ({"observation/front_image": BOMB}, "observation/front_image"),
    "damaged file": ({"observation/front_image": jpeg()[:100]}, "observation/front_image"),
    "another format": ({"observation/front_image": jpeg(form="BMP")}, "observation/front_image"),
    "NaN state": ({"observation/state": np.array([0, np.nan, 0])}, "observation/state"),
    "long state": ({"observation/state": np.zeros(4)}, "observation/state"),
    "state of words": ({"observation/state": ["a", "b", "c"]}, "observation/state"),
    "huge number": ({"observation/state": [2**63, 1e300, 0]}, "observation/state"),
    "empty words": ({"prompt": "  "}, "prompt"),
    "words that are none": ({"prompt": 3}, "prompt"),
    "long words": ({"prompt": "a" * 3000}, "prompt"),
    "calibration": ({"calibration/front": np.zeros(15)}, "calibration/front"),
    "calibration that is no pose": ({"calibration/front": np.arange(1, 16.0)}, "calibration/front"),
    "calibration from afar": (
        {"calibration/front": [1, 1, 1e30, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]},
        "calibration/front",
    ),
    "endpoint": ({"endpoint": "infre"}, "endpoint"),
    "session": ({"session_id": 5}, "session_id"),
    "seed": ({"seed": -1}, "seed"),
    "seed of another kind": ({"seed": 1.5}, "seed"),
    "queue": ({"queue_timeout": "long"}, "queue_timeout"),
    "frozen": ({"frozen": np.zeros((4, 4), np.float32)}, "frozen"),
    "frozen NaN": ({"frozen": np.full((1, 4), np.nan)}, "frozen"),
    "batch": ({"batch": []}, "batch"),
    "large batch": ({"batch": [observation()] * 9}, "batch"),
    "card": ({"card": 3}, "card"),
    "entry of the card": ({"card": {"robott": "panda"}}, "card"),
}


@pytest.mark.parametrize(("change", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(server, change, field):
    with connect(server.address, max_size=None) as socket:
        socket.recv()
        socket.send(pack({**observation(), **change}))
        answer = unpack(socket.recv())
        assert answer["type"] == "error" and answer["code"] == "bad_request" and answer["field"] == field
        assert field in answer["message"] or field in ("session_id", "card", "endpoint")
        socket.send(pack(observation()))
        assert "actions" in unpack(socket.recv())


def test_a_missing_field_is_named_with_what_was_meant(client):
    message = observation()
    message["observation/stat"] = message.pop("observation/state")
    with pytest.raises(Refused, match="did you mean 'observation/stat'") as refused:
        client.infer(message)
    assert refused.value.field == "observation/state"


@pytest.mark.parametrize("frame", ["{}", b"", b"\xc1", b"\x91" * 500, pack([1]), pack(3)], ids=repr)
def test_a_frame_that_is_no_message_is_an_error(server, frame):
    with connect(server.address) as socket:
        socket.recv()
        socket.send(frame)
        assert unpack(socket.recv())["type"] == "error"


def test_a_message_that_is_too_large_ends_its_client_alone(server, client):
    with connect(server.address) as socket:
        socket.recv()
        with pytest.raises(ConnectionClosed):
            socket.send(b"\xc6\x02\x00\x00\x00" + bytes(2**25))
            socket.recv()
    assert client.infer(observation())["call"] == 1


def test_a_failure_of_the_policy_tells_no_secrets_and_is_logged():
    lines = io.StringIO()
    with serving(Echo, Log("events", lines)) as running, PolicyClient(running.address, patience=SHORT) as client:
        with pytest.raises(Refused, match="RuntimeError") as refused:
            client.infer(observation(words="crash"))
        assert refused.value.code == "inference_failed" and "secret" not in str(refused.value)
        assert client.infer(observation())["call"] == 1
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [one["event"] for one in told if one["event"] != "connected"][:2] == ["listening", "ready"]
    assert any("a secret of the inside" in one.get("error", "") for one in told)


def test_instructions_are_logged_only_when_asked_for():
    for detail, found in (("requests", False), ("instructions", True)):
        lines = io.StringIO()
        with serving(Echo, Log(detail, lines)) as running, PolicyClient(running.address, patience=SHORT) as client:
            client.infer(observation(words="take the cup"))
        assert ("take the cup" in lines.getvalue()) is found and '"answered"' in lines.getvalue()


def test_a_client_of_another_robot_is_refused_with_the_differences(server):
    mine = {**CARD.to_dict(), "robot": "ur5e", "control_hz": 20, "chunk": 99}
    with pytest.raises(Refused) as refused:
        PolicyClient(server.address, card=mine, patience=SHORT)
    assert refused.value.code == "card_mismatch"
    assert refused.value.answer["differences"] == ["robot: panda != ur5e", "control_hz: 10 != 20"]
    with PolicyClient(server.address, card={"robot": "panda"}, patience=SHORT) as client:
        assert client.infer(observation())["call"] == 1


# ---- doors, pages, limits, the stop ----------------------------------------------------------------------------


def test_other_machines_need_a_key():
    with pytest.raises(SightlineError, match="needs an API key"):
        Settings(host="0.0.0.0")
    with serving(Echo, host="0.0.0.0", api_key="swordfish") as running:
        with pytest.raises(Refused, match="another API key"):
            PolicyClient(running.address, "sword", patience=SHORT)
        with pytest.raises(Refused, match="another API key"):
            PolicyClient(running.address, patience=SHORT)
        with PolicyClient(running.address, "swordfish", patience=SHORT) as client:
            assert client.infer(observation())["call"] == 1
        assert page(running, "/metrics")[0] == 401 and page(running, "/healthz")[0] == 200
        assert page(running, "/metrics", "Api-Key swordfish")[0] == 200


def test_pages_in_browsers_cannot_connect(server):
    with pytest.raises(InvalidStatus) as refused:
        connect(server.address, origin="http://evil.example")
    assert refused.value.response.status_code == 403


def test_listening_is_not_ready():
    loaded = threading.Event()

    def load() -> Echo:
        assert loaded.wait(60)
        return Echo()

    with serving(load, wait=False) as running, ThreadPoolExecutor(1) as pool:
        assert page(running, "/healthz")[0] == 200 and page(running, "/readyz")[0] == 503
        early = pool.submit(PolicyClient, running.address, patience=SHORT)  # waits for the policy
        loaded.set()
        with early.result() as client:
            assert page(running, "/readyz") == (200, "ready\n") and client.infer(observation())["call"] == 1


def test_metrics_count(server, client):
    client.infer(observation())
    with pytest.raises(Refused):
        client.infer({})
    text = page(server, "/metrics")[1]
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert int(values['sightline_answers_total{outcome="ok"}']) >= 1
    assert int(values['sightline_answers_total{outcome="bad_request"}']) >= 1
    assert (
        values['sightline_milliseconds_bucket{phase="infer",le="+Inf"}']
        == values['sightline_milliseconds_count{phase="infer"}']
    )
    assert float(values["sightline_connections"]) >= 1


def test_there_is_an_end_to_sessions_and_connections():
    with (
        serving(Echo, max_sessions=1, max_connections=2, idle=3600.0) as running,
        PolicyClient(running.address, patience=SHORT) as first,
        PolicyClient(running.address, patience=SHORT) as second,
    ):
        first.infer(observation())
        with pytest.raises(Refused, match="sessions already") as refused:
            second.infer(observation())
        assert refused.value.code == "busy"
        with pytest.raises(Unreachable, match="503"):
            PolicyClient(running.address, patience=Patience(connect=0.3))


def test_a_stop_finishes_what_is_running():
    echo = Echo()
    with serving(lambda: echo) as running, ThreadPoolExecutor(1) as pool:
        client = PolicyClient(running.address, patience=Patience(connect=0.2))
        idle = connect(running.address).__enter__()
        echo.gate.clear()
        answer = pool.submit(client.infer, observation(6.0))
        assert echo.began.wait(20)
        running.ask_to_stop()
        idle.recv()
        with pytest.raises(ConnectionClosed):  # nobody waits for an idle client
            idle.recv(timeout=20)
        assert not answer.done()
        echo.gate.set()
        assert answer.result()["actions"][0, 0] == 6
        with pytest.raises(Unreachable):
            client.infer(observation())
