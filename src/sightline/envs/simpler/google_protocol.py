"""The protocol of SimplerEnv's Google Robot tasks, visual matching: 864 episodes, as its scripts list them.

Nobody has run them here: 14 of 15 scenes of the benchmark are in no copy at hand. What can be checked without them are
the lists below, the card, and what becomes of a policy's actions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from sightline.core.errors import SightlineError
from sightline.envs.worker_environment import official_card

SUITE = "simpler_google"
LABEL = "SimplerEnv Google Robot, visual matching, ManiSkill 2; this adapter was never run with the benchmark's scenes"
HZ, SIMULATED_HZ = 3, 513
STICKY = 10  # steps for which a gripper's change is held, as in InternVLA-M1's evaluation (Octo's: 15)
URDFS = (
    "None",
    "recolor_tabletop_visual_matching_1",
    "recolor_tabletop_visual_matching_2",
    "recolor_cabinet_visual_matching_1",
)
# Where the robot stands before the drawers: x, y (metres), yaw (radians).
STANDS = {
    "a0": (0.644, -0.179, -0.03), "a1": (0.765, -0.182, -0.02), "a2": (0.889, -0.203, -0.06),
    "b0": (0.652, 0.009, 0.0), "b1": (0.752, 0.009, 0.0), "b2": (0.851, 0.035, 0.0),
    "c0": (0.665, 0.224, 0.0), "c1": (0.765, 0.222, -0.025), "c2": (0.865, 0.222, -0.025),
}  # fmt: skip
DRAWER = {"station_name": "mk_station_recolor", "light_mode": "simple", "disable_bad_material": True}

CARD = official_card("oxe_rt1", ("primary",), HZ)


@dataclass(frozen=True)
class Episode:
    """One start.

    Attributes:
        task: one of four.
        environment, scene, overlay: what ManiSkill calls the first two; the photograph behind them.
        robot: x, y (metres), yaw (radians).
        steps: most steps.
        build: further arguments of the environment.
        objects: where things are: ``init_xy`` or ``episode_id``.
    """

    task: str
    environment: str
    scene: str
    overlay: str
    robot: tuple[float, float, float]
    steps: int
    build: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)


def _coke() -> Iterator[Episode]:
    scene, overlay = "google_pick_coke_can_1_v4", "google_coke_can_real_eval_1.png"
    for urdf in URDFS:
        for pose in ("lr_switch", "upright", "laid_vertically"):
            for x in np.linspace(-0.35, -0.12, 5):
                for y in np.linspace(-0.02, 0.42, 5):
                    yield Episode(
                        "google_pick_coke_can",
                        "GraspSingleOpenedCokeCanInScene-v0",
                        scene,
                        overlay,
                        (0.35, 0.20, 0.0),
                        80,
                        {pose: True, "urdf_version": urdf},
                        {"init_xy": [float(x), float(y)]},
                    )


def _near() -> Iterator[Episode]:
    scene, overlay = "google_pick_coke_can_1_v4", "google_move_near_real_eval_1.png"
    for urdf in URDFS:
        for number in range(60):
            build, objects = {"urdf_version": urdf}, {"episode_id": number}
            name, robot = "MoveNearGoogleBakedTexInScene-v0", (0.35, 0.21, -0.09)
            yield Episode("google_move_near", name, scene, overlay, robot, 80, build, objects)


def _drawer() -> Iterator[Episode]:
    for urdf in URDFS:
        for verb in ("Open", "Close"):
            for drawer in ("Top", "Middle", "Bottom"):
                for stand, robot in STANDS.items():
                    build = {"shader_dir": "rt", **DRAWER, "urdf_version": urdf}
                    name, overlay = f"{verb}{drawer}DrawerCustomInScene-v0", f"open_drawer_{stand}.png"
                    objects = {"init_xy": [0.0, 0.0]}
                    yield Episode("google_drawer", name, "dummy_drawer", overlay, robot, 113, build, objects)


def _apple() -> Iterator[Episode]:
    for urdf in URDFS:
        for stand in ("a0", "b0", "c0"):
            for x in np.linspace(-0.08, -0.02, 3):
                for y in np.linspace(-0.02, 0.08, 3):
                    build = {"shader_dir": "rt", **DRAWER, "urdf_version": urdf, "model_ids": "baked_apple_v2"}
                    name, overlay = "PlaceIntoClosedTopDrawerCustomInScene-v0", f"open_drawer_{stand}.png"
                    objects = {"init_xy": [float(x), float(y)]}
                    robot = STANDS[stand]
                    yield Episode("google_place_apple", name, "dummy_drawer", overlay, robot, 200, build, objects)


@cache
def episodes() -> tuple[Episode, ...]:
    """All 864, the first ones spread over the tasks in proportion to how many each has."""
    lists = [list(made()) for made in (_coke, _near, _drawer, _apple)]
    shares = [((i + 0.5) / len(one), task, i) for task, one in enumerate(lists) for i in range(len(one))]
    return tuple(lists[task][i] for _, task, i in sorted(shares))


def episode_of(seed: int) -> Episode:
    """The episode of a number. Raises SightlineError for one that there is not."""
    if not 0 <= seed < len(episodes()):
        raise SightlineError(
            f"{SUITE} has {len(episodes())} episodes and no number {seed} counted from 0; nothing in them is drawn, so "
            "that there are no others under another --seed."
        )
    return episodes()[seed]


def protocol_of() -> dict[str, str]:
    """What decides on an episode, for people and for results."""
    return {
        "label": LABEL,
        "episodes": f"{len(episodes())}: coke can 300, move near 240, drawers 216, apple into drawer 108",
        "pictures": "primary, 224 x 224 px, the benchmark's photograph behind; drawers and apple ray-traced",
        "actions": f"{CARD.action_space}; {CARD.rotation}; {HZ} Hz, physics {SIMULATED_HZ} Hz",
        "gripper": f"changes by more than half are held for {STICKY} steps",
        "most steps": "coke can and move near 80, drawers 113, apple 200",
        "success": "at the end: in the last step, as published; at any time: after any step. Success ends no episode",
    }
