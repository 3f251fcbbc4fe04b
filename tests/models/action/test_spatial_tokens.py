"""Points become places: the tensors agree with the geometry of the core, and moving the camera moves nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from nano import nano_config
from unprojection import unproject_to_height

from sightline.core.geometry import Camera, look_at
from sightline.models.action.spatial_tokens import TOOL_YAW, SpatialEmbedder, SpatialInputs
from sightline.models.grounding.pointing import ROLES
from sightline.models.grounding.projection import project, unproject

coordinate = st.floats(-0.3, 0.3)
cameras = st.builds(
    lambda x, y, z, roll, focal, width: Camera(
        width, 200, focal * 200, look_at(np.array([1.2 + x, y, 0.7 + z]), np.array([0.48, 0.0, 0.0]), roll)
    ),
    coordinate,
    coordinate,
    coordinate,
    st.floats(-3, 3),
    st.floats(0.7, 2.0),
    st.sampled_from([200, 320]),
)
places = st.builds(lambda x, y, z: np.array([0.48 + x, y, 0.1 + z / 3]), coordinate, coordinate, coordinate)


def vector(camera: Camera) -> torch.Tensor:
    """[15] in double precision (to_vector rounds to float32)."""
    return torch.from_numpy(
        np.concatenate([[camera.width, camera.height, camera.focal], camera.pose[:3].ravel()]).astype(np.float64)
    )


@given(camera=cameras, place=places)
def test_projection_is_that_of_the_camera(camera: Camera, place: np.ndarray) -> None:
    pixels, _ = camera.project(place)
    found = project(torch.from_numpy(place), vector(camera)).numpy() * [camera.width, camera.height]
    np.testing.assert_allclose(found, pixels, atol=1e-6)


@given(camera=cameras, place=places)
def test_unprojection_is_that_of_the_camera(camera: Camera, place: np.ndarray) -> None:
    pixels, _ = camera.project(place)
    point = torch.from_numpy(pixels / [camera.width, camera.height])
    found = unproject(point, torch.tensor(place[2], dtype=torch.float64), vector(camera)).numpy()
    np.testing.assert_allclose(found, unproject_to_height(camera, pixels, place[2]), atol=1e-6)
    np.testing.assert_allclose(found, place, atol=1e-6)


def test_rays_that_never_meet_the_plane_stay_finite() -> None:
    camera = Camera(200, 200, 200.0, look_at(np.array([1.2, 0, 0.5]), np.array([0.4, 0, 0.5])))
    point = torch.tensor([[0.5, 0.5], [0.5, 0.1], [0.5, 0.9]], dtype=torch.float64)
    found = unproject(point, torch.zeros(3, dtype=torch.float64), vector(camera))
    assert bool(torch.isfinite(found).all())
    assert (found - torch.tensor([1.2, 0, 0.5])).norm(dim=-1).max() < 3.5


def guidance(views: list[Camera], place: np.ndarray, axis: float, state: torch.Tensor) -> SpatialInputs:
    """What a perfect planner says of one place in every view and role; ``axis`` is the grasp angle on the table."""
    points, axes = [], []
    for camera in views:
        size = np.array([camera.width, camera.height])
        points.append(camera.project(place)[0] / size)
        half = 0.002 * np.array([np.cos(axis), np.sin(axis), 0])
        step = camera.project(place + half)[0] - camera.project(place - half)[0]
        double = 2 * np.arctan2(step[1], step[0])
        axes.append([np.cos(double), np.sin(double)])
    roles, count = len(ROLES), len(views)
    point = torch.tensor(np.array(points), dtype=torch.float32)[None, None].expand(1, roles, -1, -1)
    heights = torch.full((1, roles, count), float(place[2]))
    axes_tensor = torch.tensor(np.array(axes), dtype=torch.float32)[None, None].expand(1, roles, -1, -1)
    calibration = torch.from_numpy(np.stack([camera.to_vector() for camera in views]))[None]
    boxes = torch.cat([point - 0.05, point + 0.05], -1)
    return SpatialInputs(
        point,
        boxes,
        torch.full((1, roles, count), 0.9),
        heights,
        axes_tensor,
        torch.full((1, 8, 2), 0.5),
        calibration,
        state,
        state,
    )


def metric(inputs: SpatialInputs, no_axis: float = 0.0) -> torch.Tensor:
    """The metric part of the point features: relative place 3, place 3, turn 2."""
    flag = torch.isfinite(inputs.cameras).all(-1).float()
    features = SpatialEmbedder._point_features(inputs, inputs.state[:, :3], inputs.cameras, flag, no_axis)
    return features[..., 11:19]


@given(first=cameras, second=cameras, place=places, axis=st.floats(-1.5, 1.5))
def test_a_moved_camera_sees_the_same_place(first: Camera, second: Camera, place: np.ndarray, axis: float) -> None:
    first, second = (Camera(200, 200, camera.focal, camera.pose) for camera in (first, second))
    state = torch.zeros(1, 12)
    state[0, :3], state[0, TOOL_YAW] = torch.tensor([0.45, 0.02, 0.2]), 0.3
    found = metric(guidance([first, second], place, axis, state))
    torch.testing.assert_close(found[:, :, 0, :6], found[:, :, 1, :6], atol=2e-3, rtol=0)
    relative = (torch.from_numpy(place).float() - state[0, :3]) / 0.1
    torch.testing.assert_close(found[0, 0, 0, :3], relative, atol=2e-3, rtol=0)
    # The axis goes through a step of 2 % of the picture: perspective bends it by a few degrees.
    turn = torch.tensor([np.cos(2 * (axis - 0.3)), np.sin(2 * (axis - 0.3))]).float()
    torch.testing.assert_close(found[0, 0, :, 6:], turn.expand(2, 2), atol=0.15, rtol=0)


def test_an_axis_next_to_none_is_none() -> None:
    """A planner says of a handle, which is not closed on from above, 0.02 instead of 0: that has no direction."""
    camera = Camera(200, 200, 240.0, look_at(np.array([1.2, 0.1, 0.7]), np.array([0.48, 0, 0])))
    inputs = guidance([camera, camera], np.array([0.5, 0.1, 0.03]), 0.7, torch.zeros(1, 12))
    truly_none = metric(replace(inputs, axes=torch.zeros_like(inputs.axes)), 0.1)
    assert torch.equal(metric(replace(inputs, axes=0.03 * inputs.axes), 0.1), truly_none)
    assert not torch.allclose(metric(replace(inputs, axes=0.3 * inputs.axes), 0.1), truly_none)


def test_uncalibrated_cameras_leave_the_pixels_and_nothing_else() -> None:
    torch.manual_seed(0)
    embedder = SpatialEmbedder(nano_config())
    camera = Camera(200, 200, 240.0, look_at(np.array([1.2, 0.1, 0.7]), np.array([0.48, 0, 0])))
    state = torch.rand(1, 12) * 0.2
    inputs = guidance([camera, camera], np.array([0.5, 0.1, 0.03]), 0.4, state)
    calibrated = embedder(inputs)
    inputs.cameras = inputs.cameras.clone()
    inputs.cameras[0, 1] = float("nan")
    tokens = embedder(inputs)
    assert tokens.shape == (1, embedder.tokens, 64)
    assert bool(torch.isfinite(tokens).all())
    tokens.sum().backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in embedder.parameters())
    slots = tokens[:, 1 : 1 + 2 * len(ROLES)].unflatten(1, (len(ROLES), 2))
    before = calibrated[:, 1 : 1 + 2 * len(ROLES)].unflatten(1, (len(ROLES), 2))
    assert torch.equal(slots[:, :, 0], before[:, :, 0])
    assert not torch.allclose(slots[:, :, 1], before[:, :, 1])
    inputs.cameras[:] = float("nan")
    inputs.state = state + 5.0  # a tool elsewhere: without calibration, only the normalised state may tell
    blind = embedder(inputs)
    inputs.state = state
    assert torch.equal(blind[:, :7], embedder(inputs)[:, :7])


def test_jitter_moves_points_and_heights_only() -> None:
    camera = Camera(200, 200, 240.0, look_at(np.array([1.2, 0.1, 0.7]), np.array([0.48, 0, 0])))
    inputs = guidance([camera] * 2, np.array([0.5, 0.1, 0.03]), 0.4, torch.zeros(1, 12))
    torch.manual_seed(0)
    moved = inputs.jitter(0.01, 0.002)
    for name, size in (("points", 0.01), ("traces", 0.01), ("heights", 0.002)):
        distance = (getattr(moved, name) - getattr(inputs, name)).abs()
        assert 0 < distance.max() < 5 * size, name
    for name in ("boxes", "visible", "axes", "cameras", "state", "normalised"):
        assert getattr(moved, name) is getattr(inputs, name), name


def test_a_place_that_moves_does_so_in_all_calibrated_views() -> None:
    views = [
        Camera(200, 200, 240.0, look_at(np.array([1.2, 0.1, 0.7]), np.array([0.48, 0, 0]))),
        Camera(200, 200, 260.0, look_at(np.array([0.3, -0.2, 0.6]), np.array([0.5, 0, 0]))),
    ]
    inputs = guidance(views, np.array([0.5, 0.1, 0.03]), 0.4, torch.zeros(1, 12))
    by = torch.tensor([0.012, -0.02, 0.015])
    moved = inputs.displaced(by.expand(1, len(ROLES), 3))
    target = ROLES.index("target")
    places = unproject(moved.points[0, target], moved.heights[0, target], moved.cameras[0])
    torch.testing.assert_close(places, (torch.tensor([0.5, 0.1, 0.03]) + by).expand(2, 3), atol=1e-4, rtol=0)
    shift = (moved.points - inputs.points).repeat(1, 1, 1, 2)[0, target]
    torch.testing.assert_close(moved.boxes[0, target] - inputs.boxes[0, target], shift)
    assert torch.equal(moved.heights[0, ROLES.index("reference")], inputs.heights[0, ROLES.index("reference")])
    blind = SpatialInputs(**vars(inputs))
    blind.cameras = inputs.cameras.clone()
    blind.cameras[0, 1] = float("nan")
    moved = blind.displaced(by.expand(1, len(ROLES), 3))
    assert torch.equal(moved.points[0, :, 1], inputs.points[0, :, 1])
    assert torch.equal(moved.heights[0, :, 1], inputs.heights[0, :, 1])


def test_what_is_not_seen_is_no_guidance() -> None:
    torch.manual_seed(0)
    embedder = SpatialEmbedder(nano_config())
    views = [Camera(200, 200, 300.0, look_at(np.array([1.2, 0.1, 0.6]), np.array([0.5, 0.0, 0.0])))] * 2
    inputs = guidance(views, np.array([0.5, 0.1, 0.05]), 0.4, torch.rand(1, 12))
    hidden = SpatialInputs(**vars(inputs))
    hidden.visible = inputs.visible.clone()
    hidden.visible[:, 0] = 0.4
    changed = SpatialInputs(**vars(hidden))
    for name in ("points", "boxes", "heights", "axes"):
        value = getattr(hidden, name).clone()
        value[:, 0] += 0.2
        setattr(changed, name, value)
    torch.testing.assert_close(embedder(changed), embedder(hidden))
    assert not torch.equal(embedder(hidden), embedder(inputs))
