"""Result files as ``sightline evaluate --json`` writes them, with outcomes of a test's choice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sightline.evaluate.rows import EpisodeRow

SETTINGS = {
    "seed": 3,
    "chunk handling": "receding, 4 actions a chunk",
    "workers": 2,
    "seconds": 12.5,
    "suite": "tabletop",
    "version": "0.1.0 (abcdef0)",
    "CPUs": 2,
    "split": "seen",
    "collection": "full",
    "phrasing": "plain",
}


def row(seed: int, success: bool, **fields: Any) -> dict[str, Any]:
    """One row of a result."""
    usual = {
        "task": "onto",
        "instruction": f"put mug {seed} onto the plate",
        "success_any_time": success,
        "steps": 20 if success else 60,
        "progress": float(success),
        "wrong_object_lifted": not success,
        "failure": "" if success else "dropped <it>",
    }
    return EpisodeRow(**{**usual, "seed": seed, "success": success, **fields}).to_dict()


def rows(outcomes: Iterable[bool], start: int = 3_000_000, **fields: Any) -> list[dict[str, Any]]:
    """Rows of seeds that follow each other."""
    return [row(seed, success, **fields) for seed, success in enumerate(outcomes, start)]


def write(path: Path, policy: str, episodes: list[Any], settings: Mapping[str, Any] | None = None) -> Path:
    """Write a result and return where it is."""
    about = {**SETTINGS, "policy": policy, **(settings or {})}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"success_rate": 0.5, "episodes": episodes, "seconds": 12.5, "settings": about}))
    return path
