"""Environments in which policies are evaluated: one file each; ``base`` says what they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.envs.tabletop import TabletopEnv

__all__ = ["TabletopEnv"]


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: an environment of somebody else needs no simulator of ours.
    if name not in __all__:
        raise AttributeError(f"module 'sightline.envs' has no attribute '{name}'")
    from sightline.envs import tabletop

    return getattr(tabletop, name)
