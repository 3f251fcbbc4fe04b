"""Stage 2 on labelled frames: chunks of actions, with the planner or on what it would say."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.models.action.spatial_memory import require_hand
from sightline.models.action.spatial_tokens import SpatialInputs
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.base import TokenBatch
from sightline.train.action_targets import action_targets
from sightline.train.config import ActionConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import own_question, pictures
from sightline.train.objectives import Objective, generator
from sightline.train.planner_cache import PlannerCache
from sightline.train.setup import StageSetup, precision_of
from sightline.train.true_guidance import TrueGuidance


def make(setup: StageSetup) -> JointActionObjective | CachedActionObjective:
    """As ``action.planner`` says: with the planner, or on what it would say."""
    config, policy = setup.config, setup.policy
    _, episodes = setup.labelled("action")
    if policy.config.points and policy.config.expert.memory:
        require_hand(policy.card.state_names)
    if config.action.planner == "joint":
        return JointActionObjective(episodes, policy, config.action, config.seed, config.grounding.jitter)
    guidance = TrueGuidance(episodes, policy.config.grounding.trace_points)
    cache = _planner_cache(setup, episodes) if policy.config.expert.latent else None
    return CachedActionObjective(episodes, guidance, cache, policy, config.action, config.seed)


def _planner_cache(setup: StageSetup, episodes: FrameBank) -> PlannerCache:
    """Planner states of evenly spread demonstration frames, held-out ones among them."""
    drawn = np.flatnonzero(episodes.drawn)
    frames = drawn[:: -(-len(drawn) // setup.config.action.latent_frames)]
    policy = setup.policy
    return PlannerCache(policy.system, episodes, frames, policy.transforms.packer, 64, precision_of(setup.config))


@dataclass
class ActionBatch:
    """Joint training: pictures, prompts, calibration, states, chunks and how much of them is known."""

    images: Tensor
    tokens: TokenBatch
    cameras: Tensor
    state: Tensor
    normalised: Tensor
    actions: Tensor
    known: Tensor


class FrameNumbers:
    """State, calibration and action chunk of demonstration frames as tensors."""

    def __init__(self, bank: FrameBank, policy: Policy) -> None:
        transforms = policy.transforms
        self.state = bank.state
        self.normalised = transforms.scaled_state(bank.state)
        targets = action_targets(bank.action, bank.state, bank.episode, policy.config.chunk, policy.card)
        self.actions, self.known = transforms.action.forward(targets.actions), targets.known
        per_episode = [np.stack([labels.cameras[name] for name in bank.cameras], 1) for labels in bank.labels]
        self.cameras = np.concatenate(per_episode).astype(np.float32)

    def at(self, frames: NDArray[np.int64]) -> dict[str, Tensor]:
        """Tensors ``cameras`` [B,V,15], ``state``, ``normalised`` [B,S], ``actions`` [B,T,A] and ``known`` [B,T] of
        frames."""
        return {
            name: torch.from_numpy(getattr(self, name)[frames])
            for name in ("cameras", "state", "normalised", "actions", "known")
        }


def expert_loss(system: DualSystem, actions: Tensor, known: Tensor, condition: Tensor, repeats: int) -> Tensor:
    """The action loss with the settings of the system's expert; see ActionExpert.loss."""
    config = system.config.expert
    return system.expert.loss(actions, condition, repeats, config.condition_drop, known, config.path_weight)


def joint_action_loss(system: DualSystem, batch: ActionBatch) -> Tensor:
    """The action loss of a batch, felt by planner and action expert."""
    seen = system.see(batch.images, batch.tokens, batch.cameras)
    spatial = SpatialInputs.from_pointing(seen.pointing, 0, batch.cameras, batch.state, batch.normalised)
    expert = system.config.expert
    latent = system.query_tokens(seen.states.layers, seen.dense, seen.ignore) if expert.latent else None
    condition = system.condition(spatial, latent)
    return expert_loss(system, batch.actions, batch.known, condition, expert.repeated_steps)


class JointActionObjective(Objective):
    """Planner and action expert together: the action loss reaches the planner through the scaled gradient."""

    name = "action"

    def __init__(self, bank: FrameBank, policy: Policy, config: ActionConfig, seed: int, jitter: float) -> None:
        self.bank, self.config, self.seed, self.jitter = bank, config, seed, jitter
        self.transforms = policy.transforms
        self.numbers = FrameNumbers(bank, policy)
        self.frames = bank.training_frames

    def batch(self, step: int, progress: float, part: int = 0) -> ActionBatch:
        rng = generator(self.seed, step, self.name, part)
        frames = rng.choice(self.frames, self.config.samples)
        prompts = [[self.transforms.prompt(own_question(self.bank, f).text)] for f in frames]
        images = pictures(self.bank, frames, rng, self.jitter)
        tokens = self.transforms.packer.pack(prompts, len(self.bank.cameras))
        return ActionBatch(images, tokens, **self.numbers.at(frames))

    def loss(self, system: DualSystem, batch: ActionBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        action = joint_action_loss(system, batch)
        return action, {"action": action}, len(batch.images)

    def held_out(self) -> JointActionObjective | None:
        return _on_held_out_frames(self)


@dataclass
class CachedBatch:
    """Cached training: frames, what is known of them, where everything is, and arguments of
    DualSystem.query_tokens in batches that see latent query tokens."""

    actions: Tensor
    known: Tensor
    spatial: SpatialInputs
    latent: tuple[list[Tensor], Tensor, Tensor] | None


class CachedActionObjective(Objective):
    """The action expert alone, on true guidance and stored planner states: hundreds of times more samples than pictures
    can be encoded."""

    name = "action"

    def __init__(
        self,
        bank: FrameBank,
        guidance: TrueGuidance,
        cache: PlannerCache | None,
        policy: Policy,
        config: ActionConfig,
        seed: int,
    ) -> None:
        self.bank, self.guidance, self.cache, self.config, self.seed = bank, guidance, cache, config, seed
        self.numbers = FrameNumbers(bank, policy)
        self.frames = bank.training_rows

    def batch(self, step: int, progress: float, part: int = 0) -> CachedBatch:
        rng = generator(self.seed, step, self.name, part)
        cache = self.cache if rng.random() < self.config.latent_share else None
        chosen = self.frames if cache is None else np.intersect1d(self.frames, cache.frames)
        frames = rng.choice(chosen, self.config.cached_samples)
        numbers = self.numbers.at(frames)
        latent = None if cache is None else cache.at(frames)
        return CachedBatch(numbers["actions"], numbers["known"], self.guidance.at(frames, numbers), latent)

    def loss(self, system: DualSystem, batch: CachedBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        spatial = batch.spatial.jitter(self.config.point_noise, self.config.height_noise)
        if self.config.place_noise:
            moves = torch.randn(*spatial.points.shape[:2], 3, device=spatial.points.device)
            spatial = spatial.displaced(self.config.place_noise * moves)
        latent = None if batch.latent is None else system.query_tokens(*batch.latent)
        condition = system.condition(spatial, latent)
        # A cached sample costs little: fresh samples teach more than further noise on the same ones.
        loss = expert_loss(system, batch.actions, batch.known, condition, 1)
        return loss, {"action": loss}, len(batch.actions)

    def held_out(self) -> CachedActionObjective | None:
        return _on_held_out_frames(self)


OnFrames = TypeVar("OnFrames", JointActionObjective, CachedActionObjective)


def _on_held_out_frames(objective: OnFrames) -> OnFrames | None:
    """A copy that draws held-out frames: the loop draws the next batch from the original while a check runs."""
    held = copy(objective)
    held.frames = objective.bank.held_out_frames
    return held if len(held.frames) else None
