"""A scene as LIBERO's worker tells it, without LIBERO: a block, a bowl without a floor, and a cabinet with a drawer."""

from __future__ import annotations

from typing import Any

import numpy as np

from sightline.envs.libero.scene import Scene

UPRIGHT = (1.0, 0.0, 0.0, 0.0)
BLOCK, BOWL, CABINET = (0.0, 0.0, 0.02), (0.0, 0.25, 0.03), (0.3, 0.0, 0.1)


def geometry() -> dict[str, Any]:
    """The answer to ``geometry``: the block is 4 x 8 x 4 cm, the bowl 10 cm wide with walls of 4 mm."""
    walls = [(0.002, 0.05, 0.03), (0.002, 0.05, 0.03), (0.05, 0.002, 0.03), (0.05, 0.002, 0.03)]
    places = [(0.048, 0, 0), (-0.048, 0, 0), (0, 0.048, 0), (0, -0.048, 0)]
    half = [(0.02, 0.04, 0.02), *walls, (0.1, 0.1, 0.1), (0.08, 0.09, 0.03), (0.008, 0.04, 0.008)]
    at = [(0, 0, 0), *places, (0, 0, 0), (0, 0, 0.05), (-0.13, 0, 0.05)]
    return {
        "bodies": ["block_1_main", "bowl_1_main", "cabinet_1_main", "cabinet_1_top"],
        "owners": ["block_1", "bowl_1", "cabinet_1", "cabinet_1"],
        "pieces": {
            "body": np.array([0, 1, 1, 1, 1, 2, 3, 3]),
            "half": np.array(half),
            "pose": np.array([(*place, *UPRIGHT) for place in at]),
        },
        "joints": {
            "names": ["cabinet_1_slide"],
            "body": np.array([3]),
            "slides": np.array([True]),
            "range": np.array([[-0.01, 0.16]]),
        },
        "regions": {
            "bowl_1_contain_region": {"half": np.array([0.04, 0.04, 0.03]), "owner": "bowl_1"},
            "cabinet_1_top_region": {"half": np.array([0.06, 0.07, 0.03]), "owner": "cabinet_1"},
        },
        "parts": {"cabinet_1_top_region": ["cabinet_1_slide"], "bowl_1_contain_region": [], "block_1": []},
    }


def bodies(block: tuple[float, ...] = BLOCK, drawn: float = 0.0) -> dict[str, Any]:
    """The answer to ``bodies`` with the block somewhere and the drawer open by so many metres, towards -x."""
    drawer = np.array(CABINET) - [drawn, 0, 0]
    return {
        "poses": np.array([(*place, *UPRIGHT) for place in (block, BOWL, CABINET, tuple(drawer))]),
        "joints": np.array([drawn]),
        "axes": np.array([[-1.0, 0.0, 0.0]]),
        "anchors": np.array([CABINET]),
        "regions": np.array([BOWL, drawer + [0, 0, 0.05]]),
        "turned": np.stack([np.eye(3)] * 2),
    }


def kitchen(**details: Any) -> Scene:
    """The scene; see :func:`bodies`."""
    return Scene(geometry(), bodies(**details))
