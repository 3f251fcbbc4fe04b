"""The list of object models: kinds times colours times sizes, and which of them are held out of training."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError, did_you_mean
from sightline.engine.assets import packaged
from sightline.engine.assets.colours import COLOURS, RGB, contrast
from sightline.engine.assets.model import ObjectModel, Shape
from sightline.engine.assets.shapes import Painter, Target
from sightline.engine.assets.splits import ITEM_SCALES, TARGET_SCALES, require_split
from sightline.engine.assets.starter import fruit, items, targets
from sightline.engine.assets.starter.textures import object_texture
from sightline.engine.assets.variant import Variant

BRIGHT = ("red", "green", "blue", "yellow", "orange", "purple", "white", "black")
VIVID = BRIGHT[:6]


@dataclass(frozen=True)
class Kind:
    """One noun: how it is built, in which colours, sizes and patterns, and how heavy it is at medium size (kg)."""

    build: Callable[[float, RGB, Painter], Shape | Target]
    colours: tuple[str, ...]
    mass: float
    sizes: tuple[str, ...] = ("small", "medium", "large")
    patterns: tuple[str, ...] = ()
    role: str = "item"
    natural: tuple[tuple[str, RGB], ...] = ()  # colours that differ from the common palette


KINDS: dict[str, Kind] = {
    "mug": Kind(items.mug, BRIGHT, 0.12, patterns=("stripes", "bands", "dots")),
    "cup": Kind(items.cup, BRIGHT, 0.06, patterns=("stripes", "dots", "check")),
    "bottle": Kind(items.bottle, BRIGHT, 0.12, patterns=("label", "bands")),
    "can": Kind(items.can, VIVID, 0.10, patterns=("label", "bands", "stripes")),
    "carton": Kind(items.carton, VIVID, 0.12, patterns=("label", "dots")),
    "cube": Kind(items.cube, BRIGHT, 0.08, patterns=("wood", "check", "dots")),
    "ball": Kind(items.ball, BRIGHT, 0.05, patterns=("bands", "stripes")),
    "candle": Kind(items.candle, (*VIVID, "white"), 0.10, patterns=("bands", "speckle")),
    "jar": Kind(items.jar, BRIGHT, 0.12, patterns=("label", "bands")),
    "brick": Kind(items.brick, BRIGHT, 0.06),
    "sponge": Kind(items.sponge, ("yellow", "green", "blue", "orange", "purple"), 0.04, patterns=("speckle",)),
    "brush": Kind(items.brush, VIVID, 0.08, patterns=("wood", "stripes")),
    "toy car": Kind(items.toy_car, BRIGHT, 0.09),
    "cupcake": Kind(items.cupcake, ("red", "blue", "purple", "white", "green", "brown"), 0.07, patterns=("speckle",)),
    "duck": Kind(items.duck, ("yellow", "white", "blue", "purple", "green"), 0.06),
    "apple": Kind(
        fruit.apple, ("red", "green"), 0.12, natural=(("green", (0.42, 0.66, 0.14)), ("red", (0.78, 0.10, 0.10)))
    ),
    "pear": Kind(
        fruit.pear, ("green", "yellow"), 0.12, natural=(("green", (0.50, 0.66, 0.16)), ("yellow", (0.90, 0.78, 0.20)))
    ),
    "tomato": Kind(fruit.tomato, ("red",), 0.10, natural=(("red", (0.85, 0.12, 0.07)),)),
    "lemon": Kind(fruit.lemon, ("yellow",), 0.08, natural=(("yellow", (0.97, 0.86, 0.15)),)),
    "banana": Kind(fruit.banana, ("yellow",), 0.10, natural=(("yellow", (0.96, 0.82, 0.18)),)),
    "carrot": Kind(fruit.carrot, ("orange",), 0.06, natural=(("orange", (0.95, 0.45, 0.08)),)),
    "eggplant": Kind(fruit.eggplant, ("purple",), 0.14, natural=(("purple", (0.30, 0.10, 0.38)),)),
    "mushroom": Kind(
        fruit.mushroom, ("red", "brown"), 0.05, patterns=("dots",), natural=(("brown", (0.55, 0.36, 0.20)),)
    ),
    "bowl": Kind(targets.bowl, BRIGHT, 0.30, patterns=("bands", "stripes"), role="container"),
    "basket": Kind(targets.basket, ("brown", *VIVID), 0.25, patterns=("weave",), role="container"),
    "box": Kind(targets.box, ("brown", *BRIGHT), 0.25, ("small", "large"), role="container"),
    "tray": Kind(targets.tray, BRIGHT, 0.30, ("medium",), role="container"),
    "pan": Kind(targets.pan, ("black", "red", "blue", "green", "orange"), 0.30, ("medium",), role="container"),
    "plate": Kind(targets.plate, BRIGHT, 0.25, patterns=("bands",), role="surface"),
    "board": Kind(
        targets.board, ("brown", "white", "green", "blue", "red"), 0.30, ("medium",), patterns=("wood",), role="surface"
    ),
    "mat": Kind(targets.mat, BRIGHT, 0.20, ("medium",), patterns=("check",), role="surface"),
    "book": Kind(targets.book, BRIGHT, 0.30, ("small", "large"), role="surface"),
}

# Kinds that no training sees: worlds of split ``novel`` are made of them, all others do without.
NOVEL = frozenset({
    "cup", "carton", "candle", "jar", "sponge", "brush", "cupcake", "pear", "tomato", "lemon", "eggplant", "mushroom",
    "cereal box", "milk carton", "bread", "soda can", "tray", "pan", "mat",
})  # fmt: skip

# Kind and colour together never occur in training; each of both does.
HELD_OUT = frozenset({
    ("mug", "purple"), ("cup", "orange"), ("bottle", "white"), ("can", "green"), ("carton", "yellow"),
    ("cube", "orange"), ("ball", "black"), ("candle", "blue"), ("jar", "yellow"), ("brick", "purple"),
    ("sponge", "blue"), ("brush", "red"), ("toy car", "white"), ("cupcake", "purple"), ("duck", "green"),
    ("apple", "green"), ("bowl", "green"), ("basket", "blue"), ("box", "red"), ("tray", "yellow"),
    ("pan", "orange"), ("plate", "purple"), ("board", "white"), ("mat", "orange"), ("book", "black"),
})  # fmt: skip

# Nouns that a listener could mistake for one another.
LOOK_ALIKE = ({"can", "soda can"}, {"carton", "milk carton"}, {"cup", "mug"}, {"box", "cereal box"})


def _pick_pattern(kind: Kind, name: str) -> str:
    """ "" (plain) for about half of the models, else one of the kind's patterns: fixed by the model's name."""
    draw = zlib.crc32(name.encode())
    if not kind.patterns or draw % 2:
        return ""
    return kind.patterns[(draw // 2) % len(kind.patterns)]


def _build(word: str, kind: Kind, colour: str, size: str) -> ObjectModel:
    name = f"{word.replace(' ', '_')}_{colour}_{size}"
    rgb = dict(kind.natural).get(colour, COLOURS[colour])
    pattern = (
        "weave" if word == "basket" else "wood" if (word, colour) == ("board", "brown") else _pick_pattern(kind, name)
    )
    scale = (ITEM_SCALES if kind.role == "item" else TARGET_SCALES)[size]

    def painter(base: RGB) -> NDArray[np.uint8] | None:
        if not pattern:
            return None
        second = tuple(0.62 * c for c in base) if pattern in ("wood", "weave") else contrast(base)
        return object_texture(pattern, base, second)

    built = kind.build(scale, rgb, painter)
    shape, inner = built if isinstance(built, tuple) else (built, (0.0, 0.0))
    mass = kind.mass * scale**3 if kind.role == "item" else kind.mass
    return ObjectModel(
        name, word, colour, size, kind.role, float(max(0.03, min(0.3, mass))), rgb, shape.centred(), inner
    )


def _build_packaged(word: str, size: str) -> ObjectModel:
    scale = ITEM_SCALES[size]
    shape = packaged.packaged(word, scale).centred()
    name = f"{word.replace(' ', '_')}_{size}"
    return ObjectModel(name, word, "", size, "item", min(0.3, 0.12 * scale**3), (1.0, 1.0, 1.0), shape)


def kinds(split: str | None = None) -> tuple[str, ...]:
    """The nouns that ``split`` may use; all of the catalogue without a split.

    Split ``novel`` has items of kinds that no training sees, among containers and surfaces of every kind.
    """
    every = (*KINDS, *packaged.PACKAGES)
    if split is None:
        return every
    require_split(split)
    if split == "novel":
        return tuple(kind for kind in every if kind in NOVEL or role(kind) != "item")
    return tuple(kind for kind in every if kind not in NOVEL)


@cache
def model(kind: str, colour: str = "", size: str = "medium") -> ObjectModel:
    """One model of the catalogue. Raises SightlineError when there is none of that kind, colour and size."""
    if kind in packaged.PACKAGES and not colour and size in ITEM_SCALES:
        return _build_packaged(kind, size)
    if kind not in KINDS:
        raise SightlineError(f"Unknown kind of object '{kind}'{did_you_mean(kind, kinds())}.")
    entry = KINDS[kind]
    if colour not in entry.colours or size not in entry.sizes:
        raise SightlineError(
            f"There is no {size} {colour} {kind}: colours are {', '.join(entry.colours)}; "
            f"sizes {', '.join(entry.sizes)}."
        )
    return _build(kind, entry, colour, size)


def is_held_out(kind: str, colour: str) -> bool:
    """Whether models of this kind and colour are kept out of training."""
    return (kind, colour) in HELD_OUT


@cache
def variants(kind: str, split: str | None = None) -> tuple[Variant, ...]:
    """Every object of ``kind`` in ``split``, all without a split: held-out colours only in ``unseen`` and ``novel``."""
    if split is not None:
        require_split(split)
    if kind in packaged.PACKAGES:
        return tuple(Variant(kind, "", size) for size in ("small", "medium", "large"))
    entry = KINDS[kind]
    return tuple(
        Variant(kind, colour, size, held_out=is_held_out(kind, colour))
        for colour in entry.colours
        if split in (None, "unseen", "novel") or not is_held_out(kind, colour)
        for size in entry.sizes
    )


def build(variant: Variant) -> ObjectModel:
    """The object that a variant stands for."""
    return model(variant.kind, variant.colour, variant.size)


def role(kind: str) -> str:
    """The role of a kind: item, container or surface."""
    return "item" if kind in packaged.PACKAGES else KINDS[kind].role


def category(kind: str) -> tuple[str, ...]:
    """The kind's path in the category tree, which here is by role alone."""
    return (role(kind), kind)


def confusable(first: str, second: str) -> bool:
    """Whether a listener could mistake one kind for the other."""
    return {first, second} in LOOK_ALIKE


def models(split: str | None = None) -> tuple[ObjectModel, ...]:
    """Every object that ``split`` may use (all of them by default)."""
    return tuple(build(variant) for kind in kinds(split) for variant in variants(kind, split))
