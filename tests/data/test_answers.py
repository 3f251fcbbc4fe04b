"""Answers are read back as they were written, and whatever else a model may write is survived."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sightline.engine.vqa.formats import box_text, deep_points_text, points_text
from sightline.data.answers import (
    NamedBox,
    parse_boxes,
    parse_points,
    text_to_seen,
    to_original,
    to_seen,
)

SIZE = (476, 644)
PAPER = "Pick up the light brown lion<box>[[304, 275, 346, 356]]</box> in the table."
OTHERS = '{"pick":{"bbox_2d":[1, 2, 30, 40]},"place":{"bbox_2d":[5, 6, 70, 80]}}'

corner = st.tuples(st.integers(0, 300), st.integers(0, 200))
box = st.tuples(corner, st.tuples(st.integers(301, 644), st.integers(201, 476))).map(lambda c: np.array([*c[0], *c[1]]))
pixel = st.tuples(st.integers(0, 643), st.integers(0, 475))
# Text that looks like answers, put together at random.
scrap = st.sampled_from(
    ["<box>", "</box>", "[", "]", "[[", "]]", "(", ")", ", ", ",", "{", "}", '"bbox_2d": ', '"label": "mug"', "<ref>",
     "</ref>", "nan", "-inf", "1e999", "-5", "12", "640.5", "99999", "9" * 400, " ", "\n", "the mug", "-", ".", "x1"]
)  # fmt: skip
garbage = st.lists(scrap, max_size=40).map("".join) | st.text(max_size=60)


def named_box_text(name: str, boxes: list[np.ndarray]) -> str:
    """InternVL's style: "<ref>name</ref><box>[[x1, y1, x2, y2], ...]</box>"."""
    return f"<ref>{name}</ref>{box_text(boxes)}"


def boxes_json(boxes: list[NamedBox]) -> str:
    """Qwen2.5-VL's own: [{"bbox_2d": [x1, y1, x2, y2], "label": "..."}, ...]."""
    return json.dumps([{"bbox_2d": [int(value) for value in item.box], "label": item.name} for item in boxes])


def boxes_of(text: str) -> list[list[float]]:
    return [found.box.tolist() for found in parse_boxes(text, SIZE)]


@given(st.lists(box, max_size=5))
def test_boxes_come_back(boxes: list[np.ndarray]) -> None:
    expected = [found.tolist() for found in boxes]
    named = [NamedBox(f"thing {number}", found) for number, found in enumerate(boxes)]
    for text in (box_text(boxes), named_box_text("the mug", boxes), boxes_json(named), str(expected)):
        assert boxes_of(text) == expected
    assert [found.name for found in parse_boxes(boxes_json(named), SIZE)] == [item.name for item in named]
    assert {found.name for found in parse_boxes(named_box_text("the mug", boxes), SIZE)} <= {"the mug"}


@given(st.lists(pixel, max_size=8))
def test_points_come_back_as_centres_of_pixels(points: list[tuple[int, int]]) -> None:
    expected = np.array(points, float).reshape(-1, 2) + 0.5
    np.testing.assert_array_equal(parse_points(points_text(points), SIZE), expected)
    deep = np.column_stack([np.array(points, float).reshape(-1, 2), np.full(len(points), 0.75)])
    np.testing.assert_array_equal(parse_points(deep_points_text(deep), SIZE), expected)


def test_the_formats_of_the_paper_are_read() -> None:
    assert boxes_of(PAPER) == [[304, 275, 346, 356]]
    assert parse_points("[(320, 280), (358, 280), (396, 290)]", SIZE).tolist() == [
        [320.5, 280.5], [358.5, 280.5], [396.5, 290.5]
    ]  # fmt: skip
    assert [(item.name, item.box.tolist()) for item in parse_boxes(OTHERS, SIZE)] == [
        ("pick", [1, 2, 30, 40]), ("place", [5, 6, 70, 80])
    ]  # fmt: skip
    answer = json.dumps({"response": "Sure.", "subtask": PAPER})
    assert boxes_of(answer) == [[304, 275, 346, 356]] and len(parse_points(answer, SIZE)) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<box>[[304, 275, 346, 356", [[304, 275, 346, 356]]),
        ("<box>[[304, 275, 346, 356]], [[1, 2, 3", [[304, 275, 346, 356]]),
        ("<box>304, 275, 346, 356</box>", [[304, 275, 346, 356]]),
        ("<box>(304,275),(346,356)</box>", [[304, 275, 346, 356]]),
        ("304, 275, 346, 356]", [[304, 275, 346, 356]]),
        ("The box is [304.5,275,346,356.25].", [[304.5, 275, 346, 356.25]]),
        ("[346, 356, 304, 275]", [[304, 275, 346, 356]]),
        ("[-20, 275, 9000, 356]", [[0, 275, 644, 356]]),
        ("[700, 275, 900, 356]", []),
        ("[nan, 275, 346, 356]", []),
        ("[304, 275, 346]", []),
        ("I see 3, 4, 5, 6 mugs", []),
        ("Give it in [x1,y1,x2,y2] format", []),
        ("```json\n[{'bbox_2d': [1, 2, 3, 4]}]```", [[1, 2, 3, 4]]),
    ],
)
def test_malformed_boxes(text: str, expected: list[list[float]]) -> None:
    assert boxes_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[(320, 280), (358, 2", [[320.5, 280.5], [358.5, 2.5]]),
        ("(320, 280), (358,", [[320.5, 280.5]]),
        ("320, 280), 358, 280)", [[320.5, 280.5], [358.5, 280.5]]),
        ("At (320.25, 280).", [[320.25, 280.5]]),
        ('{"point_2d": [320, 280]}', [[320.5, 280.5]]),
        ("[(644, 10), (-1, 10), (nan, 3), (inf, 3)]", []),
        ("there are 3, 4 of them", []),
        (PAPER, []),
    ],
)
def test_malformed_points(text: str, expected: list[list[float]]) -> None:
    assert parse_points(text, SIZE).tolist() == expected


@given(garbage, st.integers(1, 900), st.integers(1, 900))
@example("[" + ", ".join(["9" * 400] * 4) + "]", 10, 10)
@example("(" + "9" * 400 + ", 1)", 10, 10)
def test_nothing_is_ever_raised_and_all_is_finite_and_inside(text: str, height: int, width: int) -> None:
    for found in parse_boxes(text, (height, width)):
        x1, y1, x2, y2 = found.box
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
    points = parse_points(text, (height, width))
    assert points.shape[1] == 2 and ((points >= 0) & (points <= [width, height])).all()
    assert isinstance(text_to_seen(text, (height, width), SIZE), str)


@given(st.text(max_size=40), box, st.integers(0, 60))
def test_a_cut_at_any_place_is_survived(words: str, found: np.ndarray, at: int) -> None:
    text = words + box_text([found]) + points_text([(1, 2), (3, 4)])
    parse_boxes(text[:at], SIZE), parse_points(text[:at], SIZE)


@given(st.tuples(*[st.floats(0, 2000)] * 4), st.integers(1, 2000), st.integers(1, 2000))
def test_sizes_are_undone(values: tuple[float, ...], height: int, width: int) -> None:
    original = (height, width)
    back = to_seen(to_original(np.array(values), SIZE, original), SIZE, original)
    np.testing.assert_allclose(back, values, rtol=1e-12, atol=1e-9)
    pairs = np.array(values).reshape(2, 2)
    np.testing.assert_array_equal(
        to_original(pairs, SIZE, original).ravel(), to_original(np.array(values), SIZE, original)
    )


def test_coordinates_in_text_follow_the_picture() -> None:
    # Twice as wide, half as high.
    seen, original = (100, 400), (200, 200)
    assert text_to_seen(PAPER, seen, original).count("<box>[[608, 138, 692, 178]]</box>") == 1
    assert text_to_seen("What is at the point (10, 21)?", seen, original) == "What is at the point (21, 10)?"
    assert text_to_seen("[(10, 21, 0.75), (0, 0, 1.5)]", seen, original) == "[(21, 10, 0.75), (1, 0, 1.5)]"
    assert text_to_seen("[10.5, 20.5]", seen, original) == "[21.0, 10.2]"
    for text in ("3 mugs, 4 cans", "at 1, 2, 3", "list [(x, y)]", "1. reach\n2. grasp"):
        assert text_to_seen(text, seen, original) == text
    assert text_to_seen(PAPER, original, original) == PAPER


@given(st.lists(pixel, min_size=1, max_size=5), st.integers(30, 1000), st.integers(30, 1000))
def test_rescaled_points_lie_where_the_old_ones_do(points: list[tuple[int, int]], height: int, width: int) -> None:
    text = text_to_seen(points_text(points), (height, width), SIZE)
    found = parse_points(text, (height, width))
    expected = to_seen(np.array(points) + 0.5, (height, width), SIZE)
    assert found.shape == expected.shape and np.abs(found - expected).max() <= 0.5 + 1e-9
