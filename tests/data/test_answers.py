"""Answers are read back as they were written, and whatever else a model may write is survived."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sightline.core.errors import SightlineError
from sightline.data.answers import (
    Coordinates,
    NamedBox,
    parse_boxes,
    parse_points,
    require_unit,
    text_to_seen,
    to_original,
    to_seen,
)
from sightline.engine.vqa.formats import box_text, deep_points_text, points_text

SIZE = (476, 644)
PAPER = "Pick up the light brown lion<box>[[304, 275, 346, 356]]</box> in the table."
OTHERS = '{"pick":{"bbox_2d":[1, 2, 30, 40]},"place":{"bbox_2d":[5, 6, 70, 80]}}'

corner = st.tuples(st.integers(0, 300), st.integers(0, 200))
box = st.tuples(corner, st.tuples(st.integers(301, 644), st.integers(201, 476))).map(lambda c: np.array([*c[0], *c[1]]))
pixel = st.tuples(st.integers(0, 643), st.integers(0, 475))
# Text that looks like answers, put together at random.
scrap = st.sampled_from(
    ["<box>", "</box>", "[", "]", "[[", "]]", "(", ")", ", ", ",", "{", "}", '"bbox_2d": ', '"label": "mug"', "<ref>",
     "</ref>", "nan", "-inf", "1e999", "-5", "12", "640.5", "99999", "9" * 400, " ", "\n", "the mug", "-", ".", "x1",
     "<|box_start|>", "<|box_end|>", "<quad>", '"x1": ', '"w": ', '"y": ', "（", "，", "】", '"', "'", "\\"]
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


@pytest.mark.parametrize(
    "text",
    [
        '["400","100","500","200"]',
        "['400', '100', '500', '200']",
        "[400, 100, 500, 200, 0.93]",
        '{"box_score": [400, 100, 500, 200, 1]}',
        "（400，100，500，200）",
        "【４００、１００、５００、２００】",
        "<|box_start|>(400,100),(500,200)<|box_end|>",
        "<|box_start|>（400，100）,（500，200）<|box_end|>",
        "<|box_start|>(400,100),(500,200",
        "<|object_ref_start|>the mug<|object_ref_end|><|box_start|>(400,100),(500,200)<|box_end|>",
        "<|ref|>the mug<|/ref|><|det|>[[400, 100, 500, 200]]<|/det|>",
        "<bbox>400, 100, 500, 200</bbox>",
        "<quad>(400,100),(500,110),(490,200),(410,190)</quad>",
        "<|quad_start|>(400,100),(500,110),(490,200),(410,190)<|quad_end|>",
        '{"bbox": [[400, 100], [500, 110], [490, 200], [410, 190]]}',
        '{"bbox": [[400, 100], [500, 200]]}',
        '{"bbox_2d": "400, 100, 500, 200", "label": "mug"}',
        '{\\"bbox_2d\\": [400, 100, 500, 200]}',
        "bbox = [[400, 100], [500, 200]]",
        '{"bounding_box": {"x1": 400, "y1": 100, "x2": 500, "y2": 200}}',
        '{"xmin": "400", "ymin": "100", "xmax": "500", "ymax": "200"}',
        '{"label": "mug", "y1": 100, "x1": 400, "score": 0.5, "y2": 200, "x2": 500}',
        '{"x": 400, "y": 100, "width": 100, "height": 100}',
        '{"box": {"left": 400, "top": 100, "w": 7, "width": 100, "height": 100}}',
        "{'x': 400.0, 'y': 100.0, 'w': 100.0, 'h': 100.0}",
        "x1=400, y1=100, x2=500, y2=200",
        "(400; 100; 500; 200)",
    ],
)
def test_a_box_in_whatever_form(text: str) -> None:
    assert boxes_of(text) == [[400, 100, 500, 200]]
    assert len(parse_points(text, SIZE)) == 0


@pytest.mark.parametrize(
    ("text", "boxes", "points"),
    [
        ("<|box_start|>(1,2),(3,4)<|box_end|><|box_start|>(5,6),(7,8)<|box_end|>", [[1, 2, 3, 4], [5, 6, 7, 8]], []),
        ("<box>(1,2),(3,4)</box> and <box>(5,6),(7,8)</box>", [[1, 2, 3, 4], [5, 6, 7, 8]], []),
        ('{"boxes": [[1, 2, 3, 4, 0.9], [5, 6, 7, 8, 0.2]]}', [[1, 2, 3, 4], [5, 6, 7, 8]], []),
        (
            '[{"x1": 1, "y1": 2, "x2": 3, "y2": 4}, {"x1": 5, "y1": 6, "x2": 7, "y2": 8}]',
            [[1, 2, 3, 4], [5, 6, 7, 8]],
            [],
        ),
        ('[{"x": 10, "y": 20}, {"y": 40, "x": 30}]', [], [[10.5, 20.5], [30.5, 40.5]]),
        ("[[1, 2], [3, 4]]", [], [[1.5, 2.5], [3.5, 4.5]]),
        ("（320，280）", [], [[320.5, 280.5]]),
        ('{"box": [1, 2, 3, 4], "point": [320, 280]}', [[1, 2, 3, 4]], [[320.5, 280.5]]),
        ("The box holds (3, 4) mugs", [], [[3.5, 4.5]]),
        ("with x = 3 and y = 4", [], []),
        ("[1, 2, 3, 4, 5]", [], []),
        ("at x1=5, y1=6", [], []),
    ],
)
def test_several_and_none(text: str, boxes: list[list[float]], points: list[list[float]]) -> None:
    assert boxes_of(text) == boxes and parse_points(text, SIZE).tolist() == points


def test_names_are_read_in_every_style() -> None:
    for text in (
        "<ref>a mug</ref><box>[[1, 2, 3, 4], [5, 6, 7, 8]]</box>",
        "<|object_ref_start|>a mug<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>",
        "<|ref|>a mug<|/ref|><|det|>[[1, 2, 3, 4]]<|/det|>",
        "[{'bbox_2d': [1, 2, 3, 4], 'label': 'a mug'}]",
        "{'a mug': {'x1': 1, 'y1': 2, 'x2': 3, 'y2': 4}}",
    ):
        assert {found.name for found in parse_boxes(text, SIZE)} == {"a mug"}, text


FORMS = (
    "<box>[[{0}, {1}, {2}, {3}]]</box>",
    "<|box_start|>({0},{1}),({2},{3})<|box_end|>",
    '{{"bbox_2d": ["{0}", "{1}", "{2}", "{3}"]}}',
    '{{"x2": {2}, "y2": {3}, "x1": {0}, "y1": {1}}}',
    '{{"x": {0}, "y": {1}, "width": {4}, "height": {5}}}',
    "（{0}，{1}，{2}，{3}）",
    "[{0}, {1}, {2}, {3}, 0.5]",
)
UNITS: tuple[Coordinates, ...] = ("picture", "0-1", "0-1-square", "0-1000", "0-1000-square")


@given(box, st.sampled_from(FORMS), st.sampled_from(UNITS), st.integers(200, 900), st.integers(200, 900))
def test_every_form_in_every_unit_is_taught_in_pixels_as_seen(
    found: np.ndarray, form: str, unit: Coordinates, height: int, width: int
) -> None:
    """Written as a dataset of that unit would write a box, and read back from what the model is taught."""
    original = (height, width)
    true = to_original(found, SIZE, original)  # of a picture of any size, seen at SIZE
    side, top = max(original), 1000 if "1000" in unit else 1
    pads = np.array([(side - width) // 2, (side - height) // 2] * 2)
    if unit == "picture":
        written = [f"{value:.3f}" for value in true]
        sizes = [f"{value:.3f}" for value in true[2:] - true[:2]]
    else:
        share = (true + pads) / side if unit.endswith("square") else true / np.tile([width, height], 2)
        written = [f"{top * value:.4f}" for value in share]
        sizes = [f"{top * value:.4f}" for value in share[2:] - share[:2]]
    text = form.format(*written, *sizes)
    taught = text_to_seen(text, SIZE, original, unit)
    (back,) = parse_boxes(taught, SIZE)
    assert np.abs(back.box - found).max() <= (0.51 if unit == "picture" else 1.01), taught
    if original != SIZE or unit != "picture":
        assert text_to_seen(taught, SIZE, SIZE) == taught
    require_unit(text, original, unit)


@given(st.tuples(*[st.integers(0, 999)] * 2), st.sampled_from(["0-1", "0-1000"]))
def test_points_as_shares_name_the_pixel_that_holds_them(shares: tuple[int, int], unit: Coordinates) -> None:
    u, v = shares
    text = f"({u / 1000:.3f}, {v / 1000:.3f})" if unit == "0-1" else f"({u}, {v})"
    if u in (0, 1000) and v in (0, 1000) and unit == "0-1":
        text = text.replace(".000", ".0001")
    (point,) = parse_points(text_to_seen(text, SIZE, (33, 44), unit), SIZE)
    assert np.abs(point - [0.5 + u * 0.644, 0.5 + v * 0.476]).max() <= 1.0


def test_no_digit_is_lost_on_the_way() -> None:
    assert text_to_seen("[304.125, 27.5, 346.75, 35.25]", (400, 800), (200, 400)) == "[608.250, 55.0, 693.50, 70.50]"
    assert text_to_seen("[0.413, 0.208, 0.788, 0.417]", SIZE, (480, 640), "0-1") == "[266, 99, 507, 198]"
    assert text_to_seen('{"x": 10, "y": 21, "w": 3, "h": 5}', (100, 400), (200, 200)) == (
        '{"x": 20, "y": 10, "w": 6, "h": 3}'
    )
    assert text_to_seen("[1, 2, 3, 2000]", SIZE, (480, 640), "0-1000") == "[1, 2, 3, 2000]", "these are no shares"


@given(garbage, st.integers(1, 900), st.integers(1, 900))
@example("[" + ", ".join(["9" * 400] * 4) + "]", 10, 10)
@example("(" + "9" * 400 + ", 1)", 10, 10)
def test_nothing_is_ever_raised_and_all_is_finite_and_inside(text: str, height: int, width: int) -> None:
    for found in parse_boxes(text, (height, width)):
        x1, y1, x2, y2 = found.box
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
    points = parse_points(text, (height, width))
    assert points.shape[1] == 2 and ((points >= 0) & (points <= [width, height])).all()
    for unit in (*UNITS, "model"):
        assert isinstance(text_to_seen(text, (height, width), SIZE, unit), str)
    with suppress(SightlineError):
        require_unit(text, SIZE, "picture")


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
