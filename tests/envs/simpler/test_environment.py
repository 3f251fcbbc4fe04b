"""What the adapter of SimplerEnv makes of its worker's answers; the worker itself: test_real.py."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from acting import Lifter
from fake_simpler import SOURCE, FakeWorker
from scipy.spatial.transform import Rotation

from sightline.core.errors import SightlineError
from sightline.data.embodiments import EMBODIMENTS
from sightline.envs.simpler import environment
from sightline.envs.simpler.check import INTACT, STAND_INS, judge
from sightline.envs.simpler.environment import FOLDERS, SimplerEnv, find_data
from sightline.envs.simpler.protocol import EPISODES, INTERFACES, LABEL, TASKS, episode_of
from sightline.envs.simpler.recorded import RecordedSimplerEnv, recordings_of
from sightline.evaluate.policies import ExpertPolicy
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.m1.statistics import GRIPPER

OURS = INTERFACES["sightline"].card


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeWorker:
    made = FakeWorker()
    for places in FOLDERS.values():
        (tmp_path / places[0]).mkdir(parents=True)
    monkeypatch.setenv(environment.DATA, str(tmp_path))
    monkeypatch.setattr(environment, "start_worker", lambda: made)
    return made


def test_a_seed_is_a_task_and_a_layout(worker) -> None:
    assert [episode_of(seed)[0] for seed in range(4)] == list(TASKS)
    SimplerEnv().reset(seed=9)
    (asked,) = [details for question, details in worker.asked if question == "begin"]
    assert asked["task"] == "PutCarrotOnPlateInScene-v1" and asked["layout"] == 2 and asked["places"] is None
    assert set(asked["folders"]) == {"custom", "real_inpainting", "stages", "widowx"}


def test_there_are_no_more_episodes_than_layouts(worker) -> None:
    assert episode_of(EPISODES - 1) == ("widowx_put_eggplant_in_basket", 23)
    for beyond in (EPISODES, 1_000_000):
        with pytest.raises(SightlineError, match=rf"96 episodes.*no number {beyond}"):
            SimplerEnv().reset(seed=beyond)


def test_own_layouts_and_words_are_handed_on(worker) -> None:
    places = np.ones((2, 7))
    _, told = SimplerEnv().reset(seed=1, options={"places": places, "instruction": "put it there"})
    assert told["instruction"] == "put it there" and worker.asked[-1][1]["places"] is places
    with pytest.raises(SightlineError, match="did you mean 'places'"):
        SimplerEnv().reset(seed=1, options={"place": places})


def test_rotations_become_the_simulators_angles(worker) -> None:
    turn = np.array([0.2, -0.3, 0.25])
    for interface, sent in (("sightline", Rotation.from_rotvec(turn)), ("official", Rotation.from_euler("xyz", turn))):
        env = SimplerEnv(interface)
        env.reset(seed=0)
        env.advance(np.array([0.01, -0.02, 0.03, *turn, 1.0], np.float32))
        action = worker.asked[-1][1]["action"]
        np.testing.assert_allclose(action[:3], [0.01, -0.02, 0.03], atol=1e-6)
        # ManiSkill multiplies the turns about x, y and z in this order.
        turns = [Rotation.from_euler(axis, angle) for axis, angle in zip("xyz", action[3:6], strict=True)]
        made = turns[0] * turns[1] * turns[2]
        assert (made * sent.inv()).magnitude() < 1e-6
        assert action[6] == 1


def test_grippers_are_handed_on_or_switched(worker) -> None:
    env = SimplerEnv()
    env.reset(seed=0)
    env.advance(np.array([0, 0, 0, 0, 0, 0, -1.0], np.float32))
    assert worker.asked[-1][1]["action"][6] == -1
    env = SimplerEnv("official")
    env.reset(seed=0)
    for gripper, simulators in ((1.0, 1), (0.51, 1), (0.5, -1), (0.0, -1)):
        env.advance(np.array([0, 0, 0, 0, 0, 0, gripper], np.float32))
        assert worker.asked[-1][1]["action"][6] == simulators
    for wrong in (np.zeros(6), np.full(7, np.nan)):
        with pytest.raises(SightlineError, match="7 finite numbers"):
            env.advance(wrong.astype(np.float32))


def test_our_pictures_are_calibrated_and_states_are_in_the_robots_frame(worker) -> None:
    env = SimplerEnv()
    env.reset(seed=0)
    seen = env.observe()
    picture = seen.images["front"]
    assert picture.shape == (240, 320, 3)
    assert picture[0, 0].tolist() == [0, 0, 0] and picture[-1, -1].tolist() == [254, 254, 0]
    camera = seen.cameras["front"]
    assert camera.focal == pytest.approx(623.588 / 2)
    # The robot looks along -x of the world, the camera along +x: what is before it is behind the robot.
    (pixel,), depth = camera.project(np.array([[-2.0, 0.5, 1.0]]))
    assert depth == pytest.approx(2) and pixel == pytest.approx([160 + 0.25 * camera.focal, 120])
    tool = [0.292, -0.006, 0.135]
    np.testing.assert_allclose(seen.state, [*tool, 0, 0, 0, 0.043, *tool, 0, 1], atol=1e-6)


def test_official_pictures_are_square_and_of_no_known_camera(worker) -> None:
    env = SimplerEnv("official")
    env.reset(seed=0)
    seen = env.observe()
    assert seen.images["primary"].shape == (224, 224, 3) and not seen.cameras and seen.state.shape == (0,)
    assert seen.images["primary"][-1, -1].tolist() == [254, 254, 0], "squeezed to a square by areas"


def test_success_ends_no_episode_and_pictures_are_drawn_only_for_lookers(worker) -> None:
    policy = Lifter(OURS, up=0.01)
    (row,) = rollout(policy, SimplerEnv, [1], RolloutSettings(execute=5))
    looks = sum(question == "look" for question, _ in worker.asked)
    assert row.steps == 60 and looks == len(policy.seen) == 12 and worker.closed
    assert row.success and row.success_any_time and row.failure == ""
    assert (row.task, row.target, row.lifted, row.target_lifted) == ("widowx_carrot_on_plate", "carrot", "carrot", True)


def test_the_last_step_decides(worker) -> None:
    worker.slips = 50
    (row,) = rollout(Lifter(OURS, up=0.01), SimplerEnv, [1], RolloutSettings(execute=5))
    assert (row.success, row.success_any_time, row.failure, row.steps) == (False, True, "did not stay", 60)


def test_failures_are_told(worker) -> None:
    (row,) = rollout(Lifter(OURS, up=0.0001), SimplerEnv, [3], RolloutSettings(execute=5))
    assert (row.success, row.success_any_time, row.failure, row.steps) == (False, False, "grasp missed", 120)
    (row,) = rollout(Lifter(OURS, up=0.001), SimplerEnv, [1], RolloutSettings(execute=5))
    assert (row.failure, row.target_lifted) == ("goal not reached", True)


def test_episodes_may_be_longer_than_published(worker) -> None:
    (row,) = rollout(Lifter(OURS, up=0.01), lambda: SimplerEnv(most_steps=120), [1], RolloutSettings(execute=5))
    assert row.steps == 120
    with pytest.raises(SightlineError, match="at least one step"):
        SimplerEnv(most_steps=0)


def test_the_expert_goes_down_where_the_thing_is_and_closes(worker) -> None:
    rollout(ExpertPolicy(), SimplerEnv, [1], RolloutSettings())
    actions = np.array([details["action"] for question, details in worker.asked if question == "step"])
    first = int(np.argmax(actions[:, 6] < 0))
    assert 5 < first < 20 and not any(question == "look" for question, _ in worker.asked)
    tool = np.array([0.292, -0.006, 0.135]) + actions[:first, :3].sum(0)
    source = np.array([0.147 + 0.2366, 0.028 + 0.0751, 0.0175])  # in the robot's frame
    np.testing.assert_allclose(tool, source + [0, 0, 0.004], atol=1e-5)
    assert (np.abs(actions[:, :3]) <= 0.04 + 1e-6).all()
    with pytest.raises(SightlineError, match="interface sightline"):
        rollout(ExpertPolicy(), lambda: SimplerEnv("official"), [1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_mirrored": True},
        {"image_rotation": 180},
        {"gripper": "-1 open, +1 close"},
        {"control_hz": 10},
        {"rotation": "roll, pitch, yaw about fixed axes, radians"},
        {"action_space": "delta of the present tool pose, base frame"},
        {"robot": "oxe_bridge"},
        {"image_size": (224, 224)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_policy_with_another_card_is_refused(worker, wrong) -> None:
    with pytest.raises(SightlineError, match=f"the policy and the environment do not match: {next(iter(wrong))}: "):
        rollout(Lifter(dataclasses.replace(OURS, **wrong), up=0.01), SimplerEnv, [0])
    assert not worker.asked, "before any episode begins"


def test_the_official_card_is_that_of_imported_checkpoints() -> None:
    imported = EMBODIMENTS["oxe_bridge"].card((224, 224), 5, 16)
    imported = dataclasses.replace(imported, state_names=(), gripper=GRIPPER)
    assert INTERFACES["official"].card.differences(imported, ignore=("chunk", "normalisation")) == []


def test_other_versions_are_refused(monkeypatch, tmp_path) -> None:
    class Newer(FakeWorker):
        def __init__(self, *arguments, **more) -> None:
            super().__init__()
            self.versions = {"mani_skill": "3.1.0", "sapien": "3.0.3"}

    monkeypatch.setattr(environment, "find_python", lambda: tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(environment, "WorkerProcess", Newer)
    with pytest.raises(SightlineError, match=r"mani_skill 3\.1\.0.*only 3\.0\.1.*make setup-simpler"):
        environment.start_worker()


def test_where_something_is_missing_it_is_named(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv(environment.DATA, raising=False)
    with pytest.raises(SightlineError, match=r"\$SIGHTLINE_SIMPLER_DATA name a checkout"):
        find_data()
    monkeypatch.setenv(environment.DATA, str(tmp_path))
    with pytest.raises(SightlineError, match="has no data/custom"):
        find_data()
    monkeypatch.setenv(environment.PYTHON, str(tmp_path / "python"))
    with pytest.raises(SightlineError, match="make setup-simpler"):
        environment.find_python()


def test_stand_ins_and_changed_files_are_told() -> None:
    ok, said = judge(INTACT, dict.fromkeys(STAND_INS, True))
    assert ok and LABEL in said and "flat box" in said and "the eggplant looks otherwise" in said
    ok, said = judge(INTACT, dict.fromkeys(STAND_INS, False))
    assert ok and "Not compared with anything: stages/bridge_table_1_v1.glb" in said
    ok, said = judge(INTACT | {"custom": "0"}, dict.fromkeys(STAND_INS, True))
    assert not ok and "Files in custom are not the benchmark's" in said


def test_recordings_start_where_they_did(worker, tmp_path: Path) -> None:
    actions = np.array([[0.01, 0, 0, 0.1, -0.2, 0.3, 1], [0, 0, 0.02, 0, 0, 0, -1.0]])
    told = {"task": "widowx_stack_cube", "episode": 5, "qpos": np.zeros((2, 8)), "success": np.ones(2, bool)}
    np.savez(tmp_path / "widowx_stack_cube.npz", actions=actions, **told)
    np.savez(tmp_path / "other.npz", actions=actions)
    assert [path.name for path in recordings_of(tmp_path)] == ["widowx_stack_cube.npz"]
    sent = []
    for interface, grippers in (("sightline", [1, -1]), ("official", [1, 0])):
        env = RecordedSimplerEnv(tmp_path, interface)
        env.reset(seed=0)
        asked = worker.asked[-1][1]
        assert (asked["task"], asked["layout"]) == (TASKS["widowx_stack_cube"].environment, 5)
        assert env.executed_actions()[:, 6].tolist() == grippers
        for action in env.executed_actions():
            env.advance(action)
            sent.append(worker.asked[-1][1]["action"])
    np.testing.assert_allclose(sent[:2], sent[2:], atol=1e-6)
    assert SOURCE in env.truth()["poses"]
    with pytest.raises(SightlineError, match="no recorded episode of SimplerEnv"):
        recordings_of(tmp_path / "nothing")
