"""The simulated robot: actions in, states out, at 10 Hz.

An action moves the *commanded* tool pose; inverse kinematics turns the command into joint targets, which position
actuators follow over 40 physics steps. Pictures are made elsewhere, from stored snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, rotation_z
from sightline.core.types import ACTION_NAMES, SceneState
from sightline.engine.robots.description import TOOL_SITE
from sightline.engine.worlds.placement import Layout, apply_layout
from sightline.engine.worlds.world import World, set_home
from sightline.tasks.scene_graph import tops

CONTROL_HZ = 10
MAX_STEP = 0.08  # metres of commanded motion per action
MAX_TURN = 0.5  # radians of commanded rotation per action
MAX_TILT = 0.5  # radians between the hand and straight down
CHUNKS = 8  # joint targets per action
START_SPREAD = 0.08  # metres: the arm starts within this of home, in x and y
START_HEIGHT = (0.15, 0.30)  # metres
START_YAW = 0.2  # radians
# Lowest and highest place of a tool that is put anywhere, metres; the height comes of what stands below.
FREE_AREA = np.array([[0.34, -0.28, 0.0], [0.68, 0.28, 0.0]])
REACHED = (0.002, 0.02)  # metres and radians between the tool and where it is wanted that count as there
EXPLODED = 1000.0  # metres or radians per second: no longer physics
SETTLE_SPEED = 0.02  # metres per second: slower counts as at rest

HOME_ROTATION = np.diag([1.0, -1.0, -1.0])  # base_from_tool at home: z down, closing direction along y


@dataclass(frozen=True)
class ToolCommand:
    """What the arm is told to be: tool position [3], rotation from home [3,3] (base frame), gripper +1 or -1."""

    position: Array
    rotation: Array
    gripper: float

    @property
    def yaw(self) -> float:
        """Turn about z relative to home, radians."""
        return float(np.arctan2(self.rotation[1, 0], self.rotation[0, 0]))


@dataclass(frozen=True)
class Snapshot:
    """Everything needed to continue, or to render, from one moment."""

    physics: Array
    command: ToolCommand
    targets: Array
    grasps: NDArray[np.int64]


def rotation_from_vector(vector: Array) -> Array:
    """[3,3] rotation matrix of an axis-angle vector [3], radians."""
    quat, matrix = np.zeros(4), np.zeros(9)
    angle = float(np.linalg.norm(vector))
    mujoco.mju_axisAngle2Quat(
        quat, np.asarray(vector, float) / angle if angle > 1e-12 else np.array([0, 0, 1.0]), angle
    )
    mujoco.mju_quat2Mat(matrix, quat)
    return matrix.reshape(3, 3)


def vector_from_rotation(matrix: Array) -> Array:
    """[3] axis-angle vector (radians) of a rotation matrix [3,3]."""
    quat, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(matrix, float).ravel())
    mujoco.mju_quat2Vel(vector, quat, 1.0)
    return vector


def limited(vector: Array, most: float) -> Array:
    """The vector, shortened to length ``most`` where it is longer."""
    length = float(np.linalg.norm(vector))
    return vector if length <= most else vector * (most / length)


class Simulation:
    """One robot in one world. Deterministic: the same layout, generator and actions give the same states.

    Attributes:
        world, robot, model, data: what is simulated.
        command: what the arm is told to be; targets: [joints] the angles that the command comes to.
        exploded: whether contacts have blown up since the last reset.
    """

    def __init__(self, world: World) -> None:
        self.world, self.robot = world, world.robot
        self.model: mujoco.MjModel = world.model
        self.data = mujoco.MjData(self.model)
        self._scratch = mujoco.MjData(self.model)  # for inverse kinematics
        joints = [self.model.joint(name) for name in self.robot.arm_joints]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._dofs = np.array([joint.dofadr[0] for joint in joints])
        self._low, self._high = np.array([joint.range for joint in joints]).T
        gripper = [self.model.joint(name) for name in self.robot.gripper_joints]
        self._gripper = np.array([joint.qposadr[0] for joint in gripper])
        self._fingers = self._gripper[:2]
        self._finger_dof = int(gripper[0].dofadr[0])
        self._arm_ctrl = np.array([self.model.actuator(name).id for name in self.robot.arm_actuators])
        self._gripper_ctrl = self.model.actuator(self.robot.gripper_actuator).id
        self._site = self.model.site(TOOL_SITE).id
        self._pads = [self.model.geom(name).id for name in self.robot.pad_geoms]
        self._substeps = round(1 / (CONTROL_HZ * self.model.opt.timestep)) // CHUNKS
        self._home = self.robot.home
        self.targets = self._home.copy()
        self.command = ToolCommand(np.zeros(3), np.eye(3), 1.0)
        self.exploded = False

    # --- starting -------------------------------------------------------------------------------------------------

    def reset(self, layout: Layout, rng: np.random.Generator) -> None:
        """Place the objects of ``layout`` and the arm at a random pose near home, clear of all objects."""
        self.exploded = False
        self.world.choose_best_grasps()
        mujoco.mj_resetData(self.model, self.data)
        set_home(self.model, self.data, self.robot)
        apply_layout(self.world, self.data, layout)
        mujoco.mj_forward(self.model, self.data)
        scene = self.world.scene_state(self.data)
        high, radii = tops(scene), np.array([info.radius for info in scene.objects])
        position, yaw = np.zeros(3), 0.0
        for _ in range(50):
            position = np.array([*self.robot.home_tool[:2], 0.0])
            position[:2] += rng.uniform(-START_SPREAD, START_SPREAD, 2)
            position[2] = rng.uniform(*START_HEIGHT)
            yaw = rng.uniform(-START_YAW, START_YAW)
            near = np.linalg.norm(scene.positions[:, :2] - position[:2], axis=1) < radii + 0.12
            if not np.any(near & scene.present & (high + 0.03 > position[2])):
                break
        self.set_tool(position, yaw)

    def pose_freely(self, rng: np.random.Generator, hold: bool = False) -> None:
        """Put the arm anywhere above the objects, open or closed; ``hold``: with a random item between the fingers."""
        scene = self.scene()
        position = rng.uniform(*FREE_AREA)
        yaw = rng.uniform(-0.8, 0.8)
        high = tops(scene)[scene.present]
        near = np.linalg.norm(scene.positions[scene.present, :2] - position[:2], axis=1) < 0.18
        position[2] = min(np.max(high[near], initial=0.0) + rng.uniform(0.03, 0.25), 0.4)
        items = np.flatnonzero(scene.present & self.world.graspable & self.world.mounting.free)
        if not (hold and len(items)):
            self.set_tool(position, yaw, 1.0 if rng.random() < 0.7 else -1.0)
            return
        index = int(rng.choice(items))
        grasp = self.world.grasp(index)
        assert grasp is not None
        position[2] = min(position[2] + grasp.height, 0.45)
        self.set_tool(position, yaw, -1.0, width=grasp.width)
        turn = yaw + np.pi / 2 - (grasp.yaw or 0.0)
        base = position - rotation_z(turn) @ np.array(grasp.point)
        self.world.put(self.data, index, base, turn)
        mujoco.mj_forward(self.model, self.data)

    def set_tool(self, position: Array, yaw: float, gripper: float = 1.0, width: float = 0.0) -> None:
        """Put the arm, at rest, with its tool at ``position`` [3] and ``yaw``; no time passes.

        Args:
            gripper: +1 open, -1 closed on something of that ``width`` (metres).
        """
        rotation = rotation_z(yaw)
        self.command = ToolCommand(np.array(position, float), rotation, gripper)
        self.targets = self._solve(self._home, self.command, iterations=60)
        self.data.qpos[self._qpos] = self.targets
        self.data.qvel[self._dofs] = 0.0
        opening = self.robot.hand.opening
        self.data.qpos[self._gripper] = self.robot.gripper_positions(opening if gripper > 0 else width)
        self.data.ctrl[self._arm_ctrl] = self.targets
        self.data.ctrl[self._gripper_ctrl] = opening / 2 if gripper > 0 else 0.0
        mujoco.mj_forward(self.model, self.data)

    # --- moving ---------------------------------------------------------------------------------------------------

    def step(self, action: NDArray) -> None:
        """Carry out one action [7] (metres, radians, gripper) over a tenth of a second.

        Where contacts blow up (a small thing pinched between two others, about one episode in a thousand) everything
        stays where it was, at rest, and ``exploded`` is set.

        Raises:
            SightlineError: wrong shape, or a value that is not finite.
        """
        action = np.asarray(action, dtype=np.float64)
        if action.shape != (len(ACTION_NAMES),):
            raise SightlineError(f"An action must have shape ({len(ACTION_NAMES)},), got {action.shape}.")
        if not np.all(np.isfinite(action)):
            raise SightlineError(f"An action must be finite numbers, got {action.tolist()}.")
        before, expected = self.snapshot(), self.data.time + 1 / CONTROL_HZ
        self.command = self._moved(action)
        start = self.targets
        self.targets = self._solve(start, self.command, iterations=6)
        self.data.ctrl[self._gripper_ctrl] = self.robot.hand.opening / 2 if self.command.gripper > 0 else 0.0
        speed = (self.targets - start) * CONTROL_HZ
        lead = speed * self.robot.damping / self.robot.stiffness  # cancels the lag that velocity damping causes
        for chunk in range(1, CHUNKS + 1):
            self.data.ctrl[self._arm_ctrl] = start + (self.targets - start) * (chunk / CHUNKS) + lead
            mujoco.mj_step(self.model, self.data, self._substeps)
        # MuJoCo starts again at time 0 after a NaN.
        if not np.abs(self.data.qvel).max() < EXPLODED or abs(self.data.time - expected) > 1e-6:
            self.exploded = True
            self.restore(before)
            self.data.qvel[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def reaches(self, position: Array, yaw: float) -> bool:
        """Whether the upright tool can be brought to ``position`` [3] and ``yaw`` from where the arm is."""
        low, high = np.array(self.robot.workspace)
        if np.any(position < low - 1e-9) or np.any(position > high) or abs(yaw) > self.robot.max_yaw:
            return False
        command = ToolCommand(np.array(position, float), rotation_z(yaw), 1.0)
        self._scratch.qpos[self._qpos] = self._solve(self.targets, command, iterations=40)
        mujoco.mj_kinematics(self.model, self._scratch)
        reached = self._scratch.site(self._site)
        turned = reached.xmat.reshape(3, 3) @ (command.rotation @ HOME_ROTATION).T
        off = float(np.linalg.norm(reached.xpos - position))
        return off < REACHED[0] and float(np.linalg.norm(vector_from_rotation(turned))) < REACHED[1]

    def settle(self, steps: int = 5) -> None:
        """Let time pass (tenths of a second) with the command unchanged."""
        for _ in range(steps):
            self.step(np.array([0, 0, 0, 0, 0, 0, self.command.gripper]))

    def _moved(self, action: Array) -> ToolCommand:
        position = np.clip(self.command.position + limited(action[:3], MAX_STEP), *self.robot.workspace)
        rotation = rotation_from_vector(limited(action[3:6], MAX_TURN)) @ self.command.rotation
        yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        tilt = vector_from_rotation(rotation @ rotation_z(-yaw))
        yaw = float(np.clip(yaw, -self.robot.max_yaw, self.robot.max_yaw))
        rotation = rotation_from_vector(limited(tilt, MAX_TILT)) @ rotation_z(yaw)
        return ToolCommand(position, rotation, 1.0 if action[6] > 0 else -1.0)

    def _solve(self, start: Array, command: ToolCommand, iterations: int) -> Array:
        """Joint angles that bring the tool to the command: damped least squares, drawn towards home."""
        joints, goal = start.copy(), command.rotation @ HOME_ROTATION
        jacobian, error = np.zeros((6, self.model.nv)), np.zeros(6)
        for _ in range(iterations):
            self._scratch.qpos[self._qpos] = joints
            mujoco.mj_kinematics(self.model, self._scratch)
            mujoco.mj_comPos(self.model, self._scratch)
            mujoco.mj_jacSite(self.model, self._scratch, jacobian[:3], jacobian[3:], self._site)
            error[:3] = command.position - self._scratch.site_xpos[self._site]
            error[3:] = vector_from_rotation(goal @ self._scratch.site_xmat[self._site].reshape(3, 3).T)
            arm = jacobian[:, self._dofs]
            inverse = arm.T @ np.linalg.inv(arm @ arm.T + 1e-6 * np.eye(6))
            home = 0.1 * (self._home - joints)
            change = limited(inverse @ error + home - inverse @ (arm @ home), 0.6)
            joints = np.clip(joints + change, self._low + 0.02, self._high - 0.02)
            if np.abs(change).max() < 1e-3 and np.abs(error).max() < 1e-5:
                break
        return joints

    # --- looking --------------------------------------------------------------------------------------------------

    @property
    def tool(self) -> Array:
        """[3] measured tool point, metres."""
        return self.data.site_xpos[self._site].copy()

    @property
    def tool_rotation(self) -> Array:
        """[3,3] measured rotation of the tool from home, base frame."""
        return self.data.site_xmat[self._site].reshape(3, 3) @ HOME_ROTATION.T

    @property
    def tool_yaw(self) -> float:
        """Measured turn of the tool about z relative to home, radians."""
        rotation = self.tool_rotation
        return float(np.arctan2(rotation[1, 0], rotation[0, 0]))

    @property
    def width(self) -> float:
        """Measured opening between the finger pads, metres."""
        return float(self.data.qpos[self._fingers].sum())

    @property
    def finger_speed(self) -> float:
        """Speed at which the opening changes, metres per second (positive while opening)."""
        return 2 * float(self.data.qvel[self._finger_dof])

    def state(self) -> NDArray[np.float32]:
        """[12] in the order of STATE_NAMES: metres and radians."""
        command = self.command
        return np.concatenate(
            [
                self.tool,
                vector_from_rotation(self.tool_rotation),
                [self.width],
                command.position,
                [command.yaw, command.gripper],
            ]
        ).astype(np.float32)

    def scene(self) -> SceneState:
        """Where everything is now."""
        return self.world.scene_state(self.data)

    def held(self) -> int | None:
        """Index of the object that both finger pads touch, or None."""
        pairs = self.data.contact.geom
        touched = []
        for pad in self._pads:
            others = np.concatenate([pairs[pairs[:, 0] == pad, 1], pairs[pairs[:, 1] == pad, 0]])
            touched.append(set(self.world.geom_object[others].tolist()) - {-1})
        both = touched[0] & touched[1]
        return min(both) if both else None

    def speed(self, index: int) -> float:
        """How fast object ``index`` moves, metres per second (of a lid: its free edge)."""
        world = self.world
        if world.mounting.free[index]:
            start = world.dof_adr[index]
            return float(np.linalg.norm(self.data.qvel[start : start + 3]))
        start = world.mounting.dof[index]
        if start < 0:
            return 0.0
        turns = self.model.jnt_type[self.model.dof_jntid[start]] == mujoco.mjtJoint.mjJNT_HINGE
        return abs(float(self.data.qvel[start])) * (2 * world.objects[index].radius if turns else 1.0)

    def fallen(self) -> bool:
        """Whether an object has left the table."""
        here = self.data.xpos[self.world.body_ids[self.world.present], :2]
        return not bool(self.world.on_table(here).all())

    # --- storing --------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The present moment, to be given to :meth:`restore`."""
        spec = int(mujoco.mjtState.mjSTATE_INTEGRATION)
        physics = np.zeros(mujoco.mj_stateSize(self.model, spec))
        mujoco.mj_getState(self.model, self.data, physics, spec)
        return Snapshot(physics, self.command, self.targets.copy(), self.world.chosen.copy())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a moment of this world; what follows is the same as it was."""
        mujoco.mj_setState(self.model, self.data, snapshot.physics, int(mujoco.mjtState.mjSTATE_INTEGRATION))
        self.command, self.targets = snapshot.command, snapshot.targets.copy()
        self.world.choose_grasps(snapshot.grasps)
        mujoco.mj_forward(self.model, self.data)
