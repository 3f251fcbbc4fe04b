"""Which objects share a world: chosen so that one has to listen to tell them apart."""

from __future__ import annotations

import numpy as np

from sightline.engine import assets
from sightline.engine.assets import ObjectModel, Variant

UNSEEN_SHARE = 0.7  # of the objects of split "unseen", where their kind has a held-out colour


class _Cast:
    """The objects chosen so far."""

    def __init__(self, rng: np.random.Generator, split: str, collection: str) -> None:
        self.rng, self.split, self.collection = rng, split, collection
        self.chosen: list[Variant] = []

    def fits(self, newcomer: Variant) -> bool:
        """Whether the newcomer is clearly different from everyone: another kind, another colour, or small and large.

        Nouns that a listener could mistake for one another never meet.
        """
        kind, colour, size = newcomer.kind, newcomer.colour, newcomer.size
        for other in self.chosen:
            if other.kind == kind and other.colour == colour and {other.size, size} != {"small", "large"}:
                return False
            if assets.confusable(other.kind, kind, self.collection):
                return False
        return sum(other.kind == kind and other.colour == colour for other in self.chosen) < 2

    def add(self, kinds: tuple[str, ...], colour: str | None = None, size: str | None = None) -> Variant | None:
        """Choose one of ``kinds`` (in that colour and size, if given) that fits; None when there is none."""
        for kind in self.rng.permutation(kinds):
            options = [
                option
                for option in assets.choices(str(kind), self.split, self.collection)
                if colour in (None, option.colour) and size in (None, option.size) and self.fits(option)
            ]
            held = [option for option in options if option.held_out]
            if held and self.rng.random() < UNSEEN_SHARE:
                options = held
            if options:
                self.chosen.append(options[self.rng.integers(len(options))])
                return self.chosen[-1]
        return None


def choose(rng: np.random.Generator, split: str, collection: str = "starter") -> tuple[ObjectModel, ...]:
    """10 to 12 models for one world of ``split``, items first.

    Several items share a kind (another colour, or the same one small and large), several share a colour, and there are
    two containers and one or two surfaces. Raises SightlineError on an unknown split or collection.
    """
    cast = _Cast(rng, split, collection)
    by_role = {
        name: tuple(kind for kind in assets.kinds(split, collection) if assets.role(kind, collection) == name)
        for name in ("item", "container", "surface")
    }
    items, containers, surfaces = by_role.values()
    rich = tuple(kind for kind in items if len({v.colour for v in assets.choices(kind, split, collection)}) >= 4)
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
    return tuple(assets.build(variant) for variant in cast.chosen)
