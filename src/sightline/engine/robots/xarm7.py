"""UFACTORY xArm7 with its own gripper, whose fingers have long tips."""

from __future__ import annotations

from sightline.core.hand import Hand
from sightline.engine.robots.description import Arm, Box, Robot, WristCamera
from sightline.engine.robots.linkage import MOUNT, Linkage
from sightline.engine.robots.meshes import BodyVisual

TIP = 0.009  # metres by which the tips reach below the tool point
# Long finger tips, as on the Panda: without them the palm is 5 cm above the tool point, lower than a bottle's top.
FINGER = 0.092  # metres from the finger's joint to its tip; the gripper's own finger ends at 0.061
PAD = (0.011, 0.006, 0.029)  # half sizes, metres

MESHES = "grippers/meshes/xarm7_gripper"
WHITE, BLACK, STEEL = (0.9, 0.91, 0.92, 1.0), (0.15, 0.15, 0.16, 1.0), (0.45, 0.46, 0.48, 1.0)

LINKAGE = Linkage(
    outer=(0.035, 0.059098),
    inner=(0.02, 0.074098),
    crank=(0.035465, 0.042039),
    face=0.0262,
    opening=0.084,
    mass=0.54,
)


ROBOT = Robot(
    name="xarm7",
    arm=Arm(
        model="robots/xarm7/robot.xml",
        flange="link7",  # robosuite's own mount for hands, right_hand, is 3 cm inside it
        joints=tuple(f"joint{i}" for i in range(1, 8)),
        home=(0.0, -0.61865, 0.0, 0.7364, 0.0, 1.35504, -1.5708),
        stiffness=(13500.0, 13500.0, 10500.0, 10500.0, 6000.0, 6000.0, 6000.0),
        force=(160.0, 160.0, 160.0, 160.0, 80.0, 80.0, 80.0),  # enough for its motion, which is a given here
        keep=0.3,
        small=600,
        paint={"white": WHITE},
    ),
    gripper=LINKAGE.gripper(
        palm=(
            Box(MOUNT, "palm", (0, 0, 0.048), (0.028, 0.051, 0.055)),
            Box(MOUNT, "wrist", (0, 0, -0.06), (0.04, 0.04, 0.06)),
        ),
        finger=(
            Box("finger", "stem", (0, -0.0005, 0.004), (0.01, 0.0065, 0.01)),
            Box("finger", "plate", (0, -0.019, 0.036), (0.014, 0.007, 0.024)),
            Box("finger", "pad", (0, PAD[1] - LINKAGE.face, FINGER - PAD[2]), PAD, rgba=BLACK),
        ),
        visuals=(
            # The arm's own description lacks this one.
            BodyVisual(MOUNT, (f"{MESHES}/link7.stl",), STEEL, 0.3, ((0, 1, 0), (-1, 0, 0), (0, 0, 1))),
            BodyVisual(MOUNT, (f"{MESHES}/base_link.stl",), WHITE, 0.25),
            BodyVisual("outer", (f"{MESHES}/left_outer_knuckle.stl",), STEEL, 1.0),
            BodyVisual("inner", (f"{MESHES}/left_inner_knuckle.stl",), STEEL, 0.12),
            BodyVisual("finger", (f"{MESHES}/left_finger.stl",), BLACK, 0.15),
        ),
        meaning="+1 open (to 8.4 cm), -1 close",
    ),
    hand=Hand(
        opening=LINKAGE.opening,
        tip=TIP,
        finger_reach=0.0562,
        finger_half=0.014,
        pad_height=2 * PAD[2] - TIP,
        palm_height=0.06,
        palm_reach=0.078,
        palm_half=0.028,
    ),
    camera=WristCamera(forward=0.08, along=LINKAGE.height + FINGER - TIP - 0.12),
    tool_depth=LINKAGE.height + FINGER - TIP,
    base=(0.15, 0.0, 0.0),
    workspace=((0.29, -0.38, 0.012), (0.76, 0.38, 0.42)),
)
