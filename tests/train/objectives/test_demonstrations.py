"""Streaming from recordings: the bytes that are served, the same batches anywhere, one step of learning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from foreign import REAL, needs_real, write_groot, write_ipec
from nano import nano_config, nano_system, nano_tokenizer

from sightline.core.errors import SightlineError
from sightline.data import Dataset, load_dataset
from sightline.data.embodiments import EMBODIMENTS
from sightline.data.mixture import Draw, Mixture, open_mixture
from sightline.data.recordings import Recordings
from sightline.models.policy import Policy
from sightline.train.config import OptimiserConfig, TrainConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import pictures
from sightline.train.loop import Trainer
from sightline.train.objectives.action import FrameNumbers
from sightline.train.objectives.demonstrations import DemonstrationObjective

CHUNK = 4


def policy_for(mixture: Mixture, state: bool = True) -> Policy:
    """An awake nano policy, unguided, with the interface and statistics of a mixture."""
    card = mixture.recordings[0].card
    config = nano_config(
        cameras=card.cameras, action_dim=len(card.action_names), chunk=card.chunk, guidance="none",
        state_dim=len(card.state_names) if state else 0,
    )  # fmt: skip
    return Policy(nano_system(config), nano_tokenizer(), card, mixture.statistics())


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Mixture:
    root = write_groot(tmp_path_factory.mktemp("groot"), tasks=("stir the soup", "wipe the table"))
    return Mixture([Recordings(load_dataset(root), EMBODIMENTS["demo_sim_franka_delta_joints"], CHUNK)], seed=3)


@pytest.fixture(scope="module")
def robots(tmp_path_factory: pytest.TempPathFactory) -> Mixture:
    root = tmp_path_factory.mktemp("robots")
    folders = {"oxe_bridge": write_ipec(root / "b"), "oxe_rt1": write_ipec(root / "g", camera="image", seed=4)}
    return Mixture([Recordings(load_dataset(path), EMBODIMENTS[name], CHUNK) for name, path in folders.items()])


def equal(first: object, second: object) -> bool:
    """Whether two tensors, or dataclasses of tensors, hold the same bytes (NaN equals NaN)."""
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return first.dtype == second.dtype and first.numpy().tobytes() == second.numpy().tobytes()
    return all(equal(value, getattr(second, name)) for name, value in vars(first).items())


def test_training_and_serving_see_the_same_bytes(mixture: Mixture) -> None:
    policy = policy_for(mixture)
    objective = DemonstrationObjective(mixture, policy, samples=3)
    for step in range(4):
        batch = objective.batch(step, 0.0)
        draws = [mixture.draw(3 * step + i) for i in range(3)]
        served = policy.transforms.inputs([d.recordings.sample(d.episode, d.t).observation for d in draws])
        assert equal(batch.images, served.images) and equal(batch.tokens, served.tokens)
        assert equal(batch.state, served.state) and equal(batch.normalised, served.normalised_state)
        assert equal(batch.cameras, served.cameras)


def test_kept_pictures_are_those_that_would_be_decoded(mixture: Mixture) -> None:
    policy = policy_for(mixture)
    kept = DemonstrationObjective(mixture, policy, samples=5)
    decoded = DemonstrationObjective(mixture, policy, samples=5, cache_gib=1e-6)
    assert kept._cache.fits and not decoded._cache.fits
    for step in (3, 0, 3):
        assert equal(kept.batch(step, 0.0), decoded.batch(step, 0.0))


def test_what_is_learned_comes_back_in_physical_units(mixture: Mixture) -> None:
    policy = policy_for(mixture)
    batch = DemonstrationObjective(mixture, policy, samples=4).batch(0, 0.0)
    for i in range(4):
        drawn = mixture.draw(i)
        actions, known = drawn.recordings.chunk_at(drawn.episode, drawn.t)
        np.testing.assert_allclose(policy.transforms.outputs(batch.actions[i].numpy()), actions, atol=1e-6)
        assert torch.equal(batch.known[i], torch.from_numpy(known))
    assert set(batch.actions[..., -1].unique().tolist()) <= {0.0, 1.0}, "the gripper is binary"


def test_micro_batches_share_out_the_draws(mixture: Mixture) -> None:
    """However many parts a step has, the same samples are learned from, in the same order."""
    policy = policy_for(mixture)
    whole = DemonstrationObjective(mixture, policy, samples=4)
    halves = DemonstrationObjective(mixture, policy, samples=2, micro_batches=2, threads=1)
    for step in (0, 7):
        one, two = (halves.batch(step, 0.5, part) for part in (0, 1))
        both = whole.batch(step, 0.1)
        assert torch.equal(torch.cat([one.images, two.images]), both.images)
        assert torch.equal(torch.cat([one.actions, two.actions]), both.actions)
    assert equal(halves.batch(0, 0.0, 1), DemonstrationObjective(mixture, policy, 2, 2).batch(0, 0.0, 1))


def test_each_robot_is_scaled_by_its_own_statistics(robots: Mixture) -> None:
    policy = policy_for(robots)
    objective = DemonstrationObjective(robots, policy, samples=12)
    batch = objective.batch(0, 0.0)
    seen = set()
    for i in range(12):
        drawn = robots.draw(i)
        tag = drawn.recordings.embodiment.tag
        seen.add(tag)
        own = policy.transforms.select(tag)
        sample = drawn.recordings.sample(drawn.episode, drawn.t)
        assert np.array_equal(batch.actions[i].numpy(), own.action.forward(sample.actions))
        assert torch.equal(batch.normalised[i], own.inputs([sample.observation]).normalised_state[0])
    assert seen == {"oxe_bridge", "oxe_rt1"}
    with pytest.raises(SightlineError, match="did you mean 'oxe_rt1'"):
        policy.transforms.select("oxe_rt")


def test_policies_without_state_take_any(robots: Mixture) -> None:
    policy = policy_for(robots, state=False)
    batch = DemonstrationObjective(robots, policy, samples=2).batch(0, 0.0)
    assert batch.state.shape == batch.normalised.shape == (2, 0)
    loss, _, count = DemonstrationObjective(robots, policy, samples=2).loss(policy.system, batch)
    assert torch.isfinite(loss) and count == 2


def test_the_one_loop_learns_from_it(mixture: Mixture, tmp_path: Path) -> None:
    policy = policy_for(mixture)
    objective = DemonstrationObjective(mixture, policy, samples=4)
    config = TrainConfig(
        steps=40, device="cpu", threads=1, precision="fp32", log_every=1, evaluate_every=40, save_every=40,
        system=policy.config, optimiser=OptimiserConfig(rate=3e-3, warmup=2),
    )  # fmt: skip
    trainer = Trainer(tmp_path, "stage 2", policy, [objective], config, dict)
    with torch.no_grad():
        before = [float(objective.loss(policy.system, objective.batch(i, 0.0))[0]) for i in range(6)]
    trainer.train()
    with torch.no_grad():
        after = [float(objective.loss(policy.system, objective.batch(i, 0.0))[0]) for i in range(6)]
    assert np.mean(after) < 0.7 * np.mean(before)
    stored = Policy.from_pretrained(tmp_path)
    assert stored.transforms.action.modes == ("min_max",) * 7 + ("binary",)
    drawn = mixture.draw(0)
    chunk = stored.act(drawn.recordings.sample(drawn.episode, drawn.t).observation).actions
    assert chunk.shape == (CHUNK, 8) and set(np.unique(chunk[:, -1])) <= {-1.0, 1.0}


def test_own_demonstrations_are_learned_as_they_were_meant(dataset: Dataset, episodes: FrameBank) -> None:
    """As in joint training from memory: the same chunks, calibrations, states, and the same as known."""
    recordings = Recordings(dataset, EMBODIMENTS["sightline"], CHUNK)
    policy = policy_for(Mixture([recordings]))
    bank = FrameNumbers(episodes, policy)
    objective = DemonstrationObjective(Mixture([recordings]), policy, samples=1)
    frames = np.arange(len(episodes))
    batch = objective.assemble([Draw(recordings, int(episodes.episode[f]), int(episodes.time[f])) for f in frames])
    for name, value in bank.at(frames).items():
        np.testing.assert_array_equal(getattr(batch, name).numpy(), value.numpy(), err_msg=name)
    assert torch.equal(batch.images, pictures(episodes, frames))


def test_policies_that_do_not_fit_are_refused(mixture: Mixture, robots: Mixture) -> None:
    with pytest.raises(SightlineError, match=r"cameras: .*; action_dim: 7 != 8; state_dim: 8 != 7"):
        DemonstrationObjective(mixture, policy_for(robots), samples=2)
    single = policy_for(Mixture(robots.recordings[:1]))
    with pytest.raises(SightlineError, match="Unknown embodiment of this policy 'oxe_bridge'"):
        DemonstrationObjective(robots, single, samples=2)


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    root = write_groot(tmp_path, lengths=(8,))
    recordings = Recordings(load_dataset(root), EMBODIMENTS["demo_sim_franka_delta_joints"], CHUNK)
    mixture = Mixture([recordings])
    objective = DemonstrationObjective(mixture, policy_for(mixture), samples=1)
    next(root.rglob("video.ego_view/*.mp4")).write_bytes(b"not a film")
    with pytest.raises(SightlineError, match=r"ego_view.*cannot be decoded"):
        objective.assemble([Draw(recordings, 0, 3)])


@needs_real
def test_real_recording() -> None:
    mixture = open_mixture("demo_sim_pick_place", REAL.parent, CHUNK, seed=1)
    policy = policy_for(mixture)
    batch = DemonstrationObjective(mixture, policy, samples=2).batch(5, 0.0)
    draws = [mixture.draw(10 + i) for i in range(2)]
    served = policy.transforms.inputs([d.recordings.sample(d.episode, d.t).observation for d in draws])
    assert torch.equal(batch.images, served.images) and torch.equal(batch.normalised, served.normalised_state)
