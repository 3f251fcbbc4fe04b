"""dataset_statistics.json of InternVLA-M1: to our statistics and interface card, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sightline.core.card import Card
from sightline.core.config import load_config
from sightline.core.errors import SightlineError
from sightline.data.embodiments import EMBODIMENTS
from sightline.models.m1.run_files import NUMBERS, RunConfig

PICTURE = (224, 224)
CONTROL_HZ = {"oxe_bridge": 5, "oxe_rt1": 3, "libero_franka": 20}
SCALING = "q99, clipped; gripper binary"  # whatever the data was trained with: the official code inverts nothing else
GRIPPER = "1 or 0, as the official code stores it: 1 open where the tag is oxe_*, else as in the dataset"
OWN_CARD = "sightline_card"  # key of config.yaml in runs that were trained here: the official code ignores it


def statistics_of(action: Mapping[str, list], own_card: bool = False) -> dict[str, Any]:
    """Our statistics of one embodiment: quantiles, with the modes that invert the official un-normalisation.

    Official: clip to [-1, 1], then q01/q99 where ``mask`` says so; the others are grippers, thresholded at 0.5 into
    0 or 1. (The official code thresholds dimension 6 whatever it is, which is a joint where there are eight.) With a
    card of our own (see OWN_CARD) they take the two values that the data has.

    Args:
        action: see run_files.action_statistics.
    """
    mask = action["mask"]
    numbers = {name: list(action[name]) for name in NUMBERS if name in action}
    for index in (i for i, scaled in enumerate(mask) if not scaled and not own_card):
        for name, value in (("min", 0.0), ("max", 1.0)):
            numbers[name] = _with(numbers.get(name, [value] * len(mask)), index, value)
    return {"action": {**numbers, "mode": ["q99_clipped" if scaled else "binary" for scaled in mask]}}


def _with(values: list[float], index: int, value: float) -> list[float]:
    return [*values[:index], value, *values[index + 1 :]]


def card_of(tag: str, config: RunConfig, size: int, chunk: int) -> Card:
    """The interface card of an embodiment whose network has ``size`` actions in chunks of ``chunk``, as far as the
    official files tell. Raises SightlineError where they tell something else."""
    window = config.whole("framework.action_model.future_action_window_size")
    past = config.whole("framework.action_model.past_action_window_size")
    if window is not None and not past and window + 1 != chunk:
        raise SightlineError(
            f"{config.path} has chunks of {window + 1} actions (future_action_window_size), the network of {chunk}: "
            "the files are not of one run."
        )
    if OWN_CARD in config.values:
        return _own_card(config, size, chunk)
    known = [robot for robot in EMBODIMENTS.values() if robot.tag == tag and len(robot.action_names) == size]
    if known:
        card = known[0].card(PICTURE, CONTROL_HZ.get(known[0].name, 30), chunk)
        return replace(card, state_names=(), gripper=GRIPPER, normalisation=SCALING)
    names = tuple(f"action{i}" for i in range(size))
    return Card(tag, ("primary",), PICTURE, (), names, 0, "unknown", "unknown", GRIPPER, 30, chunk, SCALING)


def _own_card(config: RunConfig, size: int, chunk: int) -> Card:
    values = config.find(OWN_CARD)
    if not isinstance(values, Mapping):
        raise config.wrong(OWN_CARD, "an interface card", values)
    try:
        card = load_config(Card, values)
    except SightlineError as error:
        raise SightlineError(f"{config.path}, {OWN_CARD}: {error}") from None
    if (len(card.action_names), card.chunk) != (size, chunk) or not card.cameras:
        raise SightlineError(
            f"{config.path}, {OWN_CARD}: {len(card.cameras)} cameras, and chunks of {card.chunk} actions of "
            f"{len(card.action_names)} numbers, but the network has {chunk} of {size}: the files are not of one run."
        )
    return card


def official_statistics(statistics: Mapping[str, Any], card: Card) -> dict[str, Any]:
    """dataset_statistics.json of a policy that was trained here."""
    action = statistics["action"]
    modes = action.get("mode", ["q99"] * (len(action["q01"]) - 1) + ["binary"])
    if bad := sorted({mode for mode in modes if mode not in ("q99", "q99_clipped", "binary")}):
        raise SightlineError(
            f"The official code scales actions by q99 only; this policy's are scaled by {', '.join(bad)}."
        )
    numbers = {name: np.asarray(action[name]).tolist() for name in NUMBERS if name in action}
    mask = [mode != "binary" for mode in modes]
    count = int(np.ravel(action.get("count", [0]))[0])
    return {
        card.robot: {"action": {**numbers, "mask": mask}, "state": {}, "num_transitions": count, "num_trajectories": 0}
    }
