"""Crowds: many different things, one of each kind, without overlap."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine.assets import full
from sightline.engine.assets.families import confusable
from sightline.engine.worlds.crowds import CAST, GAP, crowd_of, crowded_world, sample_crowd
from sightline.engine.worlds.spec import WorldSpec

SPEC = WorldSpec(collection="full", split="grounding")


def test_a_crowd_is_of_many_kinds_that_nobody_mistakes_for_another() -> None:
    for number in range(3):
        kinds = [model.kind for model in crowd_of(SPEC, 5, number)]
        assert len(kinds) == len(set(kinds)) == CAST
        assert set(kinds) <= set(full.kinds("grounding"))
        assert not any(confusable(a, b) for i, a in enumerate(kinds) for b in kinds[:i])
    assert [m.name for m in crowd_of(SPEC, 5, 0)] == [m.name for m in crowd_of(SPEC, 5, 0)]
    assert [m.name for m in crowd_of(SPEC, 5, 0)] != [m.name for m in crowd_of(SPEC, 6, 0)]


def test_they_lie_apart_and_change_from_scene_to_scene() -> None:
    world, rng = crowded_world(SPEC, 5, 0), np.random.default_rng(0)
    radii = np.array([info.radius for info in world.objects])
    shown = set()
    for _ in range(4):
        layout = sample_crowd(world, rng)
        here = np.flatnonzero(layout.present)
        shown.update(here.tolist())
        assert len(here) >= 8
        gaps = np.linalg.norm(layout.poses[here, None, :2] - layout.poses[None, here, :2], axis=-1)
        gaps -= radii[here, None] + radii[None, here]
        assert gaps[~np.eye(len(here), dtype=bool)].min() > GAP
    assert len(shown) > 20


def test_small_collections_make_small_crowds_and_libraries_none() -> None:
    assert 5 < len(crowd_of(WorldSpec(split="train"), 0, 0)) < CAST
    with pytest.raises(SightlineError, match="choose scenes"):
        crowded_world(WorldSpec(collection="library:"), 0, 0)
