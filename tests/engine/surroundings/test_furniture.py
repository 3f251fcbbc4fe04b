"""Surfaces: flat where things happen, nothing in the arm's way, and honest about where things can stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.engine.surroundings import furniture
from sightline.engine.surroundings.furniture import FAMILIES, REACHED
from sightline.engine.surroundings.joinery import holds, in_metres, inset, oval, panel, plate, rectangle
from sightline.engine.worlds import placement
from sightline.tasks import pick_place

RIM, BEHIND = 0.035, -0.29  # metres: nothing is higher before the robot; nothing at all is behind this x


@pytest.mark.parametrize("family", FAMILIES)
def test_surfaces_are_distinct_and_keep_clear_of_the_arm(family: str) -> None:
    entries = [furniture.surface(family, number) for number in range(furniture.PER_FAMILY)]
    assert len({furniture.content_hash(entry) for entry in entries}) == len(entries)
    for entry in entries:
        support = entry.build()
        points = np.concatenate([part.mesh.vertices for part in support.parts])
        assert np.isfinite(points).all() and points[:, 2].min() >= support.floor - 1e-6, entry.name
        raised = points[points[:, 2] > 1e-6]
        before = raised[raised[:, 0] > BEHIND]
        assert np.all(before[:, 2] <= RIM), entry.name
        inner = (before[:, 0] > REACHED[0, 0]) & (before[:, 0] < REACHED[1, 0]) & (np.abs(before[:, 1]) < REACHED[1, 1])
        assert not inner.any(), f"{entry.name} rises where things stand"
        assert sum(len(part.mesh.vertices) for part in support.parts) < 3000, "pictures cost what vertices cost"
        assert {part.slot for part in support.parts} <= set(support.wears)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_top_lies_at_zero_under_the_whole_workspace(family: str) -> None:
    low, high = REACHED
    grid = np.stack(np.meshgrid(np.linspace(low[0], high[0], 7), np.linspace(low[1], high[1], 7)), -1).reshape(-1, 2)
    for number in range(furniture.PER_FAMILY):
        support = furniture.surface(family, number).build()
        assert support.holds(grid).all(), number
        assert not support.holds(np.array([[0.5, 1.4], [1.6, 0.0], [-1.5, 0.0]])).any()
        tops = [part.mesh for part in support.parts if part.slot == "top"]
        heights = np.array([height_at(tops, x, y) for x, y in grid[::3]])
        assert np.nanmax(heights) < 1e-6 and (heights > -1e-6).mean() > 0.75, "gaps between planks are allowed"


def height_at(meshes: list, x: float, y: float) -> float:
    """z of the highest upward face above (x, y), NaN where there is none."""
    best = np.nan
    for mesh in meshes:
        a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
        area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        with np.errstate(divide="ignore", invalid="ignore"):
            s = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
            t = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
        hit = (area > 1e-9) & (s >= -1e-9) & (t >= -1e-9) & (s + t <= 1 + 1e-9)
        if hit.any():
            z = (a[:, 2] + s * (b[:, 2] - a[:, 2]) + t * (c[:, 2] - a[:, 2]))[hit]
            best = np.nanmax([best, z.max()])
    return float(best)


def test_what_tops_cover_covers_what_scenes_and_tasks_use() -> None:
    (x_low, x_high), (y_low, y_high) = pick_place.GOAL_AREA
    assert np.all(REACHED[0] + 0.09 <= [x_low, y_low]) and np.all(REACHED[1] - 0.08 >= [x_high, y_high])
    low, high = placement.OBJECT_AREA
    assert np.all(REACHED[0] + 0.09 <= low) and np.all(REACHED[1] - 0.09 >= high)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 1.0), st.floats(0.2, 1.0), st.floats(2.0, 8.0), st.floats(0.0, 0.3))
def test_outlines_are_convex_and_run_counter_clockwise(a: float, b: float, power: float, radius: float) -> None:
    for outline in (oval((0.5, 0.1), (a, b), power), rectangle((0.5 - a, 0.1 - b), (0.5 + a, 0.1 + b), radius)):
        assert holds(outline, np.array([0.5, 0.1]))
        assert holds(outline, inset(outline, 0.01)).all() and not holds(outline, inset(outline, -0.01)).any()
        assert np.allclose(
            [outline.min(0), outline.max(0)], [[0.5 - a, 0.1 - b], [0.5 + a, 0.1 + b]], atol=0.03 * a + 0.03 * b
        )


def test_plates_and_panels_face_outwards() -> None:
    mesh = plate("top", oval((0, 0), (0.5, 0.4)), [(0.01, 0), (0, -0.01), (0, -0.04)]).mesh
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.all(np.einsum("ij,ij->i", normals, mesh.normals[mesh.faces[:, 0]]) > 0)
    assert np.all(np.einsum("ij,ij->i", normals, corners.mean(1) + [0, 0, 0.05]) > 0)
    wall = panel("wall", (-1, -2, 0), (0, 4, 0), (0, 0, 1)).mesh
    assert np.allclose(wall.normals, [1, 0, 0]) and np.allclose(np.ptp(wall.uv, axis=0), [4, 1])


def test_texture_coordinates_are_metres() -> None:
    mesh = in_metres(plate("top", rectangle((0, 0), (0.4, 0.9)), [(0, 0), (0, -0.02)]).mesh)
    flat = mesh.normals[:, 2] > 0.9
    assert np.allclose(mesh.uv[flat], mesh.vertices[flat][:, [1, 0]])
