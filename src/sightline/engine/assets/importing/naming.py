"""What an imported object is called: noun, colour and size from its file's name, colour else from its paint."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence

import numpy as np

from sightline.core.geometry import Array
from sightline.engine.assets.colours import COLOURS

SIZES = {"small": "small", "little": "small", "tiny": "small", "medium": "medium"} | {
    word: "large" for word in ("large", "big", "huge")
}
# Of the making of a file, not of the thing in it.
NOISE = frozenset({
    "mesh", "model", "obj", "object", "scan", "scanned", "final", "copy", "export", "lowpoly", "low", "high", "poly",
    "highpoly", "lod", "textured", "texture", "tex", "visual", "vis", "collision", "simplified", "decimated", "clean",
    "the", "a", "m", "cm", "mm", "v", "k", "manifold", "nonmanifold",
})  # fmt: skip
LEADING_COLOUR = 0.6  # share of the surface that must deserve one colour's name
ALIKE = 0.85  # sizes within this ratio of their kind's median are not spoken of


def words_of(stem: str) -> tuple[str, str, str]:
    """(noun, colour, size) in a file's name; "" for what it does not say: ``red_mug_02`` -> ("mug", "red", "")."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem)
    words = [word for word in re.split(r"[^a-z]+", split.lower()) if word]
    colour = next((word for word in words if word in COLOURS), "")
    size = next((SIZES[word] for word in words if word in SIZES), "")
    nouns = [word for word in words if word not in NOISE and word not in SIZES and word not in COLOURS]
    return " ".join(nouns), colour, size


def colour_name(colours: Array) -> str:
    """The one colour word that most of a surface with these colours [N,3] (0..1) deserves, else ""."""
    names = [_name(colour) for colour in colours[:: max(1, len(colours) // 2000)]]
    best = max(dict.fromkeys(names), key=names.count)
    return best if names.count(best) >= LEADING_COLOUR * len(names) else ""


def _name(colour: Array) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(*(float(c) for c in colour))
    degrees = 360 * hue
    if value < 0.16:
        return "black"
    if saturation < 0.18:
        return "white" if value > 0.8 else ""
    if degrees < 15 or degrees >= 340:
        return "red" if saturation > 0.5 else ""
    if degrees < 45:
        return "orange" if value > 0.75 and saturation > 0.6 else "brown" if value < 0.65 else ""
    for end, name in ((68, "yellow"), (165, "green"), (255, "blue"), (300, "purple")):
        if degrees < end:
            return name
    return ""


def size_words(lengths: Sequence[float]) -> list[str]:
    """small, medium or large for objects of one kind with these longest sides (metres), relative to their median."""
    median = float(np.median(lengths))
    return ["small" if x < ALIKE * median else "large" if x > median / ALIKE else "medium" for x in lengths]
