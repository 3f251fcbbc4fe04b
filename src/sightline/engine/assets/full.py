"""The collection ``full``: many instances of every family, by number, built when they are asked for.

An instance is a pure function of its kind and number. Colour and size are dealt out in turn, so that every kind comes
in all of its colours and a colour in several sizes; everything else is drawn from the instance's own generator.
"""

from __future__ import annotations

import zlib
from functools import cache, lru_cache

import numpy as np

from sightline.core.errors import SightlineError, require_known
from sightline.engine.assets import splits
from sightline.engine.assets.colours import PALETTE, RGB, WHITE, wander
from sightline.engine.assets.families import FAMILIES, NOVEL, SPARED
from sightline.engine.assets.families import confusable as confusable  # one of a catalogue's answers
from sightline.engine.assets.families.family import MATERIALS, Draw, Family
from sightline.engine.assets.model import ObjectModel
from sightline.engine.assets.splits import ITEM_SCALES, TARGET_SCALES, division
from sightline.engine.assets.variant import Variant

HELD_OUT_SHARE = 0.15  # of the instances of every kind
PATTERNED_SHARE = 0.55  # of the instances of families that have patterns
MASS_RANGE = (0.03, 0.3)  # kilograms: what the gripper carries
KEPT = 256  # built models in memory


def kinds(split: str | None = None) -> tuple[str, ...]:
    """The nouns that ``split`` may use; all without a split."""
    if split is None:
        return tuple(FAMILIES)
    allowed = division(split).kinds
    return tuple(noun for noun in FAMILIES if _group(noun) in allowed)


def role(kind: str) -> str:
    """The role of a kind: item, container or surface. Raises SightlineError on an unknown kind."""
    return _family(kind).role


@cache
def variants(kind: str, split: str | None = None) -> tuple[Variant, ...]:
    """The instances of ``kind`` that ``split`` may use, all without a split; none is built.

    ``train`` and ``seen`` share most of them, ``unseen`` has the rest; of a novel kind a split has all or none.
    """
    rule = None if split is None else division(split)
    entry = _family(kind)
    rng = _generator(kind)
    colours = [entry.colours[k] for k in rng.permutation(len(entry.colours))]
    rest = set(rng.permutation(entry.count)[: round(HELD_OUT_SHARE * entry.count)].tolist())
    novel = kind in NOVEL
    every = []
    for number in range(entry.count):
        turn, place = divmod(number, len(colours))
        size = entry.sizes[(place + turn) % len(entry.sizes)]
        every.append(Variant(kind, colours[place], size, number, novel or number in rest))
    if rule is None:
        return tuple(every)
    if _group(kind) not in rule.kinds:
        return ()
    if novel:
        return tuple(every)
    return tuple(one for one in every if (splits.HELD_OUT if one.held_out else splits.USUAL) in rule.instances)


def build(variant: Variant) -> ObjectModel:
    """The object that a variant stands for."""
    return model(variant.kind, variant.number)


@lru_cache(maxsize=KEPT)
def model(kind: str, number: int) -> ObjectModel:
    """Instance ``number`` of a kind. Raises SightlineError when there is none."""
    entry = _family(kind)
    if not 0 <= number < entry.count:
        raise SightlineError(f"There is no {kind} number {number}: its instances are 0 to {entry.count - 1}.")
    variant = variants(kind)[number]
    rng = _generator(kind, number)
    material = entry.materials[int(rng.integers(len(entry.materials)))]
    patterned = bool(entry.patterns) and rng.random() < PATTERNED_SHARE
    pattern = entry.patterns[int(rng.integers(len(entry.patterns)))] if patterned else ""
    rgb = _tone(entry, variant.colour, rng)
    built = entry.build(Draw(rng, variant.colour, rgb, material, pattern))
    shape, inner = built if isinstance(built, tuple) else (built, (0.0, 0.0))
    scale = (ITEM_SCALES if entry.role == "item" else TARGET_SCALES)[variant.size]
    made = MATERIALS[material]
    mass = entry.mass * made.weight * rng.uniform(0.9, 1.1) * (scale**3 if entry.role == "item" else 1.0)
    return ObjectModel(
        name=f"{kind.replace(' ', '_')}_{number:03d}",
        kind=kind,
        colour=variant.colour,
        size=variant.size,
        role=entry.role,
        mass=float(np.clip(mass, *MASS_RANGE)),
        rgb=rgb,
        shape=shape.centred().scaled(scale),
        inner=(inner[0] * scale, inner[1] * scale),
        friction=made.friction,
        material=material,
        pattern=pattern,
    )


def category(kind: str) -> tuple[str, ...]:
    """The kind's path in the category tree, e.g. ("kitchenware", "drinkware", "mug")."""
    return (*_family(kind).path, kind)


def synonyms(kind: str) -> tuple[str, ...]:
    """Other names for a kind, which no other kind has."""
    return _family(kind).synonyms


def _group(noun: str) -> str:
    return splits.NOVEL if noun in NOVEL else splits.SPARED if noun in SPARED else splits.SHOWN


def _family(kind: str) -> Family:
    require_known("kind of object", kind, FAMILIES)
    return FAMILIES[kind]


def _generator(kind: str, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(kind.encode()), *numbers])


def _tone(entry: Family, colour: str, rng: np.random.Generator) -> RGB:
    """The colour's own tone of this instance."""
    if not colour:
        return WHITE
    r, g, b = wander(dict(entry.natural).get(colour) or PALETTE[colour], rng)
    return float(r), float(g), float(b)
