"""The Google Robot tasks as far as they can be tested without their scenes: lists, card, actions, refusals."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.core.types import ActionChunk
from sightline.data.embodiments import EMBODIMENTS
from sightline.envs.simpler import google
from sightline.envs.simpler.google import GoogleEnv, StickyGripper
from sightline.envs.simpler.google_protocol import CARD, LABEL, STICKY, episodes
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.evaluate.run import evaluate
from sightline.evaluate.suites import simpler
from sightline.models.m1.statistics import GRIPPER


class FakeWorker:
    """Answers as envs/simpler/google_worker.py does; done from step 5 to step 9."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def ask(self, question: str, **details: Any) -> dict[str, Any]:
        self.asked.append((question, details))
        if question == "hello":
            return {"versions": {"sapien": "2.2.2"}}
        if question == "look":
            return {"picture": np.full((512, 640, 3), 90, np.uint8)}
        steps = sum(name == "step" for name, _ in self.asked)
        return {"done": 5 <= steps < 10, "instruction": "pick coke can"}

    def close(self) -> None:
        pass


class Closer:
    """Closes for ever."""

    card = CARD

    def __init__(self, *_: str) -> None:
        pass

    def reset(self, episodes: list[int]) -> None:
        pass

    def act_batch(self, observations: list, rows: list[int]) -> list[ActionChunk]:
        chunk = np.zeros((8, 7), np.float32)
        chunk[:, 5] = 0.2
        return [ActionChunk(chunk) for _ in rows]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    made = FakeWorker()
    for module in (google, simpler):
        monkeypatch.setattr(module, "start_worker" if module is google else "start_google", lambda: made)
    return made


def test_the_episodes_are_those_of_the_benchmarks_scripts() -> None:
    found = episodes()
    tasks = Counter(one.task for one in found)
    assert dict(tasks) == {
        "google_pick_coke_can": 300,
        "google_move_near": 240,
        "google_drawer": 216,
        "google_place_apple": 108,
    }
    assert len({repr(one) for one in found}) == 864, "no two alike"
    assert {one.task for one in found[:8]} == set(tasks), "the first ones are spread over the tasks"
    steps = {one.task: one.steps for one in found}
    assert list(steps[name] for name in sorted(steps)) == [113, 80, 80, 200]
    drawer = next(one for one in found if one.environment == "CloseBottomDrawerCustomInScene-v0")
    assert drawer.build["shader_dir"] == "rt" and drawer.robot == (0.644, -0.179, -0.03)


def test_changes_of_the_gripper_are_held() -> None:
    sticky = StickyGripper()
    said = [sticky.command(opened) for opened in [1.0] * 2 + [0.0] * 14 + [0.9]]
    assert said[:2] == [0, 0] and said[2 : 2 + STICKY] == [1.0] * STICKY
    assert said[2 + STICKY : -1] == [0] * 4 and said[-1] == pytest.approx(-0.9)


def test_an_episode_is_asked_for_and_its_last_step_decides(worker: FakeWorker) -> None:
    (row,) = rollout(Closer(), GoogleEnv, [0], RolloutSettings(batch=1, execute=8))
    _, begun = worker.asked[0]
    assert begun["environment"] == episodes()[0].environment and "task" not in begun
    assert (row.success, row.success_any_time, row.failure) == (False, True, "did not stay")
    assert row.steps == episodes()[0].steps and row.instruction == "pick coke can"
    action = next(details["action"] for name, details in worker.asked if name == "step")
    np.testing.assert_allclose(action, [0, 0, 0, 0, 0, 0.2, 0], atol=1e-6)


def test_the_card_is_that_of_imported_checkpoints_and_others_are_refused(worker: FakeWorker) -> None:
    imported = EMBODIMENTS["oxe_rt1"].card((224, 224), 3, 16)
    imported = dataclasses.replace(imported, state_names=(), gripper=GRIPPER)
    assert CARD.differences(imported, ignore=("chunk", "normalisation")) == []
    policy = Closer()
    policy.card = dataclasses.replace(CARD, robot="oxe_bridge")
    with pytest.raises(SightlineError, match="robot: oxe_bridge != oxe_rt1"):
        rollout(policy, GoogleEnv, [0])


def test_the_suite_says_that_nobody_has_run_it(worker: FakeWorker, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(simpler, "load_policy", Closer)
    result = evaluate("closer", suite="simpler_google", episodes=1, workers=1, execute=8)
    assert result["settings"]["label"] == LABEL and "never run" in LABEL
    assert "never run" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SightlineError, match="simpler_google has 864 episodes"):
        evaluate("closer", suite="simpler_google", episodes=865, workers=1)


def test_without_the_benchmark_it_is_said_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(google.PYTHON, str(tmp_path / "python"))
    with pytest.raises(SightlineError, match=r"\$SIGHTLINE_SIMPLER_GOOGLE_PYTHON name the Python"):
        GoogleEnv().reset(seed=0)
