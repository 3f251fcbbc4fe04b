"""Answers in words: boxes and points read from a text, and moved from the numbers of a dataset to those of a model.

Sizes are (height, width). A model's numbers lie between 0 and the size that a picture has in its words
(PictureFormat.written_size: pixels of the picture as it sees it, or what its backbone counts in); :func:`to_original`
and :func:`to_seen` convert. What a dataset's numbers count is one of Coordinates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.core.types import Grounding
from sightline.data.coordinates import Shape, shapes

Size = tuple[int, int]

Coordinates = Literal["picture", "model", "0-1", "0-1-square", "0-1000", "0-1000-square"]
"""What boxes and points count: pixels of the picture's file; what the model itself counts; or shares of
the picture, from 0 to that number. ``square``: of the picture padded on both sides to a square, as LLaVA's own data."""

NOT_THERE = "There is no such thing to be seen."
LONGEST_NAME = 200  # characters
SLACK = 0.02  # of a side: what a box may reach out of the picture by
_REF = re.compile(r"<(?:ref|\|ref\||\|object_ref_start\|)>([^<]*)<(?:/ref|\|/ref\||\|object_ref_end\|)>\s*\Z")
_LABEL = re.compile(r"([\"'])label\1\s*:\s*([\"'])(.*?)\2")
_KEY = re.compile(r"([\"'])([^\"']*)\1\s*:\s*\Z")


@dataclass(frozen=True)
class NamedBox:
    """A box [4] (x1, y1, x2, y2) and what it is called; empty where nothing says so."""

    name: str
    box: Array


def parse_boxes(text: str, size: Size) -> list[NamedBox]:
    """All boxes in a text, in the forms of data/coordinates.py, cut off at the edge of a picture of ``size``.

    Brackets may be missing and the end cut off. Corners may be swapped. What is not finite, and what lies outside of
    the picture or has no area, is left out. Never raises.
    """
    found = []
    for shape in shapes(text):
        box = _within(shape, size) if shape.box else None
        if box is not None:
            found.append(NamedBox(_name_of(text, shape.numbers[0].start), box))
    return found


def grounding_in_words(said: Grounding) -> str:
    """Where things are as InternVLA-M1 writes it, integers in pixels of the picture; or that there is no such thing."""
    if not said.found:
        return NOT_THERE
    boxes = ", ".join(str([round(float(value)) for value in box]) for box in said.boxes.values())
    return f"<box>[{boxes}]</box>"


def parse_points(text: str, size: Size) -> Array:
    """[N,2] all points in a text that lie within a picture of ``size``. Whole numbers name a pixel, and stand for its
    centre. Never raises."""
    points = []
    for shape in shapes(text):
        if not shape.box:
            u, v = (value + 0.5 * (value == np.floor(value)) for value in shape.values)
            if 0 <= u <= size[1] and 0 <= v <= size[0]:
                points.append((u, v))
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _within(shape: Shape, size: Size) -> Array | None:
    """The box [4] around a shape, cut off at the picture's edge; None where nothing is left."""
    corners = np.array(shape.values, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(corners).all():
        return None
    corners = np.clip(np.stack([corners.min(0), corners.max(0)]), 0, [size[1], size[0]])
    return corners.ravel() if (corners[1] > corners[0]).all() else None


def _name_of(text: str, start: int) -> str:
    """What a box that starts here is called: a <ref> before it, a "label" in its JSON object, or that object's key."""
    element = text.rfind("<", 0, start)
    match = _REF.search(text, max(element - LONGEST_NAME, 0), element) if element >= 0 else None
    if match is not None:
        return match[1].strip()
    opened, closed = text.rfind("{", 0, start), text.rfind("}", 0, start)
    if opened <= closed:
        return ""
    end = text.find("}", start)
    label = _LABEL.search(text, opened, end if end >= 0 else len(text))
    if label is not None:
        return label[3].strip()
    key = _KEY.search(text, max(opened - LONGEST_NAME, 0), opened)
    return key[2].strip() if key is not None else ""


# ---- sizes ----------------------------------------------------------------------------------------------------------


def to_original(values: Array, seen: Size, original: Size) -> Array:
    """Points [...,2] or boxes [...,4] in pixels of the picture as the model sees it, in pixels of the original."""
    scale = np.array([original[1] / seen[1], original[0] / seen[0]])
    return np.asarray(values, dtype=np.float64) * np.resize(scale, np.shape(values)[-1])


def to_seen(values: Array, seen: Size, original: Size) -> Array:
    """Inverse of :func:`to_original`."""
    return to_original(values, original, seen)


# ---- units ----------------------------------------------------------------------------------------------------------


def top_of(unit: Coordinates) -> int:
    """The number at the far edge of a picture whose numbers are shares of it; 0 where they are pixels."""
    return {"0-1": 1, "0-1000": 1000}.get(unit.removesuffix("-square"), 0)


def is_share(shape: Shape, top: int) -> bool:
    """Whether a shape's numbers can be shares from 0 to ``top``. Of bare ones that are all 0 or 1 nobody knows."""
    inside = all(-SLACK * top <= value <= (1 + SLACK) * top for value in shape.values)
    return inside and (top != 1 or shape.marked or any(value != int(value) for value in shape.values))


def out_of_picture(shape: Shape, size: Size) -> bool:
    """Whether a shape's numbers cannot be pixels of a picture of this size."""
    sides = (size[1], size[0])
    pairs = zip(shape.values, sides * (len(shape.values) // 2), strict=True)
    return any(not -SLACK * side - 2 <= value <= (1 + SLACK) * side + 2 for value, side in pairs)


def require_unit(text: str, size: Size, unit: Coordinates) -> None:
    """Raise SightlineError where numbers of a text cannot be what they are said to count in a picture of this size."""
    top = top_of(unit)
    for shape in shapes(text):
        said = text[shape.numbers[0].start : shape.numbers[-1].end]
        if top and shape.marked and not is_share(shape, top):
            raise SightlineError(f"'{said}' is no share of a picture from 0 to {top} (coordinates: {unit}).")
        if not top and is_share(shape, 1) and (unit == "picture" or shape.marked):
            raise SightlineError(
                f"'{said}' lies between 0 and 1, which is less than a pixel; say what it counts: coordinates: 0-1, or "
                "0-1-square where pictures were padded."
            )
        if unit == "picture" and out_of_picture(shape, size):
            raise SightlineError(
                f"'{said}' lies outside of the picture of {size[1]} x {size[0]} pixels (coordinates: picture)."
            )


def text_to_seen(text: str, seen: Size, original: Size, unit: Coordinates = "picture") -> str:
    """A question or an answer, its boxes and points in pixels of the picture as seen.

    Whole pixels stay whole: edges of boxes are rounded, points name the pixel that holds the old one's centre. Shares
    become whole pixels; numbers that can be none stay. Other numbers keep their decimals. Never raises.
    """
    top = top_of(unit)
    if unit == "model" or (not top and seen == original):
        return text
    parts, end = [], 0
    for shape in shapes(text):
        if top and not is_share(shape, top):
            continue
        written = _moved(text, shape, seen, original, unit)
        for number, new in sorted(zip(shape.numbers, written, strict=True), key=lambda pair: pair[0].start):
            parts += [text[end : number.start], new]
            end = number.end
    return "".join([*parts, text[end:]])


def _moved(text: str, shape: Shape, seen: Size, original: Size, unit: Coordinates) -> list[str]:
    """A shape's numbers as written in pixels of the picture as seen."""
    scales, pads = _affine(seen, original, unit)
    as_written = [text[number.start : number.end] for number in shape.numbers]
    places = [value * scales[k % 2] + pads[k % 2] for k, value in enumerate(shape.values)]
    if not np.isfinite(places).all():
        return as_written
    if top_of(unit):
        # The last pixel holds a point on the far edge.
        far = [(seen[1], seen[0])[k % 2] - (not shape.box) for k in range(len(places))]
        ends = [min(max(round(p) if shape.box else int(p), 0), high) for p, high in zip(places, far, strict=True)]
        return [str(value) for value in _sizes(ends, shape.sized)]
    whole = [written.lstrip("+-").isdigit() for written in as_written]
    for k, scale in enumerate(scales * (len(places) // 2)):
        if whole[k]:
            places[k] = round(places[k]) if shape.box else int(np.floor(places[k] + scale / 2))
    moved = zip(_sizes(places, shape.sized), whole, as_written, strict=True)
    return [str(round(value)) if fits else f"{value:.{_decimals(written)}f}" for value, fits, written in moved]


def _decimals(written: str) -> int:
    """Decimals of a number as it is written, at least one."""
    return max(1, len(written.partition(".")[2])) if "e" not in written.lower() else 1


def _affine(seen: Size, original: Size, unit: Coordinates) -> tuple[tuple[float, float], tuple[float, float]]:
    """Factors and offsets, across and down, from a dataset's numbers to pixels of the picture as seen."""
    height, width = original
    across, down = seen[1] / width, seen[0] / height
    top = top_of(unit)
    if not top:
        return (across, down), (0.0, 0.0)
    if not unit.endswith("square"):
        return (seen[1] / top, seen[0] / top), (0.0, 0.0)
    side = max(height, width)
    padded = ((side - width) // 2, (side - height) // 2)  # whole pixels, as whoever padded did
    return (side / top * across, side / top * down), (-padded[0] * across, -padded[1] * down)


def _sizes(places: Sequence[float], sized: bool) -> list[float]:
    """Corners as they are, or the second one as width and height again."""
    return [*places[:2], places[2] - places[0], places[3] - places[1]] if sized else list(places)
