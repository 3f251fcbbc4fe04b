"""The loop: one update from several objectives and micro-batches, forgetting, and gradients that are not numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from nano import random_pictures
from small import nano_config, nano_policy, nano_tokenizer

from sightline.core.errors import SightlineError
from sightline.models.grounding import head
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.train.config import ActionConfig, GroundingConfig, OptimiserConfig, TrainConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import GroundingBatches
from sightline.train.loop import Trainer
from sightline.train.objectives.action import JointActionObjective
from sightline.train.objectives.grounding import GroundingObjective

CONFIG = TrainConfig(
    steps=4,
    precision="fp32",
    device="cpu",
    optimiser=OptimiserConfig(clip=1e9, warmup=1),
    grounding=GroundingConfig(images=2, questions=2),
    action=ActionConfig(planner="joint", samples=2),
    system=nano_config(),
)


@pytest.fixture
def trainer(policy: Policy, scenes: FrameBank, episodes: FrameBank, tmp_path: Path) -> Trainer:
    action = JointActionObjective(episodes, policy, CONFIG.action, 0, 0.0)
    batches = GroundingBatches.of(policy, CONFIG.grounding)
    grounding = GroundingObjective(scenes, episodes, batches, 0, weight=0.25, every=2)
    return Trainer(tmp_path / "run", "stage 2", policy, [action, grounding], CONFIG, dict)


def gradients(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {n: p.grad.clone() for n, p in trainer.system.named_parameters() if p.grad is not None}


def test_one_update_sums_the_gradients_of_all_objectives(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    # Which questions are read off without words is drawn after the noise of what comes before.
    monkeypatch.setattr(head, "SILENT", 0.0)
    batches = trainer.objectives.batch(0, 0.0)
    separate = []
    for objective, batch in zip(trainer.objectives.objectives, batches, strict=True):
        trainer.system.zero_grad(set_to_none=True)
        torch.manual_seed(0)
        (objective.weight * objective.loss(trainer.system, batch)[0]).backward()
        separate.append(gradients(trainer))
    numbers, count = trainer._update([batches])
    together = gradients(trainer)
    assert count == sum(len(batch.images) for batch in batches)
    assert numbers["loss"] == pytest.approx(numbers["action"] + 0.25 * numbers["grounding"], rel=1e-5)
    assert set(together) == set(separate[0]) | set(separate[1])
    shared = "planner.model.model.language_model.layers.0.mlp.up_proj.weight"
    assert separate[0][shared].abs().max() > 0 and separate[1][shared].abs().max() > 0
    for name, gradient in together.items():
        parts = [part[name] for part in separate if name in part]
        scale = max(float(part.abs().max()) for part in parts)
        torch.testing.assert_close(gradient, sum(parts), atol=2e-5 * scale + 1e-9, rtol=1e-3)


def test_an_objective_that_sits_out_adds_nothing(trainer: Trainer) -> None:
    batches = trainer.objectives.batch(1, 0.0)
    assert batches[1] is None
    numbers, count = trainer._update([batches])
    assert "grounding" not in numbers and count == 2
    assert trainer.system.grounding.key.weight.grad is None


def test_gradients_are_clipped(trainer: Trainer) -> None:
    trainer.config = replace(CONFIG, optimiser=replace(CONFIG.optimiser, clip=0.01))
    numbers, _ = trainer._update([trainer.objectives.batch(0, 0.0)])
    norm = torch.stack([gradient.norm() for gradient in gradients(trainer).values()]).norm()
    assert numbers["gradient_norm"] > 0.02 and float(norm) == pytest.approx(0.01, rel=1e-3)


def test_a_gradient_that_is_no_number_stops_the_run_before_it_does_harm(trainer: Trainer) -> None:
    before = {name: value.clone() for name, value in trainer.system.state_dict().items()}
    batches = trainer.objectives.batch(0, 0.0)
    batches[0].actions[0, 0, 0] = float("nan")
    with pytest.raises(SightlineError, match="gradient at step 0 is not finite"):
        trainer._update([batches])
    for name, value in trainer.system.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_an_error_while_drawing_a_batch_ends_the_run(trainer: Trainer) -> None:
    action = trainer.objectives.objectives[0]
    action.frames = action.frames + 10_000  # type: ignore[attr-defined]
    with pytest.raises(IndexError):
        trainer.train()


def test_losses_fall(trainer: Trainer) -> None:
    trainer.config = replace(CONFIG, steps=1000)
    batches = trainer.objectives.batch(0, 0.0)
    losses = []
    for _ in range(25):
        losses.append(trainer._update([batches])[0]["grounding"])
        trainer.step += 1
    assert losses[-1] < 0.7 * losses[0]


class Pictures:
    """Mean loss over pictures of one big batch, of which each of ``cuts`` micro-batches is an equal part."""

    name, weight = "pictures", 1.0

    def __init__(self, cuts: int) -> None:
        self.cuts, self.drawn = cuts, random_pictures(3, 4, views=1)

    def batch(self, step: int, progress: float, part: int = 0) -> torch.Tensor:
        return self.drawn.chunk(self.cuts)[part]

    def loss(self, system: DualSystem, batch: torch.Tensor) -> tuple[torch.Tensor, dict, int]:
        loss = system.encode_views(batch).square().mean()
        return loss, {"itself": loss}, len(batch)


def test_micro_batches_make_the_update_of_one_big_batch(tmp_path: Path) -> None:
    learned, tokenizer = {}, nano_tokenizer()
    for cuts in (1, 2, 4):
        policy = nano_policy(tokenizer)
        config = replace(CONFIG, micro_batches=cuts, steps=2, optimiser=OptimiserConfig(rate=1e-3, clip=0.05, warmup=1))
        trainer = Trainer(tmp_path / f"{cuts}", "stage 2", policy, [Pictures(cuts)], config, dict)
        numbers, count = trainer._update([trainer.objectives.batch(0, 0.0, part) for part in range(cuts)])
        assert count == 4 and numbers["gradient_norm"] > 0.05
        learned[cuts] = numbers, gradients(trainer), dict(policy.system.named_parameters())
    whole, wanted, _ = learned[1]
    for cuts in (2, 4):
        numbers, found, weights = learned[cuts]
        assert numbers == pytest.approx(whole, rel=1e-4) and found.keys() == wanted.keys()
        for name in wanted:
            torch.testing.assert_close(found[name], wanted[name], atol=1e-7, rtol=1e-3)
        moved = [(weights[name] - learned[1][2][name]).abs().max() for name in wanted]
        assert max(moved) < 2e-4, "a fifth of one step of AdamW at most, where a gradient is next to zero"


class Places:
    """Notes which micro-batches are drawn, with their progress, and learns nothing worth knowing."""

    name, weight = "places", 1.0

    def __init__(self) -> None:
        self.drawn: list[tuple[int, float, int]] = []
        self.seen: list[tuple[int, int, float]] = []

    def batch(self, step: int, progress: float, part: int = 0) -> tuple[int, int]:
        self.drawn.append((step, progress, part))
        return step, part

    def loss(self, system: DualSystem, batch: tuple[int, int]) -> tuple[torch.Tensor, dict, int]:
        self.seen.append((*batch, float(torch.rand(()))))
        return system.gate.square(), {}, 1


def test_every_micro_batch_is_drawn_once_and_has_its_own_noise(policy: Policy, tmp_path: Path) -> None:
    objective, config = Places(), replace(CONFIG, micro_batches=3)
    Trainer(tmp_path / "run", "stage 2", policy, [objective], config, dict).train()
    wanted = [(step, step / 4, part) for step in range(4) for part in range(3)]
    assert objective.drawn[:12] == wanted and objective.drawn[12:] in ([], [(4, 1.0, 0)])
    assert [seen[:2] for seen in objective.seen] == [(step, part) for step, _, part in wanted]
    assert len({noise for *_, noise in objective.seen}) == 12


def test_what_was_known_at_the_start_and_is_lost_is_logged(policy: Policy, tmp_path: Path) -> None:
    scores = iter([0.75, 0.5, 0.875])
    config = replace(CONFIG, evaluate_every=2)
    trainer = Trainer(
        tmp_path / "run", "stage 2", policy, [Places()], config,
        lambda: {"box_acc50": next(scores), "action_loss": 1.0}, guarded=("box_acc50", "point_acc"),
    )  # fmt: skip
    result = trainer.train()
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    evaluated = {line["step"]: line for line in lines if "box_acc50" in line}
    assert {step: line["forgetting/box_acc50"] for step, line in evaluated.items()} == {0: 0.0, 2: 0.25, 4: -0.125}
    assert all("action_loss" in line and "forgetting/point_acc" not in line for line in evaluated.values())
    assert result["forgetting/box_acc50"] == -0.125


def test_a_step_in_which_nothing_learns_is_an_error(trainer: Trainer) -> None:
    with pytest.raises(SightlineError, match="All objectives sit the same step out"):
        trainer._update([[None, None]])
