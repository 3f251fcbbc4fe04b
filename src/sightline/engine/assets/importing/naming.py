"""What an imported object is called: noun, colour and size from the name of its file, or of the folder that it lies in
where every file is called the same; colour else from its paint."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence
from pathlib import Path

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
    "the", "a", "m", "cm", "mm", "v", "k", "manifold", "nonmanifold", "nontextured", "untextured",
})  # fmt: skip
# What files and folders of whole collections are called: no noun by themselves, though "mug base" is one.
GENERIC = NOISE | {
    "meshes", "models", "objects", "objs", "visuals", "textures", "materials", "google", "tsdf", "poisson", "kinbody",
    "default", "base", "main", "scene", "part", "parts", "geometry", "untitled", "raw", "data", "assets", "files",
    "file", "shape", "glb", "gltf", "stl", "ply", "simple", "coarse", "fine", "recon", "reconstruction", "aligned",
}  # fmt: skip
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


def says_something(name: str) -> bool:
    """Whether a file's or folder's name speaks of a thing, not of meshes: ``025_mug``, but not ``google_16k``."""
    return bool(set(words_of(name)[0].split()) - GENERIC)


def told_by(path: Path, root: Path, doubled: bool) -> tuple[str, tuple[str, str, str]]:
    """(the name that tells, its words) of a file below the folder ``root``: its own, or where that says nothing, or
    occurs in several folders (``doubled``), that of the nearest folder that says something.

    Colour and size that the folder does not say are the file's.
    """
    noun, colour, size = words_of(path.stem)
    below = path.relative_to(root).parts[:-1]
    speaks = says_something(path.stem)
    if speaks and not doubled:
        return path.stem, (noun, colour, size)
    for folder in reversed(below if speaks else (root.resolve().name, *below)):
        if says_something(folder):
            words = words_of(folder)
            return folder, (words[0], words[1] or colour, words[2] or size)
    if not below:
        return path.stem, (noun, colour, size)
    nearest = words_of(below[-1])
    return f"{below[-1]}_{path.stem}", (noun, colour or nearest[1], size or nearest[2])


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
