"""Answers in words: the formats of InternVLA-M1 and of Qwen2.5-VL, read however malformed a model wrote them.

Numbers lie between 0 and the size that a picture has in words (PictureFormat.written_size: pixels of the picture as
the model sees it, or what its backbone counts in); :func:`to_original` and :func:`to_seen` convert.
What the data engine writes (engine/vqa/formats.py) is read here; sizes are (height, width).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sightline.core.geometry import Array

Size = tuple[int, int]

NEAR = 8  # characters from a number within which its bracket stands
LONGEST_NAME = 200  # characters

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|nan|inf(?:inity)?)(?!\w)", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*")
_BOX = re.compile(r"<box>(.*?)(?:</box>|(?=<box>)|\Z)", re.DOTALL)
_REF = re.compile(r"<ref>([^<]*)</ref>\s*\Z")
_LABEL = re.compile(r'"label"\s*:\s*"([^"]*)"')
_KEY = re.compile(r'"([^"]*)"\s*:\s*\Z')


@dataclass(frozen=True)
class NamedBox:
    """A box [4] (x1, y1, x2, y2) and what it is called; empty where nothing says so."""

    name: str
    box: Array


@dataclass(frozen=True)
class _Run:
    """Numbers with commas between them, at least one bracket beside them.

    Attributes:
        values: the numbers, spans: where each stands in the text.
        group: number of the <box> element that holds them, -1 outside of one.
        rounded: whether the bracket is a round one.
    """

    values: list[float]
    spans: list[tuple[int, int]]
    group: int
    rounded: bool


def _runs(text: str) -> Iterator[_Run]:
    """All runs of numbers in a text. Numbers in running words have no brackets and are none."""
    elements = [match.span(1) for match in _BOX.finditer(text)]
    found = list(_NUMBER.finditer(text))
    first = 0
    while first < len(found):
        last = first
        while last + 1 < len(found) and _COMMA.fullmatch(text, found[last].end(), found[last + 1].start()):
            last += 1
        run = found[first : last + 1]
        first = last + 1
        start, end = run[0].start(), run[-1].end()
        before, after = text[max(start - NEAR, 0) : start].rstrip()[-1:], text[end : end + NEAR].lstrip()[:1]
        group = next((number for number, (low, high) in enumerate(elements) if low <= start < high), -1)
        if group >= 0 or (before and before in "[(") or (after and after in "])"):
            yield _Run([float(m[0]) for m in run], [m.span() for m in run], group, before == "(" or after == ")")


def parse_boxes(text: str, size: Size) -> list[NamedBox]:
    """All boxes in a text, cut off at the edge of a picture of ``size`` (height, width).

    Read are "<box>[[x1, y1, x2, y2], ...]</box>", also with a "<ref>name</ref>" in front, JSON with "bbox_2d", and bare
    lists of four numbers; brackets may be missing and the end cut off. Corners may be swapped. What is not finite, and
    what lies outside of the picture or has no area, is left out. Never raises.
    """
    corners: list[tuple[list[float], int]] = []
    inside: dict[int, tuple[list[float], int]] = {}
    for run in _runs(text):
        start = run.spans[0][0]
        if run.group >= 0:  # "(x1, y1), (x2, y2)" is a box here
            values, _ = inside.setdefault(run.group, ([], start))
            if not values:
                corners.append(inside[run.group])
            values += run.values
        elif len(run.values) % 4 == 0:
            corners.append((run.values, start))
    found = []
    for values, start in corners:
        name = _name_of(text, start)
        for first in range(0, len(values) - 3, 4):
            box = _within(values[first : first + 4], size)
            if box is not None:
                found.append(NamedBox(name, box))
    return found


def parse_points(text: str, size: Size) -> Array:
    """[N,2] all points in a text that lie within a picture of ``size`` (height, width): "[(x, y), ...]", also with a
    depth as third number, and "[x, y]". Whole numbers name a pixel, and stand for its centre. Never raises."""
    points = []
    for run in _runs(text):
        if run.group < 0 and (len(run.values) == 2 or (len(run.values) == 3 and run.rounded)):
            u, v = (value + 0.5 * (value == np.floor(value)) for value in run.values[:2])
            if 0 <= u <= size[1] and 0 <= v <= size[0]:
                points.append((u, v))
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _within(values: Sequence[float], size: Size) -> Array | None:
    """A box [4] with sorted corners, cut off at the picture's edge; None where nothing is left."""
    corners = np.array(values, dtype=np.float64).reshape(2, 2)
    if not np.isfinite(corners).all():
        return None
    corners = np.clip(np.sort(corners, axis=0), 0, [size[1], size[0]])
    return corners.ravel() if (corners[1] > corners[0]).all() else None


def _name_of(text: str, start: int) -> str:
    """What a box that starts here is called: a <ref> before it, a "label" in its JSON object, or that object's key."""
    element = text.rfind("<box>", 0, start)
    if element > text.rfind("</box>", 0, start):
        match = _REF.search(text, max(element - LONGEST_NAME, 0), element)
        return match[1].strip() if match is not None else ""
    opened, closed = text.rfind("{", 0, start), text.rfind("}", 0, start)
    if opened <= closed:
        return ""
    end = text.find("}", start)
    match = _LABEL.search(text, opened, end if end >= 0 else len(text))
    match = match or _KEY.search(text, max(opened - LONGEST_NAME, 0), opened)
    return match[1].strip() if match is not None else ""


# ---- sizes ----------------------------------------------------------------------------------------------------------


def to_original(values: Array, seen: Size, original: Size) -> Array:
    """Points [...,2] or boxes [...,4] in pixels of the picture as the model sees it, in pixels of the original."""
    return np.asarray(values, dtype=np.float64) * np.resize(_scale(seen, original), np.shape(values)[-1])


def to_seen(values: Array, seen: Size, original: Size) -> Array:
    """Inverse of :func:`to_original`."""
    return to_original(values, original, seen)


def _scale(source: Size, target: Size) -> Array:
    return np.array([target[1] / source[1], target[0] / source[0]])


def text_to_seen(text: str, seen: Size, original: Size) -> str:
    """A question or an answer whose boxes and points are in pixels of the original, with those of the picture as seen.

    Whole numbers stay whole: edges of boxes are rounded, points name the pixel that holds the old one's centre.
    """
    if seen == original:
        return text
    parts, end = [], 0
    scale = _scale(original, seen)
    for run in _runs(text):
        box = run.group >= 0 or len(run.values) % 4 == 0
        if not box and not (len(run.values) == 2 or (len(run.values) == 3 and run.rounded)):
            continue
        coordinates = run.spans if box else run.spans[:2]
        for number, (low, high) in enumerate(coordinates):
            written = _scaled(text[low:high], run.values[number], float(scale[number % 2]), box)
            parts += [text[end:low], written]
            end = high
    return "".join([*parts, text[end:]])


def _scaled(written: str, value: float, scale: float, edge: bool) -> str:
    """A coordinate times ``scale``, written as it was: whole or with a decimal."""
    if not np.isfinite(value * scale):
        return written
    if not written.lstrip("+-").isdigit():
        return f"{value * scale:.1f}"
    return str(round(value * scale) if edge else int(np.floor((value + 0.5) * scale)))
