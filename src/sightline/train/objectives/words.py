"""The first part of stage 1, beside recognition: the language model learns alone what words mean."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.models.grounding.pointing import GroundingLabels
from sightline.models.system import DualSystem
from sightline.models.vlm.base import TokenBatch
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import GroundingBatches
from sightline.train.objectives import Objective, generator
from sightline.train.setup import StageSetup


def make(setup: StageSetup) -> WordsObjective:
    batches = GroundingBatches.of(setup.policy, setup.config.grounding)
    return WordsObjective(*setup.labelled(WordsObjective.name), batches, setup.config.seed)


@dataclass
class WordsBatch:
    """Packed questions without pictures, and what their words mean."""

    tokens: TokenBatch
    labels: GroundingLabels


class WordsObjective(Objective):
    """Learns what packed questions mean, without the pictures that they are about."""

    name = "words"
    every = 8  # words are learned sooner than pictures

    def __init__(self, scenes: FrameBank, episodes: FrameBank, batches: GroundingBatches, seed: int) -> None:
        self.bank = scenes if len(scenes) else episodes
        self.batches, self.seed = batches, seed

    def batch(self, step: int, progress: float, part: int = 0) -> WordsBatch | None:
        config = self.batches.config
        if progress >= config.apart_first or step % self.every:
            return None
        rng = generator(self.seed, step, self.name, part)
        frames = rng.choice(self.bank.training_frames, config.images)
        batch = self.batches.batch(self.bank, frames, rng, 0.0, in_words=False, views=0)
        return WordsBatch(batch.tokens, batch.labels)

    def loss(self, system: DualSystem, batch: WordsBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        terms = system.words_loss(batch.tokens, batch.labels)
        return torch.stack(list(terms.values())).sum(), terms, len(batch.tokens.ids)
