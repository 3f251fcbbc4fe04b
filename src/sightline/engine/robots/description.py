"""The description of a robot: an arm, a two-finger gripper, a camera at the wrist; and how it is joined to a scene.

Everything else in the engine works from such a description. What all have in common:

- The tool point lies between the finger pads. The site ``tool`` there has its z axis along the fingers and its y axis
  along the direction in which they close; at home it is over the table with the fingers straight down, closing along y.
- Fingers slide, each by half of the opening. Links that move with them (``Follower``) are seen, but do no work.
- Motors follow position targets: joint angles in radians, and the way of one finger in metres.
- Collision shapes are a few boxes at the hand, the only part that comes near the table. They touch the world, never
  one another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import mujoco
import numpy as np

from sightline.core.geometry import Array
from sightline.core.hand import Hand
from sightline.engine.robots.meshes import BodyVisual, Colour, Vector, add_visuals, read_model, strip, visuals_of

TOOL_SITE = "tool"
WRIST_CAMERA = "wrist"
HAND_PREFIX = "hand_"
CONTACT_BIT = 2  # robot shapes collide with the world's default bit 1, never with one another
QUARTER_TURN = (np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5))  # about z: a hand's x axis is the tool's closing direction
STIFF_TO_DAMPED = 30.0  # stiffness over damping of every arm motor, 1/s


@dataclass(frozen=True)
class Arm:
    """An arm of robosuite's.

    Attributes:
        model: its MJCF file, relative to robosuite's assets.
        flange: body to which the hand is joined.
        joints: from the base to the hand, as the file calls them.
        home: their angles with the tool at ``Robot.home_tool``, radians.
        stiffness: of the position motors, N m/rad; force: the most that they give, N m.
        inertia_scale: correction of the file's rotational inertias.
        keep: share of the visual faces that are kept, of parts with more than ``small`` of them.
        paint: material -> colour in place of the file's, None: not drawn.
        filled: materials of rings that are drawn as solid discs (see ``meshes.BodyVisual``).
    """

    model: str
    flange: str
    joints: tuple[str, ...]
    home: tuple[float, ...]
    stiffness: tuple[float, ...]
    force: tuple[float, ...]
    inertia_scale: float = 1.0
    keep: float = 0.12
    small: int = 200
    paint: Mapping[str, Colour | None] = field(default_factory=dict)
    filled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """A collision box on a body of the hand (position, half sizes in metres); ``rgba``: also drawn, in that colour."""

    body: str
    name: str
    position: Vector
    half: Vector
    quat: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0)
    rgba: Colour | None = None


@dataclass(frozen=True)
class Follower:
    """A hinge that turns with a finger: its angle (radians) is a polynomial of the finger's way (metres).

    Attributes:
        joint: its name; finger: 0 or 1, the one it follows.
        coefficients: of the polynomial, the constant first, at most five.
    """

    joint: str
    finger: int
    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class Gripper:
    """A two-finger hand whose fingers slide in opposite directions. Names are those in the hand's own model.

    Attributes:
        build: makes the model: bodies, joints and masses. Its root body is joined to the flange: z axis out of it, x
            axis along the closing direction.
        body: the root body; fingers: names of the two sliding joints, which are at 0 when closed.
        pads: names of the two boxes that grasp; boxes: all collision boxes, these included.
        visuals: its meshes.
        force: with which each pad presses, newtons.
        followers: links that move with the fingers.
        meaning: what the interface card says of the gripper's dimension.
    """

    build: Callable[[], mujoco.MjSpec]
    body: str
    fingers: tuple[str, str]
    pads: tuple[str, str]
    boxes: tuple[Box, ...]
    visuals: tuple[BodyVisual, ...]
    force: float = 18.0  # holds 200 g with friction 1 without crushing through thin walls
    followers: tuple[Follower, ...] = ()
    meaning: str = "+1 open, -1 close"


@dataclass(frozen=True)
class WristCamera:
    """In front of the hand and tilted back to the tool's axis, so that tips and table stay in sight at any height.

    Attributes:
        forward, along: position from the flange, across the closing direction and along the fingers, metres.
        tilt: radians; fovy: degrees.
    """

    forward: float
    along: float
    tilt: float = float(np.deg2rad(20.0))
    fovy: float = 75.0


@dataclass(frozen=True, eq=False)
class Robot:
    """One robot (see the module's text for what all have in common). Lengths in metres, base frame = table frame.

    Attributes:
        name: as in ``--robot`` and on the interface card; every name in the world starts with it.
        tool_depth: from the flange to the tool point.
        hand: the gripper's shape, for planning.
        base: where the arm stands; heights are from the table's top.
        home_tool: the tool point at home.
        workspace: lowest and highest corner of where the tool may be sent.
        max_yaw: radians that the tool may turn from home about z, either way.
    """

    name: str
    arm: Arm
    gripper: Gripper
    hand: Hand
    camera: WristCamera
    tool_depth: float
    base: Vector = (0.0, 0.0, 0.0)
    home_tool: Vector = (0.45, 0.0, 0.25)
    workspace: tuple[Vector, Vector] = ((0.25, -0.38, 0.012), (0.76, 0.38, 0.50))
    max_yaw: float = 1.9

    # --- names and numbers in a compiled world --------------------------------------------------------------------

    @property
    def arm_joints(self) -> tuple[str, ...]:
        """Names of the arm's joints, from the base to the hand."""
        return tuple(f"{self.name}_{joint}" for joint in self.arm.joints)

    @property
    def arm_actuators(self) -> tuple[str, ...]:
        """Names of the arm's motors, in the order of the joints; their targets are angles in radians."""
        return tuple(f"{self.name}_arm{i}" for i in range(1, len(self.arm.joints) + 1))

    @property
    def gripper_actuator(self) -> str:
        """Name of the gripper's motor; its target is the way of one finger: half of the opening in metres."""
        return f"{self.name}_gripper"

    @property
    def finger_joints(self) -> tuple[str, ...]:
        """Names of the two fingers' joints; the sum of their positions is the opening."""
        return tuple(self._in_hand(joint) for joint in self.gripper.fingers)

    @property
    def gripper_joints(self) -> tuple[str, ...]:
        """Names of the fingers' joints and then of those that follow them."""
        return self.finger_joints + tuple(self._in_hand(follower.joint) for follower in self.gripper.followers)

    @property
    def pad_geoms(self) -> tuple[str, str]:
        """Names of the two collision shapes that grasp."""
        left, right = self.gripper.pads
        return self._in_hand(left), self._in_hand(right)

    @property
    def hand_body(self) -> str:
        """Name of the body that carries fingers, tool and camera."""
        return self._in_hand(self.gripper.body)

    @property
    def home(self) -> Array:
        """[joints] the arm's angles at home, radians."""
        return np.array(self.arm.home)

    @property
    def stiffness(self) -> Array:
        """[joints] of the arm's motors, N m/rad."""
        return np.array(self.arm.stiffness)

    @property
    def damping(self) -> Array:
        """[joints] of the arm's motors, N m s/rad."""
        return self.stiffness / STIFF_TO_DAMPED

    def gripper_positions(self, width: float) -> Array:
        """Positions of ``gripper_joints`` when the pads are ``width`` metres apart."""
        followers = self.gripper.followers
        turned = [np.polynomial.polynomial.polyval(width / 2, follower.coefficients) for follower in followers]
        return np.array([width / 2, width / 2, *turned])

    def _in_hand(self, name: str) -> str:
        return f"{self.name}_{HAND_PREFIX}{name}"

    # --- joining it to a scene ------------------------------------------------------------------------------------

    def attach(self, spec: mujoco.MjSpec) -> None:
        """Join the robot to ``spec``, at ``base``: moved by position targets, with site ``tool`` and camera ``wrist``.

        Visual shapes are in group 2, collision shapes in group 3.

        Raises:
            SightlineError: robosuite's model files are not installed, or the mesh cache cannot be written.
        """
        arm, hand = read_model(self.arm.model), self.gripper.build()
        folder = str(PurePosixPath(self.arm.model).parent)
        visuals = visuals_of(arm, folder, self.arm.keep, self.arm.small, self.arm.paint, self.arm.filled)
        visuals += [replace(visual, body=HAND_PREFIX + visual.body) for visual in self.gripper.visuals]
        strip(arm)
        arm.option.integrator = spec.option.integrator  # the file's own would be a conflict
        arm.attach(hand, prefix=HAND_PREFIX, frame=arm.body(self.arm.flange).add_frame())
        for body in arm.bodies:
            body.gravcomp = 1.0
            body.inertia = self.arm.inertia_scale * np.asarray(body.inertia)
        spec.attach(arm, prefix=f"{self.name}_", frame=spec.worldbody.add_frame(pos=self.base))
        add_visuals(spec, self.name, visuals)
        for box in self.gripper.boxes:
            self._add_box(spec, box)
        self._add_tool_and_camera(spec)
        self._add_arm_motors(spec)
        self._add_fingers(spec)

    def _add_box(self, spec: mujoco.MjSpec, box: Box) -> None:
        body = spec.body(self._in_hand(box.body))
        shape = {"type": mujoco.mjtGeom.mjGEOM_BOX, "pos": box.position, "size": box.half, "quat": box.quat}
        name = self._in_hand(box.name)
        solid = body.add_geom(name=name, group=3, contype=CONTACT_BIT, conaffinity=1, density=0, **shape)
        if box.name in self.gripper.pads:
            # Rubber: wins over the object's own friction; torsion keeps a held object from swinging. Stiff: what is
            # held creeps outward while the arm turns, in proportion to the contact's time constant.
            solid.friction, solid.condim, solid.priority = [1.6, 0.03, 0.0005], 4, 1
            solid.solref, solid.solimp = [0.005, 1.0], [0.9, 0.98, 0.001, 0.5, 2]
        if box.rgba is not None:
            seen = {"group": 2, "contype": 0, "conaffinity": 0, "density": 0, "rgba": box.rgba}
            body.add_geom(name=f"{name}_seen", **seen, **shape)

    def _add_tool_and_camera(self, spec: mujoco.MjSpec) -> None:
        hand, camera = spec.body(self.hand_body), self.camera
        hand.add_site(
            name=TOOL_SITE, pos=[0, 0, self.tool_depth], quat=QUARTER_TURN, size=[0.004, 0.004, 0.004], group=4
        )
        sine, cosine = np.sin(camera.tilt), np.cos(camera.tilt)
        axes = np.array([[-1, 0, 0], [0, cosine, sine], [0, sine, -cosine]]).T  # columns: right, up, backward
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, axes.ravel())
        hand.add_camera(name=WRIST_CAMERA, pos=[0, camera.forward, camera.along], quat=quat, fovy=camera.fovy)

    def _add_arm_motors(self, spec: mujoco.MjSpec) -> None:
        for joint, name, stiffness, damping, force in zip(
            self.arm_joints, self.arm_actuators, self.stiffness, self.damping, self.arm.force, strict=True
        ):
            low, high = spec.joint(joint).range
            actuator = spec.add_actuator(name=name, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
            actuator.set_to_position(kp=stiffness, kv=damping)
            actuator.ctrlrange, actuator.ctrllimited = [low, high], True
            actuator.forcerange, actuator.forcelimited = [-force, force], True
            spec.joint(joint).armature = 0.1

    def _add_fingers(self, spec: mujoco.MjSpec) -> None:
        fingers = [spec.joint(name) for name in self.finger_joints]
        way = self.hand.opening / 2
        for finger in fingers:
            finger.range = [0, way]
            finger.damping, finger.armature, finger.frictionloss = np.full((3, 1), 20.0), 0.2, 0.0
        # The fingers mirror each other, as a real hand's do: a grasped object is drawn to the middle.
        left, right = self.finger_joints
        _couple(spec, f"{self.name}_mirror", right, left, (0.0, 1.0))
        for follower in self.gripper.followers:
            name = self._in_hand(follower.joint)
            _couple(spec, f"{name}_follows", name, self.finger_joints[follower.finger], follower.coefficients)
        motor = spec.add_actuator(name=self.gripper_actuator, target=left, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.set_to_position(kp=1500.0, kv=40.0)
        motor.ctrlrange, motor.ctrllimited = [0, way], True
        # One motor moves both fingers, so each pad presses with half of its force.
        force = 2 * self.gripper.force
        motor.forcerange, motor.forcelimited = [-force, force], True


def _couple(spec: mujoco.MjSpec, name: str, joint: str, leader: str, coefficients: tuple[float, ...]) -> None:
    equality = spec.add_equality(name=name, type=mujoco.mjtEq.mjEQ_JOINT, name1=joint, name2=leader)
    equality.objtype = mujoco.mjtObj.mjOBJ_JOINT
    equality.data[: len(coefficients)] = coefficients
    equality.solref = [0.005, 1]
