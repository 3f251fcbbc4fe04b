"""What the planner has pointed at, remembered between calls in the robot's frame.

The planner sees each picture afresh, and an arm that reaches for something hides it from a fixed camera, while a camera
on the hand then sees it best. Things that nobody touches stay where they are: what was seen before counts as well as
what is seen now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sightline.core.errors import SightlineError
from sightline.models.action.spatial_tokens import HAS_BOX, HAS_HEIGHT, TOOL_YAW, SpatialInputs
from sightline.models.grounding.pointing import ROLES, Pointing
from sightline.models.grounding.projection import STEP, eye_of, in_picture, project, project_axis, unproject

SAME = 0.04  # metres within which two sightings are of the same thing
FADE = 0.9  # share of an old sighting's weight that is left at the next call
UNSEEN = 0.02  # weight up to which a place or a reference is taken for something that the words do not speak of
NEGLIGIBLE = 1e-3  # weight below which a sighting is forgotten
WIDTH, GRIPPER = 6, -1  # indices in the state: metres between the fingers; their command, below zero to close
CLEAR = 0.2  # metres between the tool and a thing from which on the hand does not hide it from a fixed camera
LEAST = 0.1  # share of its weight that such a sighting keeps however near the tool is
ON_HAND = 0.25  # metres between the tool and a camera that moves with it
CLOSE_UP = 2.0  # weight of what the hand's camera sees right before the tool; it falls to zero at CLEAR
UPON = 0.08  # metres between the tool and a target within which fingers close to take it, and not to push
BLIND = 0.05  # share of its weight that a sighting keeps of what is too near to the tool to be seen well
PUSHED = 0.1  # share of its weight that a sighting keeps of what a fist is moving
# Length of an axis below which the planner means that there is none; what the expert is told of such axes is a policy's
# own (expert.no_axis).
NO_AXIS = 0.1
LET_GO = 0.2  # weight of the belief that what was held is still where the fingers opened
TARGET = ROLES.index("target")


@dataclass
class Sighting:
    """Something pointed at: its ``place`` [3] (m, base frame), double grasp angle ``axis`` [2] about z, ``weight``."""

    place: Tensor
    axis: Tensor
    weight: float


class SpatialMemory:
    """Sightings of each role in one episode; the weightiest is where the thing is taken to be.

    Args:
        hand_heights: whether pictures of a camera on the hand say how high things are, or only in which direction. From
            right above, what is about to be taken looks like what has been lifted.
        empty: metres between closed fingers up to which they hold nothing.
        blind: metres between the tool and a thing from which on the hand hides it from one camera and the other one is
            too near to it: what was seen before is believed then.
        fists: whether fingers that close away from the target push, instead of having missed it.
        delivered: share of its weight that a sighting of the target keeps where the fingers have let go of something,
            and that all that was seen before keeps then: below 1 where tasks have several parts, since the next part
            is about something else, and the hand's camera sees best what has just been put down.
    """

    def __init__(
        self,
        hand_heights: bool = True,
        empty: float = 0.01,
        blind: float = 0.0,
        fists: bool = False,
        delivered: float = 1.0,
    ) -> None:
        self.hand_heights, self.empty, self.blind, self.fists = hand_heights, empty, blind, fists
        self.delivered = delivered
        self._seen: list[list[Sighting]] = [[] for _ in ROLES]
        self._told: set[int] = set()
        self._opened = False  # whether the fingers were open when it last looked
        self._upon = True  # whether they are closed upon the target: taking or missing it
        self._held: Tensor | None = None  # [3] where they held something when it last looked
        self._left: Tensor | None = None  # [3] where they let go of what they held last

    def tell(self, role: int, sighting: Sighting) -> None:
        """Believe a person: this and nothing seen before is what the role is."""
        self._seen[role] = [sighting]
        self._told.add(role)

    def told(self) -> dict[int, Tensor]:
        """Role -> place [3] where it is by now, for the roles that a person has pointed out."""
        return {role: _weightiest(self._seen[role]).place for role in sorted(self._told)}

    def look(self, inputs: SpatialInputs, confidence: Tensor, share: float = 1.0) -> None:
        """Add what is pointed at now, in all calibrated views.

        Args:
            inputs: of one sample (B = 1).
            confidence: [R,V] of the pointers, 0 to 1.
            share: of the weight of an ordinary look.
        """
        for role in range(len(ROLES)):
            if role == TARGET and self._upon and _closed(inputs):
                continue  # it is in the fingers or nowhere, whatever the pictures seem to show
            for view in _calibrated(inputs):
                elsewhere = HAS_HEIGHT[role] and not self.hand_heights and _on_hand(inputs, view)
                level = self._level(role) if elsewhere else None
                weight = share * float(confidence[role, view])
                seen = self.sighting(inputs, role, view, weight, level)
                if float((seen.place - inputs.state[0, :3]).norm()) < self.blind:
                    seen.weight *= BLIND
                if role == TARGET and self._left is not None and float((seen.place - self._left)[:2].norm()) < UPON:
                    seen.weight *= self.delivered
                self._add(role, seen)

    def recall(self, inputs: SpatialInputs, confidence: Tensor) -> SpatialInputs:
        """Look (see :meth:`look`) and return the inputs as they look from memory.

        A target between closed fingers is where the tool is; once they have closed on nothing, it is no longer where
        it was. Fingers that closed away from it are a fist that will push something, and say nothing of it.
        """
        self._fade()
        self._notice_fingers(inputs)
        held = _closed(inputs) and self._upon and float(inputs.state[0, WIDTH]) > self.empty
        self._notice_delivery(inputs, held)
        self.look(inputs, confidence)
        if held:
            self._seen[TARGET] = [self._in_hand(inputs.state[0], self._seen[TARGET])]
        elif _closed(inputs) and self._upon and TARGET not in self._told:  # a person's word outlives a miss
            self._seen[TARGET] = []
        names = ("points", "boxes", "visible", "heights", "axes")
        recalled = replace(inputs, **{name: getattr(inputs, name).clone() for name in names})
        for role, seen in enumerate(self._seen):
            if seen:
                best = _weightiest(seen)
                believed = role == TARGET or best.weight > UNSEEN  # whether the target is there is not told here
                for view in _calibrated(inputs):
                    self._show(recalled, role, view, best, believed)
        return recalled

    def _notice_fingers(self, inputs: SpatialInputs) -> None:
        """Tell fingers that take something from a fist, and forget faster where a fist moves what it has reached."""
        if not self.fists:
            return
        closed, seen = _closed(inputs), self._seen[TARGET]
        reached = bool(seen) and float((_weightiest(seen).place - inputs.state[0, :3]).norm()) < UPON
        if not closed:
            self._upon = True
        elif self._opened and seen:
            self._upon = reached
        if closed and reached and not self._upon:
            for old in seen:
                old.weight *= PUSHED
        self._opened = not closed

    def _notice_delivery(self, inputs: SpatialInputs, held: bool) -> None:
        """Remember where the fingers let go of something, and believe less of what was seen until then."""
        if held:
            self._left = None
        elif self._held is not None and not _closed(inputs):
            self._left = self._held
            for role in set(range(len(ROLES))) - self._told:
                for old in self._seen[role]:
                    old.weight *= self.delivered
        self._held = inputs.state[0, :3].clone() if held else None

    def _level(self, role: int) -> Tensor | None:
        """Height that a role is believed to be at; None where nothing has been seen of it."""
        seen = self._seen[role]
        return _weightiest(seen).place[2] if seen else None

    @staticmethod
    def sighting(inputs: SpatialInputs, role: int, view: int, weight: float, height: Tensor | None = None) -> Sighting:
        """What is pointed at in one view; ``weight`` counts less where a hand hides it from there.

        Args:
            height: metres, where it is known better than from the picture.
        """
        camera, tool = inputs.cameras[0, view], inputs.state[0, :3]
        height = inputs.heights[0, role, view] if height is None else height
        point, axis = inputs.points[0, role, view], inputs.axes[0, role, view]
        place = unproject(point, height, camera)
        angle = 0.5 * torch.atan2(axis[1], axis[0])
        along = unproject(point + STEP * torch.stack([angle.cos(), angle.sin()]), height, camera) - place
        yaw = torch.atan2(along[1], along[0])
        away = float((place - tool).norm()) / CLEAR
        if _on_hand(inputs, view):
            weight *= CLOSE_UP * max(0.0, 1 - away)
        else:
            # A hand about to grasp something hides half of it, and the rest looks as if it stood elsewhere.
            weight *= min(1.0, max(LEAST, away))
        return Sighting(place, axis.norm() * torch.stack([(2 * yaw).cos(), (2 * yaw).sin()]), weight)

    @staticmethod
    def _in_hand(state: Tensor, before: Sequence[Sighting]) -> Sighting:
        """A target between the fingers, which close at right angles to the tool's yaw; what is closed on from no side
        in particular, a knob or a handle, has no axis in the hand either."""
        closing = 2 * state[TOOL_YAW] + torch.pi
        axis = torch.stack([closing.cos(), closing.sin()])
        if before and float(_weightiest(before).axis.norm()) < NO_AXIS:
            axis = torch.zeros_like(axis)
        return Sighting(state[:3], axis, LET_GO)

    def _fade(self) -> None:
        for role, seen in enumerate(self._seen):
            for old in seen:
                old.weight *= FADE
            best = _weightiest(seen) if seen else None
            kept = role in self._told  # a person's word does not fade away
            self._seen[role] = [old for old in seen if old.weight > NEGLIGIBLE or (kept and old is best)]

    def _add(self, role: int, new: Sighting) -> None:
        """Add a sighting, merged with the weightiest earlier one at the same place."""
        seen = self._seen[role]
        near = [old for old in seen if float((old.place - new.place)[:2].norm()) < SAME]
        if not near:
            if new.weight > NEGLIGIBLE or not seen:
                seen.append(new)
            return
        old = _weightiest(near)
        total = old.weight + new.weight
        share = new.weight / max(total, 1e-6)
        old.place = old.place + share * (new.place - old.place)
        old.axis = old.axis + share * (new.axis - old.axis)
        old.weight = total

    @staticmethod
    def _show(inputs: SpatialInputs, role: int, view: int, best: Sighting, believed: bool) -> None:
        """Write a sighting into one calibrated view: what is remembered counts as seen, hidden or not, if anybody ever
        believed in it: who turns a knob puts nothing anywhere."""
        camera = inputs.cameras[0, view]
        seen = believed and bool(in_picture(best.place, camera))
        inputs.visible[0, role, view] = float(seen)
        if not seen:
            return
        point = project(best.place, camera)
        if HAS_BOX[role]:
            inputs.boxes[0, role, view] += (point - inputs.points[0, role, view]).repeat(2)
        inputs.points[0, role, view] = point
        inputs.heights[0, role, view] = best.place[2]
        inputs.axes[0, role, view] = best.axis.norm() * project_axis(best.place, best.axis, camera)


def require_hand(state_names: Sequence[str]) -> None:
    """Raise SightlineError where a card's state does not say what memory reads from it: how the hand is turned about z,
    how wide it is open, and what it was told last."""
    names = {TOOL_YAW: "rz", WIDTH: "width", GRIPPER: "gripper_command"}
    found = {index: state_names[index] for index in names if -len(state_names) <= index < len(state_names)}
    if found != names:
        raise SightlineError(
            f"A policy that remembers what it pointed at reads the hand from the state, which must begin with x, y, z, "
            f"rx, ry, rz, width and end with gripper_command; this card's is {', '.join(state_names) or 'empty'}. Set "
            "system.expert.memory=false, or guidance none, for other robots."
        )


def _on_hand(inputs: SpatialInputs, view: int) -> bool:
    """Whether a view is of a camera that moves with the hand."""
    return float((eye_of(inputs.cameras[0, view]) - inputs.state[0, :3]).norm()) < ON_HAND


def _weightiest(seen: Sequence[Sighting]) -> Sighting:
    return max(seen, key=lambda sighting: sighting.weight)


def _closed(inputs: SpatialInputs) -> bool:
    return float(inputs.state[0, GRIPPER]) < 0


def _calibrated(inputs: SpatialInputs) -> list[int]:
    """Views whose camera is known."""
    return torch.isfinite(inputs.cameras[0]).all(-1).nonzero().flatten().tolist()


def pointer_confidence(pointing: Pointing, question: int = 0) -> Tensor:
    """[B,R,V] how sure the pointers of one question are: the softmax's peak times the visibility."""
    peak = pointing.logits[:, question, : len(ROLES)].softmax(-1).amax(-1)
    return peak * pointing.visible[:, question].sigmoid()
