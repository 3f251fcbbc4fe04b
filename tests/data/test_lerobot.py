"""Datasets play in stock lerobot 0.4.4, which has an environment of its own: `make test-lerobot` makes it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sightline.data import load_dataset
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe

PYTHON = Path(os.environ.get("LEROBOT_PYTHON", Path(__file__).parents[2] / ".venv-lerobot/bin/python"))
READER = Path(__file__).parents[1] / "helpers" / "lerobot_reader.py"
pytestmark = [
    pytest.mark.lerobot,
    pytest.mark.skipif(not PYTHON.exists(), reason="stock lerobot is not installed: make test-lerobot installs it"),
]


@pytest.mark.parametrize("tasks", ["place", "all"])
def test_stock_lerobot_plays_what_we_write(tmp_path: Path, tasks: str) -> None:
    generate(tmp_path / "data", 4, Recipe(3, size=96, tasks=tasks))
    ours = load_dataset(tmp_path / "data")
    command = [str(PYTHON), str(READER), str(tmp_path / "data")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment["HF_HUB_OFFLINE"] = "1"
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, env=environment).stdout
    theirs = json.loads(output.splitlines()[-1])
    assert theirs["episodes"] == len(ours) == 4
    assert theirs["cameras"] == [f"observation.images.{camera}" for camera in ours.cameras]
    assert len(theirs["frames"]) == sum(len(ours.table(i)["state"]) for i in range(4))
    for episode in range(4):
        frames = [frame for frame in theirs["frames"] if frame["episode"] == episode]
        table = ours.table(episode)
        assert {frame["task"] for frame in frames} == {ours.episodes[episode].text}
        assert np.array_equal(np.float32([frame["state"] for frame in frames]), table["state"])
        steps = np.minimum(np.arange(len(frames))[:, None] + np.arange(4), len(frames) - 1)
        assert np.array_equal(np.float32([frame["actions"] for frame in frames]), table["action"][steps])
        for camera in ours.cameras:
            pictures = np.stack(list(ours.video(episode, camera))).mean((1, 2))
            read = [frame["means"][f"observation.images.{camera}"] for frame in frames]
            assert np.abs(np.array(read) - pictures).max() < 0.5, "another picture, or another frame of the film"
