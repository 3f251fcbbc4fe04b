"""Printed pictures: distinct, nameable, and readable the right way round."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine.assets import prints
from sightline.engine.assets.colours import COLOURS, PALETTE, wander

BLUE, WHITE = COLOURS["blue"], (1.0, 1.0, 1.0)


@pytest.mark.parametrize("pattern", prints.PATTERNS)
def test_the_base_colour_covers_most(pattern: str) -> None:
    for seed in range(12):
        picture = prints.pattern_print(pattern, BLUE, WHITE, np.random.default_rng(seed)) / 255
        share = np.mean(np.linalg.norm(picture - BLUE, axis=-1) < 0.5)
        assert share >= 0.5, seed
        assert picture.std((0, 1)).max() > 0.02


@pytest.mark.parametrize("look", prints.LOOKS)
def test_materials_keep_their_colour(look: str) -> None:
    picture = prints.material_print(look, BLUE, np.random.default_rng(0)) / 255
    assert picture.std((0, 1)).max() > 0.004
    assert np.linalg.norm(picture.mean((0, 1)) - BLUE) < 0.25


@pytest.mark.parametrize("pattern", prints.PATTERNS)
def test_a_generator_decides(pattern: str) -> None:
    def draw(seed: int) -> bytes:
        return prints.pattern_print(pattern, BLUE, WHITE, np.random.default_rng(seed)).tobytes()

    assert draw(1) == draw(1)
    assert len({draw(seed) for seed in range(8)}) >= 4


def test_labels_repeat_and_follow_the_aspect() -> None:
    label = prints.label_print(BLUE, WHITE, (0, 0, 0), np.random.default_rng(3), 2, 0.5)
    assert label.shape == (prints.LABEL_PIXELS // 2, 2 * prints.LABEL_PIXELS, 3)
    left, right = label[:, : prints.LABEL_PIXELS], label[:, prints.LABEL_PIXELS :]
    assert np.mean(np.any(left != right, -1)) < 0.02
    assert len({prints.label_print(BLUE, WHITE, BLUE, np.random.default_rng(k)).tobytes() for k in range(10)}) == 10


def test_letters_stand_upright() -> None:
    """The first row of a picture is its top: an L has its bar in the lower half, a T in the upper one."""
    for letter, upper in (("L", False), ("T", True)):
        ink = np.any(prints.written(letter, WHITE, (0, 0, 0)) < 128, -1)
        rows = ink.sum(1)
        assert (int(np.argmax(rows)) < prints.LABEL_PIXELS / 2) == upper


def test_unknown_prints_are_told_apart() -> None:
    with pytest.raises(SightlineError, match="did you mean 'stripes'"):
        prints.pattern_print("stripe", BLUE, WHITE, np.random.default_rng(0))
    with pytest.raises(SightlineError, match="Unknown look"):
        prints.material_print("lava", BLUE, np.random.default_rng(0))


def test_the_palette_stays_apart_under_the_tones_of_instance_and_look() -> None:
    rng = np.random.default_rng(0)
    for name, rgb in PALETTE.items():
        for _ in range(60):
            near = wander(wander(rgb, rng), rng)
            apart = {other: np.linalg.norm(near - value) for other, value in PALETTE.items()}
            assert min(apart, key=lambda other: apart[other]) == name
