"""Checks during training measure what they say and leave training as it was."""

from __future__ import annotations

import copy
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from batches import same

from sightline.models.grounding.pointing import Pointing
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.train.objectives.action import JointActionObjective
from sightline.train.objectives.grounding import GroundingObjective
from sightline.train.validate import SCALE, GroundingCheck, LossCheck


class Oracle:
    """A policy that answers with the labels of the batch it is shown, moved by ``shift`` pictures."""

    def __init__(self, check: GroundingCheck, shift: float) -> None:
        self.check, self.shift, self.device, self.system, self.at = check, shift, torch.device("cpu"), self, 0

    def see(self, images: torch.Tensor, tokens: object, cameras: torch.Tensor) -> Any:
        truth = self.check.batches[self.at][0].labels
        self.at += 1
        nothing = torch.zeros(0)
        moved = [truth.points + self.shift, truth.boxes + self.shift, truth.traces + self.shift]
        rows = torch.arange(len(truth.cells))[:, None, None]
        kinds = torch.nn.functional.one_hot(truth.kinds[rows, truth.cells.flatten(2)])
        values = {name: nothing for name in (f.name for f in fields(Pointing))} | {"dense": (kinds,)}
        values |= {
            "points": moved[0].nan_to_num(0.5),
            "boxes": moved[1].nan_to_num(0),
            "traces": moved[2].nan_to_num(0),
        }
        return type("Seen", (), {"pointing": Pointing(**values)})()


@pytest.mark.parametrize("shift, perfect", [(0.0, True), (0.3, False)])
def test_the_grounding_check_measures_what_it_says(grounding: GroundingObjective, shift: float, perfect: bool) -> None:
    check = GroundingCheck(grounding.batches, [grounding.scenes, grounding.episodes], 8, torch.float32)
    held = {bank.kind: np.flatnonzero(bank.held_out) for bank in (grounding.scenes, grounding.episodes)}
    assert sum(len(batch.images) for batch, _ in check.batches) == min(4, len(held["scenes"])) + 4
    numbers = check(Oracle(check, shift))  # type: ignore[arg-type]
    if perfect:
        assert numbers["box_acc50"] == 1.0 and numbers["point_acc"] > 0.8
        assert numbers["trace_mae_px"] == numbers["place_px"] == 0.0
    else:
        assert numbers["box_acc50"] < 0.1 and numbers["point_acc"] < 0.5
        assert numbers["trace_mae_px"] == pytest.approx(0.3 * 2**0.5 * SCALE, rel=1e-4)


@pytest.mark.parametrize("name", ["joint", "cached"])
def test_the_loss_check_leaves_training_as_it_was(name: str, policy: Policy, request: pytest.FixtureRequest) -> None:
    objective = request.getfixturevalue(name)
    normal = objective.batch(4, 0.0)
    check = LossCheck([objective], torch.float32)
    unseen = check.held["action"]
    assert unseen.frames.tolist() == objective.bank.held_out_frames.tolist() and len(unseen.frames)
    watched, losses = unseen.loss, []

    def loss(system: DualSystem, batch: Any) -> Any:
        # The next training batch is drawn while the check runs: it must be the one it would have been.
        assert same(objective.batch(4, 0.0), normal)
        losses.append(batch)
        return watched(system, batch)

    unseen.loss = loss
    first, second = check(policy), check(policy)
    assert first == second and np.isfinite(first["action_loss"]) and len(losses) == 2 * check.batches


def test_what_has_nothing_held_out_is_not_measured(
    joint: JointActionObjective, grounding: GroundingObjective, policy: Policy
) -> None:
    joint.bank = copy.copy(joint.bank)
    joint.bank.held_out = np.zeros_like(joint.bank.held_out)
    assert LossCheck([joint, grounding], torch.float32)(policy) == {}
