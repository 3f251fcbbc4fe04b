"""Stage 1, and co-training in stage 2: boxes, points and traces from packed questions; some answered in words."""

from __future__ import annotations

import torch
from torch import Tensor

from sightline.models.system import DualSystem
from sightline.train.config import STAGE_1
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import GroundingBatch, GroundingBatches
from sightline.train.objectives import Objective, generator
from sightline.train.setup import StageSetup


def make(setup: StageSetup) -> GroundingObjective | None:
    """In stage 1 after what is learned apart; in stage 2 where the planner learns, at a lower weight."""
    config = setup.config
    banks, batches = setup.labelled(GroundingObjective.name), GroundingBatches.of(setup.policy, config.grounding)
    if setup.stage == STAGE_1:
        return GroundingObjective(*banks, batches, config.seed, after=config.grounding.apart_first)
    action = config.action
    if action.planner == "cached" or not action.grounding_every or not setup.policy.config.points:
        return None
    return GroundingObjective(*banks, batches, config.seed, action.grounding_weight, action.grounding_every)


class GroundingObjective(Objective):
    """Learns what a grounding batch asks for.

    Args:
        every: sits out all other steps; after: share of the run before which it sits out.
    """

    name = "grounding"

    def __init__(
        self,
        scenes: FrameBank,
        episodes: FrameBank,
        batches: GroundingBatches,
        seed: int,
        weight: float = 1.0,
        every: int = 1,
        after: float = 0.0,
    ) -> None:
        self.scenes, self.episodes, self.batches, self.seed = scenes, episodes, batches, seed
        self.weight, self.every, self.after = weight, every, after

    def batch(self, step: int, progress: float, part: int = 0) -> GroundingBatch | None:
        if step % self.every or progress < self.after:
            return None
        config, rng = self.batches.config, generator(self.seed, step, self.name, part)
        late = progress >= config.scenes_first
        use_episodes = len(self.scenes) == 0 or (
            len(self.episodes) > 0 and late and rng.random() < config.episode_share
        )
        bank = self.episodes if use_episodes else self.scenes
        # Two views cost twice the visual tokens; half the pictures keep the update's cost level.
        count = max(1, config.images // len(bank.cameras))
        frames = rng.choice(bank.training_frames, count)
        return self.batches.batch(bank, frames, rng, config.jitter, rng.random() < config.text_share)

    def loss(self, system: DualSystem, batch: GroundingBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        seen = system.see(batch.images, batch.tokens, batch.labels.cameras, batch.labels)
        terms = system.grounding_loss(seen, batch.labels)
        terms["text"] = self.batches.config.text_weight * system.planner.text_loss(seen.states, batch.tokens)
        total = torch.stack([term.float() for term in terms.values()]).sum()
        return total, terms, len(batch.images)
