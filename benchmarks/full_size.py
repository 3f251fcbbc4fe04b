"""InternVLA-M1 at its real size, with random weights, in bfloat16: build, act once, answer once, save, load, act the same.

Needs about 9 GB of memory and of disk. Weights cannot be random and good; what is shown is that everything fits and runs.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sightline.core.card import Card
from sightline.core.console import say, table
from sightline.core.types import ACTION_NAMES, Observation
from sightline.models.config import M1, SpecialIds, SystemConfig
from sightline.models.policy import Policy
from sightline.models.tokenizer import WordTokenizer
from sightline.models.weights import random_system

CAMERAS = ("primary", "wrist")
WORDS = ["put the red mug on the plate", "system You are a helpful assistant.", "user", "assistant", M1.prompt]
QUESTION = "Locate the red mug. Give its bounding box in [x1,y1,x2,y2] format."


def random_m1() -> Policy:
    """The preset ``m1`` with two views, random weights and a small tokenizer of our own (Qwen's cannot be shipped)."""
    config: SystemConfig = replace(M1, planner=replace(M1.planner, ids=SpecialIds()), cameras=CAMERAS)
    card = Card("panda", CAMERAS, (224, 224), (), ACTION_NAMES, chunk=config.chunk)
    statistics = {"action": {"q01": [-0.05] * 7, "q99": [0.05] * 7}}
    torch.manual_seed(0)
    system = random_system(config, torch.bfloat16)
    torch.nn.init.normal_(system.expert.net.final_layer.linear.weight, std=0.02)  # it starts at zero: so would actions
    return Policy(system, WordTokenizer.train(WORDS * 3, 600), card, statistics)


def observation() -> Observation:
    """Two noisy pictures and a task."""
    rng = np.random.default_rng(0)
    images = {name: rng.integers(0, 256, (480, 640, 3), dtype=np.uint8) for name in CAMERAS}
    return Observation(images, np.zeros(0, np.float32), "put the red mug on the plate", {})


def main() -> None:
    rows: list[list[str]] = []

    def timed(what: str, call: Callable[[], Any]) -> Any:
        started = time.monotonic()
        result = call()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append([what, f"{time.monotonic() - started:.1f} s", f"{peak:.1f} GiB"])
        say(f"{what}: {rows[-1][1]}")
        return result

    picture = observation().images["primary"]
    folder = Path(tempfile.mkdtemp(prefix="sightline-m1-"))
    try:
        policy = timed("build with random weights", random_m1)
        count = sum(p.numel() for p in policy.system.parameters())
        actions = timed("one chunk of 16 actions, two views, 10 DDIM steps, guidance 1.5",
                        lambda: policy.act(observation()).actions)  # fmt: skip
        timed("the next chunk", lambda: policy.act(observation()))
        answer = timed("an answer of at most 16 tokens", lambda: policy.planner.chat(picture, QUESTION, 16))
        timed("save", lambda: policy.save_pretrained(folder))
        del policy
        again = timed("load", lambda: Policy.from_pretrained(folder))
        same = np.array_equal(actions, again.act(observation()).actions)
        same_words = answer == again.planner.chat(picture, QUESTION, 16)
    finally:
        shutil.rmtree(folder)
    table(f"m1, {count / 1e9:.2f} billion parameters in bfloat16", ["what", "time", "peak memory so far"], rows)
    say(f"Actions are finite: {np.isfinite(actions).all()}; equal after loading: {same}; so is the answer: {same_words}.")


if __name__ == "__main__":
    main()
