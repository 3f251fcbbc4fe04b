"""One picture, one sentence: where is it, where does it go?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sightline.core.console import say, table
from sightline.core.draw import Picture, caption_bar, overlay
from sightline.core.errors import SightlineError
from sightline.core.outputs import keeping
from sightline.core.pictures import read_picture, require_picture, write_picture
from sightline.core.types import Grounding
from sightline.evaluate.policies import load_checkpoint

DRAWN_WIDTH = 640


def ground(policy: str, image: Path | str, text: str, out: Path | str | None = None) -> dict:
    """Ask a checkpoint's planner about a picture.

    Args:
        policy: checkpoint folder or ``tiny``.
        image: picture file; text: an instruction or the name of a thing.
        out: where to draw the answer (PNG or JPEG by its suffix).

    Returns:
        boxes (label -> [x1, y1, x2, y2]), points (label -> [u, v]), trace ([[u, v], ...]) in pixels of the picture,
        confidence (label -> 0..1), presence, found and text.

    Raises:
        SightlineError: no such policy, no such picture, or nothing asked.
    """
    if not text.strip():
        raise SightlineError("The text is empty; say what to look for, e.g. 'the red mug'.")
    if out is not None:
        require_picture(Path(out))
    picture = read_picture(Path(image))
    said: Grounding = load_checkpoint(policy).ground(picture, text)
    rows: list[tuple[str, str, str, str]] = []
    for label in dict.fromkeys([*said.boxes, *said.points]):
        box, point, sure = said.boxes.get(label), said.points.get(label), said.confidence.get(label)
        rows.append((label, _numbers(box), _numbers(point), "" if sure is None else f"{sure:.0%}"))
    table(f"“{text}”", ("what", "box (x1, y1, x2, y2)", "point (u, v)", "confidence"), rows)
    say(f"Whether it is there at all: {said.presence:.0%}.")
    if said.text:
        say(said.text)
    result = {
        "boxes": {label: _plain(box) for label, box in said.boxes.items()},
        "points": {label: _plain(point) for label, point in said.points.items()},
        "trace": _plain(said.trace),
        "confidence": {label: float(value) for label, value in said.confidence.items()},
        "presence": said.presence,
        "found": said.found,
        "text": said.text,
    }
    if out is not None:
        with keeping(result):
            draw_answer(picture, said, text, Path(out))
        say(f"Drawn in {out}.")
    return result


def draw_answer(picture: Picture, said: Grounding, text: str, out: Path) -> None:
    """Write the picture, enlarged where it is small, with the answer drawn and the text below."""
    drawn = caption_bar(overlay(picture, said, scale=max(1, round(DRAWN_WIDTH / picture.shape[1]))), text)
    write_picture(out, drawn)


def _numbers(values: np.ndarray | None) -> str:
    return "" if values is None else ", ".join(f"{value:.1f}" for value in np.asarray(values))


def _plain(values: np.ndarray) -> list:
    return np.round(np.asarray(values, dtype=np.float64), 2).tolist()
