"""Two processes learn what one learns, however they share the system, and continue each other's runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from processes import run_together
from safetensors.torch import load_file
from small import roll_back, run_stage

from sightline.core.errors import SightlineError
from sightline.train.distribute import World, local_device

# The grounding objective sits every other update out, and what it alone uses with it.
JOINT = (
    "steps=4", "save_every=2", "precision=fp32", "action.planner=joint", "action.grounding_every=2", "micro_batches=2",
    "optimiser.muon=false", "optimiser.rate=1e-3",
)  # fmt: skip
# Everything at once; one micro-batch may see latent tokens where the other does not.
CACHED = (
    "steps=3", "save_every=3", "action.planner=cached", "micro_batches=2", "optimiser.muon=false", "ema=0.9",
    "save=async", "recompute=true",
)  # fmt: skip
ADAPTED = (*JOINT[:1], "save_every=4", *JOINT[3:], "precision=bf16", "frozen_precision=bf16", "lora.rank=4", "ema=0.9")


@pytest.fixture(scope="module")
def alone(data: Path, stage1: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one process."""
    out = tmp_path_factory.mktemp("alone")
    run_stage("posttrain", data, out, stage1, JOINT)
    return out


@pytest.fixture(scope="module")
def sharded(data: Path, stage1: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run of two processes that share the weights."""
    out = tmp_path_factory.mktemp("sharded")
    run_together(2, run_stage, "posttrain", data, out, stage1, (*JOINT, "distribution=fsdp"))
    return out


def numbers(run: Path) -> list[dict]:
    """All metrics that do not measure time."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("samples_per_second", "elapsed")} for line in lines]


def assert_same_run(run: Path, other: Path, tolerance: float = 1e-5) -> None:
    """Equal metrics at every step and equal policies at the end."""
    mine, theirs = numbers(run), numbers(other)
    assert [line.keys() for line in mine] == [line.keys() for line in theirs]
    for line, wanted in zip(mine, theirs, strict=True):
        assert line == pytest.approx(wanted, rel=tolerance, abs=tolerance), line["step"]
    weights, wanted = (load_file(r / "checkpoints/last/policy/model.safetensors") for r in (run, other))
    assert weights.keys() == wanted.keys()
    for name in wanted:
        torch.testing.assert_close(weights[name], wanted[name], atol=20 * tolerance, rtol=tolerance, msg=name)


def test_two_processes_with_whole_systems(data: Path, stage1: Path, alone: Path, tmp_path: Path) -> None:
    """From the middle of the run of one process: its state is read by two."""
    run = roll_back(alone, 2, tmp_path / "run")
    run_together(2, run_stage, "posttrain", data, run, stage1, (*JOINT, "distribution=ddp"))
    assert_same_run(run, alone)


def test_two_processes_that_share_the_weights(alone: Path, sharded: Path) -> None:
    assert_same_run(sharded, alone)
    files = [path.name for path in (sharded / "checkpoints/last/training_state").glob("*.safetensors")]
    assert len(files) == 2


def test_one_process_continues_the_run_of_two(
    data: Path, stage1: Path, alone: Path, sharded: Path, tmp_path: Path
) -> None:
    run = roll_back(sharded, 2, tmp_path / "run")
    run_stage("posttrain", data, run, stage1, JOINT)
    assert_same_run(run, alone)


@pytest.mark.parametrize("settings, tolerance", [(CACHED, 1e-2), (ADAPTED, 3e-2)], ids=["cached", "adapters"])
def test_sharing_goes_with_everything_else(
    settings: tuple[str, ...], tolerance: float, data: Path, stage1: Path, tmp_path: Path
) -> None:
    """In bf16, where weights are rounded at other places than in one process."""
    run_stage("posttrain", data, tmp_path / "alone", stage1, settings)
    sharing = (*settings, "distribution=fsdp")
    run_together(2, run_stage, "posttrain", data, tmp_path / "shared", stage1, sharing)
    assert_same_run(tmp_path / "shared", tmp_path / "alone", tolerance)


def refused(stage: str, data: Path, out: Path, init: Path, settings: tuple[str, ...], words: str) -> None:
    with pytest.raises(SightlineError, match=words):
        run_stage(stage, data, out, init, settings)


def refusals(data: Path, out: Path, init: Path) -> None:
    """What several processes cannot do, one after the other."""
    refused("posttrain", data, out, init, ("micro_batches=3",), "3 micro-batches cannot be shared by 2 processes")
    two = "micro_batches=2"
    refused("posttrain", data, out, init, (two, "distribution=none"), "for one process, but 2 were started")
    refused("posttrain", data, out, init, (two, "distribution=fsdp"), "Muon needs whole matrices")


def test_what_cannot_be_shared_is_refused(data: Path, stage1: Path, tmp_path: Path) -> None:
    run_together(2, refusals, data, tmp_path / "run", stage1)


def test_processes_share_micro_batches_in_order() -> None:
    assert [list(World(rank, 3).share(6)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    assert list(World().share(2)) == [0, 1]


def test_each_process_of_a_machine_has_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert local_device("cuda") == torch.device("cuda:3") and local_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert local_device("auto") == torch.device("cuda:3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert local_device("auto") == torch.device("cpu")
