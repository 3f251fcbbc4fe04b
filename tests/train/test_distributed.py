"""Two processes learn what one learns, however they share the system, and continue each other's runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from processes import run_together
from safetensors.torch import load_file
from small import roll_back, run_stage
from uneven import Uneven, gradients_of_uneven_batches

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.config import OptimiserConfig, TrainConfig
from sightline.train.distributed import Processes, ShardedReplica, distribute, local_device
from sightline.train.optimiser import clip_gradients, make_optimiser

# The grounding objective sits every other update out, and what it alone uses with it.
JOINT = (
    "steps=4", "save_every=2", "precision=fp32", "action.planner=joint", "action.grounding_every=2", "micro_batches=2",
    "optimiser.muon=false", "optimiser.rate=1e-3", "ema=0.9", "recompute=true", "save=async",
)  # fmt: skip
ADAPTED = (*JOINT, "steps=3", "save_every=3", "precision=bf16", "frozen_precision=bf16", "lora.rank=4")


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


def assert_same_numbers(run: Path, other: Path, tolerance: float, *names: str) -> None:
    """Equal metrics (all, or those of these names) at every step."""
    mine, theirs = (
        [{k: v for k, v in line.items() if not names or k in names} for line in numbers(r)] for r in (run, other)
    )
    assert [line.keys() for line in mine] == [line.keys() for line in theirs]
    for line, wanted in zip(mine, theirs, strict=True):
        assert line == pytest.approx(wanted, rel=tolerance, abs=tolerance)


def assert_same_run(run: Path, other: Path) -> None:
    """Equal metrics to 1e-5, and policies that are a small part of an AdamW step apart at the end."""
    assert_same_numbers(run, other, 1e-5)
    weights, wanted = (load_file(r / "checkpoints/last/policy/model.safetensors") for r in (run, other))
    assert weights.keys() == wanted.keys()
    for name in wanted:
        torch.testing.assert_close(weights[name], wanted[name], atol=2e-4, rtol=1e-5, msg=name)


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


def test_sharing_goes_with_adapters_and_half_precision(data: Path, stage1: Path, tmp_path: Path) -> None:
    """FSDP rounds to bf16 at other places than autocast; what is pointed at may then jump, the losses must not."""
    run_stage("posttrain", data, tmp_path / "alone", stage1, ADAPTED)
    run_together(2, run_stage, "posttrain", data, tmp_path / "shared", stage1, (*ADAPTED, "distribution=fsdp"))
    assert_same_numbers(tmp_path / "shared", tmp_path / "alone", 0.01, "step", "loss", "gradient_norm", "action_loss")


def test_a_weight_that_only_some_batches_use_learns_from_them(policy: Policy, tmp_path: Path) -> None:
    run_together(2, gradients_of_uneven_batches, tmp_path)
    for batch in range(4):
        (Uneven.loss(policy.system, batch) / 4).backward()
    norm = clip_gradients(policy.system, 0.5)
    wanted = {name: p.grad for name, p in policy.system.named_parameters() if p.grad is not None} | {"norm": norm}
    assert norm > 0.6 and "visual_projection.weight" in wanted and "gate" in wanted
    for rank in range(2):
        found = load_file(tmp_path / f"{rank}.safetensors")
        assert found.keys() == wanted.keys()
        for name in wanted:
            torch.testing.assert_close(found[name], wanted[name], rtol=1e-4, atol=1e-7)


def test_what_cannot_be_shared_is_refused(policy: Policy) -> None:
    with pytest.raises(SightlineError, match=r"3 micro-batches cannot be shared by 2 .* a multiple of 2"):
        Processes(0, 2).share(3)
    with pytest.raises(SightlineError, match="for one process, but 2 were started"):
        distribute(policy.system, TrainConfig(distribution="none"), Processes(0, 2), torch.float32)
    with pytest.raises(SightlineError, match="Unknown distribution 'fsdp2'"):
        TrainConfig(distribution="fsdp2")


def test_muon_refuses_shares_of_matrices(policy: Policy) -> None:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        ShardedReplica(policy.system, Processes(), "fp32")
        make_optimiser(policy.system, OptimiserConfig())
        with pytest.raises(SightlineError, match="Muon needs whole matrices"):
            make_optimiser(policy.system, OptimiserConfig(muon=True))
    finally:
        dist.destroy_process_group()


def test_processes_share_micro_batches_in_order() -> None:
    assert [list(Processes(rank, 3).share(6)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    assert list(Processes().share(2)) == [0, 1]


def test_each_process_of_a_machine_has_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert local_device("cuda") == torch.device("cuda:3") and local_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert local_device("auto") == torch.device("cuda:3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert local_device("auto") == torch.device("cpu")
