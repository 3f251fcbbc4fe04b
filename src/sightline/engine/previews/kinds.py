"""What ``sightline assets`` prints and draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sightline.core.console import say, table
from sightline.core.errors import SightlineError, require_known
from sightline.engine.assets import full
from sightline.engine.assets.splits import SPLITS
from sightline.engine.assets.variant import Variant
from sightline.engine.collections import FULL, collection_of
from sightline.engine.previews.object_sheet import draw_sheet


def list_objects(collection: str = FULL) -> dict[str, Any]:
    """Print a table of the collection's kinds; return kinds, objects, splits (objects in each) and the rows.

    Raises SightlineError on an unknown collection, and on a library, which has no kinds in splits.
    """
    row = collection_of(collection)
    if row.library is not None:
        raise SightlineError("A library has no kinds in splits: see its objects with `sightline assets list LIBRARY`.")
    catalogue = row.catalogue
    allowed = {split: set(catalogue.kinds(split)) for split in SPLITS}
    rows: list[list[Any]] = []
    every: set[Variant] = set()
    for kind in catalogue.kinds():
        found = [catalogue.variants(kind, split) if kind in allowed[split] else () for split in SPLITS]
        path = " > ".join(catalogue.category(kind)[:-1])
        rows.append([path, kind, catalogue.role(kind), *(len(variants) for variants in found)])
        every |= {variant for variants in found for variant in variants}
    rows.sort(key=lambda row: (row[0], row[1]))
    table(f"Objects of the collection '{collection}'", ["category", "kind", "role", *SPLITS], rows)
    say(f"{len(every)} objects of {len(rows)} kinds")
    splits = {split: sum(row[3 + k] for row in rows) for k, split in enumerate(SPLITS)}
    return {"kinds": len(rows), "objects": len(every), "splits": splits, "rows": rows}


def draw_objects(out: Path, count: int, kinds: tuple[str, ...] = (), seed: int = 0, colliders: bool = False) -> dict:
    """Draw a contact sheet of ``count`` instances of the full collection, equally many of each kind; return its size.

    Kinds are sorted by category. Raises SightlineError on an unknown kind, a count below 1, and as draw_sheet does.
    """
    if count < 1:
        raise SightlineError(f"A contact sheet needs at least one object, not {count}.")
    for kind in kinds:
        require_known("kind of object", kind, full.kinds())
    rng = np.random.default_rng(seed)
    nouns = sorted(kinds or full.kinds(), key=full.category)
    each = np.full(len(nouns), count // len(nouns))
    each[rng.permutation(len(nouns))[: count % len(nouns)]] += 1
    models = []
    for kind, share in zip(nouns, each, strict=True):
        every = full.variants(kind)
        models += [full.model(kind, int(number)) for number in sorted(rng.permutation(len(every))[:share])]
    width, height = draw_sheet(models, out, colliders=colliders)
    say(f"{len(models)} objects of {len({model.kind for model in models})} kinds: {out}")
    return {"objects": len(models), "kinds": len({model.kind for model in models}), "width": width, "height": height}
