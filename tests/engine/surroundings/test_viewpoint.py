"""The front camera of collection full: wider ranges than the starter's, the workspace always in sight."""

from __future__ import annotations

import numpy as np

from sightline.core.geometry import Camera
from sightline.engine.surroundings import starter_room, viewpoint
from sightline.engine.worlds import placement


def test_every_viewpoint_sees_the_workspace() -> None:
    azimuths, elevations, fields = [], [], []
    for seed in range(300):
        pose, fovy = viewpoint.sample_front(np.random.default_rng(seed))
        camera = Camera(224, 224, 112 / np.tan(np.radians(fovy) / 2), pose)
        low, high = placement.OBJECT_AREA
        corners = np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (0.0, 0.1)])
        pixels, depth = camera.project(corners)
        assert camera.inside(pixels).all() and depth.min() > 0.3
        away = -pose[:3, 2]
        azimuths.append(np.arctan2(away[1], away[0]))
        elevations.append(np.arcsin(away[2]))
        fields.append(fovy)
        left, right = camera.project(np.array([[0.5, -0.1, 0.0], [0.5, 0.1, 0.0]]))[0]
        assert right[0] - left[0] > 15, "left and right of the picture remain what language says"
    assert np.ptp(azimuths) > 3 * starter_room.AZIMUTH and np.ptp(elevations) > 5 * starter_room.ELEVATION
    assert min(fields) < 38 and 55 < max(fields) < 100


def test_viewpoints_are_pure() -> None:
    one, two = (viewpoint.sample_front(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one[0], two[0]) and one[1] == two[1]
    shift, turn, fovy = viewpoint.sample_wrist(np.random.default_rng(5))
    assert np.abs(shift).max() <= 0.01 and np.abs(turn).max() <= 0.07 and abs(fovy) <= 6
