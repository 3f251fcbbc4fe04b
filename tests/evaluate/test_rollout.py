"""Rows are a function of policy, environment and seed alone."""

from __future__ import annotations

import dataclasses
from functools import partial

import av
import numpy as np
import pytest
from fake_world import CARD, FakeEnv, FakePolicy, QuietEnv

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.evaluate.policies import ExpertPolicy, ReplayPolicy
from sightline.evaluate.rollout import RolloutSettings, rollout, rollout_in_processes

SEEDS = list(range(100, 111))


def run(batch: int = 4, **settings) -> list:
    return rollout(FakePolicy(), FakeEnv, SEEDS, RolloutSettings(batch=batch, **settings))


def test_rows_say_what_happened():
    rows = run()
    assert [row.seed for row in rows] == SEEDS
    assert [row.success for row in rows] == [seed % 3 != 0 for seed in SEEDS]
    glued = next(row for row in rows if not row.success)
    assert (glued.failure, glued.steps, glued.lifted) == ("not lifted", 12, "")
    lifted = next(row for row in rows if row.success)
    assert lifted.failure == "" and lifted.target_lifted and lifted.lifted == lifted.target
    assert lifted.relation == "onto" and lifted.style == "attribute" and lifted.instruction.startswith("take the")
    assert lifted.to_dict()["steps"] == lifted.steps < 12
    assert lifted.progress is None, "the environment says nothing of it"
    assert all(row.success == row.success_any_time for row in rows), "success ends these episodes"


def test_an_environment_that_knows_little_has_rows_that_say_little():
    rows = rollout(FakePolicy(), QuietEnv, SEEDS)
    assert all(row.steps == 12 for row in rows), "it goes on after success"
    assert [row.success_any_time for row in rows] == [seed % 3 != 0 for seed in SEEDS]
    assert [row.success for row in rows] == [seed % 3 != 0 and seed % 2 != 0 for seed in SEEDS]
    assert {row.failure for row in rows} == {"", "time ran out"}
    silent = {"task", "instruction", "relation", "style", "target", "lifted", "target_lifted", "wrong_object_lifted"}
    assert all(row.to_dict()[name] is None for row in rows for name in silent | {"progress"})


def test_what_an_environment_says_is_plain_in_rows():
    class Counting(QuietEnv):
        def advance(self, action):
            return super().advance(action) | {"progress": np.float32(0.5), "wrong_object_lifted": np.bool_(True)}

    (row,) = rollout(FakePolicy(), Counting, [100])
    assert type(row.progress) is float and row.progress == 0.5 and row.wrong_object_lifted is True


def test_success_that_does_not_last_is_none_at_the_end():
    class Slippery(FakeEnv):
        def hold(self):
            stays = self.seed % 2 == 0
            return {"is_success": stays, "truncated": not stays, "failure": "" if stays else "did not stay"}

    rows, believed = rollout(FakePolicy(), Slippery, SEEDS), run()
    assert [row.success_any_time for row in rows] == [row.success for row in believed]
    assert [row.success for row in rows] == [row.success and row.seed % 2 == 0 for row in believed]
    assert {row.failure for row in rows if row.success != row.success_any_time} == {"did not stay"}
    assert [row.steps for row in rows] == [row.steps for row in believed], "holding is no action"


def test_an_environment_must_say_whether_it_is_done():
    class Mute(FakeEnv):
        def advance(self, action):
            return {"success": True}

    with pytest.raises(SightlineError, match=r"Mute.advance\(\) must say is_success and truncated"):
        rollout(FakePolicy(), Mute, [1])


@pytest.mark.parametrize(("policy", "lack"), [(ExpertPolicy, "no scripted expert"), (ReplayPolicy, "was recorded")])
def test_who_needs_guidance_is_told_where_there_is_none(policy, lack):
    with pytest.raises(SightlineError, match=lack):
        rollout(policy(), FakeEnv, [1])


def test_without_cameras_there_is_no_film(tmp_path):
    blind = dataclasses.replace(CARD, cameras=())
    with pytest.raises(SightlineError, match="has no cameras"):
        rollout(FakePolicy(blind), partial(FakeEnv, blind), [1], RolloutSettings(films=1, film_dir=tmp_path))


@pytest.mark.parametrize("handling", ["receding", "ensemble"])
def test_rows_do_not_depend_on_the_batch(handling):
    one = run(batch=1, handling=handling, execute=2)
    assert one == run(batch=4, handling=handling, execute=2) == run(batch=50, handling=handling, execute=2)


def test_rows_do_not_depend_on_the_number_of_processes():
    settings = RolloutSettings(batch=3)
    assert rollout_in_processes(FakePolicy, FakeEnv, SEEDS, settings, workers=2) == run(batch=3)


def test_the_policy_sees_batches_and_only_when_it_plans():
    policy, envs = FakePolicy(chunk=4), []

    def make_env():
        envs.append(FakeEnv())
        return envs[-1]

    rollout(policy, make_env, [100, 101, 103], RolloutSettings(batch=3, execute=3))
    assert policy.batches[0] == [100, 101, 103]
    asked = sum(100 in batch for batch in policy.batches)
    assert envs[0].renders == asked + 1, "rendered once at reset and once for every plan"


def test_films_show_the_first_episodes(tmp_path):
    rows = run(films=2, film_dir=tmp_path)
    assert [bool(row.video) for row in rows] == [True, True] + [False] * (len(SEEDS) - 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(row.video for row in rows[:2])
    with av.open(str(tmp_path / rows[0].video)) as film:
        frames = sum(1 for _ in film.decode(video=0))
        assert (film.streams.video[0].width, film.streams.video[0].height) == (672, 448)
    assert frames == rows[0].steps + CARD.control_hz, "a frame a step, and the end is held for a second"
    assert [dataclasses.replace(row, video="") for row in rows] == run(), "filming changes nothing"


def test_a_policy_for_another_robot_is_refused():
    other = dataclasses.replace(CARD, gripper="+1 close", chunk=99)
    with pytest.raises(SightlineError, match=r"the policy and the environment do not match: gripper: \+1 close"):
        rollout(FakePolicy(other), FakeEnv, SEEDS)
    rollout(FakePolicy(dataclasses.replace(CARD, chunk=99)), FakeEnv, SEEDS[:1])


def test_seeds_must_differ_and_batches_hold_something():
    with pytest.raises(SightlineError, match="differ"):
        rollout(FakePolicy(), FakeEnv, [1, 1])
    with pytest.raises(SightlineError, match="at least one environment"):
        rollout(FakePolicy(), FakeEnv, [1], RolloutSettings(batch=0))


def test_an_error_in_a_worker_arrives_as_it_is():
    card = Card("other", CARD.cameras, CARD.image_size, CARD.state_names, CARD.action_names)
    with pytest.raises(SightlineError, match="robot: other != fake"):
        rollout_in_processes(partial(FakePolicy, card), FakeEnv, SEEDS, RolloutSettings(batch=3), workers=2)
