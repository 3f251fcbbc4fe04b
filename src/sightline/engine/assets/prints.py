"""Pictures that objects of the full collection wear: patterns, looks of materials, printed labels and faces.

Every picture is drawn from a generator, so two striped mugs have stripes of their own. The base colour always covers
most of it: a red mug with dots stays a red mug.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sightline.core.errors import require_known
from sightline.engine.assets.colours import RGB
from sightline.engine.assets.noise import Picture, smooth_noise

PATTERN_PIXELS = LABEL_PIXELS = 64
Mask = NDArray[np.float64]
_ACROSS, _DOWN = np.meshgrid(*[(np.arange(PATTERN_PIXELS) + 0.5) / PATTERN_PIXELS] * 2)
_UP = 1 - _DOWN  # the first row of a picture is at its top

WORDS = (
    "FRESH", "PURE", "NOVA", "SOL", "MINT", "AQUA", "OATS", "RICE", "SOUP", "BEANS", "CORN", "SODA", "COLA", "MILK",
    "LEMON", "HONEY", "CREAM", "BERRY", "PEACH", "MANGO", "SALT", "GREEN", "EXTRA", "DAILY", "ROYAL", "LUNA", "ALPS",
    "FARM", "OLIVE", "PLUM", "TEA", "COCOA", "ZEST", "FIZZ", "MEADOW", "SUNNY", "HAPPY", "POLAR", "TIGER", "VITA",
)  # fmt: skip


def _repeat(value: Mask, count: float | np.integer) -> Mask:
    """Position within each of ``count`` repeats, -1 .. 1."""
    return 2 * ((value * count) % 1) - 1


def _motif(rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Coordinates (-1 .. 1) within the cells of a shifted grid of motifs."""
    count = int(rng.integers(3, 6))
    rows = np.floor(_UP * count)
    return 1.5 * _repeat(_ACROSS + 0.5 / count * (rows % 2), count), 1.5 * _repeat(_UP, count)


def _petals(rng: np.random.Generator, depth: float, counts: tuple[int, ...]) -> Mask:
    x, y = _motif(rng)
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    bloom = 0.75 + depth * np.cos(rng.choice(counts) * (angle + np.pi / 2))
    return ((radius < bloom) & (radius > rng.choice([0.0, 0.22]))).astype(float)


def _hearts(rng: np.random.Generator) -> Mask:
    x, y = _motif(rng)
    size = rng.uniform(1.2, 1.6)
    x, y = size * x, size * y + 0.1
    return (((x**2 + y**2 - 1) ** 3 - x**2 * y**3) < 0).astype(float)


def _lines(rng: np.random.Generator) -> Mask:
    return (np.abs(_repeat(_ACROSS, rng.integers(4, 11))) < rng.uniform(0.2, 0.4)).astype(float)


def _bands(rng: np.random.Generator) -> Mask:
    mask = np.zeros_like(_UP)
    for centre in rng.uniform(0.25, 0.85, rng.integers(1, 4)):
        mask = np.maximum(mask, np.abs(_UP - centre) < rng.uniform(0.02, 0.06))
    return mask


def _dots(rng: np.random.Generator) -> Mask:
    x, y = _motif(rng)
    return (np.hypot(x, y) < rng.uniform(0.45, 0.8)).astype(float)


def _check(rng: np.random.Generator) -> Mask:
    count, strength = rng.integers(3, 7), rng.uniform(0.16, 0.26)
    return strength * ((np.floor(_ACROSS * 2 * count) % 2) + (np.floor(_UP * 2 * count) % 2))


def _plaid(rng: np.random.Generator) -> Mask:
    mask = np.zeros_like(_UP)
    for axis in (_ACROSS, _UP):
        count = rng.integers(2, 5)
        mask += 0.4 * (np.abs(_repeat(axis, count)) < rng.uniform(0.2, 0.4))
        mask += 0.3 * (np.abs(_repeat(axis + rng.uniform(), count)) < 0.08)
    return np.minimum(mask, 0.9)


def _waves(rng: np.random.Generator, sharp: bool = False) -> Mask:
    phase = _ACROSS * rng.integers(3, 7)
    swing = np.abs(_repeat(phase, 1)) if sharp else np.sin(2 * np.pi * phase)
    return (np.abs(_repeat(_UP + rng.uniform(0.03, 0.08) * swing, rng.integers(3, 6))) < 0.3).astype(float)


def _diamonds(rng: np.random.Generator) -> Mask:
    x, y = _motif(rng)
    return (np.abs(x) + np.abs(y) < rng.uniform(0.7, 1.0)).astype(float)


def _speckle(rng: np.random.Generator) -> Mask:
    return (smooth_noise(rng, PATTERN_PIXELS, int(rng.choice([8, 16])), 2) > rng.uniform(0.5, 0.7)).astype(float)


def _dipped(rng: np.random.Generator) -> Mask:
    edge = rng.uniform(0.22, 0.4) + 0.03 * np.sin(2 * np.pi * _ACROSS * rng.integers(2, 6))
    return (edge > _UP).astype(float) if rng.random() < 0.5 else (edge > _DOWN).astype(float)


def _marble(rng: np.random.Generator) -> Mask:
    warp = smooth_noise(rng, PATTERN_PIXELS, 3, 3)
    return 0.8 * np.clip(1 - 4 * np.abs(np.sin(2 * np.pi * (_ACROSS + _UP + 0.7 * warp))), 0, 1)


# Printed on the surface in a second colour.
PATTERNS: dict[str, Callable[[np.random.Generator], Mask]] = {
    "stripes": _lines,
    "bands": _bands,
    "dots": _dots,
    "check": _check,
    "plaid": _plaid,
    "waves": _waves,
    "zigzag": lambda rng: _waves(rng, sharp=True),
    "diamonds": _diamonds,
    "stars": lambda rng: _petals(rng, 0.3, (5, 5, 6)),
    "flowers": lambda rng: _petals(rng, 0.2, (4, 5, 6)),
    "hearts": _hearts,
    "speckle": _speckle,
    "dipped": _dipped,
    "marble": _marble,
}


def _grain(rng: np.random.Generator) -> Mask:
    warp = rng.uniform(0.2, 0.5) * smooth_noise(rng, PATTERN_PIXELS, 2, 2)
    return 0.86 + 0.12 * np.sin(2 * np.pi * (_UP * rng.integers(4, 8) + warp))


def _brushed(rng: np.random.Generator) -> Mask:
    shifts = rng.uniform(0, 2 * np.pi, 2)
    gleam = np.sin(2 * np.pi * 2 * _ACROSS + shifts[0]) + 0.6 * np.sin(2 * np.pi * 3 * _ACROSS + shifts[1])
    return 0.84 + 0.13 * gleam + rng.normal(0, 0.015, (PATTERN_PIXELS, 1))


def _glassy(rng: np.random.Generator) -> Mask:
    edge = np.abs(_repeat(_ACROSS + rng.uniform(), 3))
    return 0.86 + 0.25 * np.clip(1 - 5 * edge, 0, 1) - 0.1 * edge - 0.12 * (_UP < 0.2)


def _woven(rng: np.random.Generator) -> Mask:
    columns, rows = int(rng.integers(5, 10)), int(rng.integers(4, 8))
    over = (np.floor(_ACROSS * columns) + np.floor(_UP * rows)) % 2
    along = np.where(over > 0, (_ACROSS * columns) % 1, (_UP * rows) % 1)
    return 1 - 0.22 * over - 0.35 * (1 - np.sin(np.pi * along))


def _knitted(rng: np.random.Generator) -> Mask:
    count = rng.integers(8, 13)
    slant = np.abs(_repeat(_ACROSS, count)) * 0.5
    return 0.8 + 0.2 * np.cos(2 * np.pi * (_UP * count + slant)) * np.cos(np.pi * _repeat(_ACROSS, count) / 2)


def _cloudy(rng: np.random.Generator) -> Mask:
    return 0.92 + 0.1 * smooth_noise(rng, PATTERN_PIXELS, int(rng.integers(3, 7)), 3)


def _porous(rng: np.random.Generator) -> Mask:
    return 0.95 - 0.2 * (smooth_noise(rng, PATTERN_PIXELS, 16, 2) > 0.45) + 0.04 * smooth_noise(rng, PATTERN_PIXELS, 4)


# Shades of one colour that tell what a thing is made of.
LOOKS: dict[str, Callable[[np.random.Generator], Mask]] = {
    "grain": _grain,
    "brushed": _brushed,
    "glassy": _glassy,
    "woven": _woven,
    "knitted": _knitted,
    "cloudy": _cloudy,
    "porous": _porous,
}


def pattern_print(pattern: str, base: RGB, second: RGB, rng: np.random.Generator) -> Picture:
    """[64,64,3] picture: the pattern in colour ``second`` on ``base``. Raises SightlineError on an unknown pattern."""
    require_known("object pattern", pattern, PATTERNS)
    mask = np.clip(PATTERNS[pattern](rng), 0, 1)[..., None]
    return _as_picture(np.asarray(base) * (1 - mask) + np.asarray(second) * mask)


def material_print(look: str, base: RGB, rng: np.random.Generator) -> Picture:
    """[64,64,3] picture of a material in colour ``base``. Raises SightlineError on an unknown look."""
    require_known("look of a material", look, LOOKS)
    return _as_picture(np.asarray(base) * LOOKS[look](rng)[..., None])


def blush_print(base: RGB, second: RGB, rng: np.random.Generator, reach: float = 0.5) -> Picture:
    """[64,64,3] picture that turns from ``base`` into ``second`` towards the top, unevenly, as fruit ripens."""
    fade = (_UP - 1 + reach) / reach + 0.35 * smooth_noise(rng, PATTERN_PIXELS, 4)
    mask = np.clip(fade, 0, 1)[..., None]
    return _as_picture(np.asarray(base) * (1 - mask) + np.asarray(second) * mask)


def seed_print(base: RGB, second: RGB) -> Picture:
    """[64,64,3] picture of a skin full of small seeds, or of a sheet full of holes."""
    x, y = _repeat(_ACROSS + 0.05 * (np.floor(_UP * 8) % 2), 10), _repeat(_UP, 8)
    mask = (np.hypot(x, 0.7 * y) < 0.32).astype(float)[..., None]
    return _as_picture(np.asarray(base) * (1 - mask) + np.asarray(second) * mask)


def _as_picture(values: NDArray[np.float64]) -> Picture:
    return np.clip(255 * values, 0, 255).astype(np.uint8)


# --- labels ------------------------------------------------------------------------------------------------------


def _paint(rgb: RGB) -> tuple[int, int, int]:
    r, g, b = (int(np.clip(255 * value, 0, 255)) for value in rgb)
    return r, g, b


class _Field:
    """A part of a picture that is drawn on in shares of its width and height."""

    def __init__(self, draw: ImageDraw.ImageDraw, left: float, width: float, height: float) -> None:
        self.draw, self.left, self.width, self.height = draw, left, width, height

    def box(self, low: tuple[float, float], high: tuple[float, float], ink: RGB) -> None:
        """A filled rectangle between two corners."""
        (x0, y0), (x1, y1) = self._at(*low), self._at(*high)
        self.draw.rectangle((x0, y0, x1, y1), fill=_paint(ink))

    def word(self, word: str, centre: tuple[float, float], width: float, height: float, ink: RGB) -> None:
        """The word, as large as fits into width and height."""
        size = max(6.0, 1.2 * height * self.height)
        while size > 6 and self.draw.textlength(word, ImageFont.load_default(size)) > width * self.width:
            size -= 1
        self.draw.text(self._at(*centre), word, fill=_paint(ink), font=ImageFont.load_default(size), anchor="mm")

    def emblem(self, centre: tuple[float, float], radius: float, ink: RGB, form: int) -> None:
        """One of five figures; the radius is a share of the shorter side."""
        (x, y), r = self._at(*centre), radius * min(self.width, self.height)
        box = (x - r, y - r, x + r, y + r)
        if form == 0:
            self.draw.ellipse(box, fill=_paint(ink))
        elif form == 1:
            self.draw.regular_polygon((x, y, r), 3, fill=_paint(ink))
        elif form == 2:
            self.draw.regular_polygon((x, y, r), 6, fill=_paint(ink))
        elif form == 3:
            self.draw.pieslice(box, 20, 200, fill=_paint(ink))
        else:
            for k in (-0.6, 0.0, 0.6):
                self.draw.line((x - r, y + k * r, x + r, y + k * r), fill=_paint(ink), width=max(1, round(0.3 * r)))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.width, y * self.height


def label_print(
    base: RGB, paper: RGB, ink: RGB, rng: np.random.Generator, repeats: int = 1, aspect: float = 1.0
) -> Picture:
    """[H,64 * repeats,3] printed label: a word, an emblem and lines on a field of ``paper``, side by side.

    Args:
        aspect: height of one repeat over its width, as it will be seen.
    """
    height = round(LABEL_PIXELS * float(np.clip(aspect, 0.3, 2.0)))
    picture = Image.new("RGB", (LABEL_PIXELS * repeats, height), _paint(base))
    word, form = WORDS[rng.integers(len(WORDS))], int(rng.integers(5))
    layout = LAYOUTS[rng.integers(len(LAYOUTS))]
    for k in range(repeats):
        field = _Field(ImageDraw.Draw(picture), k * LABEL_PIXELS, LABEL_PIXELS, height)
        layout(field, word, form, base, paper, ink)
    return np.asarray(picture).copy()


def _plain_label(field: _Field, word: str, form: int, base: RGB, paper: RGB, ink: RGB) -> None:
    field.box((0.06, 0.3), (0.94, 0.82), paper)
    field.word(word, (0.5, 0.57), 0.78, 0.4, ink)
    field.emblem((0.5, 0.15), 0.12, paper, form)


def _seal_label(field: _Field, word: str, form: int, base: RGB, paper: RGB, ink: RGB) -> None:
    field.emblem((0.5, 0.5), 0.46, paper, 0)
    field.word(word, (0.5, 0.45), 0.62, 0.3, ink)
    field.emblem((0.5, 0.74), 0.1, base, form)


def _striped_label(field: _Field, word: str, form: int, base: RGB, paper: RGB, ink: RGB) -> None:
    field.box((0, 0.22), (1, 0.6), paper)
    field.word(word, (0.5, 0.42), 0.85, 0.34, ink)
    for line in range(3):
        field.box((0.1, 0.68 + 0.09 * line), (0.9 - 0.2 * line, 0.71 + 0.09 * line), paper)


def _bold_label(field: _Field, word: str, form: int, base: RGB, paper: RGB, ink: RGB) -> None:
    field.word(word, (0.5, 0.22), 0.9, 0.3, paper)
    field.emblem((0.5, 0.66), 0.28, paper, form)
    field.emblem((0.5, 0.66), 0.12, ink, 0)


LAYOUTS = (_plain_label, _seal_label, _striped_label, _bold_label)


def written(text: str, base: RGB, ink: RGB) -> Picture:
    """[64,64,3] picture of a few letters or digits, as large as fits."""
    picture = Image.new("RGB", (LABEL_PIXELS, LABEL_PIXELS), _paint(base))
    field = _Field(ImageDraw.Draw(picture), 0, LABEL_PIXELS, LABEL_PIXELS)
    field.word(text, (0.5, 0.5), 0.85, 0.7, ink)
    return np.asarray(picture).copy()


def dial_print(face: RGB, ink: RGB, rng: np.random.Generator) -> Picture:
    """[64,64,3] picture of a clock face with marks and two hands."""
    size = LABEL_PIXELS
    picture = Image.new("RGB", (size, size), _paint(face))
    draw, middle = ImageDraw.Draw(picture), size / 2
    for hour in range(12):
        angle, inner = np.pi / 6 * hour, 0.34 if hour % 3 == 0 else 0.38
        ends = [(middle + size * r * np.sin(angle), middle - size * r * np.cos(angle)) for r in (inner, 0.44)]
        draw.line(ends, fill=_paint(ink), width=3 if hour % 3 == 0 else 1)
    for angle, length, width in ((rng.uniform(0, 2 * np.pi), 0.2, 4), (rng.uniform(0, 2 * np.pi), 0.31, 3)):
        tip = (middle + size * length * np.sin(angle), middle - size * length * np.cos(angle))
        draw.line(((middle, middle), tip), fill=_paint(ink), width=width)
    return np.asarray(picture).copy()
