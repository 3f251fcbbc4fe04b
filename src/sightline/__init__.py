"""Sightline: spatially guided vision-language-action policies. First where to act, then how to act."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.data import load_dataset
    from sightline.models.planner import Planner
    from sightline.models.policy import Policy

__version__ = "0.1.0"
__all__ = ["Planner", "Policy", "load_dataset"]

_ROOMS = {
    "Planner": "sightline.models.planner",
    "Policy": "sightline.models.policy",
    "load_dataset": "sightline.data",
}


def __getattr__(name: str) -> Any:
    # The names above are imported when they are asked for: `import sightline` is instant and needs neither torch nor
    # a simulator, and settings of the process can still be made before torch reads them (core/runtime.py).
    if name not in _ROOMS:
        raise AttributeError(f"module 'sightline' has no attribute '{name}'")
    return getattr(importlib.import_module(_ROOMS[name]), name)
