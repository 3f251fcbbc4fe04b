"""What an object is made of, and how it becomes a body of a MuJoCo model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.types import ObjectInfo
from sightline.engine.assets.meshes import Mesh

VISUAL_GROUP, COLLISION_GROUP = 1, 3
FRICTION = 1.0  # sliding, of every object's own surface
LOWEST_GRASP = 0.014  # metres of the tool point above the base: the finger tips are 9 mm below it
RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Visual:
    """One painted mesh. ``rgb`` tints ``texture`` [H,W,3] uint8 if there is one; ``shine``: 0 matt .. 1 glossy."""

    mesh: Mesh
    rgb: RGB
    texture: NDArray[np.uint8] | None = None
    shine: float = 0.3


@dataclass(frozen=True)
class Collider:
    """One convex piece: ``box`` (half sizes), ``cylinder`` (radius, half height), ``capsule`` (radius, half length),
    ``ellipsoid`` (semi-axes) at pos with orientation quat (w, x, y, z); or ``mesh``, the convex hull of ``hull`` [V,3]
    (no size)."""

    shape: str
    size: tuple[float, ...]
    pos: tuple[float, float, float]
    quat: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    hull: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Grasp:
    """How a parallel gripper that points down takes the object.

    Attributes:
        point: tool point in the object frame (origin: centre of the base), metres; its z is the height above the base.
        yaw: direction in which the fingers close, about z in the object frame, radians; None when any will do.
        width: between the two sides that the fingers touch, metres.
        square: a direction at right angles to ``yaw`` is just as good.
    """

    point: tuple[float, float, float]
    yaw: float | None
    width: float
    square: bool = False

    @property
    def height(self) -> float:
        """Tool point above the object's base, metres."""
        return self.point[2]


@dataclass(frozen=True)
class Shape:
    """Geometry of one object: what is seen, what collides, the grasp (items only) and others to fall back on."""

    visuals: tuple[Visual, ...]
    colliders: tuple[Collider, ...]
    grasp: Grasp | None = None
    rolls: bool = False
    spares: tuple[Grasp, ...] = ()

    @property
    def grasps(self) -> tuple[Grasp, ...]:
        """All ways to pick it up, the best first."""
        return (self.grasp, *self.spares) if self.grasp else ()

    def centred(self) -> Shape:
        """The shape shifted so that its bounding box stands on z = 0 with its centre above the origin."""
        low, high = self.bounds()
        shift = -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
        if np.abs(shift).max() < 1e-6:
            return self

        def moved(point: tuple[float, float, float]) -> tuple[float, float, float]:
            x, y, z = np.asarray(point) + shift
            return float(x), float(y), float(z)

        visuals = tuple(Visual(v.mesh.moved(shift), v.rgb, v.texture, v.shine) for v in self.visuals)
        colliders = tuple(Collider(c.shape, c.size, moved(c.pos), c.quat, c.hull) for c in self.colliders)
        grasps = tuple(Grasp(moved(g.point), g.yaw, g.width, g.square) for g in self.grasps)
        return Shape(visuals, colliders, grasps[0] if grasps else None, self.rolls, grasps[1:])

    def scaled(self, factor: float) -> Shape:
        """The shape ``factor`` times as large; the tool point keeps 1.4 cm above what it stands on.

        For shapes that stand on z = 0.
        """

        def grown(point: tuple[float, float, float]) -> tuple[float, float, float]:
            return point[0] * factor, point[1] * factor, point[2] * factor

        visuals = tuple(Visual(v.mesh.scaled((factor,) * 3), v.rgb, v.texture, v.shine) for v in self.visuals)
        colliders = tuple(
            Collider(c.shape, tuple(size * factor for size in c.size), grown(c.pos), c.quat) for c in self.colliders
        )
        if self.grasp is None:
            return Shape(visuals, colliders, None, self.rolls)
        x, y, z = grown(self.grasp.point)
        grasp = Grasp((x, y, max(z, LOWEST_GRASP)), self.grasp.yaw, self.grasp.width * factor, self.grasp.square)
        return Shape(visuals, colliders, grasp, self.rolls)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner [3] of everything seen."""
        points = self.points()
        return points.min(0), points.max(0)

    def points(self) -> NDArray[np.float64]:
        """[V,3] vertices of everything seen, object frame."""
        return np.concatenate([visual.mesh.vertices for visual in self.visuals])


@dataclass(frozen=True)
class ObjectModel:
    """One object of the catalogue. Lengths in metres, mass in kilograms; roles and sizes as in ObjectInfo.

    Attributes:
        name: unique in the catalogue, e.g. ``mug_red_large``.
        rgb: the colour it is painted with (natural colour for fruit); the look varies it a little.
        inner: size (x, y) of the room inside a container or of the top of a surface; (0, 0) for items.
        balance: centre of mass in the object frame; None: on the axis, at 40 % of the height.
        friction: sliding friction of its surface. Of two things that touch, the rougher one counts.
        material, pattern: of its main part, where they are known; a plain one has no pattern.
        label, travel: as in ObjectInfo.
    """

    name: str
    kind: str
    colour: str
    size: str
    role: str
    mass: float
    rgb: RGB
    shape: Shape = field(repr=False, compare=False)
    inner: tuple[float, float] = (0.0, 0.0)
    balance: tuple[float, float, float] | None = None
    friction: float = FRICTION
    material: str = ""
    pattern: str = ""
    label: str = ""
    travel: float = 0.0

    @property
    def grasp(self) -> Grasp | None:
        """How to take it; None for what is not handled, such as containers and surfaces."""
        return self.shape.grasp

    @property
    def grasps(self) -> tuple[Grasp, ...]:
        """All ways to pick it up, the best first."""
        return self.shape.grasps

    def with_grasps(self, grasps: Sequence[Grasp]) -> ObjectModel:
        """The same object, to be picked up in these ways, the best first."""
        shape = replace(self.shape, grasp=grasps[0] if grasps else None, spares=tuple(grasps[1:]))
        return replace(self, shape=shape)

    @property
    def centre_of_mass(self) -> tuple[float, float, float]:
        """In the object frame."""
        return self.balance or (0.0, 0.0, 0.4 * float(self.extent[2]))

    @property
    def height(self) -> float:
        """Standing height."""
        return float(self.shape.bounds()[1][2])

    @property
    def radius(self) -> float:
        """Of the circle around the footprint, centred on the bounding box."""
        return float(np.linalg.norm(self.shape.points()[:, :2], axis=1).max())

    @property
    def extent(self) -> NDArray[np.float64]:
        """[3] full size of the bounding box."""
        low, high = self.shape.bounds()
        return high - low

    @property
    def faces(self) -> int:
        """Number of rendered triangles."""
        return sum(len(visual.mesh.faces) for visual in self.shape.visuals)

    def info(self, index: int) -> ObjectInfo:
        """What language may say of it as object number ``index`` of a world."""
        words = "_".join(word for word in (self.kind.replace(" ", "_"), self.colour) if word)
        return ObjectInfo(
            f"{words}_{index}", self.kind, self.colour, self.size, self.role, self.radius, self.height,
            self.label, self.travel,
        )  # fmt: skip

    def add_to(self, spec: mujoco.MjSpec, name: str) -> mujoco.MjsBody:
        """Add a free body called ``name`` (and its meshes, textures, materials) to ``spec`` and return it.

        The body frame is the centre of the base. Visible geoms are called ``NAME_visual_K``, colliding ones nothing.
        """
        body = spec.worldbody.add_body(name=name)
        body.add_freejoint(name=f"{name}_free")
        self.furnish(spec, body)
        return body

    def furnish(self, spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
        """Give a body of ``spec`` this object's mass and geoms; names start with the body's."""
        extent = self.extent
        squares = extent**2
        body.explicitinertial = True
        body.mass = self.mass
        body.ipos = self.centre_of_mass
        body.inertia = (
            self.mass / 12 * np.array([squares[1] + squares[2], squares[0] + squares[2], squares[0] + squares[1]])
        )
        for k, visual in enumerate(self.shape.visuals):
            self._add_visual(spec, body, f"{body.name}_visual_{k}", visual)
        self.add_colliders(spec, body)

    def add_colliders(self, spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
        """Add what collides, without names, to ``body`` of ``spec``."""
        for k, collider in enumerate(self.shape.colliders):
            geom = self._add_collider(body, collider)
            if collider.hull is not None:
                hull = spec.add_mesh(name=f"{body.name}_hull_{k}", uservert=collider.hull.astype(np.float32).ravel())
                hull.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # never weighed; thin pieces have no volume
                geom.meshname = hull.name

    def _add_visual(self, spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, visual: Visual) -> None:
        mesh = visual.mesh
        spec.add_mesh(
            name=name,
            uservert=mesh.vertices.astype(np.float32).ravel(),
            userface=mesh.faces.astype(np.int32).ravel(),
            usernormal=mesh.normals.astype(np.float32).ravel(),
            usertexcoord=np.stack([mesh.uv[:, 0], 1 - mesh.uv[:, 1]], -1).astype(np.float32).ravel(),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
        material = spec.add_material(name=name, specular=0.6 * visual.shine, shininess=0.2 + 0.6 * visual.shine)
        if visual.texture is not None:
            height, width, _ = visual.texture.shape
            texture = spec.add_texture(
                name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=width, height=height, nchannel=3
            )
            texture.data = visual.texture.tobytes()
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
        body.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=name,
            material=name,
            rgba=[*visual.rgb, 1.0],
            group=VISUAL_GROUP,
            contype=0,
            conaffinity=0,
            mass=0.0,
        )

    def _add_collider(self, body: mujoco.MjsBody, collider: Collider) -> mujoco.MjsGeom:
        size = np.zeros(3)
        size[: len(collider.size)] = collider.size
        return body.add_geom(
            type=getattr(mujoco.mjtGeom, f"mjGEOM_{collider.shape.upper()}"),
            size=size,
            pos=collider.pos,
            quat=collider.quat,
            group=COLLISION_GROUP,
            mass=0.0,
            condim=6 if self.shape.rolls else 4,
            friction=[self.friction, 0.02, 0.004 if self.shape.rolls else 0.0001],
            solref=[0.01, 1.0],
        )
