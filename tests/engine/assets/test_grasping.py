"""Grasp candidates: their contacts lie on the surface, oppose each other within the cone, and leave the hand free."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.engine.assets import Collider, ObjectModel, Shape, Visual, meshes
from sightline.engine.assets.grasping import SLACK, SURE_FRICTION, Candidate, sample_grasps
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.assets.surface import Triangles, exits
from sightline.engine.robots import robot

HAND = robot("panda").hand


def thing(mesh: meshes.Mesh, *pieces: np.ndarray) -> ObjectModel:
    """An item of this mesh that collides as the hulls of ``pieces``, by default as its own."""
    hulls = tuple(Collider("mesh", (), (0, 0, 0), hull=points) for points in (pieces or (mesh.vertices,)))
    shape = Shape((Visual(mesh, (0.5, 0.5, 0.5)),), hulls)
    return ObjectModel("thing", "thing", "", "medium", "item", 0.1, (0.5, 0.5, 0.5), shape)


def box(x: float, y: float, z: float) -> ObjectModel:
    return thing(meshes.box((x, y, z), 0.001))


def cylinder(radius: float, height: float) -> ObjectModel:
    return thing(meshes.lathe([(0, 0), (radius, 0), (radius, height), (0, height)], 24))


def ball(radius: float) -> ObjectModel:
    return thing(meshes.ellipsoid((radius, radius, radius), (0, 0, radius), 24, 15))


def mug(radius: float) -> ObjectModel:
    """Too wide to be spanned, but hollow: its wall can be held with one finger inside."""
    height, wall = 0.07, 0.006
    shell = meshes.lathe(
        [(0, 0), (radius, 0), (radius, height), (radius - wall, height), (radius - wall, wall), (0, wall)]
    )
    angles = np.linspace(0, 2 * np.pi, 17)
    ring = [
        np.array(
            [[r * np.cos(a), r * np.sin(a), z] for a in pair for r in (radius - wall, radius) for z in (0, height)]
        )
        for pair in pairwise(angles)
    ]
    floor = np.array([[radius * np.cos(a), radius * np.sin(a), z] for a in angles for z in (0, wall)])
    return thing(shell, floor, *ring)


lengths = st.floats(0.02, 0.06)
models = st.one_of(
    st.builds(box, lengths, lengths, lengths),
    st.builds(cylinder, st.floats(0.012, 0.03), lengths),
    st.builds(ball, st.floats(0.014, 0.03)),
    st.builds(mug, st.floats(0.045, 0.055)),
)


def off_surface(model: ObjectModel, points: np.ndarray) -> float:
    """Largest distance (m) of points [N,3] from the nearest face."""
    triangles = np.concatenate([v.mesh.vertices[v.mesh.faces] for v in model.shape.visuals])
    nearest = []
    for point in points:
        closest = trimesh.triangles.closest_point(triangles, np.tile(point, (len(triangles), 1)))
        nearest.append(np.linalg.norm(closest - point, axis=1).min())
    return float(max(nearest))


def check(model: ObjectModel, candidate: Candidate) -> None:
    grasp, contacts, normals = candidate.grasp, candidate.contacts, candidate.normals
    assert off_surface(model, contacts) < 1e-6
    closing = contacts[1] - contacts[0]
    width = float(np.linalg.norm(closing))
    cone = np.cos(np.arctan(SURE_FRICTION)) - 1e-6
    assert normals[0] @ -closing / width >= cone and normals[1] @ closing / width >= cone
    assert abs(closing[2]) < 1e-6, "the gripper points straight down"
    assert 0 < grasp.width <= HAND.opening - SLACK + 1e-9 and abs(width - grasp.width) < 0.0045
    assert grasp.yaw is not None and 0 <= grasp.yaw < np.pi
    assert grasp.height >= HAND.lowest - 1e-9 and 0 < candidate.score <= 1
    assert np.linalg.norm(contacts.mean(0)[:2] - grasp.point[:2]) < 0.0025
    # No corner of the object inside a finger of the open hand.
    along = np.array([np.cos(grasp.yaw), np.sin(grasp.yaw), 0.0])
    local = model.shape.points() - grasp.point
    y, x = local @ along, local @ np.cross([0, 0, 1.0], along)
    inside = (np.abs(y) > HAND.opening / 2) & (np.abs(y) < HAND.opening / 2 + (HAND.finger_reach - HAND.opening / 2))
    assert not np.any(inside & (np.abs(x) < HAND.finger_half) & (local[:, 2] > -HAND.tip))


@given(model=models, seed=st.integers(0, 1000))
@settings(max_examples=15)
def test_every_candidate_is_a_grasp(model, seed):
    candidates = sample_grasps(model, np.random.default_rng(seed), rays=150)
    assert candidates
    assert [c.score for c in candidates] == sorted((c.score for c in candidates), reverse=True)
    for candidate in candidates:
        check(model, candidate)


@cache
def first_of(kind: str) -> ObjectModel:
    return starter.build(starter.variants(kind)[0])


@pytest.mark.parametrize("kind", [kind for kind in starter.kinds() if starter.role(kind) == "item"])
def test_items_of_the_catalogue_have_grasps(kind):
    model = first_of(kind)
    candidates = sample_grasps(model, np.random.default_rng(0))
    assert len(candidates) >= 2
    for candidate in candidates:
        check(model, candidate)
    by_hand = model.grasp
    assert by_hand is not None
    assert abs(candidates[0].grasp.width - by_hand.width) < 0.012 or candidates[0].grasp.width < by_hand.width


def test_the_same_generator_gives_the_same_grasps():
    first, again = (sample_grasps(first_of("mug"), np.random.default_rng(3)) for _ in range(2))
    assert [c.grasp for c in first] == [c.grasp for c in again]
    assert [c.score for c in first] == [c.score for c in again]
    other = sample_grasps(first_of("mug"), np.random.default_rng(4))
    assert [c.grasp for c in first] != [c.grasp for c in other]


def test_a_mug_that_is_too_wide_is_held_by_its_wall():
    candidates = sample_grasps(mug(0.05), np.random.default_rng(0))
    assert candidates and all(candidate.grasp.width < 0.01 for candidate in candidates)


def test_what_the_hand_cannot_span_has_no_grasp():
    assert sample_grasps(box(0.09, 0.09, 0.05), np.random.default_rng(0)) == ()


def test_what_is_taller_than_the_fingers_reach_is_held_near_its_top():
    tall = box(0.04, 0.04, 0.2)
    candidates = sample_grasps(tall, np.random.default_rng(0))
    assert candidates and all(0.2 - candidate.grasp.height < HAND.palm_height for candidate in candidates)


def test_a_long_box_is_held_across_and_near_its_middle():
    best = sample_grasps(box(0.12, 0.03, 0.04), np.random.default_rng(0))[0].grasp
    assert abs(best.point[0]) < 0.015 and best.yaw == pytest.approx(np.pi / 2, abs=0.1)


def test_the_centre_of_mass_draws_the_grasp():
    heavy_end = replace(box(0.14, 0.03, 0.04), balance=(0.05, 0.0, 0.02))
    assert sample_grasps(heavy_end, np.random.default_rng(0))[0].grasp.point[0] > 0.025


def test_sampled_grasps_replace_those_of_the_model():
    can = first_of("can")
    model = can.with_grasps([candidate.grasp for candidate in sample_grasps(can, np.random.default_rng(0))])
    assert model.grasp == model.grasps[0] and len(model.grasps) > 2
    assert model.shape.centred().grasps == model.grasps


@given(x=st.floats(-0.025, 0.025), y=st.floats(-0.025, 0.025))
def test_rays_leave_a_ball_where_they_should(x, y):
    radius = 0.04
    mesh = meshes.ellipsoid((radius, radius, radius), (0, 0, 0), 64, 33)
    surface = Triangles.from_corners(mesh.vertices[mesh.faces])
    below = np.sqrt(radius**2 - x**2 - y**2)
    found = exits(surface, np.array([x, y, -0.1]), np.array([0, 0, 1.0]), 0.3)
    assert len(found) == 1
    distance, normal = found[0]
    assert distance == pytest.approx(0.1 + below, abs=5e-4)
    assert normal @ [x, y, below] / radius > 0.99


def test_points_are_spread_by_area():
    mesh = meshes.plain_box((0.1, 0.1, 0.02), (0, 0, 0))
    surface = Triangles.from_corners(mesh.vertices[mesh.faces])
    assert surface.area == pytest.approx(2 * 0.01 + 4 * 0.002)
    assert Triangles.volume(mesh.vertices[mesh.faces]) == pytest.approx(2e-4)
    points, normals = surface.sample(np.random.default_rng(0), 4000)
    flat = np.abs(normals[:, 2]) > 0.5
    assert flat.mean() == pytest.approx(0.02 / 0.028, abs=0.03)
    np.testing.assert_allclose(np.abs(points[flat, 2]), 0.01, atol=1e-12)
