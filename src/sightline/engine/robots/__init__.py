"""Robots, one module each, which describes it as data (``description.Robot``) under the name ``ROBOT``.

A new robot is a module here and its name in ``ROBOTS``. Importing this package does not load the simulator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sightline.core.errors import require_known

if TYPE_CHECKING:
    from sightline.engine.robots.description import Robot

DEFAULT = "panda"
ROBOTS = ("panda", "ur5e", "xarm7")


def robot(name: str) -> Robot:
    """The robot called ``name``. Raises SightlineError for an unknown one: it lists those there are."""
    require_known("robot", name, ROBOTS)
    return import_module(f"{__name__}.{name}").ROBOT
