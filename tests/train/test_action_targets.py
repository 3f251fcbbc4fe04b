"""Chunks are what the demonstrator meant, whatever pushed it on the way."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from synthetic import synthetic_card

from sightline.core.card import Card
from sightline.core.types import ACTION_NAMES, STATE_NAMES
from sightline.train.action_targets import action_targets

CARD = synthetic_card()
GOAL, SPEED = np.array([0.6, -0.2, 0.05, -0.4]), 0.05


def walk(rng: np.random.Generator, length: int, push: float, slip: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Actions and states of someone who goes straight for GOAL (x, y, z, yaw) and is pushed at every step."""
    at, gripper = np.array([0.3, 0.1, 0.3, -0.5]), 1.0
    actions, states = [], []
    for step in range(length):
        move = GOAL - at
        move *= min(1.0, SPEED / max(np.linalg.norm(move), 1e-9))
        states.append([*rng.normal(size=7), *at, gripper])
        actions.append([*move[:3], 0.0, 0.0, move[3], 1.0])
        at = at + move + rng.normal(0, push, 4)
        gripper = -1.0 if step == slip else 1.0
    return np.array(actions, np.float32), np.array(states, np.float32)


def plain(card: Card) -> Card:
    """The card of a robot whose state does not say what was commanded."""
    names = tuple(name.replace("command", "joint") for name in card.state_names)
    return Card(card.robot, card.cameras, card.image_size, names, card.action_names)


@given(seed=st.integers(0, 1000), push=st.floats(0.0, 0.02))
def test_a_plan_ends_where_the_demonstrator_was_going(seed: int, push: float) -> None:
    actions, states = walk(np.random.default_rng(seed), 40, push)
    meant = action_targets(actions, states, np.zeros(40, int), 8, CARD)
    assert meant.known.all()
    started = states[:30, 7:11]
    ends = started + meant.actions[:30, :, [0, 1, 2, 5]].sum(1)
    aims = states[7:37, 7:11] + actions[7:37][:, [0, 1, 2, 5]]
    np.testing.assert_allclose(ends, aims, atol=1e-5)
    np.testing.assert_array_equal(meant.actions[:, 0], actions)
    if push == 0.0:
        recorded = action_targets(actions, states, np.zeros(40, int), 8, plain(CARD))
        np.testing.assert_allclose(meant.actions, recorded.actions, atol=1e-6)


def test_recorded_answers_to_pushes_are_no_plan() -> None:
    actions, states = walk(np.random.default_rng(0), 40, 0.015)
    near = slice(12, 30)
    start = states[near, 7:11]
    off = {}
    for card in (CARD, plain(CARD)):
        chunk = action_targets(actions, states, np.zeros(40, int), 8, card).actions[near][:, :, [0, 1, 2, 5]]
        off[card] = np.linalg.norm((start + chunk.sum(1) - GOAL)[:, :3], axis=1).mean()
    assert off[CARD] < 0.2 * off[plain(CARD)]


def test_what_comes_after_a_slip_is_not_known() -> None:
    actions, states = walk(np.random.default_rng(1), 12, 0.0, slip=6)
    known = action_targets(actions, states, np.zeros(12, int), 4, CARD).known
    assert known[:4].all() and known[7:].all()
    assert known[4].tolist() == [True, True, True, False]
    assert known[6].tolist() == [True, False, False, False]


def test_a_chunk_ends_with_its_episode() -> None:
    one, other = (walk(np.random.default_rng(seed), 6, 0.01) for seed in (2, 3))
    actions, states = (np.concatenate(pair) for pair in zip(one, other, strict=True))
    for card in (CARD, plain(CARD)):
        meant = action_targets(actions, states, np.repeat([0, 1], 6), 4, card)
        assert meant.actions.shape == (12, 4, len(ACTION_NAMES)) and meant.actions.dtype == np.float32
        assert not meant.actions[4, 2:, :6].any() and (meant.actions[4, 2:, 6] == 1.0).all()
        assert not meant.actions[11, 1:, :6].any() and meant.known.all()
        np.testing.assert_array_equal(meant.actions[6, 0], actions[6])


def test_a_turn_through_half_a_circle_is_a_small_one() -> None:
    states = np.zeros((3, len(STATE_NAMES)), np.float32)
    states[:, 10], states[:, 11] = [3.1, -3.1, -3.0], 1.0
    actions = np.zeros((3, len(ACTION_NAMES)), np.float32)
    actions[:, 5], actions[:, 6] = 0.05, 1.0
    turns = action_targets(actions, states, np.zeros(3, int), 3, CARD).actions[0, :, 5]
    assert np.all(np.abs(turns) < 0.2)
