"""What stands behind the server: a trained policy, the expert in its own simulation, a recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from nano import CARD, nano_config, nano_observation, nano_policy, nano_statistics, nano_system, nano_tokenizer
from serving import SHORT, serving

from sightline.core.errors import SightlineError
from sightline.envs.tabletop import TabletopEnv
from sightline.evaluate.policies import ExpertPolicy, load_policy
from sightline.evaluate.remote import RemotePolicy
from sightline.evaluate.rollout import RolloutSettings, rollout
from sightline.models.policy import Policy
from sightline.serve.abilities import able
from sightline.serve.refusal import Refusal
from sightline.serve.served import ServedPolicy, ServedScript, served_by
from sightline_client import PolicyClient, Refused

SEEDS = [0, 1, 2]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return nano_policy(nano_tokenizer())


def nano_env() -> TabletopEnv:
    return TabletopEnv(size=64, render=False)


def test_a_trained_policy_says_where_its_time_went_and_is_seeded(policy):
    served = ServedPolicy(policy)
    served.warm_up()
    seen = nano_observation(1)
    chunks, split = served.act([seen], [3], None, [None])
    assert set(split) == {"planner", "expert"} and all(value > 0 for value in split.values())
    first, second, other = (served.act([seen], [3], seed, [None])[0][0].actions for seed in (5, 5, 6))
    assert first.tobytes() == second.tobytes() and (first != other).any()
    again = nano_policy(nano_tokenizer())
    again.act_batch([seen], [3])
    assert (served.act([seen], [3], None, [None])[0][0].actions == again.act_batch([seen], [3])[0].actions).all()
    back = policy.transforms.action.inverse(able(served.abilities.normalise)(chunks[0].actions))
    assert back == pytest.approx(chunks[0].actions, abs=1e-6)


def test_whatever_runs_the_expert_its_time_is_told():
    """An exported policy acts in its backend, and not in the expert's modules."""

    class Backend:
        def takes(self, images, tokens) -> bool:
            return False

        def act(self, seen, spatial, noise, decided):
            return noise

    mine = nano_policy(nano_tokenizer())
    mine.system.backend = Backend()
    split = ServedPolicy(mine).act([nano_observation(1)], [3], None, [None])[1]
    assert split["expert"] > 0


def test_a_chunk_continues_what_is_frozen(policy):
    served, seen = ServedPolicy(policy), nano_observation(1)
    free = served.act([seen], [3], 5, [None])[0][0].actions
    frozen = np.array(free[:3])
    frozen[:, 0] += 0.02
    drawn = served.act([seen], [3], 5, [frozen])[0][0].actions
    assert drawn[:3] == pytest.approx(frozen, abs=1e-6) and np.abs(drawn[3:, :6] - free[3:, :6]).max() > 1e-5
    both, _ = served.act([seen, seen], [3, 4], None, [frozen, None])
    assert both[0].actions[:3] == pytest.approx(frozen, abs=1e-6)
    assert np.abs(both[1].actions[:3] - frozen).max() > 1e-3


def test_a_policy_that_neither_points_nor_feels_is_served():
    """As presets m1 and m1-mini are made: one camera, no state, answers in words."""
    words = replace(nano_config().grounding, pointer=False)
    config = nano_config(grounding=words, cameras=("image",), state_dim=0, chunk=16)
    card = replace(CARD, cameras=("image",), state_names=(), chunk=16)
    speaker = Policy(nano_system(config), nano_tokenizer(), card, nano_statistics())
    with (
        serving(lambda: ServedPolicy(speaker)) as running,
        PolicyClient(running.address, patience=SHORT) as client,
    ):
        asked = {"observation/image_image": nano_observation(1).images["front"], "prompt": "put the mug there"}
        answer = client.infer(asked)
        assert answer["actions"].shape == (16, 7) and answer["grounding"] is None
        assert client.metadata["endpoints"] == ["infer", "reset", "card", "ground", "chat"]


@pytest.mark.parametrize("failure", [SightlineError("The checkpoint is torn."), RuntimeError("sizes do not match")])
def test_what_cannot_be_loaded_is_told_at_once(failure):
    def load():
        raise failure

    with pytest.raises(type(failure), match=str(failure)), serving(load):
        pytest.fail("it has started")


def test_evaluation_through_a_server_gives_the_rows_of_one_without(policy):
    def load() -> ServedPolicy:
        torch.set_num_threads(1)  # as serve does: sums by two threads are other sums
        return ServedPolicy(nano_policy(nano_tokenizer()))

    settings = RolloutSettings(batch=2, execute=4)
    here = rollout(policy, nano_env, SEEDS, settings)
    with serving(load) as running:
        remote = load_policy(running.address)
        there = rollout(remote, nano_env, SEEDS, settings)
        remote.client.close()
    assert there == here


def test_the_expert_is_served_from_a_simulation_of_its_own():
    def env() -> TabletopEnv:
        return TabletopEnv(render=False)

    settings = RolloutSettings(batch=2)
    here = rollout(ExpertPolicy(), env, SEEDS, settings)
    with serving(lambda: ServedScript(env, ExpertPolicy, follows=True)) as running:
        remote = RemotePolicy(running.address)
        there = rollout(remote, env, SEEDS, settings)
        remote.client.close()
        with PolicyClient(running.address, patience=SHORT) as client:
            assert client.metadata["policy_server_config"]["cameras"] == {}
            with pytest.raises(Refused, match="leave the seed out"):
                client.infer({}, seed=1)
            client.reset(episode=1)
            assert np.asarray(client.infer({})["actions"]).shape == (1, 7)
    assert there == here and all(row.success for row in here)


def test_normalised_actions_are_a_trained_policys():
    with pytest.raises(Refusal, match="no normalised actions"):
        able(ServedScript(nano_env, ExpertPolicy, follows=True).abilities.normalise)


def test_an_unknown_policy_is_a_sentence(tmp_path):
    with pytest.raises(SightlineError, match="nowhere"):
        served_by(str(tmp_path / "nowhere"))
    with pytest.raises(SightlineError):
        served_by(f"replay:{tmp_path}")
