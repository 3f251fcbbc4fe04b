"""A world: one compiled model with the robot, a table, cameras, lights and a cast of objects.

Compiling takes a tenth of a second, so one world can serve several scenes: which of its objects are present, where they
stand and how everything looks are changed in place (``World.show``, ``scene.apply``, ``look.apply``).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cached_property

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import ObjectInfo, SceneState
from sightline.engine import cast
from sightline.engine.assets import ObjectModel
from sightline.engine.assets.textures import SURFACE_PATTERNS, SURFACE_PIXELS, surface_texture
from sightline.engine.robots import panda

TIMESTEP = 0.0025
TABLE_LOW, TABLE_HIGH = np.array([-0.45, -0.85, -0.04]), np.array([0.98, 0.85, 0.0])
FLOOR_Z, WALL_X = -0.75, -1.1
SURFACES = ("table", "floor", "wall")
SURFACE_TEXTURES = 6
LIGHTS = ("key", "fill", "rim")
HIDDEN_GROUP = 5
PARKING = np.array([0.0, 0.0, -20.0])
CAMERAS = ("front", "wrist")


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
        seed, split: what it was built from.
        model: the MuJoCo model; ``show`` and ``look.apply`` change it in place.
        models, objects: the n catalogue entries and what language may say of them.
        body_ids, qpos_adr, dof_adr: [n] body of each object and where its free joint starts in qpos (7) and qvel (6).
        geom_object: [ngeom] index of the object that a geom belongs to, else -1.
        visual_geoms: geom ids of what is seen of each object.
        home_tool: [3,3] rotation of the tool site when the arm is at home.
    """

    seed: int
    split: str
    model: mujoco.MjModel
    models: tuple[ObjectModel, ...]
    objects: tuple[ObjectInfo, ...]
    body_ids: NDArray[np.int64]
    qpos_adr: NDArray[np.int64]
    dof_adr: NDArray[np.int64]
    geom_object: NDArray[np.int64]
    visual_geoms: tuple[NDArray[np.int64], ...]
    tool_site: int
    finger_adr: NDArray[np.int64]
    home_tool: Array
    present: NDArray[np.bool_]
    initial: dict[str, NDArray] = field(repr=False)

    @staticmethod
    def build(world_seed: int, split: str = "train", collection: str = "starter") -> World:
        """The world of this seed, split and collection of objects: a pure function of its arguments.

        Raises SightlineError on an unknown split or collection, a negative seed, or when the robot's files are missing.
        """
        if world_seed < 0:
            raise SightlineError(f"A world's seed must not be negative, but it is {world_seed}.")
        rng = np.random.default_rng([world_seed, zlib.crc32(split.encode())])
        return World.of(cast.choose(rng, split, collection), world_seed, split)

    @staticmethod
    def numbered(stream: int, number: int, split: str = "train", collection: str = "starter") -> World:
        """World ``number`` of a stream of worlds, such as a dataset's seed."""
        return World.build(int(np.random.SeedSequence([stream, number]).generate_state(1)[0]), split, collection)

    @staticmethod
    def of(models: tuple[ObjectModel, ...], world_seed: int = 0, split: str = "train") -> World:
        """A world with exactly these object models (at most 40)."""
        if len(models) > 40:
            raise SightlineError(f"A world holds at most 40 objects, not {len(models)}.")
        spec = mujoco.MjSpec()
        _set_options(spec)
        _add_room(spec, np.random.default_rng([world_seed, 1]))
        panda.attach(spec)
        for index, entry in enumerate(models):
            entry.add_to(spec, f"object_{index}")
        return _index(spec.compile(), models, world_seed, split)

    def new_data(self) -> mujoco.MjData:
        """Fresh simulation state: arm at home, gripper open, every object where ``show`` has it or parked."""
        data = mujoco.MjData(self.model)
        self.reset(data)
        return data

    def reset(self, data: mujoco.MjData) -> None:
        """Put the arm at home with an open gripper and its actuators in balance, and park all objects."""
        mujoco.mj_resetData(self.model, data)
        set_home(self.model, data)
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
        start = self.qpos_adr[index]
        data.qpos[start : start + 3] = position
        data.qpos[start + 3 : start + 7] = [np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
        data.qvel[self.dof_adr[index] : self.dof_adr[index] + 6] = 0.0

    def scene_state(self, data: mujoco.MjData, present: NDArray[np.bool_] | None = None) -> SceneState:
        """Where everything is now, from the live body poses (also while an object is held).

        ``grasp_yaws`` are directions of the closing fingers in [0, pi); pi / 2 is that of the arm at home, and what
        symmetrical objects get. Needs ``mj_forward`` (or a step) after any change of ``data``.
        """
        turn = data.xmat[self.body_ids].reshape(-1, 3, 3)
        base = data.xpos[self.body_ids]
        yaws = np.arctan2(turn[:, 1, 0], turn[:, 0, 0])
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
        )

    @cached_property
    def _grasps(self) -> _Grasps:
        grasps = [entry.grasp for entry in self.models]
        return _Grasps(
            points=np.array([grasp.point if grasp else (0.0, 0.0, 0.0) for grasp in grasps]).reshape(-1, 3),
            yaws=np.array([grasp.yaw or 0.0 if grasp else 0.0 for grasp in grasps]),
            periods=np.array([np.pi / 2 if grasp and grasp.square else np.pi for grasp in grasps]),
            any_yaw=np.array([grasp is None or grasp.yaw is None for grasp in grasps], bool),
            heights=np.array([info.height for info in self.objects]),
        )

    def uprightness(self, data: mujoco.MjData) -> Array:
        """[n] cosine of each object's tilt: 1 when it stands as it should."""
        return data.xmat[self.body_ids].reshape(-1, 3, 3)[:, 2, 2]


def set_home(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Arm at home, at rest, gripper open, actuators in balance with that."""
    for joint, actuator, angle in zip(panda.ARM_JOINTS, panda.ARM_ACTUATORS, panda.HOME_QPOS, strict=True):
        data.joint(joint).qpos[:] = angle
        data.actuator(actuator).ctrl[:] = angle
    for joint in panda.FINGER_JOINTS:
        data.joint(joint).qpos[:] = panda.FINGER_OPEN
    data.actuator(panda.GRIPPER_ACTUATOR).ctrl[:] = panda.FINGER_OPEN


def _set_options(spec: mujoco.MjSpec) -> None:
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 3.0  # held things slip less; more makes small things explode when they are pinched
    spec.stat.extent, spec.stat.center = 1.0, [0.45, 0.0, 0.0]
    spec.visual.map.znear, spec.visual.map.zfar = 0.012, 8.0
    spec.visual.quality.offsamples = 0
    spec.visual.quality.shadowsize = 0
    spec.visual.quality.numslices, spec.visual.quality.numstacks = 20, 2
    spec.visual.headlight.diffuse, spec.visual.headlight.specular = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]


def _add_room(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    """Table, floor, wall, lights and the front camera. Their looks are set by scene; here they only come to exist."""
    patterns = rng.permutation(len(SURFACE_PATTERNS))[:SURFACE_TEXTURES]
    for k, pattern in enumerate(patterns):
        picture = surface_texture(SURFACE_PATTERNS[pattern], int(rng.integers(4)))
        texture = spec.add_texture(
            name=f"surface_{k}",
            type=mujoco.mjtTexture.mjTEXTURE_2D,
            width=SURFACE_PIXELS,
            height=SURFACE_PIXELS,
            nchannel=3,
        )
        texture.data = picture.tobytes()
    for name in SURFACES:
        material = spec.add_material(name=name, specular=0.1, shininess=0.1, texuniform=True, texrepeat=[2.0, 2.0])
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "surface_0"
    _add_slab(spec, "table", (TABLE_LOW + TABLE_HIGH) / 2, (TABLE_HIGH - TABLE_LOW) / 2)
    _add_slab(spec, "floor", np.array([0.0, 0.0, FLOOR_Z - 0.02]), np.array([2.5, 2.5, 0.02]))
    _add_slab(
        spec, "wall", np.array([WALL_X, 0.0, 0.25]), np.array([1.0, 2.5, 0.02]), [np.sqrt(0.5), 0, np.sqrt(0.5), 0]
    )
    # What carries things is a plane: cheap and exact contacts. Nothing may leave the table anyway.
    spec.worldbody.add_geom(
        name="ground", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], group=3, condim=4, friction=[1.0, 0.02, 0.0001]
    )
    for name in LIGHTS:
        spec.worldbody.add_light(
            name=name, type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[0, 0, 3], dir=[0, 0, -1], castshadow=False
        )
    spec.worldbody.add_camera(name="front", pos=[1.25, 0.0, 0.65], fovy=40.0)


def _add_slab(
    spec: mujoco.MjSpec, name: str, centre: Array, half: Array, quat: list[float] | None = None
) -> mujoco.MjsGeom:
    return spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=centre,
        size=half,
        quat=quat or [1, 0, 0, 0],
        material=name,
        group=1,
        contype=0,
        conaffinity=0,
    )


def _index(model: mujoco.MjModel, models: tuple[ObjectModel, ...], world_seed: int, split: str) -> World:
    """Find everything by name once."""
    bodies = np.array([model.body(f"object_{i}").id for i in range(len(models))], int)
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
    set_home(model, data)
    mujoco.mj_kinematics(model, data)
    site = model.site(panda.TOOL_SITE).id
    world = World(
        seed=world_seed,
        split=split,
        model=model,
        models=models,
        objects=tuple(entry.info(i) for i, entry in enumerate(models)),
        body_ids=bodies,
        qpos_adr=model.jnt_qposadr[joints].astype(int),
        dof_adr=model.jnt_dofadr[joints].astype(int),
        geom_object=owner,
        visual_geoms=visible,
        tool_site=site,
        finger_adr=np.array([model.joint(name).qposadr[0] for name in panda.FINGER_JOINTS]),
        home_tool=data.site_xmat[site].reshape(3, 3).copy(),
        present=np.zeros(len(models), bool),
        initial={name: getattr(model, name).copy() for name in keep},
    )
    world.show(world.present)
    return world
