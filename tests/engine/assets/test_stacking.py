"""What can be stacked on what."""

from __future__ import annotations

import pytest

from sightline.engine.assets import ObjectModel
from sightline.engine.assets.stacking import can_carry, flat_base, flat_top
from sightline.engine.assets.starter import catalogue as starter


def model(kind: str, size: str = "small") -> ObjectModel:
    return starter.model(kind, starter.variants(kind, "train")[0].colour, size)


@pytest.mark.parametrize("kind", ["cube", "can"])
def test_flat_things_carry_cubes(kind: str) -> None:
    assert flat_top(model(kind)) > 0.01 and can_carry(model(kind), model("cube"))


@pytest.mark.parametrize("kind", ["mug", "ball", "banana", "duck", "bowl", "plate", "book"])
def test_nothing_stands_on_what_is_hollow_round_or_no_item(kind: str) -> None:
    assert flat_top(model(kind)) == 0 and not can_carry(model(kind), model("cube"))


@pytest.mark.parametrize("kind", ["ball", "duck"])
def test_what_rolls_cannot_be_stacked(kind: str) -> None:
    assert flat_base(model(kind)) == 0 and not can_carry(model("cube", "large"), model(kind))


def test_tall_and_slender_things_are_not_stacked() -> None:
    assert not can_carry(model("cube", "large"), model("bottle"))
