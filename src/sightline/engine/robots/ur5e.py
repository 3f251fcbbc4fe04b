"""Universal Robots UR5e with a Robotiq 2F-140 gripper, which is not opened all the way: things here are small."""

from __future__ import annotations

from sightline.core.hand import Hand, Room
from sightline.engine.robots.description import Arm, Box, Robot, WristCamera
from sightline.engine.robots.linkage import MOUNT, Linkage
from sightline.engine.robots.meshes import BodyVisual

TIP = 0.009  # metres by which the tips reach below the tool point
FINGER = 0.0783  # metres from the finger's joint to its tip
PAD = (0.0135, 0.00375, 0.0325)  # half sizes, metres

MESHES = "grippers/meshes/robotiq_140_gripper"
BLACK, ALUMINIUM, RUBBER = (0.12, 0.12, 0.13, 1.0), (0.72, 0.74, 0.78, 1.0), (0.5, 0.5, 0.52, 1.0)
# The cranks' files are drawn along y, at this slope to the closing direction; the finger's along y as well.
COSINE, SINE = 0.6631, 0.7485
SLOPED = ((-1.0, 0.0, 0.0), (0.0, COSINE, SINE), (0.0, SINE, -COSINE))
ALONG, ASIDE = 0.01822, 0.0260018  # metres along and across the outer crank to the origin of its second part
UPRIGHT = ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0))

LINKAGE = Linkage(
    outer=(0.0306, 0.0549),
    inner=(0.0127, 0.0614),
    crank=(0.0646, 0.0763),
    face=0.031,
    opening=0.085,
    mass=0.7,
)


ROBOT = Robot(
    name="ur5e",
    arm=Arm(
        model="robots/ur5e/robot.xml",
        flange="right_hand",
        joints=(
            "shoulder_pan_joint",
            "shoulder_lift_joint",
            "elbow_joint",
            "wrist_1_joint",
            "wrist_2_joint",
            "wrist_3_joint",
        ),
        home=(-0.39289, -1.97824, 1.94219, -1.53474, -1.5708, 2.74871),
        stiffness=(13500.0, 13500.0, 10500.0, 6000.0, 6000.0, 6000.0),
        force=(300.0, 300.0, 300.0, 60.0, 60.0, 60.0),  # twice the real arm's: its motion is a given here
        keep=0.08,
        small=2600,
        filled=("Black",),  # the seals between the links
    ),
    gripper=LINKAGE.gripper(
        palm=(
            Box(MOUNT, "palm", (0, 0, 0.045), (0.0375, 0.043, 0.045)),
            Box(MOUNT, "wrist", (0, 0, -0.06), (0.04, 0.04, 0.06)),
        ),
        finger=(
            Box("finger", "stem", (0, -0.008, 0.005), (0.0135, 0.016, 0.013)),
            Box("finger", "plate", (0, -0.018, 0.031), (0.008, 0.006, 0.014)),
            Box("finger", "pad", (0, PAD[1] - LINKAGE.face, FINGER - PAD[2]), PAD, rgba=RUBBER),
        ),
        visuals=(
            BodyVisual(MOUNT, (f"{MESHES}/robotiq_arg2f_base_link_vis.stl",), BLACK, 0.12),
            BodyVisual("outer", (f"{MESHES}/robotiq_arg2f_140_outer_knuckle_vis.stl",), ALUMINIUM, 0.4, SLOPED),
            BodyVisual(
                "outer",
                (f"{MESHES}/robotiq_arg2f_140_outer_finger_vis.stl",),
                BLACK,
                0.4,
                SLOPED,
                (0.0, COSINE * ALONG + SINE * ASIDE, SINE * ALONG - COSINE * ASIDE),
            ),
            BodyVisual("inner", (f"{MESHES}/robotiq_arg2f_140_inner_knuckle_vis.stl",), BLACK, 0.6, SLOPED),
            BodyVisual("finger", (f"{MESHES}/robotiq_arg2f_140_inner_finger_vis.stl",), BLACK, 1.0, UPRIGHT),
        ),
        meaning="+1 open (to 8.5 cm), -1 close",
    ),
    hand=Hand(
        opening=LINKAGE.opening,
        tip=TIP,
        finger_reach=0.0615,
        finger_half=PAD[0],
        pad_height=2 * PAD[2] - TIP,
        palm_height=0.05,  # where the cranks begin
        palm_reach=0.09,
        palm_half=0.02,
        room=Room(fingers=0.065),
    ),
    camera=WristCamera(forward=0.08, along=LINKAGE.height + FINGER - TIP - 0.12),
    tool_depth=LINKAGE.height + FINGER - TIP,
    base=(0.1, 0.0, 0.0),
    workspace=((0.25, -0.38, 0.012), (0.76, 0.38, 0.45)),
)
