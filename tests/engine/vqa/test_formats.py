"""What is written in an answer's format is read back from it."""

from __future__ import annotations

import ast
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from said import said_boxes, said_points
from scenes import front_camera

from sightline.core.errors import SightlineError
from sightline.engine.vqa.formats import (
    box_text,
    deep_points_text,
    listing,
    parse_steps,
    points_text,
    steps_text,
    within,
)

pixel = st.floats(0, 2048, allow_nan=False)
corner = st.integers(0, 2048)
boxes = st.lists(
    st.tuples(corner, corner, st.integers(1, 2048), st.integers(1, 2048)).map(
        lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
    ),
    max_size=8,
)


@given(boxes)
def test_boxes_round_trip(found: list[tuple[int, ...]]) -> None:
    text = box_text([np.array(box, float) for box in found])
    assert said_boxes(text) == [list(box) for box in found]
    assert text.startswith("<box>[") and text.endswith("]</box>")


@given(st.lists(st.tuples(pixel, pixel), max_size=20))
def test_points_round_trip_to_the_pixel_that_holds_them(points: list[tuple[float, float]]) -> None:
    read = said_points(points_text(points))
    assert read == [(np.floor(u), np.floor(v)) for u, v in points]


@given(st.lists(st.tuples(pixel, pixel, st.floats(0.05, 5)), min_size=1, max_size=20))
def test_deep_points_round_trip_to_half_a_centimetre(points: list[tuple[float, float, float]]) -> None:
    text = deep_points_text(np.array(points))
    read = np.array(ast.literal_eval(text))
    np.testing.assert_array_equal(read[:, :2], np.floor(np.array(points)[:, :2]))
    np.testing.assert_array_equal(said_points(text), read[:, :2])
    np.testing.assert_allclose(read[:, 2], np.array(points)[:, 2], atol=0.005 + 1e-9)


@given(st.lists(st.text("abc .", min_size=1, max_size=12), min_size=1, max_size=9))
def test_steps_round_trip(steps: list[str]) -> None:
    assert parse_steps(steps_text(steps)) == steps


def test_formats_are_those_of_the_paper() -> None:
    assert box_text([np.array([304, 275, 346, 356])]) == "<box>[[304, 275, 346, 356]]</box>"
    assert points_text([(320.2, 280.9), (358, 280)]) == "[(320, 280), (358, 280)]"
    assert deep_points_text(np.array([[3.0, 4.0, 0.876]])) == "[(3, 4, 0.88)]"
    assert box_text([]) == "<box>[]</box>" and points_text([]) == "[]"
    assert said_boxes('the mug<box>[[1, 2, 3, 4]]</box> in "the bowl<box>[[5, 6, 7, 8]]</box>"') == [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
    ]
    assert json.loads(box_text([np.array([1, 2, 3, 4])]).removeprefix("<box>").removesuffix("</box>")) == [[1, 2, 3, 4]]


def test_steps_must_count() -> None:
    with pytest.raises(SightlineError, match="numbered"):
        parse_steps("1. reach\n3. grasp")


def test_listings_are_english() -> None:
    assert listing([]) == "nothing" and listing(["a"]) == "a" and listing(["a", "b"]) == "a and b"
    assert listing(["a", "b", "c"]) == "a, b and c"


@given(st.tuples(*[st.floats(-50, 300)] * 4))
def test_whole_pixels_hold_the_box_and_stay_in_the_picture(corners: tuple[float, ...]) -> None:
    x1, x2 = sorted(corners[:2])
    y1, y2 = sorted(corners[2:])
    camera = front_camera(224)
    found = within(np.array([x1, y1, x2, y2]), camera)
    assert (found == np.round(found)).all() and (found >= 0).all() and (found <= 224).all()
    inside = np.clip([x1, y1, x2, y2], 0, 224)
    assert (found[:2] <= inside[:2] + 1e-5).all() and (found[2:] >= inside[2:] - 1e-5).all()
    assert np.abs(found - inside).max() <= 1.0
