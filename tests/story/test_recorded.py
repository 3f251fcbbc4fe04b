"""The way of InternVLA-M1 in miniature: conversations, demonstrations co-trained with them, the official format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sightline import Policy
from sightline.cli.commands import execute, parse
from sightline.core.types import Observation
from sightline.models.m1.official import load_official, save_official

pytestmark = pytest.mark.story

# m1-mini, as small as it goes: every part and path is there.
SMALL = [
    "system.planner.vision_depth=2", "system.planner.vision_width=64", "system.planner.vision_hidden=64",
    "system.planner.depth=2", "system.planner.width=64", "system.planner.hidden=64", "system.planner.heads=1",
    "system.planner.key_value_heads=1", "system.planner.vocabulary=1024", "system.planner.image_size=112",
    "system.planner.window=56", "system.planner.max_pixels=12544", "system.visual.depth=1", "system.visual.width=384",
    "system.visual.heads=6", "system.expert.depth=1", "system.expert.width=384", "system.expert.heads=4",
    "system.chunk=4", "device=cpu", "threads=1", "log_every=1", "evaluate_every=1000", "chat.samples=2",
    "chat.checked=4", "action.samples=2", "optimiser.warmup=2",
]  # fmt: skip


def run(line: str, *settings: str) -> None:
    arguments = line.split()
    for setting in [*SMALL, *settings]:
        arguments += ["--set", setting]
    execute(parse(arguments))


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_from_conversations_to_an_official_checkpoint(tmp_path: Path) -> None:
    data, lines = tmp_path / "data", tmp_path / "questions.jsonl"
    execute(parse(f"generate --out {data} --episodes 3 --seed 3 --size 112".split()))
    execute(parse(f"questions {data} --count 60 --kinds box,point --out {lines} --images {tmp_path}".split()))
    run(f"pretrain --preset m1-mini --chat {lines} --check {lines} --out {tmp_path}/stage1", "steps=6")
    first = rows(tmp_path / "stage1")
    assert {"box_acc50", "point_acc"} <= first[0].keys() and first[0]["step"] == 0

    stage2 = f"posttrain --preset m1-mini --data {data} --chat {lines} --check {lines} --init {tmp_path}/stage1"
    run(f"{stage2} --out {tmp_path}/stage2 --json {tmp_path}/stage2.json", "steps=4", "micro_batches=2", "ema=0.5")
    result = json.loads((tmp_path / "stage2.json").read_text())
    assert result["steps"] == 4 and np.isfinite(result["action_loss"])
    assert {"box_acc50", "forgetting/box_acc50"} <= result.keys()
    learned = [row for row in rows(tmp_path / "stage2") if "chat" in row]
    assert len(learned) == 4
    assert all(np.isfinite(row["loss"]) and row["loss"] > row["action"] for row in learned)  # one sum of both losses

    adapted = ("steps=3", "lora.rank=2", "frozen_precision=bf16", "recompute=true")
    run(f"{stage2} --out {tmp_path}/adapted", *adapted)
    stored = load_file(tmp_path / "adapted" / "checkpoints" / "last" / "policy" / "model.safetensors")
    assert stored["planner.model.model.visual.blocks.0.attn.qkv.weight"].dtype == torch.bfloat16
    assert stored["expert.net.x_embedder.linear.weight"].dtype == torch.float32
    half = Policy.from_pretrained(tmp_path / "adapted", dtype=torch.bfloat16).system
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}

    policy = Policy.from_pretrained(tmp_path / "stage2")
    assert policy.card.robot == "panda" and policy.config.chunk == 4
    execute(
        parse(
            f"evaluate --policy {tmp_path}/stage2 --suite openloop --data {data} --episodes 1 "
            f"--report {tmp_path}/report.html --json {tmp_path}/open.json".split()
        )
    )
    errors = json.loads((tmp_path / "open.json").read_text())
    assert errors["open_loop_error"] > 0 and len(errors["by_dimension"]) == 7
    assert "polyline" in (tmp_path / "report.html").read_text()

    save_official(policy, tmp_path / "official")
    again = load_official(tmp_path / "official")
    rng = np.random.default_rng(0)
    images = {name: rng.integers(0, 256, (112, 112, 3), dtype=np.uint8) for name in policy.card.cameras}
    seen = Observation(images, np.zeros(0, np.float32), "put the mug on the plate", {})
    assert again.card == policy.card
    inputs, same = policy.transforms.inputs([seen]), again.transforms.inputs([seen])
    assert torch.equal(inputs.images, same.images)
    before, after = policy.act(seen).actions, again.act(seen).actions
    # The official code clips what it predicts; ours does not. What never moves has no range there.
    moving = [i for i in range(6) if np.ptp([policy.statistics["action"][q][i] for q in ("q01", "q99")]) > 1e-3]
    clipped = np.clip(policy.transforms.action.forward(before)[:, moving], -1, 1)
    np.testing.assert_allclose(again.transforms.action.forward(after)[:, moving], clipped, atol=1e-3)
    np.testing.assert_array_equal(before[:, 6], after[:, 6])
