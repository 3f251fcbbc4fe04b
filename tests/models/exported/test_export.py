"""Exported policies: the graphs say what torch says, by every engine that is installed; what differs is refused."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from nano import nano_config, nano_policy

from sightline.core.errors import SightlineError
from sightline.models.exported import engines
from sightline.models.exported import export as exporting
from sightline.models.exported.backend import (
    GRAPHS,
    MANIFEST,
    load_backend,
    load_exported,
    weights_digest,
    with_backend,
)
from sightline.models.exported.graphs import Eyes, Hands, Mind, exportable
from sightline.models.grounding.shifts import SHIFTS, moved_back, shifted
from sightline.models.policy import Policy

PACKAGES = ("onnx", "onnxscript", "onnxruntime", "openvino")
absent = [name for name in PACKAGES if find_spec(name) is None]


@pytest.fixture(scope="module")
def saved(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    policy.save_pretrained(folder)
    return folder


class Shaky(Hands):
    """Hands that miss by 0.01."""

    def forward(self, condition: torch.Tensor, noise: torch.Tensor, decided: torch.Tensor) -> torch.Tensor:
        return super().forward(condition, noise, decided) + 0.01


def test_graphs_say_what_the_system_says(policy: Policy) -> None:
    system = policy.system
    with torch.inference_mode():
        parts = {"eyes": Eyes(system), "mind": Mind(system), "hands": Hands(system)}
    backend = exporting._Recorder(system, parts)
    differences = exporting.compare(policy, exporting.answers(policy, backend), exact=True)
    assert set(differences) == {*exporting.COMPARED, "visible", "actions"}
    assert max(differences.values()) < 1e-5
    assert set(backend.given) == set(GRAPHS), "all graphs have been asked"
    wrong = exporting._Recorder(system, {**parts, "hands": Shaky(system)})
    assert exporting.compare(policy, exporting.answers(policy, wrong), exact=True)["actions"] == pytest.approx(
        0.01, rel=0.01
    )


def test_looks_in_one_batch_are_the_looks_one_by_one(policy: Policy) -> None:
    inputs = policy.transforms.inputs(exporting.probe_observations(policy, 1))
    pictures = torch.cat([shifted(inputs.images, *shift) for shift in SHIFTS])
    repeated = inputs.rows(torch.zeros(len(SHIFTS), dtype=torch.long))
    with torch.inference_mode():
        together = policy.system.see(pictures, repeated.tokens, repeated.cameras).pointing
        assert together is not None
        together = moved_back(together, SHIFTS, 56)
        for number, shift in enumerate(SHIFTS):
            alone = policy.system.see(pictures[number : number + 1], inputs.tokens, inputs.cameras).pointing
            assert alone is not None
            alone = moved_back(alone, [shift], 56)
            for name in ("points", "boxes", "heights", "traces", "visible"):
                torch.testing.assert_close(getattr(together, name)[number], getattr(alone, name)[0], rtol=0, atol=1e-5)


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exporting without the packages and without the minutes that tracing takes."""
    monkeypatch.setattr(exporting, "require", lambda *_: None)
    monkeypatch.setattr(exporting, "load_backend", lambda *_: None)
    monkeypatch.setattr(exporting, "write_graphs", lambda _, out: (out / "eyes.onnx").write_bytes(b"graph"))


@pytest.mark.usefixtures("untraced")
def test_what_differs_from_torch_is_refused(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "compare", lambda *_: {"points": 1e-6, "actions": 2e-4})
    with pytest.raises(SightlineError, match=r"differs from torch in actions by 0\.0002 \(at most 0\.0001\)"):
        exporting.export(str(saved), "onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(exporting, "compare", lambda *_: {"points": float("nan")})
    with pytest.raises(SightlineError, match="points by nan"):
        exporting.export(str(saved), "onnx", tmp_path / "out")


@pytest.mark.usefixtures("untraced")
def test_a_backend_belongs_to_one_policy(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "compare", lambda *_: {"points": 1e-6})
    out = tmp_path / "out"
    assert exporting.export(str(saved), "onnx", out)["differences"] == {"points": 1e-6}
    assert with_backend(str(saved), "") == str(saved)
    assert with_backend(str(saved), str(out)) == str(out)
    assert json.loads((out / MANIFEST).read_text())["policy"] == weights_digest(saved) == weights_digest(out)
    with pytest.raises(SightlineError, match="is not empty"):
        exporting.export(str(saved), "onnx", out)
    other = tmp_path / "other"
    nano_policy(Policy.from_pretrained(saved).tokenizer, nano_config(chunk=4)).save_pretrained(other)
    with pytest.raises(SightlineError, match="exported from other weights"):
        with_backend(str(other), str(out))
    with pytest.raises(SightlineError, match="is no exported policy"):
        with_backend(str(saved), str(saved))


def test_a_missing_package_is_named(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str) -> object:
        if name in PACKAGES:
            raise ImportError(name)
        return import_module(name)

    monkeypatch.setattr(engines, "import_module", without)
    with pytest.raises(SightlineError, match=r"needs the package onnx: pip install 'sightline\[export\]'"):
        exporting.export(str(saved), "openvino", tmp_path / "out")
    with pytest.raises(SightlineError, match="exported for openvino needs the package openvino"):
        engines.start("openvino", tmp_path / "eyes.onnx", "fp32", 1)


def test_what_has_no_pointer_is_refused(policy: Policy) -> None:
    exportable(policy.system)
    with pytest.raises(SightlineError, match="Only policies that point"):
        exportable(nano_policy(policy.tokenizer, nano_config(guidance="none")).system)


@pytest.mark.skipif(bool(absent), reason=f"the extra 'export' is not installed ({', '.join(absent)})")
def test_engines_act_like_torch(saved: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    differences = exporting.export(str(saved), "onnx", out)["differences"]
    assert max(differences.values()) <= exporting.EXACT
    mine, theirs = Policy.from_pretrained(saved), load_exported(out)
    assert theirs.system.backend is not None and mine.system.backend is None
    observations = exporting.probe_observations(mine, 3)
    for _ in range(2):  # the first call looks around
        pairs = zip(*(each.act_batch(observations, [0, 1, 2]) for each in (mine, theirs)), strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one.actions, other.actions, atol=1e-4)
            for role, point in one.grounding.points.items():
                np.testing.assert_allclose(point, other.grounding.points[role], atol=0.05)
    openvino = load_backend(mine.system, out, "openvino", "fp32")
    assert max(exporting.compare(mine, exporting.answers(mine, openvino), exact=True).values()) <= exporting.EXACT
