"""Franka Emika Panda with its own hand, whose fingers have long tips."""

from __future__ import annotations

import mujoco

from sightline.core.hand import Hand
from sightline.engine.robots.description import QUARTER_TURN, Arm, Box, Gripper, Robot, WristCamera
from sightline.engine.robots.meshes import BodyVisual, read_model, strip

OPENING = 0.08
# Long finger tips (robosuite's finger_longer): with the standard ones the palm is 3 cm above the tool point and would
# hit every tall object and its neighbours.
FINGER_LENGTH = 0.106  # metres from the finger's carriage to its tip
FINGER_START = 0.0524  # metres from the hand's flange to the carriage
TIP = 0.009  # metres by which the tips reach below the tool point

MESHES = "grippers/meshes/panda_gripper"
WHITE, GREY = (0.95, 0.95, 0.95, 1.0), (0.35, 0.35, 0.37, 1.0)
STATUS_LIGHTS = ("Face064_002_001_002_001", "Face065_002_001_002_001")  # smaller than a pixel


def _hand() -> mujoco.MjSpec:
    hand = read_model("grippers/panda_gripper.xml")
    strip(hand)
    hand.joint("finger_joint2").axis = [0, -1, 0]  # 0 is closed for both fingers
    return hand


def _finger_boxes(finger: str, side: int) -> tuple[Box, Box]:
    return (
        Box(finger, f"{finger}_stem", (0, side * 0.019, 0.0245), (0.0088, 0.005, 0.0245)),
        Box(finger, f"{finger}_pad", (0, side * 0.0072, 0.0775), (0.009, 0.0072, 0.0285)),
    )


ROBOT = Robot(
    name="panda",
    arm=Arm(
        model="robots/panda/robot.xml",
        flange="right_hand",
        joints=tuple(f"joint{i}" for i in range(1, 8)),
        home=(-0.00007, -0.25367, 0.00007, -2.43815, 0.00002, 2.18448, 0.78587),
        stiffness=(13500.0, 13500.0, 10500.0, 10500.0, 6000.0, 6000.0, 6000.0),
        force=(174.0, 174.0, 174.0, 174.0, 60.0, 60.0, 60.0),  # twice the real arm's: its motion is a given here
        inertia_scale=0.15,  # the file's are round numbers, several times those of the real links
        paint=dict.fromkeys(STATUS_LIGHTS),
    ),
    gripper=Gripper(
        build=_hand,
        body="right_gripper",
        fingers=("finger_joint1", "finger_joint2"),
        pads=("leftfinger_pad", "rightfinger_pad"),
        boxes=(
            Box("right_gripper", "palm", (0, 0, 0.02), (0.0315, 0.102, 0.045), QUARTER_TURN),
            Box("right_gripper", "wrist", (0, 0, -0.09), (0.05, 0.05, 0.06)),
            *_finger_boxes("leftfinger", 1),
            *_finger_boxes("rightfinger", -1),
        ),
        visuals=(
            # The hand's file is drawn a quarter turn away. The wrist camera sees it from close by.
            BodyVisual("right_gripper", (f"{MESHES}/hand_vis.stl",), WHITE, 0.35, ((0, -1, 0), (1, 0, 0), (0, 0, 1))),
            # The finger's file is drawn with the tip at z = 0; the right one is the left one half a turn about z.
            BodyVisual(
                "leftfinger",
                (f"{MESHES}/finger_longer.stl",),
                GREY,
                1.0,
                ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
                (0, 0, FINGER_LENGTH),
            ),
            BodyVisual(
                "rightfinger",
                (f"{MESHES}/finger_longer.stl",),
                GREY,
                1.0,
                ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
                (0, 0, FINGER_LENGTH),
            ),
        ),
    ),
    hand=Hand(
        opening=OPENING,
        tip=TIP,
        finger_reach=0.056,
        finger_half=0.009,
        pad_height=0.048,
        palm_height=0.083,
        palm_reach=0.103,
        palm_half=0.0315,
    ),
    camera=WristCamera(forward=0.08, along=0.03),
    tool_depth=FINGER_START + FINGER_LENGTH - TIP,
)
