"""The dialect of InternVLA-M1's and starVLA's clients, in frames as those clients send them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from serving import Echo, serving
from websockets.sync.client import connect

from sightline_client.codec import pack, unpack

PICTURE = np.full((16, 16, 3), 127, np.uint8)
# Frames of {"type": "ping", "request_id": "p1"} and {"type": "reset", "payload": {"instruction": "go"}}
PING = bytes.fromhex("82a474797065a470696e67aa726571756573745f6964a27031")
RESET = bytes.fromhex("82a474797065a57265736574a77061796c6f616481ab696e737472756374696f6ea2676f")


@pytest.fixture(scope="module")
def server():
    with serving(Echo) as running:
        yield running


@pytest.fixture
def ask(server):
    """Sends a message or bytes and returns the answer."""
    with connect(server.address) as socket:
        socket.recv()

        def asked(message: Any) -> dict:
            socket.send(message if isinstance(message, bytes) else pack(message))
            return unpack(socket.recv())

        yield asked


def raw(*values: float) -> dict[str, Any]:
    """What InternVLA-M1's clients ask, with a state."""
    return {
        "batch_images": [[PICTURE, PICTURE] for _ in values],
        "instructions": ["put it there"] * len(values),
        "state": np.array([[value, 0, 0] for value in values], np.float32),
        "unnorm_key": "oxe_bridge",
        "do_sample": False,
        "cfg_scale": 1.5,
        "use_ddim": True,
        "num_ddim_steps": 10,
    }


def test_recorded_frames_are_answered(ask):
    assert ask(PING) == {"status": "ok", "ok": True, "type": "pong", "request_id": "p1"}
    assert ask(RESET) == {"status": "ok", "ok": True, "type": "reset_result", "request_id": "default", "data": {}}


def test_m1_gets_normalised_actions_of_its_batch(ask):
    answer = ask({"type": "infer", "request_id": "r2", "payload": raw(1.0, 2.0)})
    assert (answer["ok"], answer["type"], answer["request_id"]) == (True, "inference_result", "r2")
    actions = answer["data"]["normalized_actions"]
    assert actions.shape == (2, 4, 4) and actions[:, 0, 0] == pytest.approx([0.1, 0.2])
    assert "actions" not in answer["data"] and answer["data"]["server_timing"]["batch"] == 2


def test_the_payload_may_come_without_its_envelope(ask):
    assert ask(raw(3.0))["data"]["normalized_actions"][0, 0, 0] == pytest.approx(0.3)
    assert ask({"device": "cuda"})["type"] == "init_result"
    assert ask({"reset": True, "instruction": "go"})["type"] == "reset_result"


def test_starvla_gets_physical_actions_and_a_reset_forgets(ask):
    example = {"image": [PICTURE, PICTURE], "lang": "put it there", "state": [4.0, 0, 0]}
    calls = [ask({"type": "predict_action", "payload": {"examples": [example]}})["data"]["actions"] for _ in range(2)]
    assert [call[0, 0].tolist() for call in calls] == [[4, 0, 0, 1], [4, 0, 0, 2]]
    ask(RESET)
    assert ask({"payload": {"examples": [example]}})["data"]["actions"][0, 0, 3] == 1


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"type": "infre"}, "did you mean 'infer'"),
        ({"type": ["infer"]}, "no type"),
        ({"type": "infer", "payload": 3}, "must be a map"),
        ({"type": "infer", "payload": {"examples": [{"image": [PICTURE], "lang": "go"}]}}, "needs 2 pictures"),
        ({"type": "infer", "payload": {"examples": []}}, "1 to 8 samples"),
        ({"batch_images": [[PICTURE, PICTURE]], "instructions": []}, "of one length"),
        ({"batch_images": [[PICTURE, PICTURE]], "instructions": ["go"]}, "lacks 'observation/state'"),
        ({"type": "infer", "payload": {"prompt": "go"}}, "lacks 'observation/front_image'"),
    ],
)
def test_what_is_wrong_is_told_in_the_envelope(ask, message, told):
    answer = ask({**message, "request_id": "r9"})
    assert (answer["status"], answer["ok"], answer["request_id"]) == ("error", False, "r9")
    assert told in answer["message"] and answer["error"]["code"] == "bad_request" and answer["error"]["field"]
    assert ask(PING)["ok"]
