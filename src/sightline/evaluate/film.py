"""Films of episodes: the pictures of a moment side by side with what the policy points at and what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.core.draw import COLOURS, Colour, Picture, Sketch, colour_of, text_panel
from sightline.core.types import Grounding, Observation
from sightline.evaluate.video import VideoWriter

HEIGHT = 448
SIDE = 224
HOLD_SECONDS = 1.0
SUCCESS: Colour = (70, 200, 120)
FAILURE: Colour = (235, 90, 80)
_TEXT: Colour = (236, 239, 245)
_FAINT: Colour = (150, 158, 172)


def compose(
    observation: Observation,
    cameras: tuple[str, ...],
    grounding: Grounding | None = None,
    step: int = 0,
    outcome: str = "",
    outcome_colour: Colour = _TEXT,
) -> Picture:
    """One film frame [448, W, 3]: the first camera large with the grounding, a second one small beside it, text below.

    Args:
        cameras: names in the card's order; the first is shown large.
        step: number of actions executed so far.
        outcome: a last line ("success", or why it failed).
    """
    main = observation.images[cameras[0]]
    scale = max(1, round(HEIGHT / main.shape[0]))
    seen = grounding if grounding is not None and grounding.camera in ("", cameras[0]) else None
    large = _fit(Sketch(main, scale).grounding(seen).array(), HEIGHT)
    text_height = HEIGHT
    column = []
    if len(cameras) > 1:
        small = observation.images[cameras[1]]
        column.append(np.array(Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)))
        text_height -= SIDE
    lines = [(observation.instruction, _TEXT), (f"step {step}", _FAINT)]
    if seen is not None:
        shown = dict.fromkeys([*seen.boxes, *seen.points])
        lines += [(label, colour_of(label)) for label in shown]
        if len(seen.trace):
            lines.append(("trace", COLOURS["trace"]))
    if outcome:
        lines.append((outcome, outcome_colour))
    column.append(text_panel(lines, SIDE, text_height))
    return np.concatenate([large, np.concatenate(column)], axis=1)


def _fit(picture: Picture, height: int) -> Picture:
    """Scale to ``height``, with an even width (the video codec needs one)."""
    width = 2 * round(picture.shape[1] * height / picture.shape[0] / 2)
    if picture.shape[:2] == (height, width):
        return picture
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


class Film:
    """Writes one episode as an mp4 file as it goes on, and holds the last frame under the outcome.

    A film that cannot be written costs itself, not the episode: it is given up.

    Attributes:
        lost: whether it was given up.
    """

    def __init__(self, path: Path, cameras: tuple[str, ...], fps: int) -> None:
        self.path, self.cameras, self.fps, self.lost = path, cameras, fps, False
        with self._giving_up():
            self._writer = VideoWriter(path, fps)

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.lost = True
            VideoWriter.partial(self.path).unlink(missing_ok=True)

    def add(self, observation: Observation, grounding: Grounding | None, step: int) -> None:
        """Append one moment."""
        if not self.lost:
            with self._giving_up():
                self._writer.add(compose(observation, self.cameras, grounding, step))

    def finish(
        self, observation: Observation, grounding: Grounding | None, step: int, success: bool, outcome: str
    ) -> None:
        """Append the end and finish the file."""
        if self.lost:
            return
        colour = SUCCESS if success else FAILURE
        last = compose(observation, self.cameras, grounding, step, outcome, colour)
        last[:4], last[-4:], last[:, :4], last[:, -4:] = colour, colour, colour, colour
        with self._giving_up():
            self._writer.add(last, times=max(1, round(HOLD_SECONDS * self.fps)))
            self._writer.close()
