"""InternVLA-M1 at its real size, random weights, bfloat16: build, act, answer, save, load, act and answer the same.
Then the same with weights of 8 bits.

Needs about 14 GB of memory and of disk. Random weights are no good at anything: what is shown is that all fits and
runs.
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
from sightline.models.int8 import expect_int8, pack_int8, quantised
from sightline.models.policy import Policy
from sightline.models.vlm.tokenizer import WordTokenizer
from sightline.models.weights import fill, random_system

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


class Stopwatch:
    """Rows of what, seconds, and the most memory used so far."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []

    def __call__(self, what: str, call: Callable[[], Any]) -> Any:
        started = time.monotonic()
        result = call()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        self.rows.append([what, f"{time.monotonic() - started:.1f} s", f"{peak:.1f} GiB"])
        say(f"{what}: {self.rows[-1][1]}")
        return result


def use(policy: Policy, timed: Stopwatch) -> tuple[np.ndarray, str]:
    """A chunk of actions and an answer."""
    actions = timed("a chunk of 16 actions, two views, 10 DDIM steps", lambda: policy.act(observation()).actions)
    picture = observation().images["primary"]
    return actions, timed("an answer of at most 16 tokens", lambda: policy.planner.chat(picture, QUESTION, 16))


def first_use(folder: Path, timed: Stopwatch) -> tuple[np.ndarray, str]:
    """Build, use, save; the weights are gone afterwards."""
    policy = timed("build with random weights", random_m1)
    found = use(policy, timed)
    timed("save", lambda: policy.save_pretrained(folder))
    return found


def chunk_times(policy: Policy, count: int = 3) -> list[float]:
    """CPU seconds of the whole process for each of ``count`` chunks."""
    times = []
    for _ in range(count):
        started = time.process_time()
        policy.act(observation())
        times.append(time.process_time() - started)
    return times


def eight_bits(policy: Policy) -> None:
    """Chunks in bf16, then with the policy's hidden layers made 8 bits, whatever the difference."""
    policy.reset()
    exact, before = policy.act(observation()).actions, min(chunk_times(policy))
    weights = quantised(policy.system, policy.system.state_dict())
    expect_int8(policy.system, weights)
    fill(policy.system, weights, "this benchmark")
    del weights
    pack_int8(policy.system)
    policy.reset()
    found, after = policy.act(observation()).actions, min(chunk_times(policy))
    spread = np.ptp(policy.statistics["action"]["q01"] + policy.statistics["action"]["q99"])
    say(f"CPU seconds a chunk, bf16 {before:.2f}, int8 {after:.2f}: {after / before:.2f} times.")
    say(f"Actions differ by at most {np.abs(exact - found).max() / spread:.1%} of their range.")


def main() -> None:
    timed = Stopwatch()
    folder = Path(tempfile.mkdtemp(prefix="sightline-m1-"))
    try:
        actions, answer = first_use(folder, timed)
        policy = timed("load", lambda: Policy.from_pretrained(folder))
        policy.reset()
        again, same_words = use(policy, timed)
        eight_bits(policy)
    finally:
        shutil.rmtree(folder)
    count = sum(p.numel() for p in policy.system.parameters())
    table(f"m1, {count / 1e9:.2f} billion parameters in bfloat16", ["what", "time", "most memory so far"], timed.rows)
    say(f"Actions are finite: {np.isfinite(actions).all()}; the same after loading: {np.array_equal(actions, again)}.")
    say(f"The answer is the same after loading: {answer == same_words}.")


if __name__ == "__main__":
    main()
