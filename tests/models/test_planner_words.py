"""A planner without a pointer is asked in words, and its answers are read in pixels of the user's picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from nano import nano_config, nano_policy

from sightline.core.errors import SightlineError
from sightline.language.questions import CHAT
from sightline.models import planner as room
from sightline.models.policy import Policy
from sightline.models.vlm.chat import ChatSample
from sightline.models.vlm.qwen import QwenPlanner
from sightline.models.vlm.tokenizer import WordTokenizer

IMAGE = np.random.default_rng(3).integers(0, 256, (100, 180, 3), dtype=np.uint8)  # seen at 112 x 168


@pytest.fixture(scope="module")
def policy(tokenizer: WordTokenizer) -> Policy:
    return nano_policy(tokenizer, nano_config(grounding=replace(nano_config().grounding, pointer=False)))


class Script:
    """Stands in for generation: says what it is told to and keeps the questions."""

    def __init__(self, *said: str) -> None:
        self.said, self.asked = list(said), list[str]()

    def __call__(
        self, planner: QwenPlanner, tokenizer: WordTokenizer, questions: Sequence[ChatSample], max_tokens: int
    ) -> list[str]:
        self.asked += [tokenizer.decode(question.ids[~question.image_mask]) for question in questions]
        return [self.said.pop(0) for _ in questions]


def test_an_instruction_is_asked_three_ways(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(
        "<box>[[28, 28, 84, 56], [112, 56, 168, 112]]</box>", "[(56, 28), (140, 84)]", "[(0, 0), (167, 111)]"
    )
    monkeypatch.setattr(room, "answer", script)
    found = policy.ground(IMAGE, "Put the red mug into the bowl.")
    for asked, form in zip(script.asked, ("box", "point", "trace"), strict=True):
        assert CHAT["task", form].format("put the red mug into the bowl") in asked
    assert set(found.boxes) == {"target", "reference"} and set(found.points) == {"target", "reference", "place"}
    np.testing.assert_allclose(found.boxes["target"], [30, 25, 90, 50])
    np.testing.assert_allclose(found.boxes["reference"], [120, 50, 180, 100])
    np.testing.assert_allclose(found.points["target"], [56.5 * 180 / 168, 28.5 * 100 / 112])
    np.testing.assert_allclose(found.points["reference"], [150, 75])
    np.testing.assert_allclose(found.points["place"], [140.5 * 180 / 168, 84.5 * 100 / 112])
    np.testing.assert_allclose(found.trace, np.array([[0.5, 0.5], [167.5, 111.5]]) * [180 / 168, 100 / 112])
    assert found.text.count("\n") == 2 and found.confidence == {} and found.camera == "front"


def test_a_phrase_is_asked_two_ways(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script("<box>[[28, 28, 84, 56]]</box>", "I cannot tell.")
    monkeypatch.setattr(room, "answer", script)
    found = policy.ground_batch([IMAGE], ["the red mug"])[0]
    assert len(script.asked) == 2 and set(found.boxes) == {"target"}
    np.testing.assert_allclose(found.points["target"], [60, 37.5])
    assert found.trace.shape == (0, 2)


def test_nonsense_is_no_grounding(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "answer", Script("[[nan, 3, 4", "(900, 900)", "]]"))
    found = policy.ground(IMAGE, "put the mug on the plate")
    assert not found.boxes and not found.points and found.trace.shape == (0, 2)
    with pytest.raises(SightlineError, match="no text to ground"):
        policy.ground(IMAGE, " ")


def test_random_weights_say_something(policy: Policy) -> None:
    found = policy.ground(IMAGE, "put the mug on the plate")
    assert found.text.count("\n") >= 2
    for box in found.boxes.values():
        assert (box >= 0).all() and (box <= [180, 100, 180, 100]).all()
