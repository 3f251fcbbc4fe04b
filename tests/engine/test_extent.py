"""The whole of an object: computed boxes hold what the renderer shows, to the pixel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scenes import build_scene, front_camera, thing

from sightline.core.errors import SightlineError
from sightline.data.dataset import load_dataset
from sightline.engine import assets
from sightline.engine.extent import excess, grasp_box, model_of, whole_boxes


def test_every_model_of_the_catalogue_is_found_by_its_name() -> None:
    for entry in assets.catalogue()[::7]:
        assert model_of(entry.info(3)) == entry


def test_an_object_of_another_size_is_refused() -> None:
    info = assets.model("mug", "red", "small").info(0)
    with pytest.raises(SightlineError, match="is not the one"):
        model_of(replace(info, height=info.height + 0.01))
    with pytest.raises(SightlineError, match="Unknown kind"):
        model_of(replace(info, kind="spaceship"))


def test_what_shows_is_inside_of_the_whole(slides: Path) -> None:
    dataset, compared, tight = load_dataset(slides), 0, 0
    for episode in range(len(dataset)):
        labels = dataset.labels(episode)
        for camera in dataset.cameras:
            for t in range(len(labels)):
                whole = whole_boxes(labels.scene(t), labels.camera(t, camera))
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
    info = assets.model("bottle", "red", "medium").info(0)
    scene, camera = build_scene((info, 0.5, 0.1)), front_camera()
    scene.grasp_yaws[0] = np.pi / 2  # across the picture
    whole, region = whole_boxes(scene, camera)[0], grasp_box(scene, 0, camera)
    width = (whole - region)[[0, 2]]
    assert width[0] > 0 > width[1] and np.abs(width).max() < 6, "as wide as the bottle and two finger tips"
    assert region[1] > whole[1] and region[3] < whole[3]
    with pytest.raises(SightlineError, match="not picked"):
        bowl = assets.model("bowl", "red", "medium").info(0)
        grasp_box(build_scene((bowl, 0.5, 0.0)), 0, camera)


def test_shapes_that_are_unknown_are_not_guessed() -> None:
    with pytest.raises(SightlineError):
        whole_boxes(build_scene((thing("mug"), 0.5, 0.0)), front_camera())
