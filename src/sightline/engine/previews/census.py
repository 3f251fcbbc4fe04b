"""How much there is: everything that worlds may stand in, counted by the content of what is built."""

from __future__ import annotations

from collections.abc import Callable

from sightline.core import console
from sightline.engine.assets import SPLITS
from sightline.engine.surroundings import backdrops, furniture, lighting, textures

KINDS: dict[str, tuple[Callable[..., tuple], Callable[..., str]]] = {
    "surfaces": (furniture.surfaces, furniture.content_hash),
    "textures": (textures.textures, textures.content_hash),
    "lights": (lighting.lights, lighting.content_hash),
    "backdrops": (backdrops.backdrops, backdrops.content_hash),
}


def census() -> dict[str, dict[str, int]]:
    """Kind -> ``all`` and every split -> how many members have different content. Builds every member (half a minute).

    Geometry, pixels and the lamps' parameters are hashed, never a seed or a name.
    """
    counts: dict[str, dict[str, int]] = {}
    for kind, (members, content_hash) in KINDS.items():
        with console.progress(total=len(members()), label=kind, unit="member") as bar:
            hashes = {}
            for entry in members():
                hashes[entry] = content_hash(entry)
                bar.update(1)
        counts[kind] = {"all": len(set(hashes.values()))}
        counts[kind] |= {split: len({hashes[entry] for entry in members(split)}) for split in SPLITS}
    return counts


def show_census() -> dict[str, dict[str, int]]:
    """Print the census as a table and return it."""
    counts = census()
    columns = ["all", *SPLITS]
    console.table(
        "Distinct members of collection full", ["", *columns], [[kind, *row.values()] for kind, row in counts.items()]
    )
    return counts
