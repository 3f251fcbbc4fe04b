"""Things of a sort: "the red things", "mugs"."""

from __future__ import annotations

import numpy as np

from sightline.engine.assets.colours import COLOURS
from sightline.engine.vqa.picture import Picture
from sightline.language.vocabulary import pick

UNCOUNTABLE = frozenset({"bread"})
IRREGULAR = {"knife": "knives", "loaf": "loaves", "scissors": "pairs of scissors", "tongs": "pairs of tongs"}
NOTHING_SHARE = 0.15  # of the groups that have no member, where such are wanted


def plural(noun: str) -> str:
    """The plural of a noun or compound, e.g. "toy cars", "boxes", "tomatoes"."""
    before, _, last = noun.rpartition(" ")
    if last in IRREGULAR:
        last = IRREGULAR[last]
    elif last.endswith(("s", "x", "ch", "sh")) or last in ("tomato", "potato"):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{before} {last}".strip()


def draw_group(picture: Picture, rng: np.random.Generator, empty: bool = False) -> tuple[str, list[int]] | None:
    """The name of a sort of things and the indices of those in the picture, all of them seen.

    Args:
        empty: groups without members may be drawn too.

    Returns:
        None where a member of the drawn group is in the scene but not seen, so that nothing true can be said.
    """
    book, scene = picture.moment.book, picture.scene
    present = book.graph.objects
    if empty and rng.random() < NOTHING_SHARE:
        kinds = {info.kind for info in scene.objects} - {info.kind for info in present}
        colours = set(COLOURS) - {info.colour for info in present}
        wanted = (pick(sorted(kinds), rng), "") if kinds and rng.random() < 0.5 else ("", pick(sorted(colours), rng))
    else:
        info = pick(present, rng)
        wanted = pick([(info.kind, ""), ("", info.colour), (info.kind, info.colour), ("", "")], rng)
    kind, colour = wanted
    # A printed package has no colour that could be named, but any colour may be on it.
    if kind in UNCOUNTABLE or (colour and not kind and any(not info.colour for info in present)):
        return None
    mask = book.matches((kind, colour, ""))
    if not kind:  # a cabinet is one thing, with all its drawers
        mask &= ~sum(1 << number for number, info in enumerate(present) if info.is_part)
    members = [index for number, index in enumerate(book.graph.indices) if mask >> number & 1]
    if not set(members) <= set(picture.seen) or not (members or empty):
        return None
    return f"{colour} {plural(kind) if kind else 'things on the table'}".strip(), members
