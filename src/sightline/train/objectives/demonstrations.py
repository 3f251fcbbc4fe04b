"""Stage 2 on recorded robot data of any size: pictures are decoded when their turn comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.core.errors import SightlineError
from sightline.data.mixture import Draw, Mixture
from sightline.data.recordings import Recordings, Sample
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.transforms import Transforms
from sightline.train.action_targets import COMMANDED, action_targets
from sightline.train.image_cache import ImageCache
from sightline.train.objectives import Objective
from sightline.train.objectives.action import ActionBatch, joint_action_loss
from sightline.train.setup import StageSetup


def make(setup: StageSetup) -> DemonstrationObjective:
    config, action = setup.config, setup.config.action
    if setup.mixture is None:
        raise SightlineError(
            "The objective 'demonstrations' needs recordings, which planners with a pointer do not learn from: "
            "leave it out of objectives."
        )
    return DemonstrationObjective(
        setup.mixture,
        setup.policy,
        action.samples,
        config.micro_batches,
        cache_gib=action.cache_gib,
        unseen=setup.held_out,
    )


class DemonstrationObjective(Objective):
    """Planner and action expert together, on samples drawn from a mixture.

    Inputs come from ``policy.transforms``, the pipeline that serves the policy: for one frame both make the same bytes.
    """

    name = "action"

    def __init__(
        self,
        mixture: Mixture,
        policy: Policy,
        samples: int,
        micro_batches: int = 1,
        threads: int = 4,
        cache_gib: float = 8.0,
        unseen: Mixture | None = None,
    ) -> None:
        """
        Args:
            samples: frames in a micro-batch.
            micro_batches: of one step, over all processes: each is a stretch of the mixture's draws.
            threads: that decode pictures; the loop asks for a batch while the one before is learned from.
            cache_gib: of disk for pictures that have been decoded, see ImageCache.
            unseen: recordings kept out of learning.
        Raises:
            SightlineError: the policy has other cameras, sizes, chunk or embodiments than the mixture.
        """
        self.mixture, self.policy, self.samples, self.micro_batches = mixture, policy, samples, micro_batches
        self.cache_gib, self.unseen = cache_gib, unseen
        self.transforms = policy.transforms
        tags = mixture.tags
        self._by_tag = {tag: policy.transforms.select(tag) if len(tags) > 1 else policy.transforms for tag in tags}
        for recordings in mixture.recordings:
            require_fit(policy, recordings)
        side = policy.config.planner.image_size
        self._cache = ImageCache(mixture, side, self.transforms.picture, cache_gib * 2**30)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")

    def batch(self, step: int, progress: float, part: int = 0) -> ActionBatch:
        """Micro-batch ``part`` of a step; a pure function of both and the mixture's seed."""
        first = (step * self.micro_batches + part) * self.samples
        draws = [self.mixture.draw(index) for index in range(first, first + self.samples)]
        return self.assemble(draws)

    def assemble(self, draws: list[Draw]) -> ActionBatch:
        """The batch of given frames."""
        samples = list(self._pool.map(lambda draw: read(draw, self._cache.at(draw)), draws))
        scalers = [self._by_tag[draw.recordings.embodiment.tag] for draw in draws]
        inputs = self.transforms.inputs([sample.observation for sample in samples])
        return ActionBatch(
            images=inputs.images,
            tokens=inputs.tokens,
            cameras=inputs.cameras,
            state=inputs.state,
            normalised=_normalised_state(inputs.state, scalers),
            actions=torch.from_numpy(
                np.stack([own.action.forward(sample.actions) for own, sample in zip(scalers, samples, strict=True)])
            ),
            known=torch.from_numpy(np.stack([sample.known for sample in samples])),
        )

    def loss(self, system: DualSystem, batch: ActionBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        """The action loss, its parts, the number of samples."""
        action = joint_action_loss(system, batch)
        return action, {"action": action}, len(batch.images)

    def held_out(self) -> DemonstrationObjective | None:
        if self.unseen is None:
            return None
        return DemonstrationObjective(self.unseen, self.policy, self.samples, cache_gib=self.cache_gib)


def read(draw: Draw, images: dict[str, NDArray[np.uint8]] | None = None) -> Sample:
    """The sample of a draw, with its actions as they were meant where the state tells (sightline.train.action_targets).

    ``images`` are its pictures, where they are at hand already.
    """
    recordings, episode, t = draw
    sample = recordings.sample(episode, t, images)
    if not set(COMMANDED) <= set(recordings.card.state_names):
        return sample
    window = slice(t, t + recordings.chunk + 1)
    actions, state = recordings.action(episode)[window], recordings.state(episode)[window]
    targets = action_targets(actions, state, np.zeros(len(actions), np.int64), recordings.chunk, recordings.card)
    return sample._replace(actions=targets.actions[0], known=targets.known[0])


def _normalised_state(state: Tensor, scalers: list[Transforms]) -> Tensor:
    """[B,S] states, each scaled as its embodiment says."""
    return torch.from_numpy(np.stack([own.scaled_state(row) for own, row in zip(scalers, state.numpy(), strict=True)]))


def require_fit(policy: Policy, recordings: Recordings) -> None:
    """Raise SightlineError that lists what differs unless the policy can learn from the recordings."""
    config, card = policy.config, recordings.card
    state = len(card.state_names)
    differences = [
        f"{what}: {mine} != {theirs}"
        for what, mine, theirs in (
            ("cameras", config.cameras, card.cameras),
            ("action_dim", config.action_dim, len(card.action_names)),
            ("chunk", config.chunk, recordings.chunk),
            ("state_dim", config.state_dim, state if config.state_dim else 0),
        )
        if mine != theirs
    ]
    if differences:
        raise SightlineError(
            f"The policy does not fit the recordings in {recordings.dataset.root}: {'; '.join(differences)}."
        )
