"""Sensors: reproducible, different from moment to moment, and each setting does what it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sightline.engine.surroundings.sensor import Sensor, sample_sensor

PLAIN = Sensor(seed=1, blur=0, noise=0.0, gain=1.0, balance=(1.0, 1.0), gamma=1.0, quality=0)
RAMP = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, None, None], (200, 64, 3))


def developed(picture: np.ndarray, **settings: object) -> np.ndarray:
    return dataclasses.replace(PLAIN, **settings).develop(picture, "front", 0.3).astype(int)


def test_the_plain_sensor_changes_nothing_below_the_highlights() -> None:
    assert np.array_equal(developed(RAMP), RAMP)
    bright = developed(np.full((4, 4, 3), 255, np.uint8))
    assert bright.min() > 235 and bright.max() <= 255, "highlights roll off"


def test_pictures_depend_on_seed_camera_and_moment_alone() -> None:
    noisy = dataclasses.replace(PLAIN, noise=4.0, blur=6, quality=80)
    first = noisy.develop(RAMP, "front", 0.3)
    assert np.array_equal(first, noisy.develop(RAMP.copy(), "front", 0.3))
    assert first.shape == RAMP.shape and first.dtype == np.uint8
    for other in (
        noisy.develop(RAMP, "front", 0.4),
        noisy.develop(RAMP, "wrist", 0.3),
        dataclasses.replace(noisy, seed=2).develop(RAMP, "front", 0.3),
    ):
        assert (other != first).mean() > 0.3


def test_every_setting_does_what_it_says() -> None:
    grey = np.full((64, 64, 3), 100, np.uint8)
    assert developed(grey, gain=1.3).mean() == pytest.approx(130, abs=1)
    assert np.allclose(developed(grey, balance=(1.1, 0.9)).mean((0, 1)), [110, 100, 90], atol=1)
    assert developed(grey, gamma=0.8).mean() > 110 > 90 > developed(grey, gamma=1.2).mean()
    assert developed(grey, noise=5.0).std() == pytest.approx(5, rel=0.1)
    assert developed(grey, noise=5.0).mean() == pytest.approx(100, abs=0.7)
    edge = np.zeros((8, 16, 3), np.uint8)
    edge[:, 8:] = 192
    soft = developed(edge, blur=8)
    assert np.array_equal(soft[4, 6:10, 0], [0, 24, 168, 192]) and soft.sum() == edge.astype(int).sum()
    assert np.array_equal(developed(np.flip(edge, 1).copy(), blur=8), np.flip(soft, 1))
    squeezed = developed(RAMP, quality=60)
    assert 0 < np.abs(squeezed - RAMP).mean() < 3


def test_metering_lifts_dark_scenes_and_tames_bright_ones() -> None:
    gains = [PLAIN.metered(brightness).gain for brightness in (0.0, 0.15, 0.45, 0.9)]
    assert gains[2] == pytest.approx(1) and gains == sorted(gains, reverse=True)
    assert gains[0] <= 1.35 and gains[1] > 1.3 and 0.85 <= gains[3] < 1


def test_sampled_sensors_vary_within_reason() -> None:
    drawn = [sample_sensor(np.random.default_rng(seed)) for seed in range(200)]
    assert drawn[3] == sample_sensor(np.random.default_rng(3)) and len(set(drawn)) == 200
    means = np.array([sensor.develop(np.full((8, 8, 3), 110, np.uint8), "front", 0.0).mean() for sensor in drawn])
    assert means.min() > 70 and means.max() < 190 and means.std() > 8
    assert 0.2 < np.mean([sensor.blur == 0 for sensor in drawn]) < 0.5
    assert 0.3 < np.mean([sensor.quality == 0 for sensor in drawn]) < 0.7
