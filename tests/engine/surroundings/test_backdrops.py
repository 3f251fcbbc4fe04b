"""Backdrops: distinct, cheap, and behind the table."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.engine.surroundings import backdrops
from sightline.engine.surroundings.backdrops import FAMILIES
from sightline.engine.surroundings.props import PAINTS
from sightline.engine.surroundings.varied_room import WEARS


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("floor", "back"), [(-0.75, -0.5), (-0.3, -0.15)])
def test_nothing_that_rises_above_the_table_stands_before_its_back(family: str, floor: float, back: float) -> None:
    for number in range(backdrops.PER_FAMILY):
        parts = backdrops.backdrop(family, number).build(floor, back)
        points = np.concatenate([part.mesh.vertices for part in parts if part.slot not in ("side",)])
        raised = points[points[:, 2] > -0.01]
        assert np.isfinite(points).all() and points[:, 2].min() >= floor - 1e-6
        assert raised[:, 0].max() <= back + 1e-6, f"{family} {number}"
        sides = [part.mesh.vertices for part in parts if part.slot == "side"]
        for wall in sides:  # beside the table, or behind it
            assert np.abs(wall[:, 1]).min() >= 1.4 or wall[:, 0].max() <= back, f"{family} {number}"
        assert {part.slot for part in parts} <= {*WEARS, *PAINTS, "leaf"}
        assert sum(len(part.mesh.vertices) for part in parts) < 6000


def test_all_backdrops_differ() -> None:
    entries = backdrops.backdrops()
    assert len({backdrops.content_hash(entry) for entry in entries}) == len(entries)
