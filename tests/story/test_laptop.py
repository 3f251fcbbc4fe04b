"""runs/laptop.sh in miniature: from an empty folder to an evaluated policy, every figure of the contract on the way."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIZES = {
    "CROWDS": "1",
    "SCENES": "1",
    "EPISODES": "3",
    "WORKERS": "1",
    "PRESET": "nano",
    "PRETRAIN_STEPS": "2",
    "POSTTRAIN_STEPS": "2",
    "TEST_EPISODES": "2",
}


@pytest.mark.story
def test_from_nothing_to_an_evaluated_policy(tmp_path):
    out = tmp_path / "laptop"
    done = subprocess.run(
        ["bash", str(ROOT / "runs" / "laptop.sh")],
        env={**os.environ, **SIZES, "OUT": str(out)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    def result(name: str) -> dict:
        return json.loads((out / f"{name}.json").read_text())

    assert {"episodes", "attempts", "frames", "seconds", "content_hash"} <= set(result("episodes"))
    assert result("episodes")["episodes"] == 3 and result("scenes")["episodes"] == 1
    assert result("crowds")["episodes"] == 1
    assert {"steps", "samples_per_second", "box_acc50", "point_acc", "trace_mae_px"} <= set(result("stage1"))
    assert {"steps", "samples_per_second", "action_loss", "box_acc50"} <= set(result("stage2"))
    assert result("stage1")["steps"] == result("stage2")["steps"] == 2

    final = result("result")
    assert {"success_rate", "ci95", "episodes"} <= set(final)
    assert len(final["episodes"]) == 2
    assert all({"task", "seed", "success", "steps", "instruction"} <= set(row) for row in final["episodes"])
    assert 0 <= final["ci95"][0] <= final["success_rate"] <= final["ci95"][1] <= 1
    assert "<html" in (out / "report.html").read_text()[:200].lower()
    policy = out / "stage2" / "checkpoints" / "last" / "policy"
    assert {path.name for path in policy.iterdir()} >= {
        "model.safetensors",
        "config.json",
        "card.json",
        "statistics.json",
        "example_batch.safetensors",
        "README.md",
    }
