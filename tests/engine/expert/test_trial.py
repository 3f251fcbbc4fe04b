"""Objects of the full collection in the hand: a sample of kinds of every build stands still and is put away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from trial import attempt

from sightline.engine.assets import full
from sightline.engine.assets.model import Shape
from sightline.engine.assets.starter import catalogue as starter

# Turned, boxed, lying with a thick handle, rolling, with legs, on a foot, made of several pieces.
SAMPLE = ("vase", "radio", "fork", "potato", "pig", "goblet", "pliers", "comb", "croissant", "truck")


@pytest.mark.parametrize("kind", SAMPLE)
def test_the_expert_puts_it_into_a_container(kind: str) -> None:
    every = full.variants(kind)
    assert attempt(full.model(kind, every[len(every) // 2].number), seed=1) == ""


def test_what_does_not_stand_is_unstable() -> None:
    bottle = starter.model("bottle", "red", "large")
    leaning = replace(bottle.shape.colliders[0], quat=(np.cos(0.2), np.sin(0.2), 0.0, 0.0))
    shape = Shape(bottle.shape.visuals, (leaning,), bottle.shape.grasp)
    assert attempt(replace(bottle, shape=shape)) == "unstable"


def test_what_is_too_wide_is_missed() -> None:
    cube = starter.model("cube", "red", "large")
    shape = cube.shape.scaled(2.2)
    assert attempt(replace(cube, shape=shape)) != ""
