"""What stands on the table looks the same from everywhere, once it is seen as the nominal camera sees it."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from sightline.core.geometry import Camera, look_at
from sightline.engine.surroundings.starter_room import FRONT_EYE, FRONT_FOVY, FRONT_TARGET
from sightline.models.grounding.projection import NOMINAL, pictured, project, rectified, unproject


def camera(azimuth: float, height: float, focal: float) -> torch.Tensor:
    """Looks at the middle of the table from ``azimuth`` radians beside the x axis."""
    eye = np.array([0.5 + 0.7 * math.cos(azimuth), 0.7 * math.sin(azimuth), height])
    return torch.from_numpy(Camera(224, 224, focal, look_at(eye, np.array([0.5, 0.0, 0.0]))).to_vector())


@given(
    azimuth=st.floats(-3, 3), height=st.floats(0.4, 0.9), focal=st.floats(200, 400), x=st.floats(0.38, 0.62),
    y=st.floats(-0.12, 0.12),
)  # fmt: skip
def test_a_point_of_the_table_is_where_the_nominal_camera_sees_it(
    azimuth: float, height: float, focal: float, x: float, y: float
) -> None:
    vector, place = camera(azimuth, height, focal), torch.tensor([x, y, 0.0])
    expected = project(place, NOMINAL)
    point = project(place, vector)
    torch.testing.assert_close(rectified(point, vector), expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(pictured(expected, vector), point, atol=1e-3, rtol=0)
    torch.testing.assert_close(unproject(point, torch.tensor(0.0), vector), place, atol=1e-3, rtol=0)


def test_unknown_cameras_change_nothing() -> None:
    points = torch.rand(2, 3, 2)
    cameras = torch.stack([camera(0.5, 0.6, 300.0), torch.full((15,), math.nan)])[:, None]
    for change in (rectified, pictured):
        assert torch.equal(change(points, cameras)[1], points[1])
        assert not torch.isclose(change(points, cameras)[0], points[0]).all()


def test_what_is_not_known_stays_unknown_and_horizons_stay_finite() -> None:
    vector = camera(0.3, 0.6, 300.0)
    assert rectified(torch.tensor([math.nan, 0.5]), vector).isnan().any()
    level = torch.from_numpy(
        Camera(224, 224, 200.0, look_at(np.array([1.0, 0, 0.3]), np.array([0.0, 0, 0.3]))).to_vector()
    )
    grid = torch.cartesian_prod(torch.linspace(0, 1, 9), torch.linspace(0, 1, 9))
    assert rectified(grid, level).isfinite().all() and pictured(grid, level).isfinite().all()


def test_the_nominal_camera_is_the_engine_s() -> None:
    focal = 112 / math.tan(math.radians(FRONT_FOVY / 2))
    engine = Camera(224, 224, focal, look_at(FRONT_EYE, FRONT_TARGET)).to_vector()
    np.testing.assert_allclose(NOMINAL.numpy(), engine, atol=0.5)
    np.testing.assert_allclose(NOMINAL.numpy()[3:], engine[3:], atol=1e-5)
