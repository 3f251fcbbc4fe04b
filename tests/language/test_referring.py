"""Referring expressions single out exactly one thing, in words that say so."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import referring_expressions
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import build_scene, random_scene, thing

from sightline.core.types import ObjectInfo
from sightline.language.referring import (
    INSTRUCTIONS,
    STYLES,
    Expression,
    Phrasebook,
    instruct,
)
from sightline.language.resolution import resolve


def phrases(scene, index: int, style: str = "") -> set[str]:
    rng = np.random.default_rng(0)
    found = [item for _ in range(20) for item in referring_expressions(scene, index, rng)]
    return {item.phrase for item in found if style in ("", item.style)}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8))
def test_every_expression_means_exactly_its_object(seed: int, shown: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, shown=shown)
    for index in range(len(scene.objects)):
        found = referring_expressions(scene, index, rng)
        assert scene.present[index] or not found
        for expression in found:
            assert resolve(expression, scene) == [index], expression
            assert expression.phrase == expression.phrase.lower()
            if expression.reference is not None:
                assert not expression.reference.relation
                assert len(resolve(expression.reference, scene)) == 1
                assert expression.reference.phrase in expression.phrase


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_expressions_survive_small_movements(seed: int) -> None:
    """Margins: nothing that is said depends on half a centimetre."""
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    found = {int(i): referring_expressions(scene, int(i), rng) for i in np.flatnonzero(scene.present)}
    scene.positions[:, :2] += rng.uniform(-0.0025, 0.0025, (len(scene.objects), 2))
    for index, expressions in found.items():
        for expression in expressions:
            assert resolve(expression, scene) == [index], expression


def test_attributes_single_out() -> None:
    scene = build_scene(
        (thing("mug", "red", "small"), 0.4, -0.2),
        (thing("mug", "red", "large"), 0.6, -0.2),
        (thing("mug", "blue", "small"), 0.4, 0.2),
        (thing("can", "", "medium"), 0.6, 0.2),
    )
    assert phrases(scene, 0, "attribute") == {"the small red mug"}
    assert phrases(scene, 1, "attribute") == {"the large mug", "the large red mug"}
    assert phrases(scene, 2, "attribute") == {"the blue mug", "the blue object", "the blue thing", "the small blue mug"}
    assert phrases(scene, 3, "attribute") == {"the can"}


def test_size_is_spoken_only_in_contrast() -> None:
    alone = build_scene((thing("mug", "red", "small"), 0.4, -0.2), (thing("can", "red", "large"), 0.6, -0.2))
    assert not any("small" in phrase for phrase in phrases(alone, 0))


def test_compound_nouns_share_their_head() -> None:
    soda = ObjectInfo("soda", "soda can", "", "medium", "item", 0.03, 0.1)
    scene = build_scene((soda, 0.4, -0.2), (thing("can", "red"), 0.6, 0.1), (thing("bowl", "blue"), 0.5, 0.0))
    assert phrases(scene, 0, "attribute") == {"the soda can"}
    assert phrases(scene, 1, "attribute") == {"the red can", "the red object", "the red thing"}
    assert "the frontmost can" in phrases(scene, 1)
    assert resolve(Expression("can"), scene) == [0, 1]


def test_relation_is_used_where_the_kind_is_ambiguous() -> None:
    scene = build_scene(
        (thing("cube", "red"), 0.5, -0.2), (thing("cube", "red"), 0.5, 0.2), (thing("bowl", "blue"), 0.5, 0.0)
    )
    spatial = phrases(scene, 0, "spatial")
    assert {"the cube left of the bowl", "the red cube to the left of the blue bowl"} <= spatial
    assert phrases(scene, 2, "spatial") == set()  # the bowl needs none
    assert phrases(scene, 0, "attribute") == set()
    assert {"the leftmost cube", "the red cube on the far left"} <= phrases(scene, 0, "superlative")


def test_objects_in_and_on_things() -> None:
    scene = build_scene(
        (thing("ball"), 0.5, 0.01),
        (thing("ball"), 0.45, 0.2),
        (thing("bowl", "blue"), 0.5, 0.0),
        (thing("plate", ""), 0.45, 0.21),
    )
    scene.positions[0, 2] += 0.01
    scene.positions[1, 2] += 0.015
    assert "the ball in the bowl" in phrases(scene, 0)
    assert "the red ball on the plate" in phrases(scene, 1)


def test_nearest_is_refused_when_too_close_to_call() -> None:
    scene = build_scene((thing("can"), 0.5, 0.15), (thing("can"), 0.5, -0.16), (thing("bowl", "blue"), 0.5, 0.0))
    assert not any("nearest the bowl" in phrase for phrase in phrases(scene, 0))
    tie = Expression("can", relation="nearest", reference=Expression("bowl"))
    assert resolve(tie, scene) == [0, 1]


def test_resolver_needs_a_clear_reference() -> None:
    scene = build_scene((thing("can"), 0.5, 0.15), (thing("cube"), 0.5, -0.16), (thing("cube"), 0.4, 0.0))
    assert resolve(Expression("can", relation="right", reference=Expression("cube")), scene) == []


def test_each_style_is_found_in_ordinary_scenes() -> None:
    rng = np.random.default_rng(3)
    for style in STYLES:
        speakable = 0
        for _ in range(20):
            book = Phrasebook(random_scene(rng))
            speakable += any(book.express(number, style, rng) is not None for number in range(book.count))
        assert speakable >= 15


def test_avoided_reference_is_not_used() -> None:
    scene = build_scene((thing("cube"), 0.5, -0.2), (thing("cube"), 0.5, 0.2), (thing("bowl", "blue"), 0.5, 0.0))
    book, rng = Phrasebook(scene), np.random.default_rng(0)
    assert all(book.express(0, "spatial", rng, avoid=2) is None for _ in range(10))


@pytest.mark.parametrize("relation", INSTRUCTIONS)
def test_instructions_are_varied_and_plain(relation: str) -> None:
    rng = np.random.default_rng(0)
    said = {instruct(relation, "the red mug", "the bowl", rng) for _ in range(60)}
    assert len(said) == len(INSTRUCTIONS[relation]) >= 4
    for sentence in said:
        assert sentence.index("the red mug") < sentence.index("the bowl")
        assert not sentence.endswith(".")
