"""The whole of an object: computed boxes hold what the renderer shows, to the pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenes import build_scene, front_camera

from sightline.core.errors import SightlineError
from sightline.data.dataset import load_dataset
from sightline.engine.assets import Grasp
from sightline.engine.assets.starter import catalogue as starter
from sightline.engine.generation.object_shapes import Bodies, bodies_of, excess, grasp_box, whole_boxes


def test_what_shows_is_inside_of_the_whole(slides: Path) -> None:
    dataset, compared, tight = load_dataset(slides), 0, 0
    for episode in range(len(dataset)):
        labels, bodies = dataset.labels(episode), bodies_of(dataset, dataset.episodes[episode])
        for camera in dataset.cameras:
            for t in range(len(labels)):
                whole = whole_boxes(labels.scene(t), labels.camera(t, camera), bodies)
                visible = labels.boxes[camera][t]
                assert not np.isfinite(whole[~labels.present[t]]).any()
                beyond = excess(visible, whole)
                known = np.isfinite(beyond)
                assert (beyond[known] <= 0.75).all()
                compared += int(known.sum())
                tight += int((np.abs(visible - whole)[known].max(-1) < 1).sum())
    assert compared > 200 and tight > 0.4 * compared


def test_excess_is_the_largest_side() -> None:
    whole = np.array([10.0, 10, 20, 20])
    assert excess(np.array([10.0, 10, 20, 20]), whole) == 0
    assert excess(np.array([7.0, 9, 20, 20]), whole) == 3
    assert excess(np.array([12.0, 12, 25, 18]), whole) == 5
    assert np.isnan(excess(np.full(4, np.nan), whole))


def test_the_fingers_touch_the_object_on_both_sides() -> None:
    bottle, bowl = starter.model("bottle", "red", "medium"), starter.model("bowl", "red", "medium")
    scene, camera = build_scene((bottle.info(0), 0.5, 0.1), (bowl.info(1), 0.5, -0.1)), front_camera()
    bodies = Bodies((bottle, bowl))
    scene.grasp_yaws[0] = np.pi / 2  # across the picture
    whole, region = whole_boxes(scene, camera, bodies)[0], grasp_box(scene, 0, camera, bodies)
    width = (whole - region)[[0, 2]]
    assert width[0] > 0 > width[1] and np.abs(width).max() < 6, "as wide as the bottle and two finger tips"
    assert region[1] > whole[1] and region[3] < whole[3]
    with pytest.raises(SightlineError, match="not picked"):
        grasp_box(scene, 1, camera, bodies)


def test_the_width_is_that_of_the_grasp_in_use() -> None:
    bottle = starter.model("bottle", "red", "medium")
    low, high = Grasp((0, 0, 0.02), None, 0.04), Grasp((0, 0, 0.08), None, 0.01)
    bodies, camera = Bodies((bottle.with_grasps((low, high)),)), front_camera()
    scene = build_scene((bottle.info(0), 0.5, 0.1))
    scene.grasp_yaws[0] = np.pi / 2
    widths = []
    for grasp in (low, high):
        scene.grasp_points[0] = [0.5, 0.1, grasp.point[2]]
        region = grasp_box(scene, 0, camera, bodies)
        widths.append(region[2] - region[0])
    assert widths[0] > 1.5 * widths[1]
