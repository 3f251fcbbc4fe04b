"""A world: one compiled model with the robot, a table, cameras, lights and a cast of objects.

Compiling takes a tenth of a second, so one world can serve several scenes: which of its objects are present, where they
stand and how everything looks are changed in place (``World.show``, ``apply_layout``, ``apply_look``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import ObjectInfo, SceneState
from sightline.engine import robots
from sightline.engine.assets import Grasp, ObjectModel
from sightline.engine.collections import collection_of
from sightline.engine.fixtures.model import Fixture
from sightline.engine.fixtures.mounting import Mounting
from sightline.engine.robots.description import TOOL_SITE, Robot
from sightline.engine.surroundings.base import Surroundings
from sightline.engine.surroundings.sensor import Sensor
from sightline.engine.worlds.spec import WorldSpec

TIMESTEP = 0.0025
HIDDEN_GROUP = 5
GRASP_ROOM = 0.01  # metres by which an open hand must be wider than what it grasps
PARKING = np.array([0.0, 0.0, -20.0])


@dataclass(frozen=True)
class _Grasps:
    """The objects' grasps and heights as arrays: points [n,3]; yaws, periods of the yaws, any_yaw, heights [n]."""

    points: Array
    yaws: Array
    periods: Array
    any_yaw: NDArray[np.bool_]
    heights: Array


@dataclass(eq=False)
class World:
    """One compiled model and the index of what is in it. n = number of objects.

    Attributes:
        seed, spec: what its surroundings were drawn from.
        robot: the robot that stands in it.
        model: the MuJoCo model; ``show`` and ``apply_look`` change it in place.
        models, objects: the n catalogue entries and what language may say of them.
        body_ids, qpos_adr, dof_adr: [n] body of each object and where its free joint starts in qpos (7) and qvel (6);
            -1 where ``mounting`` says that it is not free.
        mounting: how each object is held.
        geom_object: [ngeom] index of the object that a geom belongs to, else -1.
        visual_geoms: geom ids of what is seen of each object.
        home_tool: [3,3] rotation of the tool site when the arm is at home.
        chosen: [n] which of its grasps each object is to be picked up by; see ``choose_grasp``.
        surroundings: what the world stands in.
        sensor: how pictures are developed under the present look; None leaves them as rendered.
    """

    seed: int
    spec: WorldSpec
    robot: Robot
    model: mujoco.MjModel
    models: tuple[ObjectModel, ...]
    objects: tuple[ObjectInfo, ...]
    body_ids: NDArray[np.int64]
    qpos_adr: NDArray[np.int64]
    dof_adr: NDArray[np.int64]
    mounting: Mounting
    geom_object: NDArray[np.int64]
    visual_geoms: tuple[NDArray[np.int64], ...]
    tool_site: int
    finger_adr: NDArray[np.int64]
    home_tool: Array
    present: NDArray[np.bool_]
    chosen: NDArray[np.int64]
    initial: dict[str, NDArray] = field(repr=False)
    surroundings: Surroundings
    sensor: Sensor | None = None

    @staticmethod
    def of(
        models: tuple[ObjectModel, ...],
        seed: int = 0,
        spec: WorldSpec = WorldSpec(),  # noqa: B008 - it is frozen
        fixtures: tuple[Fixture, ...] = (),
    ) -> World:
        """A world with exactly these object models and fixtures (at most 40 objects with their parts), in the
        surroundings that ``seed`` draws for ``spec``.

        Raises SightlineError on an unknown split, collection or robot, or when the robot's files are missing.
        """
        spec.check()
        loose, mounted = models, []
        for fixture in fixtures:
            mounted.append((len(models), fixture))
            models = (*models, *fixture.models)
        if len(models) > 40:
            raise SightlineError(f"A world holds at most 40 objects, not {len(models)}.")
        arm = robots.robot(spec.robot)
        plan = mujoco.MjSpec()
        _set_options(plan)
        surroundings = _add_room(plan, np.random.default_rng([seed, 1]), spec)
        arm.attach(plan)
        for index, entry in enumerate(loose):
            entry.add_to(plan, f"object_{index}")
        for first, fixture in mounted:
            fixture.add_to(plan, first)
        return _index(plan.compile(), arm, models, tuple(mounted), seed, spec, surroundings)

    def new_data(self) -> mujoco.MjData:
        """Fresh simulation state: arm at home, gripper open, every object where ``show`` has it or parked."""
        data = mujoco.MjData(self.model)
        self.reset(data)
        return data

    def reset(self, data: mujoco.MjData) -> None:
        """Put the arm at home with an open gripper and its actuators in balance, and park all objects."""
        mujoco.mj_resetData(self.model, data)
        set_home(self.model, data, self.robot)
        for index in range(len(self.models)):
            self.park(data, index)
        mujoco.mj_forward(self.model, data)

    def show(self, present: NDArray[np.bool_]) -> None:
        """Make exactly these objects real: the others neither collide, fall nor are drawn."""
        self.present = np.asarray(present, bool).copy()
        owner = self.geom_object
        real = np.where(owner >= 0, self.present[np.maximum(owner, 0)], True)
        self.model.geom_contype[:] = np.where(real, self.initial["geom_contype"], 0)
        self.model.geom_conaffinity[:] = np.where(real, self.initial["geom_conaffinity"], 0)
        self.model.geom_group[:] = np.where(real, self.initial["geom_group"], HIDDEN_GROUP)
        self.model.body_gravcomp[self.body_ids] = np.where(self.present, 0.0, 1.0)

    def park(self, data: mujoco.MjData, index: int) -> None:
        """Move an object out of the way, at rest."""
        place = PARKING + [0.5 * (index % 4), 0.5 * (index // 4), 0.0]
        self.put(data, index, place, 0.0)

    def put(self, data: mujoco.MjData, index: int, position: Array, yaw: float) -> None:
        """Stand an object with its base centre at position [3] (base frame, metres), turned by yaw radians, at rest."""
        self.stand(data, index, np.array([*position, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]))

    def stand(self, data: mujoco.MjData, index: int, pose: Array) -> None:
        """Put an object's base at ``pose`` [7] (position, quaternion w x y z), at rest; parts stay with their body."""
        if not self.mounting.free[index]:
            self.mounting.stand(data, index, pose)
            return
        start, moves = self.qpos_adr[index], self.dof_adr[index]
        data.qpos[start : start + 7] = pose
        data.qvel[moves : moves + 6] = 0.0

    def scene_state(self, data: mujoco.MjData, present: NDArray[np.bool_] | None = None) -> SceneState:
        """Where everything is now, from the live body poses (also while an object is held).

        ``grasp_yaws`` are directions of the closing fingers in [0, pi); pi / 2 is that of the arm at home, and what
        symmetrical objects get. Needs ``mj_forward`` (or a step) after any change of ``data``.
        """
        turn = data.xmat[self.body_ids].reshape(-1, 3, 3)
        base = data.xpos[self.body_ids]
        # The hinge of a lid is its y axis, which an open lid does not tilt.
        yaws = np.where(
            self.mounting.hangs, np.arctan2(-turn[:, 0, 1], turn[:, 1, 1]), np.arctan2(turn[:, 1, 0], turn[:, 0, 0])
        )
        grasps = self._grasps
        off = (yaws + grasps.yaws - np.pi / 2 + grasps.periods / 2) % grasps.periods - grasps.periods / 2
        tool_turn = data.site_xmat[self.tool_site].reshape(3, 3) @ self.home_tool.T
        return SceneState(
            objects=self.objects,
            positions=base + turn[:, :, 2] * grasps.heights[:, None] / 2,
            yaws=yaws,
            present=(self.present if present is None else np.asarray(present, bool)).copy(),
            grasp_points=base + np.einsum("nij,nj->ni", turn, grasps.points),
            grasp_yaws=np.where(grasps.any_yaw, np.pi / 2, np.pi / 2 + off),
            tool=data.site_xpos[self.tool_site].copy(),
            tool_yaw=float(np.arctan2(tool_turn[1, 0], tool_turn[0, 0])),
            gripper_width=float(np.abs(data.qpos[self.finger_adr]).sum()),
            joints=self.mounting.joints(data),
        )

    def grasp(self, index: int) -> Grasp | None:
        """How object ``index`` is to be picked up: the chosen one of its grasps, None where it has none."""
        grasps = self.models[index].grasps
        return grasps[self.chosen[index]] if grasps else None

    def spans(self, grasp: Grasp) -> bool:
        """Whether the robot's hand opens wide enough for it."""
        return grasp.width <= self.robot.hand.opening - GRASP_ROOM

    def choose_best_grasps(self) -> None:
        """Pick every object up by the first of its grasps that the hand spans."""
        fits = [[self.spans(grasp) for grasp in entry.grasps] for entry in self.models]
        self.choose_grasps(np.array([each.index(True) if True in each else 0 for each in fits], int))

    def choose_grasp(self, index: int, number: int) -> None:
        """Pick object ``index`` up by number ``number`` of its grasps from now on; scene states tell of that one."""
        self.choose_grasps(np.where(np.arange(len(self.chosen)) == index, number, self.chosen))

    def choose_grasps(self, numbers: NDArray[np.int64]) -> None:
        """Set ``chosen`` [n]."""
        if not np.array_equal(self.chosen, numbers):
            self.chosen = np.array(numbers, int)
            self.__dict__.pop("_grasps", None)

    @cached_property
    def _grasps(self) -> _Grasps:
        grasps = [self.grasp(index) for index in range(len(self.models))]
        return _Grasps(
            points=np.array([grasp.point if grasp else (0.0, 0.0, 0.0) for grasp in grasps]).reshape(-1, 3),
            yaws=np.array([grasp.yaw or 0.0 if grasp else 0.0 for grasp in grasps]),
            periods=np.array([np.pi / 2 if grasp and grasp.square else np.pi for grasp in grasps]),
            any_yaw=np.array([grasp is None or grasp.yaw is None for grasp in grasps], bool),
            heights=np.array([info.height for info in self.objects]),
        )

    @property
    def key_light(self) -> int:
        """The light that shadows are drawn for: its number in the model."""
        return int(self.model.light(self.surroundings.key_light).id)

    def on_table(self, points: Array) -> NDArray[np.bool_]:
        """[...] whether things at points [...,2] (x, y; metres) still stand on what carries them."""
        return self.surroundings.holds(points)

    @cached_property
    def graspable(self) -> NDArray[np.bool_]:
        """[n] whether the robot's hand can take each object: it has a grasp that is not too wide."""
        return np.array([any(self.spans(grasp) for grasp in entry.grasps) for entry in self.models], bool)

    def uprightness(self, data: mujoco.MjData) -> Array:
        """[n] cosine of each object's tilt: 1 when it stands as it should."""
        return data.xmat[self.body_ids].reshape(-1, 3, 3)[:, 2, 2]


def set_home(model: mujoco.MjModel, data: mujoco.MjData, robot: Robot) -> None:
    """Arm at home, at rest, gripper open, actuators in balance with that."""
    for joint, actuator, angle in zip(robot.arm_joints, robot.arm_actuators, robot.home, strict=True):
        data.joint(joint).qpos[:] = angle
        data.actuator(actuator).ctrl[:] = angle
    for joint, position in zip(robot.gripper_joints, robot.gripper_positions(robot.hand.opening), strict=True):
        data.joint(joint).qpos[:] = position
    data.actuator(robot.gripper_actuator).ctrl[:] = robot.hand.opening / 2


def _set_options(plan: mujoco.MjSpec) -> None:
    plan.option.timestep = TIMESTEP
    plan.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    plan.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    plan.option.impratio = 3.0  # held things slip less; more makes small things explode when they are pinched
    plan.stat.extent, plan.stat.center = 1.0, [0.45, 0.0, 0.0]
    plan.visual.map.znear, plan.visual.map.zfar = 0.012, 8.0
    plan.visual.quality.offsamples = 0
    plan.visual.quality.shadowsize = 0
    plan.visual.quality.numslices, plan.visual.quality.numstacks = 20, 2
    plan.visual.headlight.diffuse, plan.visual.headlight.specular = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]


def _add_room(plan: mujoco.MjSpec, rng: np.random.Generator, spec: WorldSpec) -> Surroundings:
    """What everything stands on and in, lamps and the front camera; their looks are set by scene."""
    surroundings = collection_of(spec.collection).surroundings.add(plan, rng, spec.split)
    # What carries things is a plane: cheap and exact contacts. Nothing may leave the table anyway.
    plan.worldbody.add_geom(
        name="ground", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], group=3, condim=4, friction=[1.0, 0.02, 0.0001]
    )
    plan.worldbody.add_camera(name="front", pos=[1.25, 0.0, 0.65], fovy=40.0)
    return surroundings


def _index(
    model: mujoco.MjModel,
    robot: Robot,
    models: tuple[ObjectModel, ...],
    fixtures: tuple[tuple[int, Fixture], ...],
    seed: int,
    spec: WorldSpec,
    surroundings: Surroundings,
) -> World:
    """Find everything by name once."""
    bodies = np.array([model.body(f"object_{i}").id for i in range(len(models))], int)
    mounting = Mounting.find(model, bodies, fixtures)
    joints = model.body_jntadr[bodies] if len(models) else np.zeros(0, int)
    owner = np.full(model.ngeom, -1)
    for index, body in enumerate(bodies):
        owner[model.geom_bodyid == body] = index
    visible = tuple(np.flatnonzero((owner == i) & (model.geom_contype == 0)) for i in range(len(models)))
    keep = (
        "geom_contype", "geom_conaffinity", "geom_group", "geom_rgba",
        "cam_pos", "cam_quat", "cam_fovy", "mat_rgba", "mat_texrepeat",
    )  # fmt: skip
    data = mujoco.MjData(model)
    set_home(model, data, robot)
    mujoco.mj_kinematics(model, data)
    site = model.site(TOOL_SITE).id
    world = World(
        seed=seed,
        spec=spec,
        surroundings=surroundings,
        robot=robot,
        model=model,
        models=models,
        objects=tuple(entry.info(i) for i, entry in enumerate(models)),
        body_ids=bodies,
        qpos_adr=np.where(mounting.free, model.jnt_qposadr[joints], -1),
        dof_adr=np.where(mounting.free, model.jnt_dofadr[joints], -1),
        mounting=mounting,
        geom_object=owner,
        visual_geoms=visible,
        tool_site=site,
        finger_adr=np.array([model.joint(name).qposadr[0] for name in robot.finger_joints]),
        home_tool=data.site_xmat[site].reshape(3, 3).copy(),
        present=np.zeros(len(models), bool),
        chosen=np.zeros(len(models), int),
        initial={name: getattr(model, name).copy() for name in keep},
    )
    world.show(world.present)
    world.choose_best_grasps()
    return world
