"""Two-finger grippers whose fingers are carried by cranks: the outward likeness of a linkage, simply driven.

In the real hands two cranks and the finger make a parallelogram, so that the pads stay parallel and move on an arc,
by up to a centimetre along the fingers. Here the fingers slide straight: the opening is the sum of two joint positions
and the tool point stays between the pads. The cranks are drawn and turn with the fingers, each by the angle that brings
its end to the finger's joint in the closing direction; along the fingers they meet it within half of that centimetre.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import mujoco
import numpy as np

from sightline.engine.robots.description import QUARTER_TURN, Box, Follower, Gripper
from sightline.engine.robots.meshes import BodyVisual

MOUNT = "mount"  # body of the palm: y axis along the closing direction, z out of the flange
SIDES = ("left", "right")  # the left finger is at positive y; right bodies are turned half a turn about z
CRANKS = ("outer", "inner")
LINK_MASS, FINGER_MASS = 0.02, 0.06  # kilograms
DEGREE = 4  # of the polynomials that say how the cranks turn


@dataclass(frozen=True)
class Linkage:
    """The left half of the linkage in the mount's frame, (y, z) in metres; the right one mirrors it.

    Attributes:
        outer, inner: where the two cranks turn in the palm.
        crank: from there to their other ends, as they are drawn at angle 0; the outer one carries the finger.
        face: from the joint of finger and crank to the pad's face, against the closing direction.
        opening: between the pads of the open fingers.
        mass: of the palm, kilograms.
    """

    outer: tuple[float, float]
    inner: tuple[float, float]
    crank: tuple[float, float]
    face: float
    opening: float
    mass: float

    @property
    def height(self) -> float:
        """z of the fingers' joints: in the middle of the arc on which the cranks' ends move."""
        arc = self._length * np.sin(self._angles(np.linspace(0, self.opening / 2, 50)))
        return float(self.outer[1] + (arc.min() + arc.max()) / 2)

    @property
    def turn(self) -> tuple[float, ...]:
        """Coefficients of the cranks' angle (radians) over a finger's way (metres)."""
        way = np.linspace(0, self.opening / 2, 50)
        turned = self._angles(way) - np.arctan2(self.crank[1], self.crank[0])
        return tuple(np.polynomial.polynomial.polyfit(way, turned, DEGREE).tolist())

    @property
    def _length(self) -> float:
        return float(np.hypot(*self.crank))

    def _angles(self, way: np.ndarray) -> np.ndarray:
        """From the closing direction to the outer crank when a finger is so far out."""
        return np.arccos((self.face + way - self.outer[0]) / self._length)

    def build(self) -> mujoco.MjSpec:
        """The hand's model: a palm, two sliding fingers, four cranks."""
        model = mujoco.MjSpec()
        hand = model.worldbody.add_body(name="hand")
        mount = hand.add_body(name=MOUNT, quat=QUARTER_TURN)
        _weigh(mount, self.mass, 1.4e-3 * self.mass)
        for side, quat in zip(SIDES, ([1, 0, 0, 0], [0, 0, 0, 1]), strict=True):
            half = mount.add_body(name=f"{side}_half", quat=quat)
            finger = half.add_body(name=f"{side}_finger", pos=[0, self.face, self.height])
            _weigh(finger, FINGER_MASS, 5e-5)
            finger.add_joint(name=f"{side}_slide", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, 1, 0], limited=True)
            for crank, (y, z) in zip(CRANKS, (self.outer, self.inner), strict=True):
                link = half.add_body(name=f"{side}_{crank}", pos=[0, y, z])
                _weigh(link, LINK_MASS, 1e-5)
                link.add_joint(
                    name=f"{side}_{crank}_hinge", type=mujoco.mjtJoint.mjJNT_HINGE, axis=[1, 0, 0], armature=1e-3
                )
        return model

    def gripper(
        self, palm: tuple[Box, ...], finger: tuple[Box, ...], visuals: tuple[BodyVisual, ...], meaning: str
    ) -> Gripper:
        """The description of the whole hand.

        Args:
            palm, finger: collision boxes; a finger's last one is the pad.
            visuals: of the palm (body ``mount``), and of the left half (bodies ``finger``, ``outer`` and ``inner``).
            meaning: of the gripper's dimension, for the card.
        """
        fingers = [
            [replace(box, body=f"{side}_{box.body}", name=f"{side}_{box.name}") for box in finger] for side in SIDES
        ]
        drawn = [visual for visual in visuals if visual.body == MOUNT]
        moving = [visual for visual in visuals if visual.body != MOUNT]
        drawn += [replace(visual, body=f"{side}_{visual.body}") for side in SIDES for visual in moving]
        cranks = [(number, f"{side}_{crank}_hinge") for number, side in enumerate(SIDES) for crank in CRANKS]
        return Gripper(
            build=self.build,
            body="hand",
            fingers=("left_slide", "right_slide"),
            pads=(fingers[0][-1].name, fingers[1][-1].name),
            boxes=(*palm, *fingers[0], *fingers[1]),
            visuals=tuple(drawn),
            followers=tuple(Follower(joint, number, self.turn) for number, joint in cranks),
            meaning=meaning,
        )


def _weigh(body: mujoco.MjsBody, mass: float, inertia: float) -> None:
    body.mass, body.inertia, body.explicitinertial = mass, [inertia] * 3, True
