"""Open loop: errors that are what they say, and interfaces that must agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nano import nano_config, nano_policy, nano_tokenizer
from small import write_dataset

from sightline.core.errors import SightlineError
from sightline.core.types import ActionChunk
from sightline.data import load_dataset
from sightline.evaluate.suites.openloop import evaluate_open_loop
from sightline.models.policy import Policy

CHUNK = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("openloop") / "data")


@pytest.fixture(scope="module")
def policy(data: Path) -> Policy:
    card = load_dataset(data).card
    assert card is not None
    plain = nano_policy(nano_tokenizer(), nano_config(chunk=CHUNK))
    return Policy(plain.system, plain.tokenizer, card, plain.statistics)


def test_who_does_what_was_done_makes_no_error(data: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = [load_dataset(data).table(i)["action"] for i in range(2)]
    asked = iter([(i, t) for i in range(2) for t in range(len(truth[i]))])

    def recorded(observations: list, rows: list[int], off: float = 0.0) -> list[ActionChunk]:
        chunks = []
        for _ in observations:
            episode, t = next(asked)
            chunk = np.zeros((CHUNK, 7), np.float32)
            following = truth[episode][t : t + CHUNK]
            chunk[: len(following)] = following + off
            chunk[len(following) :] = 100.0  # past the end nothing is known: it must not count
            chunks.append(ActionChunk(chunk))
        return chunks

    monkeypatch.setattr(policy, "act_batch", recorded)
    scores = evaluate_open_loop(policy, [data], "sightline", 2)
    assert scores.summary()["open_loop_error"] < 1e-4 < scores.summary()["constant_error"]
    assert len(scores.curves) == 2 and scores.curves[0].predicted.shape == (len(truth[0]), 7)
    asked = iter([(i, t) for i in range(2) for t in range(len(truth[i]))])
    monkeypatch.setattr(policy, "act_batch", lambda *given: recorded(*given, off=0.01))
    found = evaluate_open_loop(policy, [data], "sightline", 2)
    np.testing.assert_allclose(found.error, 0.01, rtol=1e-3)
    moving = found.spread > 0
    np.testing.assert_allclose(found.percent[moving], 1.0 / found.spread[moving], rtol=1e-3)


def test_a_real_policy_is_asked_in_every_frame_or_every_third(data: Path, policy: Policy) -> None:
    whole, third = (evaluate_open_loop(policy, [data], "sightline", 1, stride) for stride in (1, 3))
    assert np.isfinite(whole.percent).all()
    assert third.curves[0].frames.tolist() == whole.curves[0].frames[::3].tolist()
    np.testing.assert_allclose(third.curves[0].predicted, whole.curves[0].predicted[::3], atol=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        {"cameras": ("wrist", "front")},
        {"gripper": "1 close"},
        {"action_space": "joints"},
        {"control_hz": 30},
        {"rotation": "quaternion"},
        {"image_rotation": 180},
        {"state_names": ("x",)},
    ],
)
def test_another_interface_is_refused(data: Path, policy: Policy, change: dict[str, Any]) -> None:
    other = Policy(policy.system, policy.tokenizer, replace(policy.card, **change), policy.statistics)
    with pytest.raises(SightlineError, match=f"was not made for .*{next(iter(change))}"):
        evaluate_open_loop(other, [data], "sightline", 1)


def test_it_needs_data(policy: Policy) -> None:
    with pytest.raises(SightlineError, match="give --data"):
        evaluate_open_loop(policy, [], "sightline", 1)
