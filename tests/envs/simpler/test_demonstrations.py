"""The WidowX expert and its demonstrations, from a drawn layout to a dataset that trains; the world is a toy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_simpler import POSITIONS, QUATERNIONS, ToySimpler

from sightline.cli import commands
from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.inspect import inspect
from sightline.envs.simpler import demonstrations, environment
from sightline.envs.simpler.demonstrations import (
    SETTINGS,
    DemonstratedEnv,
    WidowXDemonstrations,
    demonstrate,
    draw_places,
    generate_widowx,
)
from sightline.envs.simpler.environment import FOLDERS, SimplerEnv
from sightline.envs.simpler.protocol import TASKS
from sightline.evaluate.policies import ReplayPolicy
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.action.spatial_memory import require_hand

CARROT = 1  # number of a task


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ToySimpler:
    made = ToySimpler()
    for places in FOLDERS.values():
        (tmp_path / "files" / places[0]).mkdir(parents=True)
    monkeypatch.setenv(environment.DATA, str(tmp_path / "files"))
    monkeypatch.setattr(environment, "start_worker", lambda: made)
    demonstrations._world.cache_clear()
    return made


def test_a_demonstration_ends_with_the_hand_away(worker: ToySimpler) -> None:
    (episode,) = demonstrate(WidowXDemonstrations(suite_tasks=(CARROT,)), 0)
    assert episode.success and worker.looks == len(episode.frames) and episode.task is not None
    assert (episode.task.relation, episode.task.target_phrase) == ("onto", "the orange carrot")
    phases = list(dict.fromkeys(frame.subtask for frame in episode.frames))
    assert phases == ["move to the grasp", "grasp", "lift", "carry", "place", "retreat"]
    rests = episode.frames[-demonstrations.RESTS :]
    assert all(np.linalg.norm(frame.action[:6]) < 1e-3 and frame.action[6] == 1 for frame in rests)
    assert rests[0].scene.tool[2] > rests[0].scene.grasp_points[0][2] + 0.08
    closes = next(frame for frame in episode.frames if frame.action[6] < 0)
    assert np.linalg.norm(closes.scene.tool - closes.scene.grasp_points[0]) < 0.006
    opens = next(frame for frame in episode.frames if frame.subtask == "place" and frame.action[6] > 0)
    assert opens.place is not None and np.linalg.norm(opens.scene.tool - opens.place) < 0.006


def test_states_are_those_of_our_engine(worker: ToySimpler) -> None:
    """A hand that looks down is not turned, fingers that touch are no width apart, and the command is told."""
    env = SimplerEnv()
    require_hand(env.card.state_names)
    env.reset(seed=CARROT)
    names = dict(zip(env.card.state_names, env.state(), strict=True))
    assert [names[name] for name in ("rx", "ry", "rz")] == pytest.approx([0, 0, 0], abs=1e-6)
    assert names["width"] == pytest.approx(0.044, abs=1e-6) and names["gripper_command"] == 1
    env.advance(np.array([0.02, -0.01, 0.03, 0, 0, 0.4, -1.0], np.float32))
    after = dict(zip(env.card.state_names, env.state(), strict=True))
    assert after["rz"] == pytest.approx(0.4, abs=1e-5) and after["command_rz"] == pytest.approx(0.4, abs=1e-5)
    moved = [after[f"command_{axis}"] - names[f"command_{axis}"] for axis in "xyz"]
    assert moved == pytest.approx([0.02, -0.01, 0.03], abs=1e-6)
    assert after["width"] == pytest.approx(0, abs=1e-6) and after["gripper_command"] == -1


def test_a_missed_grasp_is_begun_again(worker: ToySimpler) -> None:
    worker.misses = 1
    env = SimplerEnv()
    env.arrange("widowx_carrot_on_plate", np.concatenate([POSITIONS[1], QUATERNIONS[0]], 1))
    attempt = demonstrations.Attempt(env, None)
    assert attempt.failure == "" and attempt.expert.retries == 1
    assert [frame.action[6] > 0 for frame in attempt.frames].count(True) > 10


def test_what_was_pushed_away_is_grasped_where_it_is(worker: ToySimpler) -> None:
    env = SimplerEnv()
    env.arrange("widowx_carrot_on_plate", np.concatenate([POSITIONS[1], QUATERNIONS[0]], 1))
    expert = env.expert()
    for step in range(60):
        if step == 4:
            worker.things["carrot_model"][:2] += [0.02, -0.02]
        info = env.advance(expert.act())
    assert info["is_success"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(sorted(SETTINGS)), st.floats(0, 0.05))
def test_layouts_are_drawn_within_reach_and_apart(seed: int, task: str, wider: float) -> None:
    how = SETTINGS[task]
    places = draw_places(np.random.default_rng(seed), POSITIONS, QUATERNIONS, how, wider)
    np.testing.assert_allclose(np.linalg.norm(places[:, 3:], axis=1), 1.0)
    assert (places[:, 2] == POSITIONS[0, :, 2]).all()
    assert (np.abs(places[:, :2] - [-0.15, 0.0]) <= [0.05 + wider + 1e-9, 0.07 + wider + 1e-9]).all()
    apart = np.linalg.norm((places[0] - places[1])[:2])
    assert apart >= how.apart if not how.fixed else (places[1, :3] == POSITIONS[0, 1]).all()


def test_tasks_follow_each_other() -> None:
    recipe = WidowXDemonstrations(in_a_row=2, suite_tasks=(3, 0))
    names = tuple(TASKS)
    assert [recipe.task(number) for number in range(5)] == [names[3], names[3], names[0], names[0], names[3]]
    for wrong, said in (({"suite_tasks": (4,)}, "no task 4"), ({"wider": 0.2}, "0.05 m"), ({"seed": -1}, "negative")):
        with pytest.raises(SightlineError, match=said):
            WidowXDemonstrations(**wrong).check()


def test_a_dataset_is_the_same_however_often_it_was_interrupted(worker: ToySimpler, tmp_path: Path) -> None:
    recipe = WidowXDemonstrations(seed=3, suite_tasks=(CARROT,))
    generate_widowx(tmp_path / "d", 1, recipe)
    told = generate_widowx(tmp_path / "d", 2, recipe)
    assert told["content_hash"] == generate_widowx(tmp_path / "e", 2, recipe)["content_hash"]
    assert told["nearest"]["episodes"] == 2 and told["nearest"]["least"] > 0
    assert not inspect(tmp_path / "d")["problems"]
    starts = [meta.start for meta in load_dataset(tmp_path / "d").episodes]
    assert [start["task"] for start in starts if start] == [CARROT, CARROT]


def test_a_dataset_replays(worker: ToySimpler, tmp_path: Path) -> None:
    generate_widowx(tmp_path / "d", 2, WidowXDemonstrations(seed=3, suite_tasks=(CARROT,)))
    rows = rollout(ReplayPolicy(), lambda: DemonstratedEnv(tmp_path / "d"), [0, 1], RolloutSettings(batch=1, execute=1))
    assert [row.success for row in rows] == [True, True]
    with pytest.raises(SightlineError, match="has 2 episodes, no number 2"):
        DemonstratedEnv(tmp_path / "d").reset(seed=2)


def test_the_command_line_knows_the_suite(worker: ToySimpler, tmp_path: Path) -> None:
    line = f"generate --out {tmp_path}/d --episodes 1 --suite simpler_widowx --suite-tasks 1 --workers 1"
    commands.execute(commands.parse(line.split()))
    assert len(load_dataset(tmp_path / "d")) == 1
    with pytest.raises(SightlineError, match="--pictures-every is not read with --suite simpler_widowx"):
        commands.execute(commands.parse([*line.split(), "--pictures-every", "2"]))
