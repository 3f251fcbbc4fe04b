"""Scenes with fixtures: furniture first, then loose things where neither it, its parts nor the hand will be."""

from __future__ import annotations

import mujoco
import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.engine.fixtures.model import Fixture
from sightline.engine.worlds.placement import MAX_SCENES, OBJECT_AREA, REACH, Layout, settle, stand
from sightline.engine.worlds.world import World

TURN = 0.5  # radians: a fixture's front is towards the viewer, within this
LOOSE = (2, 4)  # fewest and most loose things in a scene
GAP = 0.04  # metres between the outlines of loose things
TRIES = 40  # places proposed for each of them


def sample_furnished(world: World, rng: np.random.Generator) -> Layout:
    """A layout at rest with all fixtures of ``world`` and some loose things. Deterministic given rng.

    Leaves ``world`` showing this layout's objects. Raises SightlineError when no layout holds still.
    """
    data = mujoco.MjData(world.model)
    for _ in range(MAX_SCENES):
        settled = settle(world, data, _propose(world, rng))
        if settled is not None and settled.present[world.mounting.free].sum() >= LOOSE[0]:
            return settled
    raise SightlineError(
        f"No scene of world {world.seed} ({world.spec.split}) has room for its fixtures: use fewer of them."
    )


def _propose(world: World, rng: np.random.Generator) -> Layout:
    """Fixtures and as many loose things as find a place (not settled)."""
    standing = [(first, fixture, *_stance(fixture, rng)) for first, fixture in world.mounting.fixtures]
    present, places = _scatter(world, standing, rng)
    layout = stand(world, present, places, rng)
    joints = np.full(len(present), np.nan)
    for first, fixture, place, yaw in standing:
        layout.present[first : first + len(fixture.models)] = True
        layout.poses[first] = [*place, 0.0, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
        joints[first + 1 : first + len(fixture.models)] = _openings(fixture, rng)
    return Layout(layout.present, layout.poses, joints)


def _stance(fixture: Fixture, rng: np.random.Generator) -> tuple[Array, float]:
    """Place [2] and yaw such that the middle of the fixture's room, turned, is near the area of objects."""
    yaw = float(rng.uniform(-TURN, TURN))
    low, high = np.array(fixture.room)
    spare = np.maximum((OBJECT_AREA[1] - OBJECT_AREA[0] - (high - low)) / 2 + 0.05, 0.0)
    middle = OBJECT_AREA.mean(0) + rng.uniform(-spare, spare)
    cosine, sine = np.cos(yaw), np.sin(yaw)
    return middle - np.array([[cosine, -sine], [sine, cosine]]) @ ((low + high) / 2), yaw


def _openings(fixture: Fixture, rng: np.random.Generator) -> Array:
    """[parts] how far each is: all closed, or one anywhere up to open."""
    travels = np.array([part.model.travel for part in fixture.parts])
    openings = np.zeros(len(travels))
    if len(travels) and rng.random() < fixture.ajar:
        one = int(rng.integers(len(travels)))
        openings[one] = travels[one] * rng.uniform(0.4, 1.0)
    return openings


def _scatter(
    world: World, standing: list[tuple[int, Fixture, Array, float]], rng: np.random.Generator
) -> tuple[np.ndarray, Array]:
    """Which loose objects are there [n] and where [n,2]: clear of the fixtures' rooms and of one another."""
    count = len(world.objects)
    present, places = np.zeros(count, bool), np.full((count, 2), np.nan)
    radii = np.array([info.radius for info in world.objects])
    wanted = int(rng.integers(LOOSE[0], LOOSE[1] + 1))
    for index in rng.permutation(np.flatnonzero(world.mounting.free)):
        proposals = rng.uniform(OBJECT_AREA[0], OBJECT_AREA[1], (TRIES, 2))
        good = np.linalg.norm(proposals, axis=1) < REACH
        for _, fixture, place, yaw in standing:
            good &= ~fixture.reaches(proposals, radii[index] + 0.005, place, yaw)
        done = np.flatnonzero(present)
        apart = np.linalg.norm(proposals[:, None] - places[done], axis=2) - radii[done] - radii[index]
        good &= np.all(apart > GAP, axis=1)
        if good.any():
            present[index], places[index] = True, proposals[np.argmax(good)]
        if present.sum() == wanted:
            break
    return present, places
