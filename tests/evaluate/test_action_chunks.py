"""Exactly which action is executed."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.evaluate.action_chunks import ChunkPlayer


def numbered(number: int, length: int) -> np.ndarray:
    """A chunk whose first dimension says which chunk and which entry it is: 10 * number + entry."""
    chunk = np.zeros((length, 7), np.float32)
    chunk[:, 0] = 10 * number + np.arange(length)
    chunk[:, 6] = 1
    return chunk


def play(player: ChunkPlayer, steps: int, length: int) -> list[float]:
    played, number = [], 0
    for _ in range(steps):
        if player.wants_chunk:
            player.add(numbered(number, length))
            number += 1
        played.append(float(player.next()[0]))
    return played


def test_receding_executes_the_first_k_and_replans():
    assert play(ChunkPlayer(execute=3), 7, length=8) == [0, 1, 2, 10, 11, 12, 20]


def test_receding_uses_up_a_short_chunk():
    assert play(ChunkPlayer(execute=6), 5, length=2) == [0, 1, 10, 11, 20]


def test_ensemble_averages_all_chunks_that_cover_the_step():
    # Chunk 0 covers steps 0-3, chunk 1 steps 2-5, chunk 2 steps 4-7: from step 2 on two chunks overlap.
    w = np.exp(-0.5)
    mean = lambda old, new: (old + w * new) / (1 + w)  # noqa: E731
    expected = [0, 1, mean(2, 10), mean(3, 11), mean(12, 20), mean(13, 21)]
    assert play(ChunkPlayer("ensemble", execute=2, decay=0.5), 6, length=4) == pytest.approx(expected, abs=1e-5)


def test_ensemble_at_every_step_weighs_by_age():
    weights = np.exp(-0.1 * np.arange(3))
    expected = float(weights / weights.sum() @ [2, 11, 20])
    assert play(ChunkPlayer("ensemble", execute=1), 3, length=3)[-1] == pytest.approx(expected, abs=1e-5)


def test_ensemble_never_half_closes_the_gripper():
    player = ChunkPlayer("ensemble", execute=1, decay=0.0)
    grips = []
    for sign in (1, -1, -1):
        chunk = numbered(0, 5)
        chunk[:, 6] = sign
        player.add(chunk)
        grips.append(float(player.next()[6]))
    assert grips == [1, 1, -1]


def test_asking_for_an_action_without_a_chunk_is_a_mistake():
    with pytest.raises(RuntimeError, match="add"):
        ChunkPlayer().next()


@pytest.mark.parametrize(
    ("chunk", "message"),
    [(np.zeros((0, 7)), "shape"), (np.zeros(7), "shape"), (np.full((2, 7), np.nan), "not a finite number")],
)
def test_bad_chunks_are_refused(chunk, message):
    with pytest.raises(SightlineError, match=message):
        ChunkPlayer().add(chunk)


def test_bad_settings_are_refused():
    with pytest.raises(SightlineError, match="did you mean 'ensemble'"):
        ChunkPlayer("ensembel")
    with pytest.raises(SightlineError, match="At least one action"):
        ChunkPlayer(execute=0)


def test_the_adaptive_ensemble_trusts_what_agrees_with_the_newest_chunk():
    """By hand: two chunks say (1, 0) and (0, 1) of the same step, the newest agrees with itself alone."""
    player = ChunkPlayer("adaptive", execute=1, gripper=1, window=2)
    for first, second in (((9, 9), (1, 0)), ((0, 1), (5, 5))):
        player.add(np.array([first, second], np.float32))
        action = player.next()
    old, new = np.exp([0.0, 0.1])
    np.testing.assert_allclose(action, [old / (old + new), new / (old + new)], atol=1e-6)


def test_the_adaptive_ensemble_has_a_window():
    chunk = lambda value: np.full((8, 1), value, np.float32)  # noqa: E731
    for window, expected in ((1, 4.0), (2, 3.5), (4, 2.5), (7, 2.5)):
        player = ChunkPlayer("adaptive", execute=1, gripper=None, window=window)
        for value in (1.0, 2.0, 3.0, 4.0):
            player.add(chunk(value))
            action = player.next()
        assert action[0] == pytest.approx(expected), "all agree in direction, so all count alike"
    with pytest.raises(SightlineError, match="at least one chunk"):
        ChunkPlayer("adaptive", window=0)
