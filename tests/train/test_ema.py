"""The average of the weights, and that it is what a run evaluates and writes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small import run_stage
from torch import nn

from sightline.core.errors import SightlineError
from sightline.train.ema import EMA


def test_the_average_follows_the_weights() -> None:
    layer = nn.Linear(2, 1)
    layer.bias.requires_grad_(False)
    average = EMA(layer, 0.5)
    assert set(average.values) == {"weight"}
    expected = layer.weight.detach().clone()
    for step in range(12):
        with torch.no_grad():
            layer.weight.add_(step + 1.0)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * layer.weight.detach()
        torch.testing.assert_close(average.values["weight"], expected)


def test_the_average_steps_in_for_the_weights_and_out_again() -> None:
    layer = nn.Linear(2, 2)
    average = EMA(layer, 0.9)
    with torch.no_grad():
        layer.weight.add_(1.0)
    average.update(0)
    weight, mean = layer.weight.detach().clone(), average.values["weight"].clone()
    assert not weight.equal(mean)
    with pytest.raises(KeyError), average.applied():
        assert layer.weight.equal(mean)
        raise KeyError
    assert layer.weight.equal(weight) and average.values["weight"].equal(mean)


def test_a_run_writes_its_average(data: Path, tmp_path: Path) -> None:
    overrides = ("steps=4", "save_every=4", "precision=fp32", "ema=0.99")
    run_stage("pretrain", data, tmp_path / "run", None, overrides)
    last = tmp_path / "run" / "checkpoints" / "last"
    policy = load_file(last / "policy" / "model.safetensors")
    (file,) = (last / "training_state").glob("*.safetensors")
    state = load_file(file)
    averaged = {name.removeprefix("average/"): value for name, value in state.items() if name.startswith("average/")}
    assert averaged and all(policy[name].equal(value) for name, value in averaged.items())
    assert any(not policy[name].equal(state[f"weights/{name}"]) for name in averaged)


def test_an_average_of_everything_for_ever_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="ema must be from 0 to below 1"):
        run_stage("pretrain", data, tmp_path / "run", None, ("ema=1.0",))
