"""Steering: a person's point takes the place of the planner's, in every view, until something else is said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from nano import nano_config, nano_observation, nano_policy

from sightline.core.errors import SightlineError
from sightline.core.types import Observation
from sightline.models.config import preset
from sightline.models.policy import Policy
from sightline.models.steering import Steer
from sightline.models.vlm.tokenizer import WordTokenizer

OBSERVATION = nano_observation(1)
SHOWN = np.array([20.0, 44.0])  # a pixel of the front picture that the table shows


@pytest.fixture
def fresh(policy: Policy) -> Iterator[Policy]:
    policy.reset()
    yield policy
    policy.reset()


def target_of(policy: Policy) -> np.ndarray:
    grounding = policy.act(OBSERVATION).grounding
    assert grounding is not None
    return grounding.points["target"]


def test_the_target_is_where_somebody_points(fresh: Policy) -> None:
    before = target_of(fresh)
    assert np.abs(before - SHOWN).max() > 8
    fresh.steer(OBSERVATION, Steer("front", point=SHOWN))
    chunk = fresh.act(OBSERVATION)
    assert chunk.grounding is not None
    # By no more than NEAR is the point moved to where the thing is grasped; later looks may add a little.
    assert np.abs(chunk.grounding.points["target"] - SHOWN).max() < 8
    assert chunk.grounding.confidence["target"] > 0.99
    box = chunk.grounding.boxes["target"]
    assert np.abs(box.reshape(2, 2).mean(0) - SHOWN).max() < 24, "the box is read off around the point"


def test_it_stays_there_in_later_calls(fresh: Policy) -> None:
    fresh.steer(OBSERVATION, Steer("front", point=SHOWN))
    for _ in range(4):
        assert np.abs(target_of(fresh) - SHOWN).max() < 12


def test_actions_follow(fresh: Policy) -> None:
    free = fresh.act(OBSERVATION).actions
    fresh.reset()
    fresh.steer(OBSERVATION, Steer("front", point=SHOWN))
    assert np.abs(fresh.act(OBSERVATION).actions - free).max() > 1e-4


@pytest.mark.parametrize("end", ["reset", "words"])
def test_it_ends_with_the_episode_and_with_other_words(fresh: Policy, end: str) -> None:
    other = Observation(OBSERVATION.images, OBSERVATION.state, "take the can", OBSERVATION.cameras)
    free = fresh.act(other if end == "words" else OBSERVATION)
    fresh.reset()
    fresh.steer(OBSERVATION, Steer("front", point=SHOWN))
    if end == "reset":
        fresh.reset([0])
    again = fresh.act(other if end == "words" else OBSERVATION)
    np.testing.assert_array_equal(again.actions, free.actions)


def test_other_rows_are_left_alone(fresh: Policy) -> None:
    alone = fresh.act_batch([OBSERVATION], [1])[0]
    fresh.reset()
    fresh.steer(OBSERVATION, Steer("front", point=SHOWN), row=0)
    _, beside = fresh.act_batch([OBSERVATION, OBSERVATION], [0, 1])
    np.testing.assert_allclose(beside.actions, alone.actions, atol=1e-4)


def test_a_trace_says_what_to_take_and_where_to_put_it(fresh: Policy) -> None:
    end = np.array([44.0, 40.0])
    fresh.steer(OBSERVATION, Steer("front", trace=np.array([SHOWN, [30.0, 20.0], end])))
    grounding = fresh.act(OBSERVATION).grounding
    assert grounding is not None
    assert np.abs(grounding.points["target"] - SHOWN).max() < 8
    assert np.abs(grounding.points["place"] - end).max() < 8


def test_guidance_can_be_turned_off_and_on(fresh: Policy) -> None:
    guided = fresh.act(OBSERVATION).actions
    fresh.reset()
    fresh.guided(False)
    blind = fresh.act(OBSERVATION)
    assert np.abs(blind.actions - guided).max() > 1e-4 and blind.grounding is not None
    fresh.reset()
    np.testing.assert_array_equal(fresh.act(OBSERVATION).actions, guided)


@pytest.mark.parametrize(
    ("shapes", "points"),
    [
        ({"point": [3, 4]}, {"target": [3, 4]}),
        ({"point": [3, 4], "role": "place"}, {"place": [3, 4]}),
        ({"box": [0, 0, 10, 20]}, {"target": [5, 10]}),
        ({"trace": [[1, 2], [5, 5], [8, 9]]}, {"target": [1, 2], "place": [8, 9]}),
    ],
)
def test_what_shapes_point_at(shapes: dict, points: dict) -> None:
    ready = {name: value if name == "role" else np.array(value, float) for name, value in shapes.items()}
    assert {role: point.tolist() for role, point in Steer("front", **ready).points().items()} == points


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({}, "one of"),
        ({"point": np.zeros(2), "box": np.zeros(4)}, "point and box"),
        ({"point": np.zeros(3)}, r"\[2\]"),
        ({"box": np.full(4, np.nan)}, r"\[4\]"),
        ({"trace": np.zeros((1, 2))}, "N >= 2"),
        ({"point": np.zeros(2), "role": "tool"}, "role"),
    ],
)
def test_shapes_that_say_nothing_are_refused(shapes: dict, said: str) -> None:
    with pytest.raises(SightlineError, match=said):
        Steer("front", **shapes)


def test_a_camera_must_be_known_and_calibrated(fresh: Policy) -> None:
    with pytest.raises(SightlineError, match="Unknown camera"):
        fresh.steer(OBSERVATION, Steer("fron", point=SHOWN))
    blind = Observation(OBSERVATION.images, OBSERVATION.state, OBSERVATION.instruction)
    with pytest.raises(SightlineError, match="not calibrated"):
        fresh.steer(blind, Steer("front", point=SHOWN))


def test_a_policy_without_points_says_so(tokenizer: WordTokenizer) -> None:
    latent = nano_policy(tokenizer, nano_config(guidance="none"))
    with pytest.raises(SightlineError, match="nobody can steer it"):
        latent.steer(OBSERVATION, Steer("front", point=SHOWN))
    assert preset("tiny").expert.memory, "the shipped preset can be steered"
