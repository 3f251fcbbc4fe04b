"""The suites of LIBERO for real: `make test-libero` installs them and runs this. Nothing here imports the benchmark."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from acting import Restless

from sightline.cli import commands
from sightline.core.errors import SightlineError
from sightline.envs.libero.check import CLOSE, GOLDEN, examine, replayed
from sightline.envs.libero.demonstrations import Attempt, Demonstrations
from sightline.envs.libero.environment import Layout, LiberoEnv, find_python
from sightline.envs.libero.protocol import INTERFACES
from sightline.envs.libero.recorded import RecordedLiberoEnv, recordings_of, replay
from sightline.envs.pictures import resized
from sightline.evaluate.policies import ExpertPolicy
from sightline.evaluate.rollout import RolloutSettings, rollout


def installed() -> bool:
    try:
        return find_python().is_file()
    except SightlineError:
        return False


FOLDER = os.environ.get(GOLDEN, "")
RECORDED = recordings_of(FOLDER) if FOLDER and installed() else []
pytestmark = [
    pytest.mark.libero,
    pytest.mark.skipif(not installed(), reason="LIBERO is not installed here: make test-libero installs it"),
]
recorded_only = pytest.mark.skipif(not RECORDED, reason=f"no recorded episodes: ${GOLDEN} names no folder")


class Brief(LiberoEnv):
    """With little time, so that tests take little."""

    def __init__(self, suite: str) -> None:
        super().__init__(suite)
        self.limit = 8


@recorded_only
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_episode_replays_to_a_tenth_of_a_millimetre(path: Path) -> None:
    found = replay(path)
    assert found.farthest <= CLOSE and found.success == found.recorded


@recorded_only
def test_pictures_are_those_that_were_recorded() -> None:
    """Recorded upright and mirrored, as published policies get them: ours are the same, mirrored back."""
    path = RECORDED[0]
    suite = path.stem.rpartition("_")[0]
    with np.load(path, allow_pickle=False) as file:
        recorded = file["first_pictures"]
    for interface in ("sightline", "official"):
        env = RecordedLiberoEnv(FOLDER, suite, interface)
        env.reset(seed=0)
        seen = env.observe()
        env.close()
        for name, picture in zip(env.card.cameras, recorded, strict=True):
            wanted = picture if env.card.image_mirrored else picture[:, ::-1]
            np.testing.assert_array_equal(seen.images[name], resized(wanted, env.card.image_size))


@recorded_only
def test_evaluate_replays_recordings(tmp_path: Path) -> None:
    line = f"evaluate --policy replay:{FOLDER} --suite libero_object --episodes 1 --workers 1 --json {tmp_path}/r.json"
    with pytest.raises(SystemExit) as ended:
        commands.main(line.split())
    result = json.loads((tmp_path / "r.json").read_text())
    assert not ended.value.code and result["success_rate"] == 1 and "mujoco 3.3.2" in result["settings"]["benchmark"]


def test_a_random_policy_runs_and_the_order_of_episodes_does_not_matter() -> None:
    """In libero_spatial's task 4 a drawer is open at the start, for which upstream's resets draw ever more numbers."""
    seeds = [4, 14]
    policies = [Restless(INTERFACES["sightline"].card, 0.05, 0.5, 8) for _ in range(2)]
    rows = rollout(policies[0], lambda: Brief("libero_spatial"), seeds, RolloutSettings(batch=1, execute=8))
    again = rollout(policies[1], lambda: Brief("libero_spatial"), seeds[::-1], RolloutSettings(batch=1, execute=8))
    assert rows == again[::-1]
    assert [row.steps for row in rows] == [8, 8] and [row.seed for row in rows] == seeds
    assert rows[0].task == rows[1].task and "top drawer" in str(rows[0].instruction)
    for seed in seeds:
        for one, other in zip(policies[0].seen[seed], policies[1].seen[seed], strict=True):
            np.testing.assert_array_equal(one.state, other.state)
            assert all(np.array_equal(one.images[name], other.images[name]) for name in one.images)
    first = policies[0].seen[4][0]
    assert first.images["front"].shape == (256, 256, 3) and first.images["front"].std() > 20
    assert np.array_equal(first.images["front"], policies[0].seen[14][0].images["front"]) is False


def test_what_is_seen_is_where_the_calibration_says() -> None:
    """The cabinet of libero_goal is dark and on the left of a light table: not so in a mirrored picture."""
    env = LiberoEnv("libero_goal")
    env.reset(seed=0)
    seen, truth = env.observe(), env.truth()
    base = env.tool()[0] - seen.state[:3].astype(np.float64)
    env.close()
    pixels, depth = seen.cameras["front"].project(truth["poses"]["wooden_cabinet_1"][None, :3] - base)
    column, row = pixels[0].astype(int)
    picture = seen.images["front"].astype(float)
    assert depth[0] > 0 and 0 <= row < 256 and 0 <= column < 100
    assert picture[row - 3 : row + 4, column - 3 : column + 4].mean() < 60
    assert picture[:, ::-1][row - 3 : row + 4, column - 3 : column + 4].mean() > 120


def test_the_expert_solves_an_official_episode_of_each_kind() -> None:
    """A can into the basket, and a drawer that is drawn."""
    for suite, seed in (("libero_object", 1), ("libero_goal", 0)):
        (row,) = rollout(ExpertPolicy(), lambda suite=suite: LiberoEnv(suite), [seed], RolloutSettings(1, 1))
        assert row.success


def test_a_demonstration_in_a_wider_region_replays_and_its_labels_fit() -> None:
    recipe = Demonstrations("libero_object", wider=0.035)
    env, layout = LiberoEnv(recipe.suite), recipe.layout(10)
    assert layout.wider and env.arrange(layout) > 0.005  # metres from the nearest test layout
    attempt = Attempt(env, np.random.default_rng(0))
    assert not attempt.failure
    reached = env.tool()[0]
    frame, state = attempt._moments[0], attempt._states[0]
    seen, picture, camera = env.looked_back(state)["front"]
    view = attempt.labeller.view(seen, picture, camera)
    middle = camera.project(frame.scene.positions[attempt.task.target])[0]
    x1, y1, x2, y2 = view.boxes[attempt.task.target]
    assert x1 - 2 < middle[0] < x2 + 2 and y1 - 2 < middle[1] < y2 + 2

    env.arrange(layout)
    done = [env.advance(moment.executed)["is_success"] for moment in attempt._moments if moment.executed is not None]
    assert done[-1] and not done[0]
    after = attempt._moments[done.index(True) + 1 :]  # it is done before the hand has let go and left
    assert after and after[-1].action[6] > 0
    env.hold()
    assert np.linalg.norm(env.tool()[0] - reached) < 1e-4
    env.close()


def test_fixtures_of_a_second_draw_leave_things_where_they_were() -> None:
    env, poses = LiberoEnv("libero_goal"), []
    for fixtures in (None, 1, 1):
        env.arrange(Layout(task=2, seed=5, fixtures=fixtures))
        poses.append(env.truth()["poses"])
    env.close()
    alone, apart, again = poses
    for name in ("akita_black_bowl_1", "plate_1"):
        np.testing.assert_allclose(apart[name][:2], alone[name][:2], atol=1e-3)  # after settling
    assert np.linalg.norm(apart["wooden_cabinet_1"] - alone["wooden_cabinet_1"]) > 1e-3
    assert all(np.array_equal(apart[name], again[name]) for name in apart)


def test_a_varied_task_asks_for_something_else_that_the_expert_does() -> None:
    env = LiberoEnv("libero_object")
    layout = Demonstrations("libero_object", seed=77, varied=True).layout(1)
    assert env.arrange(layout) > 0.1  # metres from the test's layouts, those of LIBERO-PRO's _swap and _task among them
    said = env.instruction
    attempt = Attempt(env, np.random.default_rng(1))
    assert not attempt.failure and attempt.task.instruction == said
    target = attempt.labeller.objects[attempt.task.target]
    assert target.kind in said and said != "pick up the bbq sauce and place it in the basket"
    env.arrange(Layout(layout.task, layout.seed))
    assert env.instruction != said
    env.close()


def test_a_perturbed_suite_says_its_own_words() -> None:
    env = LiberoEnv("libero_object_lan")
    env.reset(seed=0)
    env.close()
    assert env.instruction == "grab alphabet soup and put it into basket"


def test_the_death_of_the_worker_is_a_sentence() -> None:
    env = LiberoEnv("libero_object")
    env.reset(seed=0)
    assert env._worker is not None and env._worker._process is not None
    os.kill(env._worker._process.pid, signal.SIGKILL)
    with pytest.raises(SightlineError, match=r"LIBERO's worker died at 'step' \(signal 9\).*fewer --workers"):
        env.advance(np.zeros(7, np.float32))
    env.close()


def test_the_files_are_the_benchmarks() -> None:
    found = examine()
    assert found.versions["mujoco"] == "3.3.2" and "no stand-in" in found.sentences[0]
    assert found.ok


def test_where_nothing_was_recorded_the_reason_is_told(tmp_path: Path) -> None:
    same, said = replayed(tmp_path)
    assert not same and "holds no recorded episode" in said
