"""dataset_statistics.json of InternVLA-M1: to our statistics and interface card, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.errors import SightlineError

NUMBERS = ("mean", "std", "max", "min", "q01", "q99")
DELTA_POSE = ("dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper")
DELTA_JOINTS = (*(f"djoint{i}" for i in range(1, 8)), "gripper")
# What the official data configurations feed the model, by tag.
CAMERAS = {
    "oxe_bridge": ("image_0",), "oxe_rt1": ("image",), "franka": ("primary_image", "wrist_image"),
    "new_embodiment": ("base_view", "ego_view"), "demo_sim_pick_place": ("base_view", "ego_view"),
}  # fmt: skip


def statistics_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Our statistics of one embodiment: quantiles, with the modes that invert the official un-normalisation.

    Official: clip to [-1, 1], then q01/q99 where ``mask`` says so; the others are grippers, thresholded at 0.5 into
    0 or 1. (The official code thresholds dimension 6 whatever it is, which is a joint where there are eight.)
    """
    action = found["action"]
    count = len(action["q01"])
    mask = action.get("mask", [True] * count)
    if any(len(action[name]) != count for name in NUMBERS if name in action) or len(mask) != count:
        raise SightlineError("dataset_statistics.json has action lists of different lengths; restore it from the run.")
    modes = ["q99" if scaled else "binary" for scaled in mask]
    numbers = {name: list(action[name]) for name in NUMBERS if name in action}
    return {"action": {**numbers, "mode": modes, "clip": True}}


def card_of(tag: str, found: Mapping[str, Any], config: Mapping[str, Any]) -> Card:
    """The interface card of an embodiment, as far as the official files tell."""
    count = len(found["action"]["q01"])
    names = {7: DELTA_POSE, 8: DELTA_JOINTS}.get(count) or tuple(f"action{i}" for i in range(count))
    framework = config.get("framework", {}).get("action_model", {})
    window = framework.get("future_action_window_size", framework.get("action_horizon", 16) - 1)
    return Card(
        robot=tag,
        cameras=CAMERAS.get(tag, ("image",)),
        image_size=(224, 224),
        state_names=(),
        action_names=names,
        action_space="delta of joints" if count == 8 else "delta of the tool pose",
        rotation="none" if count == 8 else "roll-pitch-yaw",
        gripper="1 open, 0 close" if tag.startswith("oxe") else "as in the dataset, 0 or 1",
        control_hz={"oxe_bridge": 5, "oxe_rt1": 3, "franka": 20}.get(tag, 30),
        chunk=int(window) + 1,
        normalisation="q99, gripper binary",
    )


def official_statistics(statistics: Mapping[str, Any], card: Card) -> dict[str, Any]:
    """dataset_statistics.json of a policy that was trained here."""
    action = statistics["action"]
    modes = action.get("mode", ["q99"] * (len(action["q01"]) - 1) + ["binary"])
    if bad := sorted({mode for mode in modes if mode not in ("q99", "binary")}):
        raise SightlineError(
            f"The official code scales actions by q99 only; this policy's are scaled by {', '.join(bad)}."
        )
    numbers = {name: np.asarray(action[name]).tolist() for name in NUMBERS if name in action}
    mask = [mode == "q99" for mode in modes]
    count = int(np.ravel(action.get("count", [0]))[0])
    return {
        card.robot: {"action": {**numbers, "mask": mask}, "state": {}, "num_transitions": count, "num_trajectories": 0}
    }
