"""Textures: pure, distinct, tileable, and neither black nor white."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.engine.surroundings import textures
from sightline.engine.surroundings.textures import FAMILIES, field

SHOWN_ONCE = ("poster", "window view", "rug")  # pictures with a border, and a rug with one: they need not tile


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_paints_distinct_pictures_that_tile(family: str) -> None:
    entries = [textures.texture(family, number) for number in (0, 5, 11)]
    assert len({textures.content_hash(entry) for entry in entries}) == 3
    for entry in entries:
        swatch = entry.swatch()
        picture = swatch.picture.astype(float)
        assert picture.shape == (textures.SIZE, textures.SIZE, 3)
        assert 0.03 < swatch.metres < 3 and 0 <= swatch.shine <= 1
        assert 10 < picture.mean() < 250, "neither black nor white"
        assert picture.std((0, 1)).max() > 0.7, "not a plain colour"
        if family not in SHOWN_ONCE:
            for axis in (0, 1):
                inside = np.abs(np.diff(picture, axis=axis)).mean(axis=(1 - axis, 2))
                across = np.abs(np.take(picture, 0, axis) - np.take(picture, -1, axis)).mean()
                assert across <= inside.max() * 1.5 + 2, "the seam is no sharper than the sharpest row within"


def test_a_texture_is_a_pure_function_of_family_and_number() -> None:
    entry = textures.texture("marble", 3)
    before = entry.swatch().picture
    textures._painted.cache_clear()
    assert np.array_equal(entry.swatch().picture, before)


def test_noise_has_unit_spread_and_stretches_along_u() -> None:
    for along in (1.0, 10.0):
        drawn = field.noise(np.random.default_rng(0), 8.0, along=along)
        assert drawn.std() == pytest.approx(1, abs=1e-3) and abs(drawn.mean()) < 1e-3
    assert np.abs(np.diff(drawn, axis=0)).mean() > 3 * np.abs(np.diff(drawn, axis=1)).mean()


def test_cells_agree_with_a_search_over_all_seeds() -> None:
    """The distance to the nearest of 5 x 5 seeds, found by brute force over the torus."""
    count, jitter = 5, 0.9
    first, gap, owner = field.cells(np.random.default_rng(4), count, jitter)
    x, y = 0.5 + jitter * np.random.default_rng(4).uniform(-0.5, 0.5, (2, count, count)).astype(np.float32)
    seeds = np.stack([x + np.arange(count), y + np.arange(count)[:, None]], -1).reshape(-1, 2)
    for row, column in ((0, 0), (17, 200), (255, 3), (128, 128)):
        point = np.array([column, row]) / field.SIZE * count
        away = np.abs(seeds - point)
        distance = np.sort(np.linalg.norm(np.minimum(away, count - away), axis=1))
        assert first[row, column] == pytest.approx(distance[0], abs=1e-5)
        assert gap[row, column] == pytest.approx(distance[1] - distance[0], abs=1e-5)
    assert set(np.unique(owner)) == set(range(count * count))


def test_ramps_and_mixes_read_colours_off() -> None:
    at = np.linspace(-0.5, 1.5, 9)
    colours = field.ramp(at, (0, 0, 0), (1, 0, 0), (1, 1, 1))
    assert np.allclose(colours[0], 0) and np.allclose(colours[4], (1, 0, 0), atol=0.01) and np.allclose(colours[-1], 1)
    assert np.allclose(field.mix(colours, (0.2, 0.4, 0.6), np.ones(9)), (0.2, 0.4, 0.6))
