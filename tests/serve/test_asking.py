"""What persons ask a served policy: where, what, and here. First of one that echoes, then of real ones."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from nano import nano_config, nano_observation, nano_policy, nano_tokenizer
from PIL import Image
from serving import SHORT, Echo, observation, serving
from websockets.sync.client import connect
from websockets.sync.server import serve as serve_anything

from sightline.core.geometry import Camera
from sightline.core.types import Observation
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.policies import ExpertPolicy
from sightline.models.policy import Policy
from sightline.models.vlm.tokenizer import MissingTokenizer
from sightline.serve.abilities import ASKING, able
from sightline.serve.log import Log
from sightline.serve.refusal import Refusal
from sightline.serve.served import ServedPolicy, ServedScript
from sightline.serve.sessions import KEPT
from sightline_client import PolicyClient, PolicyError, Refused
from sightline_client.codec import pack, unpack

CALIBRATION = np.array([16, 16, 20.0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], np.float32)
CALIBRATED = {"calibration/front": CALIBRATION, "calibration/wrist": CALIBRATION}
PICTURE = np.full((12, 20, 3), 127, np.uint8)


def jpeg(picture: np.ndarray = PICTURE) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def ask(server):
    """Sends a message and returns the answer."""
    with connect(server.address, max_size=None) as socket:
        socket.recv()

        def asked(message: dict) -> dict:
            socket.send(pack(message))
            return unpack(socket.recv())

        yield asked


@pytest.mark.parametrize("picture", [PICTURE, jpeg()], ids=["array", "file"])
def test_words_are_found_in_a_picture(client, picture):
    answer = client.ground(picture, "the red cup")
    timing = answer.pop("server_timing")
    assert answer == {
        "boxes": {"target": [0, 0, 20, 12]}, "points": {"target": [10, 6]}, "trace": [[10, 6], [20, 12]],
        "confidence": {"target": 0.5}, "presence": 0.75, "found": True, "text": "the red cup",
    }  # fmt: skip
    assert timing.keys() >= {"decode_ms", "queue_ms", "infer_ms", "planner_ms", "batch"} and timing["batch"] == 1


def test_a_policy_chats_and_describes(client):
    assert client.chat("What is here?", [PICTURE, jpeg()]) == "2 pictures, at most 48 tokens: What is here?"
    assert client.chat("Hello", max_tokens=5) == "0 pictures, at most 5 tokens: Hello"
    (thing,) = client.describe(jpeg())
    assert thing == {"kind": "cup", "colour": "red", "box": [0, 0, 20, 12], "confidence": 0.5}


def test_what_waits_together_is_grounded_together():
    echo = Echo()
    with serving(lambda: echo) as running, ThreadPoolExecutor(6) as pool:
        clients = [PolicyClient(running.address, patience=SHORT) for _ in range(6)]
        echo.gate.clear()
        first = pool.submit(clients[0].ground, PICTURE, "0")
        assert echo.began.wait(20)
        others = [pool.submit(clients[i].ground, PICTURE, str(i)) for i in range(1, 4)]
        bad = pool.submit(clients[4].ground, PICTURE, "fail")
        acts = pool.submit(clients[5].infer, observation(5.0))
        while running.server.service.worker.waiting < 5:
            threading.Event().wait(0.005)
        echo.gate.set()
        assert [answer.result()["text"] for answer in [first, *others]] == ["0", "1", "2", "3"]
        assert acts.result()["actions"][0, 0] == 5, "an action is no grounding"
        with pytest.raises(Refused, match="cannot be found"):
            bad.result()
        assert max(len(batch) for batch in echo.batches) == 4
        for one in clients:
            one.close()


def test_a_session_is_steered_by_what_it_has_seen_last():
    echo = Echo()
    with serving(lambda: echo) as running, PolicyClient(running.address, patience=SHORT) as client:
        with pytest.raises(Refused, match="seen nothing") as refused:
            client.steer(point=[3, 4])
        assert refused.value.field == "observation/front_image"
        client.infer({**observation(), **CALIBRATED})
        assert client.steer(point=[3, 4]) == ["target"]
        assert client.steer("wrist", box=[1, 2, 3, 4], role="place") == ["place"]
        assert client.steer(trace=[[1, 2], [3, 4], [5, 6]]) == ["target", "place"]
        (steers,) = echo.steers.values()
        assert [one.camera for one in steers] == ["front", "wrist", "front"]
        assert steers[0].point.tolist() == [3, 4] and steers[1].role == "place" and len(steers[2].trace) == 3
        client.reset()
        with pytest.raises(Refused, match="seen nothing"):
            client.steer(point=[3, 4])
        assert client.steer(point=[3, 4], observation={**observation(), **CALIBRATED}) == ["target"]
        assert client.steer(point=[5, 5]) == ["target"], "what was sent along is what was seen last"
        assert client.infer({**observation(), **CALIBRATED})["call"] == 1


def test_pictures_too_large_to_be_kept_are_sent_again():
    large = np.zeros((1, KEPT // 2 + 1, 3), np.uint8)
    seen = {**observation(), **CALIBRATED, "observation/front_image": large, "observation/wrist_image": large}
    with serving(Echo) as running, PolicyClient(running.address, patience=SHORT) as client:
        client.infer(seen)
        with pytest.raises(Refused, match="too large"):
            client.steer(point=[0, 0])
        assert client.steer(point=[0, 0], observation=seen) == ["target"]


def test_the_envelope_asks_too(ask):
    answer = ask({"type": "chat", "request_id": "c1", "payload": {"question": "Hello"}})
    assert (answer["type"], answer["request_id"], answer["ok"]) == ("chat_result", "c1", True)
    assert answer["data"]["text"].endswith("Hello")
    answer = ask({"type": "ground", "payload": {"image": PICTURE}})
    assert (answer["type"], answer["ok"], answer["error"]["field"]) == ("ground_result", False, "text")


def test_what_is_asked_is_logged_only_when_wanted():
    for detail, found in (("requests", False), ("instructions", True)):
        lines = io.StringIO()
        with serving(Echo, Log(detail, lines)) as running, PolicyClient(running.address, patience=SHORT) as client:
            client.chat("a private question")
        assert ("a private question" in lines.getvalue()) is found


# ---- refusals --------------------------------------------------------------------------------------------------

STEER = {"endpoint": "steer", **observation(), **CALIBRATED}
WRONG = {
    "ground nothing": ({"endpoint": "ground", "text": "the cup"}, "image"),
    "ground without words": ({"endpoint": "ground", "image": PICTURE}, "text"),
    "ground empty words": ({"endpoint": "ground", "image": PICTURE, "text": " "}, "text"),
    "ground a grey picture": ({"endpoint": "ground", "image": PICTURE[:, :, 0], "text": "the cup"}, "image"),
    "ground a damaged file": ({"endpoint": "ground", "image": jpeg()[:90], "text": "the cup"}, "image"),
    "ground calibrated badly": (
        {"endpoint": "ground", "image": PICTURE, "text": "x", "calibration": [0.0] * 15},
        "calibration",
    ),
    "ground late": ({"endpoint": "ground", "image": PICTURE, "text": "x", "queue_timeout": "no"}, "queue_timeout"),
    "chat about nothing": ({"endpoint": "chat", "images": [PICTURE]}, "question"),
    "chat about one picture": ({"endpoint": "chat", "question": "What?", "images": PICTURE}, "images"),
    "chat about many": ({"endpoint": "chat", "question": "What?", "images": [PICTURE] * 9}, "images"),
    "chat about no picture": ({"endpoint": "chat", "question": "What?", "images": [3]}, "images"),
    "chat for long": ({"endpoint": "chat", "question": "What?", "max_tokens": 9999}, "max_tokens"),
    "chat at length": ({"endpoint": "chat", "question": "a" * 3000}, "question"),
    "describe nothing": ({"endpoint": "describe"}, "image"),
    "describe a bomb": ({"endpoint": "describe", "image": np.zeros((1, 5_000_000, 3), np.uint8)}, "image"),
    "steer with nothing": (STEER, "point"),
    "steer twice": ({**STEER, "point": [1, 2], "box": [1, 2, 3, 4]}, "box"),
    "steer with three numbers": ({**STEER, "point": [1, 2, 3]}, "point"),
    "steer with NaN": ({**STEER, "point": [1, float("nan")]}, "point"),
    "steer outside": ({**STEER, "box": [1, 2, 3, 17]}, "box"),
    "steer with words": ({**STEER, "point": ["a", "b"]}, "point"),
    "trace of one point": ({**STEER, "trace": [[1, 2]]}, "trace"),
    "trace of numbers": ({**STEER, "trace": [1, 2, 3]}, "trace"),
    "trace without length": ({**STEER, "trace": np.array(3.0)}, "trace"),
    "trace without end": ({**STEER, "trace": np.zeros((513, 2))}, "trace"),
    "trace of a place": ({**STEER, "trace": [[1, 2], [3, 4]], "role": "place"}, "role"),
    "unknown camera": ({**STEER, "point": [1, 2], "camera": "fron"}, "camera"),
    "camera of another kind": ({**STEER, "point": [1, 2], "camera": [1]}, "camera"),
    "unknown role": ({**STEER, "point": [1, 2], "role": "tool"}, "role"),
    "no calibration": ({"endpoint": "steer", **observation(), "point": [1, 2]}, "calibration/front"),
    "half an observation": ({"endpoint": "steer", "prompt": "go", "point": [1, 2]}, "observation/front_image"),
    "session": ({**STEER, "point": [1, 2], "session_id": 5}, "session_id"),
}


@pytest.mark.parametrize(("message", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(ask, message, field):
    answer = ask(message)
    assert answer["type"] == "error" and answer["code"] == "bad_request" and answer["field"] == field
    assert "actions" in ask(observation())


def test_a_late_question_is_dropped_and_a_full_queue_says_so():
    echo = Echo()
    with serving(lambda: echo, max_queue=1) as running, ThreadPoolExecutor(2) as pool:
        clients = [PolicyClient(running.address, patience=SHORT) for _ in range(2)]
        echo.gate.clear()
        first = pool.submit(clients[0].infer, observation())
        assert echo.began.wait(20)
        with connect(running.address) as socket:
            socket.recv()
            socket.send(pack({"endpoint": "chat", "question": "Hello", "queue_timeout": 0}))
            while running.server.service.worker.waiting < 1:
                threading.Event().wait(0.005)
            with pytest.raises(Refused, match="busy"):
                clients[1].describe(PICTURE)
            echo.gate.set()
            assert unpack(socket.recv())["code"] == "queue_timeout"
        assert first.result()["call"] == 1
        for one in clients:
            one.close()


# ---- policies that look, and others ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy() -> Policy:
    return nano_policy(nano_tokenizer())


def message_of(seen: Observation) -> dict:
    """An observation as a request."""
    pictures = {f"observation/{name}_image": image for name, image in seen.images.items()}
    cameras = {f"calibration/{name}": camera.to_vector() for name, camera in seen.cameras.items()}
    return {**pictures, **cameras, "observation/state": seen.state, "prompt": seen.instruction}


def test_a_trained_policy_answers_as_it_does_without_a_server(policy):
    fresh, seen = nano_policy(nano_tokenizer()), nano_observation(1)
    picture = seen.images["front"]
    with (
        serving(lambda: ServedPolicy(policy)) as running,
        PolicyClient(running.address, patience=SHORT) as client,
    ):
        assert set(ASKING) - set(client.metadata["endpoints"]) == {"chat"}
        told, known = client.ground(picture, "the red mug"), fresh.ground(picture, "the red mug")
        assert told["points"]["target"] == pytest.approx(known.points["target"], abs=1e-3)
        assert (told["text"], told["found"]) == (known.text, known.found)
        assert 0 <= told["presence"] <= 1 and told["confidence"]["target"] == pytest.approx(known.confidence["target"])
        vector = seen.cameras["front"].to_vector()
        told = client.ground(picture, "the red mug", vector)
        known = fresh.ground(picture, "the red mug", Camera.from_vector(vector))
        assert told["points"]["target"] == pytest.approx(known.points["target"], abs=1e-3)
        assert len(client.describe(picture)) == len(fresh.planner.describe(picture))


def test_a_policy_without_a_pointer_answers_in_words():
    words = nano_config(grounding=replace(nano_config().grounding, pointer=False))
    talker, picture = nano_policy(nano_tokenizer(), words), nano_observation(1).images["front"]
    abilities = ServedPolicy(talker).abilities
    assert {name for name in ASKING if not abilities.can(name)} == {"describe", "steer"}
    with pytest.raises(Refusal, match="'chat'"):
        able(abilities.describe)
    chat = able(abilities.chat)
    text, split = chat([picture], "what is this?", 6)
    assert text == talker.planner.chat(picture, "what is this?", 6) and split["planner"] > 0
    with pytest.raises(Refusal) as refused:
        chat([picture], "what is in <image> and <image>?", 6)
    assert (refused.value.code, refused.value.field) == ("bad_request", "question")


def test_a_trained_policy_is_steered(policy):
    seen, point = nano_observation(2), [40.0, 36.0]
    with (
        serving(lambda: ServedPolicy(policy)) as running,
        PolicyClient(running.address, patience=SHORT) as client,
    ):
        client.infer(message_of(seen))
        assert client.steer("front", point=point) == ["target"]
        told = client.infer(message_of(seen))["grounding"]
        assert told["confidence"]["target"] == 1 and np.abs(np.subtract(told["points"]["target"], point)).max() < 5
        assert client.steer("front", point=[10.0, 50.0], role="place") == ["target", "place"]
        client.reset()
        assert client.infer(message_of(seen))["grounding"]["confidence"]["target"] < 1


def test_a_policy_that_cannot_says_why():
    nano = nano_policy(nano_tokenizer())
    wordless = ServedPolicy(Policy(nano.system, MissingTokenizer(), nano.card, nano.statistics))
    assert not any(wordless.abilities.can(name) for name in ASKING) and wordless.abilities.can("normalise")
    assert "tokenizer" in wordless.abilities.chat.why
    blind = ServedPolicy(nano_policy(nano_tokenizer(), nano_config(guidance="none")))
    assert "cannot say where" in blind.abilities.ground.why and "never taught to talk" in blind.abilities.chat.why

    def expert() -> ServedScript:
        return ServedScript(lambda: TabletopEnv(size=64, render=False), ExpertPolicy, follows=True)

    with serving(expert) as running, PolicyClient(running.address, patience=SHORT) as client:
        assert client.metadata["endpoints"] == ["infer", "reset", "card"]
        asks = (
            lambda: client.ground(PICTURE, "the cup"),
            lambda: client.chat("Hello"),
            lambda: client.describe(PICTURE),
            lambda: client.steer(point=[1, 2]),
        )
        for ask in asks:
            with pytest.raises(Refused, match="never looks at pictures") as refused:
                ask()
            assert (refused.value.code, refused.value.field) == ("unsupported", "endpoint")
        assert np.asarray(client.infer({})["actions"]).shape == (1, 7)


def test_plain_openpi_servers_are_not_asked():
    def others(socket):
        socket.send(pack({"made_by": "somebody"}))
        socket.recv()

    with serve_anything(others, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        with PolicyClient(address, patience=SHORT) as client, pytest.raises(PolicyError, match="no Sightline server"):
            client.ground(PICTURE, "the cup")
        server.shutdown()
