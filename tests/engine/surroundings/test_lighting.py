"""Lightings: distinct, well exposed, and coloured so that things keep their names."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.engine.surroundings import lighting
from sightline.engine.surroundings.lighting import EXPOSED, FAMILIES, MAX_LAMPS, WORK, Lamp

ALL = [entry.build() for entry in lighting.lights()]


def test_all_lightings_differ() -> None:
    assert len({lighting.content_hash(entry) for entry in lighting.lights()}) == len(ALL) >= 87
    assert len(FAMILIES) >= 12


def test_every_lighting_exposes_the_table_and_comes_from_above() -> None:
    for lit in ALL:
        assert 1 <= len(lit.lamps) <= MAX_LAMPS
        assert EXPOSED[0] - 1e-9 <= lit.reaching(WORK).mean() <= EXPOSED[1] + 1e-9
        assert np.all(lit.ambient > 0.2), "shadows are never black"
        for lamp in lit.lamps:
            assert np.linalg.norm(lamp.direction) == pytest.approx(1) and lamp.direction[2] < -0.2
            assert lamp.position[2] > 0.3 and np.all(lamp.colour >= 0)
        corners = [lit.reaching(np.array([x, y, 0.0])).mean() for x in (0.3, 0.7) for y in (-0.3, 0.3)]
        assert min(corners) > 0.4 and max(corners) < 2.0, "no corner of the workspace is in the dark or burnt out"


def test_white_stays_white() -> None:
    """No light is so coloured that a white thing would be called yellow or blue."""
    for entry, lit in zip(lighting.lights(), ALL, strict=True):
        red, green, blue = lit.reaching(WORK)
        assert 0.85 < red / green < 1.25 and 0.68 < blue / green < 1.2, entry.name


def test_at_most_one_lamp_casts_shadows_and_its_light_is_parallel() -> None:
    casting = [[lamp for lamp in lit.lamps if lamp.shadow] for lit in ALL]
    assert all(len(lamps) <= 1 for lamps in casting)
    assert all(lamp.kind == "sun" for lamps in casting for lamp in lamps)
    assert 0.3 < np.mean([len(lamps) for lamps in casting]) < 0.7


def test_a_bulb_fades_with_distance_and_a_sun_does_not() -> None:
    down = np.array([0.0, 0.0, -1.0])
    bulb, sun = (Lamp(kind, down, np.array([0.5, 0.0, 1.0]), np.ones(3), fade=1.0) for kind in ("bulb", "sun"))
    assert bulb.reaching(WORK) == pytest.approx(1 / 2)
    assert bulb.reaching(WORK - [0, 0, 1]) == pytest.approx(1 / 5)
    assert sun.reaching(WORK) == sun.reaching(WORK + [0.4, 0.4, 0]) == pytest.approx(1)


def test_a_spot_lights_its_cone_only() -> None:
    spot = Lamp("bulb", np.array([0.0, 0.0, -1.0]), np.array([0.5, 0.0, 1.0]), np.ones(3), fade=9.0, cutoff=30.0)
    inside, border, outside = (spot.reaching(WORK + [x, 0, 0]) for x in (0.0, 0.55, 0.6))
    assert inside > border > 0 and outside == 0
