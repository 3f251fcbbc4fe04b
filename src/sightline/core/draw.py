"""Overlays on pictures: boxes, points, traces, captions. Pure numpy and PIL."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sightline.core.types import Grounding

Colour = tuple[int, int, int]
Picture = NDArray[np.uint8]

# One colour for each meaning, the same in every picture, film and report; they differ for colour-blind readers too.
COLOURS: dict[str, Colour] = {
    "target": (255, 176, 0),
    "reference": (0, 190, 255),
    "place": (70, 255, 150),
    "tool": (255, 255, 255),
    "trace": (255, 0, 170),
}
_OTHERS: tuple[Colour, ...] = (
    (120, 220, 80),
    (170, 130, 255),
    (255, 120, 90),
    (60, 220, 190),
    (240, 230, 90),
    (230, 120, 210),
)
_TRACE_START: Colour = (255, 245, 120)
_INK: Colour = (12, 14, 20)


def colour_of(label: str) -> Colour:
    """The colour [0..255] of a label: fixed for the known ones, a stable choice from a palette for any other."""
    if label in COLOURS:
        return COLOURS[label]
    return _OTHERS[sum(label.encode()) % len(_OTHERS)]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def wrap_text(text: str, width: float, size: int) -> list[str]:
    """Break ``text`` into lines that fit ``width`` pixels at font size ``size``; a longer word keeps its own line."""
    lines: list[str] = []
    for word in text.split():
        candidate = f"{lines[-1]} {word}" if lines else word
        if lines and _font(size).getlength(candidate) <= width:
            lines[-1] = candidate
        else:
            lines.append(word)
    return lines


class Sketch:
    """A picture that is drawn on. Coordinates are pixels of the original picture, whatever the enlargement.

    Args:
        image: [H,W,3] uint8; copied.
        scale: enlargement, so that thin lines and text stay legible on small pictures.
    """

    def __init__(self, image: Picture, scale: int = 1) -> None:
        picture = Image.fromarray(np.ascontiguousarray(image))
        if scale != 1:
            picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC)
        self.scale = scale
        self._picture = picture.copy()
        self._draw = ImageDraw.Draw(self._picture)
        # Line width follows the size on screen: about 1 pixel at 224, 2 at 448.
        self._width = max(1, round(min(picture.size) / 224))
        self._size = max(9, round(min(picture.size) / 32))

    def box(self, box: NDArray, label: str, caption: str | None = None) -> Sketch:
        """Outline a box [4] = (x1, y1, x2, y2), x2 and y2 exclusive; the label is its caption unless one is given."""
        corners = np.asarray(box, dtype=np.float64) * self.scale
        if not np.isfinite(corners).all() or corners[2] <= corners[0] or corners[3] <= corners[1]:
            return self
        x1, y1, x2, y2 = (round(float(value)) for value in corners)
        self._draw.rectangle((x1, y1, max(x2 - 1, x1), max(y2 - 1, y1)), outline=colour_of(label), width=self._width)
        text = label if caption is None else caption
        if text:
            self._tag((x1, y1), text, colour_of(label))
        return self

    def _tag(self, corner: tuple[int, int], text: str, colour: Colour) -> None:
        font = _font(self._size)
        width, height = round(font.getlength(text)) + 4, self._size + 3
        x = min(max(corner[0], 0), max(self._picture.width - width, 0))
        y = corner[1] - height if corner[1] >= height else corner[1]
        self._draw.rectangle((x, y, x + width, y + height - 1), fill=colour)
        self._draw.text((x + 2, y), text, fill=_INK, font=font)

    def point(self, point: NDArray, label: str) -> Sketch:
        """Mark a point [2] = (u, v): a ringed dot with a cross through it for the target, a ring for anything else."""
        at = np.asarray(point, dtype=np.float64) * self.scale
        if not np.isfinite(at).all():
            return self
        u, v, r, w = float(at[0]), float(at[1]), 3.0 * self._width + 1, self._width
        colour = colour_of(label)
        for width, ink in ((w + 2, _INK), (w, colour)):
            if label == "target":
                self._draw.line((u - r - w, v, u + r + w, v), fill=ink, width=width)
                self._draw.line((u, v - r - w, u, v + r + w), fill=ink, width=width)
            else:
                grow = (width - w) / 2
                self._draw.ellipse((u - r - grow, v - r - grow, u + r + grow, v + r + grow), outline=ink, width=width)
        return self

    def trace(self, path: NDArray) -> Sketch:
        """Draw a path [N,2] from pale yellow (now) to magenta (its end)."""
        points = np.asarray(path, dtype=np.float64).reshape(-1, 2) * self.scale
        points = points[np.isfinite(points).all(-1)]
        start, end = np.array(_TRACE_START), np.array(COLOURS["trace"])
        for i in range(len(points) - 1):
            self._draw.line((*points[i], *points[i + 1]), fill=_INK, width=self._width + 2)
        for i in range(len(points) - 1):
            mix = (i + 0.5) / (len(points) - 1)
            ink = tuple(int(value) for value in np.round(start + mix * (end - start)))
            self._draw.line((*points[i], *points[i + 1]), fill=ink, width=self._width)
        if len(points):
            (u, v), r = points[-1], self._width + 1.0
            self._draw.ellipse((u - r, v - r, u + r, v + r), fill=COLOURS["trace"], outline=_INK)
        return self

    def grounding(self, grounding: Grounding | None, captions: bool = True) -> Sketch:
        """Draw all that a grounding says: the trace below, then boxes, then points."""
        if grounding is None:
            return self
        self.trace(grounding.trace)
        for label, box in reversed(grounding.boxes.items()):  # the first one, the target, on top
            sure = grounding.confidence.get(label)
            text = label if sure is None else f"{label} {sure:.0%}"
            self.box(box, label, text if captions else "")
        for label, point in reversed(grounding.points.items()):
            if label != "reference" or label not in grounding.boxes:  # its box says enough
                self.point(point, label)
        return self

    def array(self) -> Picture:
        """[H*scale, W*scale, 3] uint8."""
        return np.array(self._picture)


def overlay(image: Picture, grounding: Grounding | None, scale: int = 2, captions: bool = True) -> Picture:
    """The enlarged picture [H*scale, W*scale, 3] with a grounding drawn on it."""
    return Sketch(image, scale).grounding(grounding, captions).array()


def draw_labels(
    image: Picture,
    boxes: Mapping[str, NDArray] | None = None,
    points: Mapping[str, NDArray] | None = None,
    trace: NDArray | None = None,
    scale: int = 2,
) -> Picture:
    """The enlarged picture with labelled boxes [4], points [2] and a trace [N,2], all in pixels of the original."""
    path = np.zeros((0, 2)) if trace is None else np.asarray(trace)
    return overlay(image, Grounding("", dict(boxes or {}), dict(points or {}), path), scale)


def text_panel(
    lines: list[tuple[str, Colour]], width: int, height: int, size: int = 14, fill: Colour = _INK
) -> Picture:
    """A panel [height,width,3] of wrapped text, one (paragraph, colour) a line. What does not fit is cut off."""
    panel = Image.new("RGB", (width, height), fill)
    draw = ImageDraw.Draw(panel)
    y = size // 2
    for text, colour in lines:
        for line in wrap_text(text, width - size, size):
            draw.text((size // 2, y), line, fill=colour, font=_font(size))
            y += round(size * 1.25)
        y += size // 3
    return np.array(panel)


def caption_bar(image: Picture, text: str, size: int | None = None, colour: Colour = (235, 238, 245)) -> Picture:
    """The picture with a bar of wrapped text added below it: [H + bar, W, 3] uint8."""
    size = size or max(10, round(image.shape[1] / 32))
    count = max(1, len(wrap_text(text, image.shape[1] - size, size)))
    bar = text_panel([(text, colour)], image.shape[1], round(count * size * 1.25) + size, size)
    return np.concatenate([image, bar])


def contact_sheet(pictures: list[Picture], columns: int, gap: int = 4, fill: Colour = (255, 255, 255)) -> Picture:
    """Pictures of equal shape [H,W,3] in rows of ``columns``, separated by ``gap`` pixels."""
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = np.empty((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), np.uint8)
    sheet[:] = fill
    for i, picture in enumerate(pictures):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        sheet[y : y + height, x : x + width] = picture
    return sheet
