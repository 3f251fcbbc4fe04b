"""Action chunks as the demonstrator meant them.

Demonstrations are disturbed while they are recorded (engine/expert/perturbation.py) and each action answers the state
that came of it. A plain string of such answers is no plan: it holds corrections of pushes that nobody could foresee,
and adds up to a place centimetres from where the demonstrator was going. What it meant shows where the state tells
which pose was commanded: the poses that it aimed for, one after the other, end exactly where it wanted to be
(docs/log.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.core.card import Card

# Names in a card's state of the commanded pose and gripper, and of the actions that change them.
COMMANDED = ("command_x", "command_y", "command_z", "command_rz", "gripper_command")
MOVED_BY = ("dx", "dy", "dz", "drz", "gripper")


class ActionTargets(NamedTuple):
    """``actions`` [N,T,A] float32 from each frame on; ``known`` [N,T] bool, false after what spoiled the plan."""

    actions: NDArray[np.float32]
    known: NDArray[np.bool_]


def action_targets(
    actions: NDArray[np.float32], state: NDArray[np.float32], episode: NDArray[np.int64], length: int, card: Card
) -> ActionTargets:
    """The next ``length`` actions as they were meant in each of N frames.

    Past the end of an episode the arm rests: zero motion, the last gripper command. Where the card's state does not
    name the commanded pose, recorded actions are taken as they are.

    Args:
        actions, state: [N,A], [N,S] of consecutive frames; episode: [N], which episode each belongs to.
    """
    count = len(actions)
    last = np.searchsorted(episode, episode, side="right") - 1  # of each frame's episode
    wanted = np.arange(count)[:, None] + np.arange(length)
    rests, steps = wanted > last[:, None], np.minimum(wanted, last[:, None])
    meant, known = actions[steps], np.ones((count, length), bool)
    if set(COMMANDED) <= set(card.state_names) and set(MOVED_BY) <= set(card.action_names):
        commanded = state[:, [card.state_names.index(name) for name in COMMANDED]]
        moves = [card.action_names.index(name) for name in MOVED_BY]
        aims = (commanded[:, :4] + actions[:, moves[:4]])[steps]
        between = np.diff(aims, axis=1)
        between[..., 3] = (between[..., 3] + np.pi) % (2 * np.pi) - np.pi
        meant[:, 1:, moves[:4]] = between
        # A gripper that did not do as it was told spoils what was planned from then on.
        following = np.minimum(np.arange(count) + 1, last)
        slipped = np.sign(commanded[following, 4]) != np.sign(actions[:, moves[4]])
        known[:, 1:] = (np.cumsum(slipped[steps] & (wanted < last[:, None]), 1) == 0)[:, :-1]
    meant[rests, :-1] = 0.0
    return ActionTargets(meant, known)
