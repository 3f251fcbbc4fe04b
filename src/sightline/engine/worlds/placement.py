"""Scenes of a world: which objects are there and where they stand, at rest."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.engine.worlds.world import World, set_home

OBJECT_AREA = np.array([[0.36, -0.25], [0.66, 0.25]])  # lowest and highest x, y of an object's centre, metres
REACH = 0.69  # farthest centre from the robot's base axis, metres
GAPS = (0.055, 0.045, 0.035, 0.025)  # free space around items in metres, tried in this order
SETTLE_SECONDS = 0.3
ITEM_TURN = 0.6  # an item's closing direction is within this many radians of the fingers' at home
TARGET_TURN = 0.5
MAX_SHIFT, MIN_UPRIGHT, MAX_SPEED = 0.012, 0.995, 0.03
MAX_SCENES = 60


@dataclass(frozen=True)
class Layout:
    """Which objects of a world are present [n] and the pose [n,7] (position, quaternion w x y z) of each one's base.

    joints: [n] how far the parts of fixtures have gone (see Mounting); None in a world without them.
    """

    present: NDArray[np.bool_]
    poses: Array
    joints: Array | None = None


@dataclass(frozen=True)
class Spread:
    """Where the centres of objects may be.

    Attributes:
        area: lowest and highest (x, y), metres.
        reach: farthest from the robot's base axis, metres.
    """

    area: tuple[tuple[float, float], tuple[float, float]]
    reach: float

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """[...] whether points [...,2] (x, y; metres) are in it."""
        low, high = np.array(self.area)
        return ((points >= low) & (points <= high)).all(-1) & (np.linalg.norm(points, axis=-1) <= self.reach)


USUAL = Spread(((OBJECT_AREA[0, 0], OBJECT_AREA[0, 1]), (OBJECT_AREA[1, 0], OBJECT_AREA[1, 1])), REACH)


def sample_layout(world: World, rng: np.random.Generator) -> Layout:
    """Choose 4 to 7 objects, among them a container or surface, and places for them without overlap (not settled).

    Mostly a distractor shares kind or colour with an item. Deterministic given rng.
    Raises SightlineError when the world is too crowded to lay out.
    """
    for _ in range(MAX_SCENES):
        present = choose_present(world, rng)
        for gap in GAPS:
            for _ in range(6):
                places = scatter(world, present, gap, rng, USUAL)
                if places is not None:
                    return stand(world, present, places, rng)
    raise SightlineError("The objects of this world do not fit into the workspace: use fewer or smaller ones.")


def sample_scene(world: World, rng: np.random.Generator) -> Layout:
    """A layout that has come to rest under physics with the arm at home: nothing fell, tilted or slid.

    Leaves ``world`` showing this layout's objects. Raises SightlineError when no layout holds still.
    """
    data = mujoco.MjData(world.model)
    for _ in range(MAX_SCENES):
        layout = sample_layout(world, rng)
        settled = settle(world, data, layout)
        if settled is not None:
            return settled
    raise SightlineError(f"No scene of world {world.seed} ({world.spec.split}) comes to rest: its things are unstable.")


def apply_layout(world: World, data: mujoco.MjData, layout: Layout) -> None:
    """Show the layout's objects at their poses, at rest, and park the others. The arm is left as it is."""
    world.show(layout.present)
    for index in range(len(world.models)):
        if layout.present[index]:
            world.stand(data, index, layout.poses[index])
        else:
            world.park(data, index)
    if layout.joints is not None:
        world.mounting.set_joints(data, layout.joints)


def settle(world: World, data: mujoco.MjData, layout: Layout, max_shift: Array | float = MAX_SHIFT) -> Layout | None:
    """The layout after 0.3 s of physics with the arm at home, or None when something fell, tilted or slid.

    Args:
        max_shift: metres by which a base may move, one number or [n].
    """
    mujoco.mj_resetData(world.model, data)
    set_home(world.model, data, world.robot)
    apply_layout(world, data, layout)
    mujoco.mj_step(world.model, data, round(SETTLE_SECONDS / world.model.opt.timestep))
    mujoco.mj_forward(world.model, data)
    here = layout.present & world.mounting.free
    poses = np.stack([data.qpos[start : start + 7] for start in np.maximum(world.qpos_adr, 0)])
    speed = np.array([np.abs(data.qvel[start : start + 3]).max() for start in np.maximum(world.dof_adr, 0)])
    shift = np.linalg.norm(poses[:, :3] - layout.poses[:, :3], axis=1)
    calm = (shift < max_shift) & (world.uprightness(data) > MIN_UPRIGHT) & (speed < MAX_SPEED)
    if not calm[here].all():
        return None
    return Layout(layout.present.copy(), np.where(here[:, None], poses, layout.poses), world.mounting.joints(data))


def choose_present(world: World, rng: np.random.Generator) -> NDArray[np.bool_]:
    """[n] which objects a scene shows: a target thing to act on, things like it, places to put it, and others."""
    roles = np.array([info.role for info in world.objects])
    items, places = np.flatnonzero(roles == "item"), np.flatnonzero(roles != "item")
    present = np.zeros(len(roles), bool)
    if len(places):
        count = min(len(places), 2 if rng.random() < 0.4 else 1)
        present[rng.choice(places, count, replace=False)] = True
    if not len(items):
        return present
    total = int(rng.integers(4, 8))
    star = int(rng.choice(items))
    present[star] = True
    info = world.objects[star]
    alike = [i for i in items if i != star and world.objects[i].kind == info.kind]
    same_colour = [i for i in items if i != star and info.colour and world.objects[i].colour == info.colour]
    for group, chance in ((alike, 0.7), (same_colour, 0.5)):
        if group and rng.random() < chance:
            present[rng.choice(group)] = True
    rest = [i for i in rng.permutation(items) if not present[i]]
    for i in rest[: max(0, total - int(present.sum()))]:
        present[i] = True
    return present


def scatter(
    world: World,
    present: NDArray[np.bool_],
    gap: float,
    rng: np.random.Generator,
    spread: Spread,
    outside: int = -1,
) -> Array | None:
    """[n,2] centres such that footprints are ``gap`` apart (targets among themselves half of it), or None.

    Args:
        outside: object that must stand where usually nothing does; -1 for none.
    """
    low, high = np.array(spread.area)
    places = np.full((len(present), 2), np.nan)
    radii = np.array([info.radius for info in world.objects])
    is_item = np.array([info.role == "item" for info in world.objects])
    done: list[int] = []
    for index in sorted(np.flatnonzero(present), key=lambda i: -radii[i]):
        inset = np.minimum(max(0.0, radii[index] - 0.05), (high - low) / 2)  # big things stay nearer to the middle
        for _ in range(40):
            place = rng.uniform(low + inset, high - inset)
            if np.hypot(*place) > spread.reach or (index == outside and USUAL.holds(place)):
                continue
            apart = np.linalg.norm(places[done] - place, axis=1) - radii[done] - radii[index]
            if np.all(apart > np.where(is_item[done] | is_item[index], gap, gap / 2)):
                places[index] = place
                done.append(int(index))
                break
        else:
            return None
    return places


def stand(
    world: World, present: NDArray[np.bool_], places: Array, rng: np.random.Generator, heights: Array | None = None
) -> Layout:
    """A layout with the present objects at ``places`` [n,2], turned at random so that the fingers can close on them.

    Args:
        heights: [n] metres of the bases; just above the table when None.
    """
    poses = np.zeros((len(present), 7))
    poses[:, 3] = 1.0
    for index in np.flatnonzero(present):
        entry = world.models[index]
        if entry.grasp is None:
            yaw = float(np.pi / 2 * rng.integers(4) + rng.uniform(-TARGET_TURN, TARGET_TURN))
        elif entry.grasp.yaw is None:
            yaw = float(rng.uniform(-np.pi, np.pi))
        else:
            yaw = np.pi / 2 - entry.grasp.yaw + float(np.pi * rng.integers(2) + rng.uniform(-ITEM_TURN, ITEM_TURN))
        poses[index, :2], poses[index, 2] = places[index], 0.0005 if heights is None else heights[index]
        poses[index, 3:] = [np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
    return Layout(present, poses)
