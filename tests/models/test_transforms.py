"""Physical units to model units and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sightline.core.errors import SightlineError
from sightline.models.normalisation import NEAR_CONSTANT, Scaler, fit_picture

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


FEATURE = {
    "q01": [-2.0, 0.0, 1.0], "q99": [2.0, 0.0, 3.0], "min": [-4.0, 0.0, -1.0], "max": [4.0, 1.0, 1.0],
    "mean": [1.0, 0.5, 0.0], "std": [0.5, 0.25, 1e-9],
}  # fmt: skip


def scaler_of(*modes: str, **changes: list[float]) -> Scaler:
    return Scaler.from_statistics({**FEATURE, **changes, "mode": list(modes)}, "action")


@pytest.mark.parametrize("mode", ["q99", "min_max", "mean_std", "none"])
@given(values=arrays(np.float32, (4, 5), elements=NUMBER), data=st.data())
def test_the_inverse_restores_every_value_in_every_mode(mode: str, values: np.ndarray, data: st.DataObject) -> None:
    """Also beyond the range, and in dimensions that never move."""
    low = data.draw(arrays(np.float32, 5, elements=NUMBER))
    high = low + data.draw(arrays(np.float32, 5, elements=st.sampled_from([0.0, 1e-6, 1e-3, 0.5, 4.0])))
    names = {"q99": ("q01", "q99"), "min_max": ("min", "max")}.get(mode, ("q01", "q99"))
    feature = dict(zip(names, (low, high), strict=True)) | {"mean": low, "std": high - low, "mode": [mode] * 5}
    scaler = Scaler.from_statistics(feature, "action")
    there = scaler.forward(values)
    assert there.dtype == np.float32 and np.isfinite(there).all()
    np.testing.assert_allclose(scaler.inverse(there), values, atol=1e-5)


@given(low=st.floats(-2, 0.5, width=32), high=st.floats(0.75, 2, width=32), noise=st.floats(-0.49, 0.49))
def test_binary_dimensions_come_back_as_one_of_their_two_values(low: float, high: float, noise: float) -> None:
    scaler = Scaler.from_statistics({"min": [low], "max": [high], "mode": ["binary"]}, "action")
    there = scaler.forward(np.array([[low], [high]], np.float32))
    assert there.tolist() == [[0.0], [1.0]]
    assert scaler.inverse(there + noise).tolist() == [[low], [high]]


@pytest.mark.parametrize("value, there", [(1.0, 1.0), (-1.0, 0.0), (0.5, 0.0)])
def test_a_binary_dimension_that_never_switches_stays_what_it_is(value: float, there: float) -> None:
    scaler = Scaler.from_statistics({"min": [value], "max": [value], "mode": ["binary"]}, "action")
    assert scaler.forward(np.array([value])) == there
    assert (scaler.inverse(np.array([-1.0, 0.2, 0.9, 3.0])[:, None]) == value).all()


@given(values=arrays(np.float32, (4, 2), elements=NUMBER))
def test_official_clipping(values: np.ndarray) -> None:
    """Inside the quantiles nothing is lost, outside everything ends at them; what never moves comes back as it was."""
    scaler = Scaler.from_statistics({"q01": [-1.0, 0.7], "q99": [2.0, 0.7], "mode": ["q99_clipped"] * 2}, "action")
    there = scaler.forward(values)
    assert np.abs(there).max() <= 1 and not there[:, 1].any()
    back = scaler.inverse(there)
    np.testing.assert_allclose(back[:, 0], np.clip(values[:, 0], -1, 2), atol=1e-6)
    assert (scaler.inverse(values)[:, 1] == np.float32(0.7)).all() and scaler.inverse(values).max() <= 2


def test_clipped_quantiles_have_no_smallest_range() -> None:
    scaler = Scaler.from_statistics({"q01": [0.0], "q99": [2e-5], "mode": ["q99_clipped"]}, "action")
    np.testing.assert_allclose(scaler.forward(np.array([2e-5, 1e-5, 0.0])[:, None])[:, 0], [1, 0, -1], atol=1e-6)
    np.testing.assert_allclose(scaler.inverse(np.array([[1.0], [0.5]]))[:, 0], [2e-5, 1.5e-5])


def test_each_dimension_goes_by_its_own_mode() -> None:
    there = scaler_of("min_max", "binary", "mean_std").forward(np.array([2.0, 0.7, 0.25]))
    np.testing.assert_allclose(there, [0.5, 1.0, 0.25])
    np.testing.assert_allclose(scaler_of("none", "q99", "q99").forward(np.array([9.0, 0.1, 2.0])), [9.0, 0.1, 0.0])


def test_statistics_without_modes_are_all_q99() -> None:
    plain = Scaler.from_statistics(FEATURE, "action")
    values = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    assert plain.modes == () and np.array_equal(plain.forward(values), scaler_of(*["q99"] * 3).forward(values))
    assert np.array_equal(plain.inverse(values), scaler_of(*["q99"] * 3).inverse(values))


@pytest.mark.parametrize(
    "modes, changes, message",
    [
        (("q98", "q99", "q99"), {}, "normalisation mode of 'action' 'q98'"),
        (("q99", "q99"), {}, "differ in length"),
        (("mean_std", "q99", "q99"), {"std": [float("nan"), 0.0, 0.0]}, "NaN"),
        (("q99", "q99", "binary"), {"min": [0.0, 0.0, 0.0], "max": [0.0, 0.0, 0.08]}, "Dimension 2 of 'action' cannot"),
        (("q99", "q99", "q99"), {"q01": [0.0]}, "differ in length"),
    ],
)
def test_modes_that_do_not_fit_are_refused(modes: tuple, changes: dict, message: str) -> None:
    with pytest.raises(SightlineError, match=message):
        scaler_of(*modes, **changes)


def test_pictures_of_the_right_size_pass_untouched() -> None:
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    assert fit_picture(image, 28) is image
    assert fit_picture(image[:20], 14).shape == (14, 14, 3)


@pytest.mark.parametrize("shape, kind", [((28, 28), np.uint8), ((28, 28, 4), np.uint8), ((28, 28, 3), np.float32)])
def test_other_pictures_are_refused(shape: tuple[int, ...], kind: type) -> None:
    with pytest.raises(SightlineError, match="RGB picture"):
        fit_picture(np.zeros(shape, kind), 28)
