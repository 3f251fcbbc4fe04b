"""Scenes with fixtures: loose things keep clear of what moves and of the hand that moves it."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.engine.worlds.contents import numbered_world
from sightline.engine.worlds.furnished_placement import LOOSE, sample_furnished
from sightline.engine.worlds.placement import apply_layout
from sightline.engine.worlds.spec import WorldSpec


@pytest.mark.parametrize("tasks", ["drawer", "button"])
@pytest.mark.parametrize("number", range(3))
def test_loose_things_leave_the_room_of_fixtures_free(tasks: str, number: int) -> None:
    world = numbered_world(WorldSpec(tasks=tasks), 3, number)
    layout, again = (sample_furnished(world, np.random.default_rng(number)) for _ in range(2))
    np.testing.assert_array_equal(layout.poses[layout.present], again.poses[again.present])
    data = world.new_data()
    apply_layout(world, data, layout)
    scene = world.scene_state(data)
    ((first, fixture),) = world.mounting.fixtures
    assert scene.present[first : first + len(fixture.models)].all()
    loose = np.flatnonzero(scene.present & world.mounting.free)
    assert LOOSE[0] <= len(loose) <= LOOSE[1]
    radii = np.array([world.objects[index].radius for index in loose])
    yaw = 2 * np.arctan2(layout.poses[first, 6], layout.poses[first, 3])
    place = layout.poses[first, :2]
    for index, radius in zip(loose, radii, strict=True):
        assert not fixture.reaches(layout.poses[[index], :2], radius, place, yaw).any()
    assert layout.joints is not None and np.isnan(layout.joints[world.mounting.free]).all()
    travels = np.array([part.model.travel for part in fixture.parts])
    shares = layout.joints[first + 1 : first + len(fixture.models)] / travels
    assert np.all((shares > -0.05) & (shares < 1.05))
