"""The collection ``full`` measured: distinct objects by content hash, build time, faces, memory, and grasp success.

    python benchmarks/objects.py count              every object is built and hashed
    python benchmarks/objects.py grasp --tries 3    the scripted expert puts instances of every kind into a container

Prints tables; --json FILE keeps the figures.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from sightline.core.console import progress, table, write_json
from sightline.core.runtime import prepare_process
from sightline.engine.robots import DEFAULT
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.spec import WorldSpec


def count() -> dict[str, Any]:
    """Build and hash everything."""
    from sightline.engine.assets import SPLITS, full
    from sightline.engine.assets.fingerprint import content_hash, form_hash

    hashes: dict[str, set[str]] = {split: set() for split in SPLITS}
    faces, seconds = [], 0.0
    total = sum(len(full.variants(kind)) for kind in full.kinds())
    allowed = {
        split: {(v.kind, v.number) for kind in full.kinds(split) for v in full.variants(kind, split)}
        for split in SPLITS
    }
    every: set[str] = set()
    forms: set[str] = set()
    with progress(total, "objects", "object") as bar:
        for kind in full.kinds():
            for variant in full.variants(kind):
                started = time.process_time()
                model = full.model(kind, variant.number)
                seconds += time.process_time() - started
                faces.append(model.faces)
                digest = content_hash(model)
                every.add(digest)
                forms.add(form_hash(model))
                for split, members in allowed.items():
                    if (kind, variant.number) in members:
                        hashes[split].add(digest)
                bar.update()
    return {
        "kinds": len(full.kinds()),
        "objects": total,
        "distinct": len(every),
        "distinct_forms": len(forms),
        **{f"distinct_{split}": len(found) for split, found in hashes.items()},
        "build_ms": 1000 * seconds / total,
        "faces_mean": float(np.mean(faces)),
        "faces_max": max(faces),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def worlds(number: int = 20) -> dict[str, Any]:
    """CPU seconds to build a world of either collection, meshes not yet in memory."""

    build_world(0)
    build_world(0, WorldSpec(collection="full"))
    result = {}
    for collection in ("starter", "full"):
        started = time.process_time()
        for seed in range(1, number + 1):
            build_world(seed, WorldSpec(collection=collection))
        result[f"world_ms_{collection}"] = 1000 * (time.process_time() - started) / number
    return result


def grasp(tries: int, kinds: list[str]) -> list[dict[str, Any]]:
    """One row a kind: tries, successes, and what went wrong."""
    from grasping import success_of  # beside this file

    from sightline.engine.assets import full

    rows = []
    names = kinds or [kind for kind in full.kinds() if full.role(kind) == "item"]
    with progress(len(names), "grasps", "kind") as bar:
        for kind in names:
            numbers = np.linspace(0, len(full.variants(kind)) - 1, tries).astype(int)
            failures: Counter[str] = Counter()
            for number in numbers.tolist():
                failures.update(success_of(full.model(kind, number), 1, number, DEFAULT)[0])
            rows.append(
                {"kind": kind, "tries": tries, "success": failures.pop("", 0) / tries, "failures": dict(failures)}
            )
            bar.update()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("count", "worlds", "grasp"))
    parser.add_argument("--tries", type=int, default=3, help="instances of every kind that are grasped")
    parser.add_argument("--kinds", nargs="*", default=[], help="only these kinds are grasped")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    prepare_process()
    if options.what == "grasp":
        rows = grasp(options.tries, options.kinds)
        table(
            "Grasp success",
            ["kind", "success", "failures"],
            [[r["kind"], r["success"], str(r["failures"])] for r in rows],
        )
        print(f"mean {np.mean([row['success'] for row in rows]):.3f} over {len(rows)} kinds")
        result: dict[str, Any] = {"rows": rows}
    else:
        result = count() if options.what == "count" else worlds()
        table("Objects", ["figure", "value"], [[name, value] for name, value in result.items()])
    if options.json is not None:
        write_json(options.json, result)


if __name__ == "__main__":
    main()
