"""One mesh file becomes one object model: units, upright pose, convex pieces, paint, mass, role, grasps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from sightline.core.errors import SightlineError, require_known
from sightline.core.geometry import Array
from sightline.engine.assets.colours import COLOURS
from sightline.engine.assets.grasping import sample_grasps
from sightline.engine.assets.importing.library import Entry, hull_collider
from sightline.engine.assets.importing.meshfile import UNPAINTED, Y_UP, MeshFile, Part, read_mesh_file
from sightline.engine.assets.importing.naming import colour_name, words_of
from sightline.engine.assets.importing.painting import visuals_of
from sightline.engine.assets.importing.solid import UNITS, Solid, base_of, decompose, guess_unit, rolls, upright, weld
from sightline.engine.assets.importing.top import Top, top_of
from sightline.engine.assets.model import RGB, ObjectModel, Shape

ROLES = ("item", "container", "surface", "distractor")
SMALLEST, LARGEST = 0.015, 0.32  # metres, longest side: seen by the camera, with room on the table
DENSITY = 400.0  # kilograms per cubic metre: between hollow plastic and full fruit
MASSES = (0.02, 0.3)  # kilograms: lighter things are blown away by a touch, heavier ones slip out of the fingers
MEANT_OTHERWISE = ("robot", "table")  # "the mug nearest the robot", "off the table"
CONTAINER_ROOM, CONTAINER_DEPTH = 0.085, 0.015  # metres: wide enough to put something in, deep enough to keep it
SURFACE_ROOM, SURFACE_LEVEL, SURFACE_HEIGHT = 0.09, 0.5, 0.06  # metres, share of the footprint, metres
SETTLE_SECONDS, MAX_SHIFT, MIN_UPRIGHT = 0.5, 0.012, 0.99  # metres, cosine of the tilt
FOOT = 0.002  # metres: thickness of the foot under a round bottom
FROM_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True)
class Settings:
    """How files become objects. A folder's ``objects.yaml`` may say the first eight for each file by its name.

    Attributes:
        noun, colour, size: words of the language; "" takes them from the file's name, else from paint and size.
        role: one of ROLES; "" decides by shape.
        mass: kilograms; None takes volume times ``density``, within MASSES.
        units: one of solid.UNITS; "" decides by plausibility.
        up: ``y`` or ``z``; "" takes the format's axis, the other one if it would fall over, else a resting pose.
        scale: extra factor on the size.
        density: kilograms per cubic metre.
        faces, texture: triangles and pixels (side of the picture) that an object may have.
    """

    noun: str = ""
    colour: str = ""
    size: str = ""
    role: str = ""
    mass: float | None = None
    units: str = ""
    up: str = ""
    scale: float = 1.0
    density: float = DENSITY
    faces: int = 800
    texture: int = 192

    def __post_init__(self) -> None:
        for what, word in (("noun", self.noun), ("colour", self.colour)):
            if not re.fullmatch(r"([a-z]+( [a-z]+)*)?", str(word)):
                raise SightlineError(f"A {what} is made of small letters and spaces, but it is '{word}'.")
        for what, word, known in (
            ("unit", self.units, tuple(UNITS)),
            ("axis", self.up, ("y", "z")),
            ("role", self.role, ROLES),
            ("size", self.size, ("small", "medium", "large")),
        ):
            if word:
                require_known(what, str(word), known)
        if min(self.scale, self.density, 1.0 if self.mass is None else self.mass) <= 0:
            raise SightlineError("Mass, scale and density must be positive.")
        if self.faces < 50 or not 8 <= self.texture <= 1024:
            raise SightlineError("An object needs at least 50 faces, and a texture of 8 to 1024 pixels.")


def import_file(
    path: Path, name: str, settings: Settings, words: tuple[str, str, str] | None = None
) -> tuple[Entry, str]:
    """The object in one mesh file, called ``name``, and the unit that was used.

    Args:
        words: noun, colour and size that its place tells; by default those of the file's own name.

    Raises SightlineError, with the reason alone as its message, when the file is no usable object.
    """
    noun, colour, size = words or words_of(path.stem)
    kind = settings.noun or noun or "thing"
    if kind.split()[-1] in MEANT_OTHERWISE:
        raise SightlineError(
            f"would be called '{kind}', but instructions speak of the {kind.split()[-1]} it stands before or on: "
            "give it another noun in objects.yaml"
        )
    file = read_mesh_file(path)
    unit, scale = _scale(file, settings)
    parts = [part.moved(scale, np.eye(3), np.zeros(3)) for part in file.parts]
    welded = _weld(parts)
    solid = decompose(welded)
    turn = upright(np.asarray(welded.vertices), solid.centre, _turns(path, settings))
    shift = _to_origin(np.asarray(welded.vertices) @ turn.T, solid.moved(turn, np.zeros(3)))
    parts, solid = [part.moved(1.0, turn, shift) for part in parts], solid.moved(turn, shift)
    welded.apply_transform(np.block([[turn, shift[:, None]], [np.zeros((1, 3)), np.ones((1, 1))]]))
    plain = COLOURS.get(settings.colour or colour, UNPAINTED)
    visuals, colours = visuals_of(parts, welded, settings.faces, settings.texture, plain)
    top = top_of(welded)
    model = ObjectModel(
        name=name,
        kind=kind,
        colour=settings.colour or colour or colour_name(colours),
        size=settings.size or size or "medium",
        role=settings.role or _role(np.ptp(welded.vertices, axis=0), top),
        mass=settings.mass or float(np.clip(settings.density * solid.volume, *MASSES)),
        rgb=_mean(colours),
        shape=Shape(visuals, tuple(hull_collider(piece) for piece in solid.pieces)),
        inner=top.room,
        balance=_three(solid.centre),
    )
    model = _with_grasps(_standing(model, np.asarray(welded.vertices), solid.centre))
    if settings.role == "item" and not model.grasps:
        raise SightlineError("is meant as an item, but the gripper can span it nowhere: give --scale, or another role")
    return Entry(model, path.name, settings.size or size), unit


def _scale(file: MeshFile, settings: Settings) -> tuple[str, float]:
    """The unit and the factor to metres; a size that no object on the table has is refused."""
    longest = file.longest
    if not longest > 0:
        raise SightlineError("has no size")
    told = "" if file.unit is None else next((name for name, size in UNITS.items() if np.isclose(size, file.unit)), "")
    unit = settings.units or told or guess_unit(longest)
    scale = UNITS[unit] * settings.scale
    if not SMALLEST <= longest * scale <= LARGEST:
        size = f"{100 * longest * scale:.3g} cm long (its numbers taken as {unit})"
        limits = f"{100 * SMALLEST:.2g} to {100 * LARGEST:.2g} cm fit: give --units or --scale"
        raise SightlineError(f"is {size}; {limits}")
    return unit, scale


def _weld(parts: Sequence[Part]) -> Any:
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts[:-1], strict=True)])
    return weld(np.concatenate([part.vertices for part in parts]), faces)


def _turns(path: Path, settings: Settings) -> list[Array]:
    """Rotations that may bring the file's axis up, the likeliest first."""
    from_z, from_y = np.eye(3), FROM_Y_UP
    if settings.up:
        return [from_y if settings.up == "y" else from_z]
    return [from_y, from_z] if path.suffix.lower() in Y_UP else [from_z, from_y]


def _to_origin(points: Array, solid: Solid) -> Array:
    """[3] shift that centres what is seen [N,3] above the origin and stands what collides on z = 0."""
    low, high = points.min(0), points.max(0)
    return -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, min(piece[:, 2].min() for piece in solid.pieces)])


def _role(extent: Array, top: Top) -> str:
    """Container when the top is hollow and wide, surface when it is low, wide and level, else item."""
    if top.hollow > CONTAINER_DEPTH and min(top.room) > CONTAINER_ROOM:
        return "container"
    if min(top.room) > SURFACE_ROOM and top.level > SURFACE_LEVEL and extent[2] < SURFACE_HEIGHT:
        return "surface"
    return "item"


def _with_grasps(model: ObjectModel) -> ObjectModel:
    """An item with its grasps; one that the hand cannot take becomes a distractor, which others are put beside."""
    if model.role != "item":
        return model
    grasps = [candidate.grasp for candidate in sample_grasps(model, np.random.default_rng(0))]
    return model.with_grasps(grasps) if grasps else replace(model, role="distractor")


def _standing(model: ObjectModel, points: Array, centre: Array) -> ObjectModel:
    """The model as it stands still under physics, on a foot if its bottom is round or its pieces are uneven.

    Args:
        points: [N,3] its surface; centre: [3] its centre of mass.

    Raises SightlineError when it falls over or slides away even so.
    """
    if not rolls(points, centre) and _stands_still(model):
        return model
    base = base_of(points)
    if len(base):
        foot = np.concatenate([np.column_stack([base, np.full(len(base), z)]) for z in (0.0, FOOT)])
        shape = replace(model.shape, colliders=(*model.shape.colliders, hull_collider(foot)), rolls=True)
        model = replace(model, shape=shape)
        if _stands_still(model):
            return model
    raise SightlineError("does not stand still in any pose: give --up, or turn it in the file")


def _stands_still(model: ObjectModel) -> bool:
    spec = mujoco.MjSpec()
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
    model.add_to(spec, "thing").pos = [0.0, 0.0, 0.0005]
    try:
        compiled = spec.compile()
    except ValueError as error:
        raise SightlineError(f"cannot be simulated ({error})") from None
    data = mujoco.MjData(compiled)
    mujoco.mj_step(compiled, data, round(SETTLE_SECONDS / compiled.opt.timestep))
    moved = float(np.linalg.norm(data.qpos[:2]))
    return bool(data.body("thing").xmat[8] > MIN_UPRIGHT and moved < MAX_SHIFT)


def _mean(colours: Array) -> RGB:
    return _three(colours.mean(0))


def _three(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
