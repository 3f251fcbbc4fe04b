"""Pictures are coloured where they should be, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.core.draw import (
    COLOURS,
    Sketch,
    caption_bar,
    colour_of,
    contact_sheet,
    draw_labels,
    overlay,
    text_panel,
    wrap_text,
)
from sightline.core.types import Grounding

GREY = np.full((64, 80, 3), 128, np.uint8)


def test_box_edges_lie_on_the_box():
    picture = Sketch(GREY).box(np.array([10, 20, 31, 41]), "target", caption="").array()
    ink = COLOURS["target"]
    for x, y in ((10, 20), (30, 20), (10, 40), (30, 40), (20, 20), (10, 30)):
        assert tuple(picture[y, x]) == ink
    for x, y in ((9, 30), (31, 30), (20, 41), (20, 30)):
        assert tuple(picture[y, x]) == (128, 128, 128)


def test_enlarged_boxes_enclose_the_enlarged_pixels():
    picture = Sketch(GREY, scale=3).box(np.array([10, 20, 31, 41]), "place", caption="").array()
    assert picture.shape == (192, 240, 3)
    marked = np.argwhere((picture == COLOURS["place"]).all(-1))
    assert marked.min(0).tolist() == [60, 30] and marked.max(0).tolist() == [122, 92]


def test_points_are_centred():
    picture = draw_labels(GREY, points={"target": np.array([40.5, 30.5])}, scale=1)
    assert tuple(picture[30, 40]) == COLOURS["target"]
    changed = np.argwhere((picture != 128).any(-1))
    assert np.abs(changed.mean(0) - [30, 40]).max() <= 0.5


def test_trace_runs_from_pale_to_magenta():
    picture = draw_labels(GREY, trace=np.array([[5.5, 10.5], [40.5, 10.5], [70.5, 10.5]]), scale=1)
    first, last = picture[10, 8].astype(int), picture[10, 70].astype(int)
    assert first[1] > 180 and last[1] < 20
    assert tuple(picture[40, 40]) == (128, 128, 128)


@pytest.mark.parametrize(
    "grounding",
    [
        Grounding("front", {"target": np.full(4, np.nan)}, {"place": np.full(2, np.nan)}, np.full((3, 2), np.nan)),
        Grounding("front", {"target": np.array([20.0, 20, 20, 30])}),
        Grounding("front"),
        None,
    ],
)
def test_what_is_unknown_is_not_drawn(grounding):
    assert (overlay(GREY, grounding, scale=1) == GREY).all()


def test_what_lies_outside_does_no_harm_and_the_original_is_untouched():
    before = GREY.copy()
    outside = Grounding("front", {"target": np.array([-20.0, -20, 500, 500])}, {"target": np.array([-9.0, 900])})
    assert overlay(GREY, outside).shape == (128, 160, 3)
    assert (before == GREY).all()


def test_colours_are_fixed_by_label():
    assert colour_of("target") == COLOURS["target"] and colour_of("mug") == colour_of("mug")
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_captions_wrap_and_add_a_bar():
    text = "put the small red mug to the left of the tall green bottle"
    lines = wrap_text(text, 70, 10)
    assert " ".join(lines) == text and len(lines) > 2
    picture = caption_bar(GREY, text)
    assert picture.shape[0] > 64 and picture.shape[1] == 80 and (picture[:64] == GREY).all()
    panel = text_panel([("hello", (255, 0, 0))], 60, 20)
    assert panel.shape == (20, 60, 3) and (panel[..., 0].astype(int) - panel[..., 2]).max() > 150


def test_contact_sheet_places_pictures_in_rows():
    sheet = contact_sheet([GREY, GREY // 2, GREY // 4], columns=2, gap=2)
    assert sheet.shape == (130, 162, 3)
    assert sheet[0, 0, 0] == 128 and sheet[0, 82, 0] == 64 and sheet[66, 0, 0] == 32 and sheet[100, 100, 0] == 255
    with pytest.raises(ValueError):
        contact_sheet([], 2)
