"""How answers are written: the text formats of InternVLA-M1, integers in pixels of the picture. data/answers.py reads
them back.

A box is "<box>[[x1, y1, x2, y2]]</box>" with x2 and y2 exclusive; points and traces are "[(x, y), ...]", each the
column and row of the pixel that holds the point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, Camera


def box_text(boxes: Iterable[Array]) -> str:
    """Boxes [4] with whole numbers as "<box>[[x1, y1, x2, y2], ...]</box>"."""
    return f"<box>{[[int(value) for value in box] for box in boxes]}</box>"


def points_text(points: Iterable[Sequence[float] | Array]) -> str:
    """Points [2] as "[(x, y), ...]": the pixels that hold them."""
    return str([(int(np.floor(u)), int(np.floor(v))) for u, v in points])


def deep_points_text(points: Array) -> str:
    """Points [N,3] (pixels, and depth in metres) as "[(x, y, depth), ...]", depth in centimetres' precision."""
    return f"[{', '.join(f'({int(np.floor(u))}, {int(np.floor(v))}, {d:.2f})' for u, v, d in points)}]"


def listing(things: Sequence[str]) -> str:
    """``nothing``, ``a``, ``a and b``, ``a, b and c``."""
    if not things:
        return "nothing"
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def steps_text(steps: Sequence[str]) -> str:
    """A numbered list, one step a line."""
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def within(box: Array, camera: Camera) -> Array:
    """[4] the smallest box of whole pixels around ``box``, cut off at the picture's edge."""
    size = np.array([camera.width, camera.height, camera.width, camera.height])
    return np.clip(np.concatenate([np.floor(box[:2] + 1e-6), np.ceil(box[2:] - 1e-6)]), 0, size)


def parse_steps(text: str) -> list[str]:
    """The steps of a numbered list. Raises SightlineError when the numbers do not count from 1."""
    lines = [line.partition(". ") for line in text.split("\n")]
    if [number for number, _, _ in lines] != [str(k) for k in range(1, len(lines) + 1)]:
        raise SightlineError("The steps are not numbered 1., 2., 3., ...")
    return [step for _, _, step in lines]
