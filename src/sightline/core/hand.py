"""What planning must know of a gripper: plain lengths, no simulator."""

from __future__ import annotations

from dataclasses import dataclass

FLOOR = 0.004  # metres between the finger tips and the table, at least


@dataclass(frozen=True)
class Room:
    """What a task keeps free of other objects around a hand that lets go, metres: a little more than the hand takes.

    The defaults are wide enough for every robot here; they also serve where the robot is not known, as in questions
    about stored scenes, so that all robots are given the same tasks in the same scene. A roomier hand states its own.

    Attributes:
        fingers: from the tool point to the outside of the open fingers.
        palm: from the tool point to the palm's ends along the closing direction, and to its sides.
        palm_height: above the tool point; what is lower may stand under the palm.
    """

    fingers: float = 0.06
    palm: tuple[float, float] = (0.103, 0.032)
    palm_height: float = 0.022


@dataclass(frozen=True)
class Hand:
    """The shape of a two-finger hand that points straight down, as the expert plans with it, metres.

    Attributes:
        opening: between the pads of the open fingers: what is wider cannot be grasped.
        tip: by which the finger tips reach below the tool point.
        finger_reach: from the tool point to the outside of an open finger, along the closing direction.
        finger_half: half of a finger's width across the closing direction.
        pad_height: above the tool point up to which the pads can touch something.
        palm_height: by which the palm, or whatever sticks out above the fingers, is above the tool point.
        palm_reach: from the tool point to the palm's end, along the closing direction.
        palm_half: from the tool point to the palm's side, across the closing direction.
        room: what tasks keep free.
    """

    opening: float
    tip: float
    finger_reach: float
    finger_half: float
    pad_height: float
    palm_height: float
    palm_reach: float
    palm_half: float
    room: Room = Room()

    @property
    def lowest(self) -> float:
        """Height of the tool point above the table at which the tips are just clear of it."""
        return self.tip + FLOOR
