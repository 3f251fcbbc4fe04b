"""Official InternVLA-M1 checkpoints through the adapters of LIBERO and SimplerEnv, as their own evaluation runs them.

Random weights, workers that are none, and beside it the same evaluation restated as plainly as it can be: what is sent
to the simulator is compared step by step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import fake_libero
import fake_simpler
import numpy as np
import official
import pytest
import torch
from scipy.spatial.transform import Rotation

from sightline import Policy
from sightline.envs.libero import environment as libero
from sightline.envs.simpler import environment as simpler
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.m1.official import load_official
from sightline.models.vlm.tokenizer import MissingTokenizer

ROLES = {"<|im_start|>": 2005, "<|im_end|>": 2006}
CLIP = np.array([[0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]])
IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])


class Letters(MissingTokenizer):
    """A token a letter: made-up checkpoints have no tokenizer of their own."""

    def encode(self, text: str) -> list[int]:
        return spelt(text)


def spelt(text: str) -> list[int]:
    """Ids of a text in which the two role tokens may stand."""
    ids: list[int] = []
    while text:
        token = next((role for role in ROLES if text.startswith(role)), text[0])
        ids.append(ROLES.get(token, 3 + ord(token[0]) % 250))
        text = text[len(token) :]
    return ids


# ---- the official evaluation, restated ------------------------------------------------------------------------------


def by_area(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture made smaller as OpenCV's INTER_AREA does: every pixel of a fine grid belongs to one pixel of both."""
    height, width = picture.shape[:2]
    rows, columns = np.lcm(height, side), np.lcm(width, side)
    sums = np.zeros((side, side, 3))
    for row in range(side):
        lines = np.arange(row * rows // side, (row + 1) * rows // side) // (rows // height)
        line = picture[lines].astype(float).mean(0)
        sums[row] = line[np.arange(columns) // (columns // width)].reshape(side, -1, 3).mean(1)
    return np.rint(sums).astype(np.uint8)


def model_inputs(picture: np.ndarray, instruction: str) -> dict[str, torch.Tensor]:
    """What the processors of the official code make of one view and a task."""
    opening = spelt("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n")
    words = spelt(f"Your task is {instruction.lower()}.<|im_end|>\n<|im_start|>assistant\n")
    ids = torch.tensor([[*opening, 2002, *[2000] * 64, 2003, *words]])
    planner = ((picture / 255 - CLIP[0]) / CLIP[1]).astype(np.float32)
    cut = planner.reshape(8, 2, 14, 8, 2, 14, 3).transpose(0, 3, 1, 4, 6, 2, 5)
    twice = np.repeat(cut[:, :, :, :, :, None], 2, axis=5).reshape(256, -1)
    views = ((picture / 255 - IMAGENET[0]) / IMAGENET[1]).astype(np.float32).transpose(2, 0, 1)
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": torch.from_numpy(twice),
        "image_grid_thw": torch.tensor([[1, 16, 16]]),
        "views": torch.from_numpy(views)[None, None],
    }


class Restated:
    """One episode: a chunk at every step, un-normalised, averaged over the last ``window``, newest-alike ones more."""

    def __init__(self, weights: official.Weights, statistics: dict, window: int) -> None:
        self.weights, self.window = weights, window
        self.low, self.high = (np.array(statistics[name]) for name in ("q01", "q99"))
        self.chunks: list[np.ndarray] = []

    def act(self, picture: np.ndarray, instruction: str) -> np.ndarray:
        noise = torch.randn(1, 16, 7, generator=torch.Generator().manual_seed(len(self.chunks)))
        condition = official.run(self.weights, model_inputs(picture, instruction), 1)
        with torch.no_grad():
            chunk = official.sample(self.weights, condition, noise, 1.5, 10)[0].numpy().clip(-1, 1)
        actions = 0.5 * (chunk + 1) * (self.high - self.low) + self.low
        actions[:, 6] = chunk[:, 6] >= 0.5
        self.chunks.append(actions)
        last = self.chunks[-self.window :]
        said = np.stack([old[len(last) - 1 - i] for i, old in enumerate(last)])
        cosines = [(one @ said[-1]) / (np.linalg.norm(one) * np.linalg.norm(said[-1]) + 1e-7) for one in said]
        weights = np.exp(0.1 * np.array(cosines))
        return weights @ said / weights.sum()


# ---- both ways ------------------------------------------------------------------------------------------------------


class Watched:
    """A worker of which the pictures that it has shown are kept, as the official evaluation sees them."""

    def __init__(self, worker: fake_libero.FakeWorker | fake_simpler.FakeWorker, seen: Callable[[dict], np.ndarray]):
        self.worker, self.seen, self.pictures, self.sent = worker, seen, [], []

    def ask(self, question: str, **details) -> dict:
        answer = self.worker.ask(question, **details)
        if question == "look":
            self.pictures.append(by_area(self.seen(answer), 224))
        if question == "step":
            self.sent.append(details["action"])
        return answer

    def close(self) -> None:
        pass


class Coarse(fake_libero.FakeWorker):
    """Pictures of few colours: made smaller, none falls half way between two numbers, where rounding is a matter of
    taste."""

    def look(self, size: int) -> dict:
        answer = super().look(size)
        for view in answer["views"].values():
            view["picture"] = view["picture"] // 64 * 64
        return answer


def checkpoint(tmp_path: Path, tag: str, cameras: tuple[str, ...]) -> tuple[Policy, official.Weights, dict]:
    """A run with random weights, read as ours."""
    weights = official.write_run(tmp_path / "run", seed=5)
    file = tmp_path / "run" / "dataset_statistics.json"
    (statistics,) = json.loads(file.read_text()).values()
    # Several tags, of which one must be chosen: the statistics key of the official evaluation.
    other = {"action": {name: [2 * value for value in values] for name, values in statistics["action"].items()}}
    other["action"]["mask"] = statistics["action"]["mask"]
    file.write_text(json.dumps({"other": other, tag: statistics}))
    loaded = load_official(tmp_path / "run", embodiment=tag, cameras=cameras)
    policy = Policy(loaded.system, Letters(), loaded.card, loaded.statistics, loaded.notes)
    return policy, weights, statistics["action"]


def played(policy: Policy, make_env: Callable, watched: Watched, window: int) -> list[np.ndarray]:
    settings = RolloutSettings(batch=1, execute=1, handling="adaptive", window=window)
    rollout(policy, make_env, [0], settings)
    return watched.sent


def test_simpler_env_is_driven_as_by_the_official_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, weights, statistics = checkpoint(tmp_path, "oxe_bridge", ("primary",))
    watched = Watched(fake_simpler.FakeWorker(), lambda answer: answer["picture"])
    monkeypatch.setattr(simpler, "start_worker", lambda: watched)
    monkeypatch.setattr(simpler, "find_data", dict)
    sent = played(policy, partial(simpler.SimplerEnv, "official", 9), watched, 7)
    assert len(sent) == len(watched.pictures) == 9
    plain = Restated(weights, statistics, 7)
    for picture, action in zip(watched.pictures, sent, strict=True):
        said = plain.act(picture, "put carrot on plate")
        np.testing.assert_allclose(action[:3], said[:3], atol=2e-4)
        turns = [Rotation.from_euler(axis, angle) for axis, angle in zip("xyz", action[3:6], strict=True)]
        rpy = [Rotation.from_euler(axis, angle) for axis, angle in zip("xyz", said[3:6], strict=True)]
        # ManiSkill multiplies turns about moving axes, the official rotation is about fixed ones: x first, z last.
        apart = turns[0] * turns[1] * turns[2] * (rpy[2] * rpy[1] * rpy[0]).inv()
        assert apart.magnitude() < 5e-4
        assert action[6] == 2.0 * (said[6] > 0.5) - 1.0
    assert {action[6] for action in sent} <= {-1.0, 1.0}


def test_libero_is_driven_as_by_the_official_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, weights, statistics = checkpoint(tmp_path, "franka", ("primary",))
    watched = Watched(Coarse(over=1), lambda answer: answer["views"]["agentview"]["picture"][::-1, ::-1])
    monkeypatch.setattr(libero, "start_worker", lambda: watched)

    class Brief(libero.LiberoEnv):
        def __init__(self) -> None:
            super().__init__("libero_object", "m1")
            self.limit = 5

    sent = played(policy, Brief, watched, 3)
    assert len(sent) == len(watched.pictures) == 5
    plain = Restated(weights, statistics, 3)
    for picture, action in zip(watched.pictures, sent, strict=True):
        said = plain.act(picture, "lift the soup")
        np.testing.assert_allclose(action[:6], said[:6].clip(-1, 1), atol=5e-4)
        assert action[6] == 1.0 - 2.0 * (said[6] > 0.5)
