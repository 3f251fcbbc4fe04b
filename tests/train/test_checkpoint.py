"""Checkpoints are whole or not there; those written behind training hold the moment they were taken at."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
import torch.distributed.checkpoint as dcp
from processes import PROCESSES
from safetensors.torch import load_file
from small import BEHIND, die_while_writing, run_stage

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.checkpoint import CheckpointWriter, last_checkpoint, stored_tensors
from sightline.train.distributed import Processes
from sightline.train.loop import Trainer


def assert_equal(checkpoint: Path, other: Path) -> None:
    """The same files with tensors that are equal bit for bit."""
    files = sorted(path.relative_to(checkpoint) for path in checkpoint.rglob("*.safetensors"))
    assert files == sorted(path.relative_to(other) for path in other.rglob("*.safetensors")) and len(files) == 3
    for file in files:
        mine, theirs = load_file(checkpoint / file), load_file(other / file)
        assert mine.keys() == theirs.keys() and all(mine[name].equal(theirs[name]) for name in mine), file


def test_killed_while_writing(data: Path, stage1: Path, tmp_path: Path) -> None:
    run_stage("posttrain", data, tmp_path / "whole", stage1, BEHIND)
    run = tmp_path / "run"
    written, told = run / "checkpoints/.0000004.partial/policy", run / "metrics.jsonl"
    process = PROCESSES.Process(target=die_while_writing, args=(data, run, stage1))
    process.start()
    try:
        # Training goes on before the checkpoint of step 4 is there, up to the next one; its writer may be slower.
        while not (written.is_dir() and told.exists() and '"step": 6' in told.read_text()):
            assert process.is_alive(), "the run ended before it could be killed"
            process.join(0.02)
    finally:
        process.kill()
        process.join()
    assert process.exitcode == -signal.SIGKILL
    root = run / "checkpoints"
    assert last_checkpoint(run) == root / "0000002" and written.is_dir()
    run_stage("posttrain", data, run, stage1, BEHIND)
    assert sorted(path.name for path in root.iterdir()) == ["0000004", "0000006", "last"]
    assert_equal(root / "last", tmp_path / "whole/checkpoints/last")


def test_a_checkpoint_behind_training_holds_the_step_it_was_taken_at(
    data: Path, stage1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_stage("posttrain", data, tmp_path / "sync", stage1, ("steps=4", *BEHIND[1:], "save=sync"))
    update, save, learned = Trainer._update, Policy.save_pretrained, threading.Event()

    def noted(self: Trainer, batches: Iterable[list]) -> tuple:
        result = update(self, batches)
        if self.step == 2:  # counted after this returns: the third update
            learned.set()
        return result

    def late(self: Policy, *arguments: object, **options: object) -> None:
        assert learned.wait(60), "the third update is made while the second checkpoint is written"
        save(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "_update", noted)
    monkeypatch.setattr(Policy, "save_pretrained", late)
    run_stage("posttrain", data, tmp_path / "async", stage1, ("steps=4", *BEHIND[1:]))
    for step in ("0000002", "0000004"):
        assert_equal(tmp_path / "async" / "checkpoints" / step, tmp_path / "sync" / "checkpoints" / step)


@pytest.mark.parametrize("save", ["sync", "async"])
def test_a_checkpoint_that_cannot_be_written_ends_the_run(
    save: str, data: Path, stage1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    run_stage("posttrain", data, tmp_path / "run", stage1, ("steps=2", "save_every=2"))
    monkeypatch.setattr(Policy, "save_pretrained", full)
    with pytest.raises(SightlineError, match=r"checkpoint of step 4 could not be written .*No space left.* free some"):
        run_stage("posttrain", data, tmp_path / "run", stage1, ("steps=4", "save_every=2", f"save={save}"))
    assert last_checkpoint(tmp_path / "run") == tmp_path / "run/checkpoints/0000002"


def test_a_disk_that_is_full_for_tensors_is_named_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dcp.HuggingFaceStorageWriter, "write_data", full)
    writer = CheckpointWriter(tmp_path, Processes(), behind=True)
    writer.save(3, {"weights/a": torch.zeros(2)}, {}, lambda folder: None)
    with pytest.raises(
        SightlineError, match=r"written to \S+ \(\[Errno 28\] No space left on device\); free some space"
    ):
        writer.wait()
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("in the way")
    writer = CheckpointWriter(tmp_path, Processes(), behind=False)
    with pytest.raises(SightlineError, match="checkpoint of step 12 could not be written"):
        writer.save(12, {}, {}, lambda folder: None)


def test_the_training_state_is_readable_by_anyone(stage1: Path) -> None:
    """Names and shapes, without a pickle in sight."""
    last = last_checkpoint(stage1)
    assert last is not None
    stored = stored_tensors(last)
    assert stored["weights/visual_encoder.blocks.0.attn.qkv.weight"] == (192, 64)
    assert stored["optimiser/grounding.expect.weight/exp_avg"] == stored["weights/grounding.expect.weight"]
    assert not any(name.startswith("weights/expert") for name in stored), "what does not learn is in the policy"
    assert {path.suffix for path in last.rglob("*") if path.is_file()} == {".safetensors", ".json", ".md"}
