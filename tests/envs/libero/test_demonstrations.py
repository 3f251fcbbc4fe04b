"""The expert and its demonstrations, from the first action to a dataset that replays; the world is a toy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_libero import PROBLEM, ToyLibero

from sightline.cli import commands
from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.inspect import inspect
from sightline.envs.libero import demonstrations, environment
from sightline.envs.libero.demonstrations import DemonstratedEnv, Demonstrations, demonstrate, generate_libero
from sightline.envs.libero.environment import LiberoEnv
from sightline.envs.libero.variation import varied
from sightline.evaluate.policies import ExpertPolicy, ReplayPolicy
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.normalisation import fit_picture
from sightline.train.frame_bank import FrameBank, cell_owners

ONE = RolloutSettings(batch=1, execute=1)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> ToyLibero:
    made = ToyLibero()
    monkeypatch.setattr(environment, "start_worker", lambda: made)
    demonstrations._world.cache_clear()
    return made


def test_the_expert_is_a_policy(worker: ToyLibero) -> None:
    rows = rollout(ExpertPolicy(), lambda: LiberoEnv("libero_object"), [0, 1, 2], ONE)
    assert [row.success for row in rows] == [True] * 3
    assert worker.looks == 0  # it knows without looking


def test_the_expert_moves_in_our_units_only(worker: ToyLibero) -> None:
    env = LiberoEnv("libero_object", "official")
    env.reset(seed=0)
    with pytest.raises(SightlineError, match="--interface sightline"):
        env.expert()


def test_a_demonstration_is_drawn_after_it_has_succeeded(worker: ToyLibero) -> None:
    episode = demonstrate(Demonstrations("libero_object"), 3)[0]
    assert episode.success and worker.looks == len(episode.frames)
    assert episode.start is not None and (episode.start["task"], episode.start["wider"]) == (3, 0.0)
    task = episode.task
    assert task is not None and (task.relation, task.target_phrase) == ("into", "the block")
    first, last = episode.frames[0], [frame for frame in episode.frames if frame.action[6] < 0][-1]
    assert episode.frames[-1].scene.tool[2] > last.scene.tool[2] + 0.04  # the hand has let go and left
    assert np.isfinite(last.views["front"].boxes[task.target]).all() and last.place is not None
    assert np.linalg.norm(last.scene.tool - last.place) < 0.05  # it lets go where it said that it would
    assert first.scene.tool[0] == pytest.approx(0.4)  # in the robot's frame
    assert first.place is not None and np.linalg.norm(first.place - last.place) < 0.01  # told before it was chosen
    assert first.doing is None  # one step is the whole task


def test_every_second_round_is_in_wider_regions() -> None:
    recipe = Demonstrations("libero_object", seed=4, wider=0.04)
    assert [recipe.layout(number).wider for number in (0, 9, 10, 19, 20)] == [0, 0, 0.04, 0.04, 0]
    assert recipe.layout(7) == recipe.layout(7) and recipe.layout(7).seed != recipe.layout(17).seed


def test_fixtures_are_of_another_draw_than_things(worker: ToyLibero) -> None:
    recipe = Demonstrations("libero_object")
    demonstrate(recipe, 0)
    (told,) = worker.arranged
    assert told["fixtures"] == recipe.layout(0).fixtures != told["seed"] == recipe.layout(0).seed


def test_a_varied_layout_has_the_sentence_of_its_own_problem(worker: ToyLibero) -> None:
    recipe = Demonstrations("libero_object", varied=True)
    episode = demonstrate(recipe, 0)[0]
    assert (
        episode.task is not None and episode.task.instruction == "bowl the block"
    )  # the problem's, not the file name's
    (told,) = worker.arranged
    assert told["problem"] == varied(PROBLEM, np.random.default_rng(recipe.layout(0).varied)) != PROBLEM
    assert told["others"] == ["libero_object_swap", "libero_object_task"]
    assert episode.start is not None and episode.start["varied"] == recipe.layout(0).varied


def test_candidates_of_a_task_can_follow_each_other() -> None:
    recipe = Demonstrations("libero_object", in_a_row=3)
    assert [recipe.layout(number).task for number in range(7)] == [0, 0, 0, 1, 1, 1, 2]
    assert [recipe.layout(number).wider > 0 for number in (29, 30)] == [False, True]


def test_some_of_a_suites_tasks_can_be_demonstrated() -> None:
    recipe = Demonstrations("libero_goal", suite_tasks=(5, 0), in_a_row=2)
    assert [recipe.layout(number).task for number in range(6)] == [5, 5, 0, 0, 5, 5]
    assert [recipe.layout(number).wider > 0 for number in (3, 4)] == [False, True]
    with pytest.raises(SightlineError, match="has tasks 0 to 9, no task 10"):
        Demonstrations("libero_goal", suite_tasks=(3, 10)).check()


@pytest.mark.parametrize("suite_tasks", [(), (3, 5)])
def test_a_dataset_is_continued_by_the_same_tasks_alone(worker, tmp_path: Path, suite_tasks: tuple[int, ...]) -> None:
    recipe = Demonstrations("libero_object", seed=1, suite_tasks=suite_tasks, pictures_every=50)
    generate_libero(tmp_path / "d", 1, recipe)
    told = generate_libero(tmp_path / "d", 2, recipe)
    assert told["content_hash"] == generate_libero(tmp_path / "e", 2, recipe)["content_hash"]
    assert load_dataset(tmp_path / "d").episodes[0].start["task"] == (suite_tasks or (0,))[0]
    with pytest.raises(SightlineError, match="suite_tasks"):
        generate_libero(tmp_path / "d", 3, replace(recipe, suite_tasks=(4,)))


def test_pictures_can_be_drawn_at_every_nth_step(worker: ToyLibero, tmp_path: Path) -> None:
    generate_libero(tmp_path / "d", 2, Demonstrations("libero_object", seed=1, pictures_every=4))
    dataset = load_dataset(tmp_path / "d")
    meta, labels = dataset.episodes[0], dataset.labels(0)
    drawn = np.arange(meta.length) % 4 == 0
    assert worker.looks == sum(-(-meta.length // 4) for meta in dataset.episodes)
    assert labels.drawn is not None and labels.drawn.tolist() == dataset.drawn(0).tolist() == drawn.tolist()
    assert not inspect(tmp_path / "d")["problems"]
    bank = FrameBank([dataset], "episodes", ("front", "wrist"), 28, 2, 0.5)
    assert bank.training_frames.tolist() == np.flatnonzero(drawn).tolist()
    assert bank.training_rows.tolist() == list(range(meta.length))  # an expert that is told the truth needs no picture
    assert bank.held_out_frames.tolist() == (meta.length + np.flatnonzero(dataset.drawn(1))).tolist()
    assert len(bank.images["front"]) == len(bank.training_frames) + len(bank.held_out_frames)  # no picture twice
    for view, camera in enumerate(bank.cameras):
        pictures, owners = dataset.video(0, camera), dataset.ids(0, camera)
        for step in range(0, meta.length, 4):
            rows = np.arange(step, min(step + 4, meta.length))  # what was not drawn repeats the last that was
            assert (bank.seen(rows)[:, view] == fit_picture(pictures[step], 28)).all()
            assert (bank.owners(rows)[:, view] == cell_owners(owners[step], 2)).all()


def test_a_layout_without_room_is_a_failure_with_a_reason(worker: ToyLibero) -> None:
    recipe = Demonstrations("libero_object")
    worker.crowded.add(recipe.layout(0).seed)
    assert demonstrate(recipe, 0)[0].failure == "no room"


def test_a_dataset_replays(worker: ToyLibero, tmp_path: Path) -> None:
    recipe = Demonstrations("libero_object", seed=1)
    worker.crowded.add(recipe.layout(1).seed)
    told = generate_libero(tmp_path / "d", 2, recipe)
    assert told["episodes"] == 2 and told["attempts"] >= 3 and told["nearest"]["as given"]["episodes"] == 2
    dataset = load_dataset(tmp_path / "d")
    assert dataset.episodes[0].start["task"] == 0
    assert not inspect(tmp_path / "d")["problems"]
    rows = rollout(ReplayPolicy(), lambda: DemonstratedEnv(tmp_path / "d"), [0, 1], ONE)
    assert [row.success for row in rows] == [True, True]
    assert [row.steps for row in rows] == [meta.length for meta in dataset.episodes]
    again = generate_libero(tmp_path / "e", 2, recipe)
    assert again["content_hash"] == told["content_hash"]


def test_options_of_our_own_worlds_are_refused(tmp_path: Path) -> None:
    line = f"generate --out {tmp_path}/d --episodes 1 --suite libero_object --split grounding"
    with pytest.raises(SightlineError, match="--split is not read with --suite"):
        commands.execute(commands.parse(line.split()))
    for option in ("--wider 0.1", "--wider 1", "--in-a-row 2", "--pictures-every 2", "--suite-tasks 1"):
        with pytest.raises(SightlineError, match=f"{option.split()[0]} is about"):
            commands.execute(commands.parse(f"generate --out {tmp_path}/d --episodes 1 {option}".split()))
    with pytest.raises(SightlineError, match="steps to a picture must be at least 1"):
        Demonstrations("libero_object", pictures_every=0).check()
