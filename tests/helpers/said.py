"""What answers in words say, by the one reader of answers, as whole numbers."""

from __future__ import annotations

from sightline.data.answers import parse_boxes, parse_points

LARGE = (1 << 14, 1 << 14)  # a picture that cuts nothing off


def said_boxes(text: str) -> list[list[int]]:
    """All boxes [x1, y1, x2, y2] of a text."""
    return [[int(value) for value in found.box] for found in parse_boxes(text, LARGE)]


def said_points(text: str) -> list[tuple[int, int]]:
    """All points (x, y) of a text: the pixels that it names."""
    return [(int(u), int(v)) for u, v in parse_points(text, LARGE)]
