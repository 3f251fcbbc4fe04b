"""A killed run ends with the very weights of one that was left alone."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import torch
from processes import PROCESSES
from safetensors.torch import load_file
from small import die_after, roll_back, run_stage

from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.checkpoint import last_checkpoint, read_state
from sightline.train.log import RunLog


def metric_lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def learned(run: Path) -> list[dict]:
    """The metrics of each update without those that measure time."""
    return [{k: v for k, v in line.items() if k not in ("samples_per_second", "elapsed")} for line in metric_lines(run)]


def training_tensors(checkpoint: Path) -> dict[str, torch.Tensor]:
    """Weights, optimiser and average of a checkpoint that one process wrote."""
    (file,) = (checkpoint / "training_state").glob("*.safetensors")
    return load_file(file)


def kill_in_the_middle(stage: str, data: Path, out: Path, init: Path | None, overrides: tuple[str, ...]) -> None:
    """Start a run, wait for the checkpoint of step 2 and the update after it, then SIGKILL."""
    process = PROCESSES.Process(target=die_after, args=(3, stage, data, out, init, overrides))
    process.start()
    try:
        checkpoint, metrics = out / "checkpoints" / "last", out / "metrics.jsonl"
        while not (checkpoint.exists() and '"step": 3' in metrics.read_text()):
            assert process.is_alive(), "the run ended before it could be killed"
            process.join(0.02)
    finally:
        process.kill()
        process.join()
    assert process.exitcode == -signal.SIGKILL


STORIES = {
    "stage 1": ("pretrain", ()),
    "stage 2, AdamW, average, micro-batches": (
        "posttrain",
        ("action.planner=joint", "precision=fp32", "optimiser.muon=false", "ema=0.9", "micro_batches=2", "save=async"),
    ),
    "stage 2 with adapters": (
        "posttrain",
        ("action.planner=joint", "lora.rank=4", "lora.dropout=0.2", "frozen_precision=bf16", "recompute=true"),
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_killed_run_resumes_exactly(story: str, data: Path, stage1: Path, tmp_path: Path) -> None:
    stage, changes = STORIES[story]
    overrides = ("steps=5", "save_every=2", *changes)
    init = stage1 if stage == "posttrain" else None
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    if story == "stage 1":
        whole = stage1
    else:
        run_stage(stage, data, whole, init, overrides)

    kill_in_the_middle(stage, data, broken, init, overrides)
    assert last_checkpoint(broken).name == "0000002"
    assert metric_lines(broken)[-1]["step"] == 3, "the run was killed after its checkpoint"
    half = broken / "checkpoints" / ".0000010.partial" / "policy"
    half.mkdir(parents=True)
    (half / "model.safetensors").write_bytes(b"half a checkpoint")

    result = run_stage(stage, data, broken, init, overrides)
    assert result["steps"] == 5 and last_checkpoint(broken).name == "0000005"
    ours, theirs = (run / "checkpoints" / "last" for run in (broken, whole))
    assert (ours / "policy/model.safetensors").read_bytes() == (theirs / "policy/model.safetensors").read_bytes()
    a, b = (training_tensors(run) for run in (ours, theirs))
    assert a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)
    steps = [line["step"] for line in metric_lines(broken) if "loss" in line]
    assert steps == [1, 2, 3, 4, 5]
    assert json.dumps(learned(broken)) == json.dumps(learned(whole))


def test_training_changes_what_it_should(stage1: Path, data: Path, tmp_path: Path) -> None:
    """Stage 1 leaves the action side alone; cached stage 2 leaves the planner side alone."""
    run_stage("posttrain", data, tmp_path / "run", stage1, ("steps=8", "save_every=8"))
    before, after = (load_file(run / "checkpoints/last/policy/model.safetensors") for run in (stage1, tmp_path / "run"))
    for name in before:
        if name.startswith(("planner.", "visual_encoder.", "grounding.")):
            assert before[name].equal(after[name]), name
    assert not before["expert.net.final_layer.linear.weight"].any()
    assert after["expert.net.final_layer.linear.weight"].any() and after["gate"].any()


def test_a_finished_run_stays_finished(stage1: Path, data: Path) -> None:
    weights = stage1 / "checkpoints/last/policy/model.safetensors"
    content, lines = weights.read_bytes(), metric_lines(stage1)
    result = run_stage("pretrain", data, stage1, None, ("steps=5", "save_every=2"))
    assert result["steps"] == 5 and result["box_acc50"] == lines[-1]["box_acc50"]
    assert weights.read_bytes() == content and metric_lines(stage1) == lines


def test_only_the_newest_checkpoints_stay(stage1: Path) -> None:
    names = sorted(path.name for path in (stage1 / "checkpoints").iterdir())
    assert names == ["0000004", "0000005", "last"]
    assert (stage1 / "checkpoints" / "last").readlink() == Path("0000005")
    assert Policy.from_pretrained(stage1).notes["stage 1"]["result"]["steps"] == 5


def test_a_run_folder_of_another_model_is_refused(stage1: Path, data: Path) -> None:
    with pytest.raises(SightlineError, match=r"begun otherwise \(system\.expert\.depth: \d != 2"):
        run_stage("pretrain", data, stage1, None, ("steps=6", "system.expert.depth=2"))


def test_a_damaged_training_state_is_named(stage1: Path, data: Path, tmp_path: Path) -> None:
    run = roll_back(stage1, 5, tmp_path / "run")
    (state,) = run.glob("checkpoints/last/training_state/*.safetensors")
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(SightlineError, match=r"training_state cannot be read .*resume earlier"):
        run_stage("pretrain", data, run, None, ("steps=6",))


@pytest.mark.parametrize("state", ["", "null", "{}", '{"step": null}', '{"step": 5, "elapsed": "1"}'])
def test_damaged_numbers_of_the_loop_are_named(state: str, tmp_path: Path) -> None:
    (tmp_path / "training_state").mkdir()
    (tmp_path / "training_state/state.json").write_text(state)
    with pytest.raises(SightlineError, match=r"training_state cannot be read .*resume earlier"):
        read_state(tmp_path)


def test_lines_that_were_cut_short_are_dropped(tmp_path: Path) -> None:
    lines = ['{"step": 1}', '{"step": 2, "lo', "}", "3", '{"loss": 1}', '{"step": null}', '{"step": 2}', '{"step": 3}']
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines))
    RunLog(tmp_path, 2)
    assert metric_lines(tmp_path) == [{"step": 1}, {"step": 2}]


def test_a_run_with_other_weights_to_learn_is_refused(stage1: Path, data: Path, tmp_path: Path) -> None:
    run = roll_back(stage1, 5, tmp_path / "run")
    # The settings of the run say so at once; without them, what it has stored says it.
    with pytest.raises(SightlineError, match=r"begun otherwise \(ema: 0.0 != 0.9\)"):
        run_stage("pretrain", data, run, None, ("steps=6", "ema=0.9"))
    for change, name in (
        ("optimiser.freeze=[planner.model.model.visual]", "has besides weights/planner.model.model.visual"),
        ("ema=0.9", "lacks average/"),
        ("lora.rank=2", "lacks weights/planner.*lora"),
    ):
        (run / "config.yaml").unlink(missing_ok=True)
        with pytest.raises(SightlineError, match=f"begun with other settings .*{name}.*resume it with the same ones"):
            run_stage("pretrain", data, run, None, ("steps=6", change))


def test_runs_of_older_versions_are_named(stage1: Path, data: Path, tmp_path: Path) -> None:
    run = roll_back(stage1, 5, tmp_path / "run")
    (run / "checkpoints/last/training_state/optimiser.safetensors").write_bytes(b"")
    with pytest.raises(SightlineError, match=r"written by an older Sightline.* --init"):
        run_stage("pretrain", data, run, None, ("steps=6",))
