"""Sentences are understood from their words alone, and what is ambiguous is found out."""

from __future__ import annotations

import pytest
from scenes import build_scene, thing

from sightline.core.types import ObjectInfo
from sightline.language.parsing import Meaning, meanings, things_meant

MUG, BOWL, PLATE, CUBE = range(4)


@pytest.fixture
def scene():
    return build_scene(
        (thing("mug", "red"), 0.5, -0.2),
        (thing("bowl", "blue"), 0.5, 0.0),
        (thing("plate", "red"), 0.4, 0.2),
        (thing("cube", "blue", "small"), 0.6, -0.15),
    )


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("the mug", {MUG}),
        ("the red mug", {MUG}),
        ("the blue mug", set()),
        ("the red thing", {MUG, PLATE}),
        ("the small cube", {CUBE}),
        ("the tiny cube", {CUBE}),
        ("the large cube", set()),
        ("the object left of the bowl", {MUG, CUBE}),
        ("the red object that is to the left of the blue bowl", {MUG}),
        ("the rightmost object", {PLATE}),
        ("the thing nearest the mug", {CUBE}),
        ("the spoon", set()),
        ("mug", set()),
        ("the", set()),
        ("", set()),
    ],
)
def test_phrases(scene, phrase: str, expected: set[int]) -> None:
    assert things_meant(phrase, scene) == expected


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("put the mug into the bowl", {Meaning("into", MUG, BOWL)}),
        ("within the basin, deposit the tea mug", {Meaning("into", MUG, BOWL)}),
        ("put the red object left of the bowl on the plate", {Meaning("onto", MUG, PLATE)}),
        ("take the cube and place it in front of the blue bowl", {Meaning("front", CUBE, BOWL)}),
        ("put the red object into the bowl", set()),  # two red objects
        ("put the spoon into the bowl", set()),
        ("put the mug into the mug", set()),
        ("throw the mug into the bowl", set()),
    ],
)
def test_instructions(scene, instruction: str, expected: set[Meaning]) -> None:
    assert meanings(instruction, scene) == expected


def test_a_sentence_that_can_be_cut_in_two_ways_has_two_meanings() -> None:
    """The cube may be left of the bowl already, or be wanted there."""
    scene = build_scene((thing("cube"), 0.5, -0.15), (thing("bowl"), 0.5, 0.0), (thing("plate"), 0.45, 0.22))
    found = meanings("put the cube left of the bowl on the plate", scene)
    assert found == {Meaning("onto", 0, 2)}, "the bowl is not on the plate: one reading is left"
    scene.positions[1] = [0.45, 0.22, 0.05]  # now it is
    found = meanings("put the cube left of the bowl on the plate", scene)
    assert found == {Meaning("onto", 0, 2), Meaning("left", 0, 1)}


def test_a_colour_that_is_also_a_fruit() -> None:
    fruit = ObjectInfo("orange", "orange", "orange", "medium", "item", 0.03, 0.06)
    scene = build_scene((fruit, 0.5, 0.2), (thing("mug", "orange"), 0.5, -0.2))
    assert things_meant("the orange", scene) == {0}
    assert things_meant("the orange orange", scene) == {0}
    assert things_meant("the orange mug", scene) == {1}
    assert things_meant("the orange thing", scene) == {0, 1}


def test_what_is_asked_for_must_make_sense() -> None:
    scene = build_scene((thing("can"), 0.4, 0.0), (thing("cube", number=1), 0.5, 0.2), (thing("plate"), 0.6, -0.1))
    assert meanings("put the can on top of the cube", scene) == {Meaning("stack", 0, 1)}
    assert meanings("put the can on top of the plate", scene) == {Meaning("onto", 0, 2)}
    assert meanings("stack the can on the plate", scene) == set()
    assert meanings("press the can", scene) == meanings("open the plate", scene) == set()
