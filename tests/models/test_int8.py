"""Policies with weights of 8 bits: nearly the same answers, half the weights, and nothing but acting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nano import nano_observation
from safetensors.torch import load_file
from torch import nn

from sightline.core.errors import SightlineError
from sightline.models.exported import export as exporting
from sightline.models.exported.backend import load_exported, with_backend
from sightline.models.int8 import SCALE, Int8Linear, expect_int8, pack_int8, quantised
from sightline.models.policy import Policy
from sightline.models.weights import fill
from sightline.train.initialise import carried_over


def eight_bits(layer: nn.Linear) -> nn.Module:
    """The same layer with weights of 8 bits."""
    holder = nn.Sequential(layer)
    weights = quantised(holder, holder.state_dict())
    expect_int8(holder, weights)
    fill(holder, weights, "a test")
    pack_int8(holder)
    return holder


@settings(max_examples=20, deadline=None)
@given(
    inputs=st.sampled_from([64, 96, 200]),
    outputs=st.sampled_from([64, 130]),
    bias=st.booleans(),
    size=st.floats(1e-3, 1e3),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)
@torch.inference_mode()
def test_a_layer_of_8_bits_is_near_the_layer(
    inputs: int, outputs: int, bias: bool, size: float, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(inputs, outputs, bias=bias, dtype=dtype)
    x = (size * torch.randn(3, 7, inputs)).to(dtype)
    exact = nn.functional.linear(x.double(), layer.weight.double(), layer.bias.double() if bias else None)
    given = x.clone()
    found = eight_bits(layer)(x)
    assert torch.equal(x, given)
    assert found.dtype == dtype and found.shape == exact.shape
    assert (found.double() - exact).abs().mean() < 0.03 * exact.abs().mean()


@torch.inference_mode()
def test_the_largest_products_are_not_cut_off() -> None:
    """Processors without VNNI add pairs of them in 16 bits."""
    layer = nn.Linear(64, 64, bias=False)
    layer.weight.fill_(0.5)
    found = eight_bits(layer)(torch.ones(2, 64))
    torch.testing.assert_close(found, torch.full((2, 64), 32.0), rtol=0.01, atol=0.0)


def test_small_layers_and_embeddings_stay_as_they_are() -> None:
    table = nn.Embedding(100, 64)
    head = nn.Linear(64, 100, bias=False)
    head.weight = table.weight
    holder = nn.ModuleDict({"table": table, "head": head, "small": nn.Linear(8, 128), "hidden": nn.Linear(64, 64)})
    weights = quantised(holder, holder.state_dict())
    assert {name for name in weights if name.endswith(SCALE)} == {f"hidden.weight{SCALE}"}
    assert weights["hidden.weight"].dtype == torch.int8 and int(weights["hidden.weight"].abs().max()) == 127
    assert torch.equal(weights["head.weight"], table.weight)


@pytest.fixture(scope="module")
def saved(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    policy.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def exported(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "int8"
    with pytest.MonkeyPatch.context() as patch:
        # Random weights have no answers that they are sure of: how near is near is looked at below.
        patch.setattr(exporting, "NEAR", 1000.0)
        patch.setattr(exporting, "NEAR_ACTIONS", 1000.0)
        result = exporting.export(str(saved), "torch", out, "int8")
    assert result["engine"] == "torch" and np.isfinite(result["differences"]["actions"])
    return out


def test_an_exported_policy_acts_nearly_alike(policy: Policy, saved: Path, exported: Path) -> None:
    weights = load_file(exported / "model.safetensors")
    assert sum(value.dtype == torch.int8 for value in weights.values()) > 10
    eight = load_exported(with_backend(str(saved), str(exported)))
    assert sum(isinstance(part, Int8Linear) for part in eight.system.modules()) > 10
    inputs = policy.transforms.inputs([nano_observation(1)])
    with torch.inference_mode():
        mine, its = (p.system.see(inputs.images, inputs.tokens, inputs.cameras) for p in (policy, eight))
    for exact, found in ((mine.states.layers[-1], its.states.layers[-1]), (mine.dense, its.dense)):
        assert 0 < (exact - found).norm() < 0.1 * exact.norm()
    actions = eight.act(nano_observation(1)).actions
    eight.reset()
    assert np.isfinite(actions).all() and np.array_equal(eight.act(nano_observation(1)).actions, actions)


def test_it_can_neither_be_written_nor_learn(exported: Path, policy: Policy, tmp_path: Path) -> None:
    eight = Policy.from_pretrained(exported)
    for attempt in (
        lambda: eight.save_pretrained(tmp_path / "again"),
        lambda: carried_over(eight.system, policy.system),
        lambda: exporting.export(str(exported), "torch", tmp_path / "twice", "int8"),
    ):
        with pytest.raises(SightlineError, match="8 bits"):
            attempt()


def test_what_differs_too_much_is_refused(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "NEAR_ACTIONS", 0.0)
    with pytest.raises(SightlineError, match="differs from torch in"):
        exporting.export(str(saved), "torch", tmp_path / "out", "int8")
    assert not (tmp_path / "out").exists()
    with pytest.raises(SightlineError, match="add --weights int8"):
        exporting.export(str(saved), "torch", tmp_path / "out", "fp32")
