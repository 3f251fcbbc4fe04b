"""Physical units to model units and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sightline.core.errors import SightlineError
from sightline.models.transforms import NEAR_CONSTANT, Scaler, fit_picture

NUMBER = st.floats(-3, 3, width=32)


@given(
    low=arrays(np.float32, 4, elements=NUMBER),
    reach=arrays(np.float32, 4, elements=st.floats(0, 4, width=32)),
    values=arrays(np.float32, (3, 4), elements=NUMBER),
)
def test_inverse_restores_every_value(low: np.ndarray, reach: np.ndarray, values: np.ndarray) -> None:
    scaler = Scaler(low, low + reach)
    there = scaler.forward(values)
    assert there.dtype == np.float32 and np.isfinite(there).all()
    np.testing.assert_allclose(scaler.inverse(there), values, atol=2e-5)


def test_the_range_becomes_minus_one_to_one_without_clipping() -> None:
    scaler = Scaler.from_statistics({"q01": [-2.0, 0.0], "q99": [4.0, 0.5]}, "action")
    np.testing.assert_allclose(
        scaler.forward(np.array([[-2.0, 0.0], [4.0, 0.5], [1.0, 1.0]])), [[-1, -1], [1, 1], [0, 3]]
    )


def test_dimensions_that_never_move_are_not_blown_up() -> None:
    scaler = Scaler.from_statistics({"q01": [0.04, 0.04], "q99": [0.04, 0.04 + NEAR_CONSTANT]}, "observation.state")
    there = scaler.forward(np.array([0.0401, 0.0401]))
    assert np.abs(there).max() < 1e-3
    np.testing.assert_allclose(scaler.inverse(there), [0.0401, 0.0401], atol=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_damaged_statistics_are_refused(bad: float) -> None:
    with pytest.raises(SightlineError, match="'action' hold NaN or infinity"):
        Scaler.from_statistics({"q01": [0.0, bad], "q99": [1.0, 1.0]}, "action")


def test_missing_statistics_are_refused() -> None:
    with pytest.raises(SightlineError, match=r"'observation\.state' lack 'q99'"):
        Scaler.from_statistics({"q01": [0.0]}, "observation.state")


def test_pictures_of_the_right_size_pass_untouched() -> None:
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    assert fit_picture(image, 28) is image
    assert fit_picture(image[:20], 14).shape == (14, 14, 3)


@pytest.mark.parametrize("shape, kind", [((28, 28), np.uint8), ((28, 28, 4), np.uint8), ((28, 28, 3), np.float32)])
def test_other_pictures_are_refused(shape: tuple[int, ...], kind: type) -> None:
    with pytest.raises(SightlineError, match="RGB picture"):
        fit_picture(np.zeros(shape, kind), 28)
