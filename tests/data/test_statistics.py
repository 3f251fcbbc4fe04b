"""Statistics against numpy's own, and pooling against the whole."""

from __future__ import annotations

import json

import numpy as np
from synthetic import synthetic_episode

from sightline.data.statistics import (
    NAMES,
    array_statistics,
    image_statistics,
    pooled_statistics,
    to_lists,
)


def images(count: int) -> np.ndarray:
    return np.stack([frame.views["front"].image for frame in synthetic_episode(length=count).frames])


def test_image_statistics_are_exact() -> None:
    frames = images(5)
    found, pixels = image_statistics(frames, stride=1), images(5).reshape(-1, 3) / 255
    assert set(found) == set(NAMES) and found["mean"].shape == (3, 1, 1)
    assert np.allclose(found["mean"].ravel(), pixels.mean(0)) and np.allclose(found["std"].ravel(), pixels.std(0))
    assert np.allclose(found["min"].ravel(), pixels.min(0)) and np.allclose(found["max"].ravel(), pixels.max(0))
    assert np.allclose(found["q90"].ravel(), np.quantile(pixels, 0.9, axis=0), atol=1 / 255)


def test_pooling() -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    whole = array_statistics(values)
    pooled = pooled_statistics([array_statistics(values[:20]), array_statistics(values[20:])])
    for name in ("min", "max", "mean", "std", "count"):
        assert np.allclose(pooled[name], whole[name]), name


def test_json_form() -> None:
    found = {"action": array_statistics(np.arange(12.0).reshape(4, 3))}
    back = json.loads(json.dumps(to_lists(found)))
    assert all(np.array_equal(back["action"][name], found["action"][name]) for name in NAMES)
