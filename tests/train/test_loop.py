"""The loop: rates, groups, one update from several objectives, and gradients that are not numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small import nano_config

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.config import ActionConfig, GroundingConfig, OptimiserConfig, TrainConfig
from sightline.train.frames import FrameBank
from sightline.train.loop import Trainer, make_optimiser, rate_factor
from sightline.train.objectives import GroundingObjective, JointActionObjective
from sightline.train.questions import LabelMaker

CONFIG = TrainConfig(
    steps=4,
    precision="fp32",
    device="cpu",
    optimiser=OptimiserConfig(clip=1e9, warmup=1),
    grounding=GroundingConfig(images=2, questions=2),
    action=ActionConfig(planner="joint", samples=2),
    system=nano_config(),
)


def test_the_rate_warms_up_and_decays() -> None:
    config = OptimiserConfig(warmup=10, minimum=0.1)
    assert rate_factor(config, 0, 0.0) == pytest.approx(0.1)
    assert rate_factor(config, 4, 0.0) == pytest.approx(0.5)
    assert rate_factor(config, 9, 0.0) == pytest.approx(1.0)
    assert rate_factor(config, 500, 0.5) == pytest.approx(0.55)
    assert rate_factor(config, 999, 1.0) == rate_factor(config, 999, 1.7) == pytest.approx(0.1)
    assert rate_factor(OptimiserConfig(warmup=0), 0, 0.0) == 1.0
    falling = [rate_factor(config, 100, done / 20) for done in range(21)]
    assert falling == sorted(falling, reverse=True)


def test_groups_have_their_own_rates_and_decay(policy: Policy) -> None:
    config = OptimiserConfig(rate=1e-3, rates={"planner": 1e-5}, weight_decay=0.1, freeze=("visual_encoder",))
    optimiser = make_optimiser(policy.system, config)
    names = {parameter: name for name, parameter in policy.system.named_parameters()}
    grouped = {}
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            grouped[names[parameter]] = group
    expected = {name for name in names.values() if not name.startswith("visual_encoder.")}
    assert set(grouped) == expected
    for name, group in grouped.items():
        assert group["rate"] == (1e-5 if name.startswith("planner.") else 1e-3), name
    assert not any(p.requires_grad for p in policy.system.visual_encoder.parameters())
    assert grouped["expert.net.blocks.0.mlp.fc1.weight"]["weight_decay"] == 0.1
    for name in ("gate", "expert.net.blocks.0.mlp.fc1.bias", "planner.model.model.language_model.embed_tokens.weight"):
        assert grouped[name]["weight_decay"] == 0.0, name


@pytest.mark.parametrize("key", ["rates", "freeze"])
def test_unknown_modules_are_named(policy: Policy, key: str) -> None:
    config = OptimiserConfig(**{key: {"plannr": 1.0} if key == "rates" else ("plannr",)})
    with pytest.raises(SightlineError, match=r"no module 'plannr'.*planner"):
        make_optimiser(policy.system, config)


@pytest.fixture
def trainer(policy: Policy, scenes: FrameBank, episodes: FrameBank, tmp_path: Path) -> Trainer:
    head = policy.config.grounding
    action = JointActionObjective(episodes, policy, CONFIG.action, 0, 0.0)
    labels = LabelMaker(head.kinds, head.colours, head.trace_points)
    packer = policy.transforms.packer
    grounding = GroundingObjective(scenes, episodes, packer, labels, CONFIG.grounding, 0, weight=0.25, every=2)
    return Trainer(tmp_path / "run", "stage 2", policy, [action, grounding], CONFIG, dict)


def gradients(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {n: p.grad.clone() for n, p in trainer.system.named_parameters() if p.grad is not None}


def test_one_update_sums_the_gradients_of_all_objectives(trainer: Trainer) -> None:
    batches = trainer._draw(0, 0.0)
    separate = []
    for objective, batch in zip(trainer.objectives, batches, strict=True):
        trainer.system.zero_grad(set_to_none=True)
        torch.manual_seed(0)
        (objective.weight * objective.loss(trainer.system, batch)[0]).backward()
        separate.append(gradients(trainer))
    numbers, count = trainer._update(batches)
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
    batches = trainer._draw(1, 0.0)
    assert batches[1] is None
    numbers, count = trainer._update(batches)
    assert "grounding" not in numbers and count == 2
    assert trainer.system.grounding.key.weight.grad is None


def test_gradients_are_clipped(trainer: Trainer) -> None:
    trainer.config = replace(CONFIG, optimiser=replace(CONFIG.optimiser, clip=0.01))
    numbers, _ = trainer._update(trainer._draw(0, 0.0))
    norm = torch.stack([gradient.norm() for gradient in gradients(trainer).values()]).norm()
    assert numbers["gradient_norm"] > 0.02 and float(norm) == pytest.approx(0.01, rel=1e-3)


def test_a_gradient_that_is_no_number_stops_the_run_before_it_does_harm(trainer: Trainer) -> None:
    before = {name: value.clone() for name, value in trainer.system.state_dict().items()}
    batches = trainer._draw(0, 0.0)
    batches[0].actions[0, 0, 0] = float("nan")
    with pytest.raises(SightlineError, match="gradient at step 0 is not finite"):
        trainer._update(batches)
    for name, value in trainer.system.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_an_error_while_drawing_a_batch_ends_the_run(trainer: Trainer) -> None:
    trainer.objectives[0].frames = trainer.objectives[0].frames + 10_000  # type: ignore[attr-defined]
    with pytest.raises(IndexError):
        trainer.train()


def test_losses_fall(trainer: Trainer) -> None:
    trainer.config = replace(CONFIG, steps=1000)
    batches = trainer._draw(0, 0.0)
    losses = []
    for _ in range(25):
        losses.append(trainer._update(batches)[0]["grounding"])
        trainer.step += 1
    assert losses[-1] < 0.7 * losses[0]
