"""Which objects share a world: chosen so that one has to listen to tell them apart."""

from __future__ import annotations

import zlib

import numpy as np

from sightline.core.errors import SightlineError
from sightline.engine.assets import Catalogue, ObjectModel, Variant
from sightline.engine.assets.importing.library import load_library
from sightline.engine.collections import STARTER, collection_of

UNSEEN_SHARE = 0.7  # of the objects of split "unseen", where their kind has a held-out colour
SOUGHT = ("unseen", "novel")  # splits that are about held-out objects; others take them as they come


class _Cast:
    """The objects chosen so far."""

    def __init__(self, rng: np.random.Generator, split: str, catalogue: Catalogue) -> None:
        self.rng, self.split, self.catalogue = rng, split, catalogue
        self.chosen: list[Variant | ObjectModel] = []

    def fits(self, newcomer: Variant | ObjectModel) -> bool:
        """Whether the newcomer is clearly different from everyone: another kind, another colour, or small and large.

        Nouns that a listener could mistake for one another never meet.
        """
        kind, colour, size = newcomer.kind, newcomer.colour, newcomer.size
        for other in self.chosen:
            if other.kind == kind and other.colour == colour and {other.size, size} != {"small", "large"}:
                return False
            if self.catalogue.confusable(other.kind, kind):
                return False
        return sum(other.kind == kind and other.colour == colour for other in self.chosen) < 2

    def add(self, kinds: tuple[str, ...], colour: str | None = None, size: str | None = None) -> Variant | None:
        """Choose one of ``kinds`` (in that colour and size, if given) that fits; None when there is none."""
        for kind in self.rng.permutation(kinds):
            options = [
                option
                for option in self.catalogue.variants(str(kind), self.split)
                if colour in (None, option.colour) and size in (None, option.size) and self.fits(option)
            ]
            held = [option for option in options if option.held_out and self.split in SOUGHT]
            if held and self.rng.random() < UNSEEN_SHARE:
                options = held
            if options:
                chosen = options[self.rng.integers(len(options))]
                self.chosen.append(chosen)
                return chosen
        return None

    def built(self) -> tuple[ObjectModel, ...]:
        """The models of everyone chosen."""
        return tuple(entry if isinstance(entry, ObjectModel) else self.catalogue.build(entry) for entry in self.chosen)


def world_seed(stream: int, number: int) -> int:
    """Seed of world ``number`` of a stream of worlds, such as a dataset's seed."""
    return int(np.random.SeedSequence([stream, number]).generate_state(1)[0])


def of_world(world_seed: int, split: str, collection: str = STARTER) -> tuple[ObjectModel, ...]:
    """The models of the world of this seed. Raises SightlineError on an unknown split or collection."""
    return choose(np.random.default_rng([world_seed, zlib.crc32(split.encode())]), split, collection)


def choose(rng: np.random.Generator, split: str, collection: str = STARTER) -> tuple[ObjectModel, ...]:
    """10 to 12 models for one world of ``split``, items first.

    Several items share a kind (another colour, or the same one small and large), several share a colour, and there are
    two containers and one or two surfaces. Of a collection ``library:DIR`` (objects of one's own, which are the same in
    every split) see ``choose_from``. Raises SightlineError on an unknown split or collection.
    """
    made_of = collection_of(collection)
    if made_of.library is not None:
        return choose_from(load_library(made_of.library), rng, split, made_of.catalogue)
    return choose_kinds(made_of.catalogue, rng, split)


def choose_kinds(catalogue: Catalogue, rng: np.random.Generator, split: str) -> tuple[ObjectModel, ...]:
    """10 to 12 objects of a catalogue, see ``choose``."""
    cast = _Cast(rng, split, catalogue)
    by_role = {
        name: tuple(kind for kind in catalogue.kinds(split) if catalogue.role(kind) == name)
        for name in ("item", "container", "surface")
    }
    items, containers, surfaces = by_role.values()
    rich = tuple(kind for kind in items if len({v.colour for v in catalogue.variants(kind, split)}) >= 4)
    lead = cast.add(rich, size="small" if rng.random() < 0.5 else "large")
    assert lead is not None
    cast.add((lead.kind,), lead.colour, "large" if lead.size == "small" else "small")
    cast.add((lead.kind,))
    others = tuple(kind for kind in rich if kind != lead.kind)
    cast.add(others, lead.colour)
    second = cast.add(others)
    if second is not None and rng.random() < 0.6:
        cast.add((second.kind,))
    cast.add(tuple(kind for kind in items if kind not in rich))
    wanted = int(rng.integers(7, 9))
    while len(cast.chosen) < wanted:
        cast.add(items)
    first = cast.add(containers)
    twins = first is not None and rng.random() < 0.35
    cast.add((first.kind,) if twins and first is not None else containers)
    cast.add(surfaces)
    if rng.random() < 0.5:
        cast.add(surfaces)
    return cast.built()


def choose_around(
    catalogue: Catalogue, rng: np.random.Generator, split: str, target: str, reference: str
) -> tuple[ObjectModel, ...]:
    """10 to 12 objects of a catalogue, items first, among them one of kind ``target`` and one of ``reference``.

    As in ``choose``, others share a kind or a colour with the target. Raises SightlineError where the split lacks one
    of the kinds, or where they could be mistaken for one another.
    """
    cast = _Cast(rng, split, catalogue)
    by_role = {
        name: tuple(kind for kind in catalogue.kinds(split) if catalogue.role(kind) == name)
        for name in ("item", "container", "surface")
    }
    items, containers, surfaces = by_role.values()
    lead, place = cast.add((target,)), cast.add((reference,))
    if lead is None or place is None:
        raise SightlineError(f"Split '{split}' has no world with a {target} beside a {reference}: use other kinds.")
    cast.add((target,))
    others = tuple(kind for kind in items if kind not in (target, reference))
    cast.add(others, lead.colour)
    second = cast.add(others)
    if second is not None and rng.random() < 0.6:
        cast.add((second.kind,))
    wanted = int(rng.integers(7, 9))
    while sum(catalogue.role(entry.kind) == "item" for entry in cast.chosen) < wanted:
        cast.add(others)
    for kinds, most in ((containers, 2), (surfaces, int(rng.integers(1, 3)))):
        for _ in range(most - (reference in kinds)):
            cast.add(kinds)
    return tuple(sorted(cast.built(), key=lambda entry: entry.role != "item"))


def choose_from(
    models: tuple[ObjectModel, ...], rng: np.random.Generator, split: str, catalogue: Catalogue
) -> tuple[ObjectModel, ...]:
    """10 to 12 of ``models`` for one world, items first, with a container and a surface at least.

    Places to put things that ``models`` lacks come from the ``catalogue``'s ``split``; items never do.
    Raises SightlineError when there is no item among them.
    """
    cast = _Cast(rng, split, catalogue)
    shuffled = [models[int(k)] for k in rng.permutation(len(models))]
    for role, most in (("item", int(rng.integers(7, 9))), ("container", 2), ("surface", 1), ("distractor", 1)):
        found = 0
        for entry in shuffled:
            apart = all(_head(entry) != _head(other) for other in cast.chosen if other.kind != entry.kind)
            if found < most and entry.role == role and apart and cast.fits(entry):
                cast.chosen.append(entry)
                found += 1
        if role == "item" and not found:
            raise SightlineError(
                "These objects hold no item that the gripper can pick up: import more, or smaller ones."
            )
        if role in ("container", "surface") and not found:
            cast.add(tuple(kind for kind in catalogue.kinds(split) if catalogue.role(kind) == role))
    return cast.built()


def _head(entry: ObjectModel | Variant) -> str:
    """The last word of a noun: a listener could mistake a wine glass for a water glass."""
    return entry.kind.split()[-1]
