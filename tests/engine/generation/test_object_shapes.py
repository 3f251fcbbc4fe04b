"""The objects of a stored episode are found again, and nothing else is taken for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.data import layout
from sightline.data.dataset import load_dataset
from sightline.engine.generation.merge import merge
from sightline.engine.generation.object_shapes import Bodies, bodies_of


def described(bodies: Bodies) -> tuple:
    return tuple(model.info(index) for index, model in enumerate(bodies.models))


def test_every_episode_finds_its_objects(demonstrations: Path, slides: Path) -> None:
    for root in (demonstrations, slides):
        dataset = load_dataset(root)
        for meta in dataset.episodes:
            bodies = bodies_of(dataset, meta)
            assert described(bodies) == meta.objects
            for index, info in enumerate(meta.objects):
                hull = bodies.hull(index)
                assert hull[:, 2].max() == pytest.approx(info.height) and hull[:, 2].min() == pytest.approx(0, abs=1e-6)
                assert np.hypot(*hull[:, :2].T).max() == pytest.approx(info.radius)


def test_merged_datasets_find_theirs(demonstrations: Path, slides: Path, tmp_path: Path) -> None:
    merge([slides, demonstrations], tmp_path / "merged")
    assert "merged" in json.loads((tmp_path / "merged" / "meta" / "generation.json").read_text())
    dataset = load_dataset(tmp_path / "merged")
    for meta in dataset.episodes:
        assert described(bodies_of(dataset, meta)) == meta.objects


def test_objects_that_are_not_those_are_refused(demonstrations: Path) -> None:
    dataset = load_dataset(demonstrations)
    meta = dataset.episodes[0]
    grown = replace(meta.objects[0], height=meta.objects[0].height + 0.01)
    for other in (
        replace(meta, objects=(grown, *meta.objects[1:])),
        replace(meta, candidate=10**6),
        replace(meta, seed=6),
    ):
        with pytest.raises(SightlineError, match="cannot be built again"):
            bodies_of(dataset, other)


def test_a_dataset_without_a_recipe_says_so(demonstrations: Path, tmp_path: Path) -> None:
    dataset = load_dataset(demonstrations)
    meta, dataset.root = dataset.episodes[0], tmp_path
    with pytest.raises(SightlineError, match=r"generation\.json is missing"):
        bodies_of(dataset, meta)
    layout.write_durably(tmp_path / "meta" / "generation.json", b"{")
    with pytest.raises(SightlineError, match="not valid JSON"):
        bodies_of(dataset, meta)


def test_objects_among_fixtures_are_found_again(furnished: Path) -> None:
    dataset = load_dataset(furnished)
    for meta in dataset.episodes:
        models = bodies_of(dataset, meta).models
        assert [(model.kind, model.label) for model in models] == [(info.kind, info.label) for info in meta.objects]
