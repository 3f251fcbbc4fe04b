"""Observations to the system's inputs, its outputs to actions: one pipeline for training and serving."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.core.errors import SightlineError, require_known
from sightline.core.types import Observation
from sightline.models.config import SystemConfig
from sightline.models.normalisation import Scaler, fit_picture
from sightline.models.vlm.base import TokenBatch
from sightline.models.vlm.prompts import Packer, Prompt, task_prompt
from sightline.models.vlm.tokenizer import WordTokenizer

NO_CAMERA = np.full(15, np.nan, dtype=np.float32)


@dataclass
class ModelInputs:
    """The system's view of B observations: images [B,V,S,S,3] uint8, packed prompts, cameras [B,V,15], states [B,S]."""

    images: Tensor
    tokens: TokenBatch
    cameras: Tensor
    state: Tensor
    normalised_state: Tensor

    def rows(self, index: Tensor) -> ModelInputs:
        """The samples at ``index`` [n], of which one may be there several times."""
        parts = {name: value[index] for name, value in vars(self).items() if name != "tokens"}
        return ModelInputs(tokens=self.tokens.rows(index), **parts)


class Transforms:
    """The symmetric pipeline: observations to inputs, outputs to actions. Shared by training and serving."""

    def __init__(self, config: SystemConfig, tokenizer: WordTokenizer, statistics: dict) -> None:
        self.config = config
        self.packer = Packer(tokenizer, config.planner, config.querying.attend_padding)
        self.embodiments: dict[str, dict] = statistics.get("embodiments", {})
        self._scale_by(statistics)

    def _scale_by(self, statistics: dict) -> None:
        name = "observation.state"
        self.state = Scaler.from_statistics(statistics[name], name) if self.config.state_dim else None
        self.action = Scaler.from_statistics(statistics["action"], "action")

    def select(self, tag: str) -> Transforms:
        """The same pipeline in the units of one of the embodiments that the policy was trained on together.

        Raises SightlineError naming the nearest one where the statistics hold no such tag.
        """
        require_known("embodiment of this policy", tag, self.embodiments)
        chosen = copy.copy(self)
        chosen._scale_by(self.embodiments[tag])
        return chosen

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One picture as the model sees it."""
        return fit_picture(image, self.config.planner.image_size)

    def inputs(self, observations: Sequence[Observation]) -> ModelInputs:
        """Model inputs of one observation each. Raises SightlineError on missing cameras, wrong shapes, NaN."""
        for observation in observations:
            self._check(observation)
        cameras = self.config.cameras
        images = np.stack([[self.picture(o.images[name]) for name in cameras] for o in observations])
        vectors = [[o.cameras[n].to_vector() if n in o.cameras else NO_CAMERA for n in cameras] for o in observations]
        state = self._states(observations)
        tokens = self.packer.pack([[self.prompt(o.instruction)] for o in observations], len(cameras))
        return ModelInputs(
            torch.from_numpy(images),
            tokens,
            torch.from_numpy(np.asarray(vectors, dtype=np.float32)),
            torch.from_numpy(state),
            torch.from_numpy(self.scaled_state(state)),
        )

    def scaled_state(self, state: NDArray[np.float32]) -> NDArray[np.float32]:
        """States [...,S] as the model sees them."""
        return state if self.state is None else self.state.forward(state)

    def prompt(self, instruction: str) -> Prompt:
        """What the planner is told while acting."""
        guided = self.config.guidance == "spatial"
        return task_prompt(instruction, self.config.points, self.config.prompt if guided else "")

    def _states(self, observations: Sequence[Observation]) -> NDArray[np.float32]:
        """[B,S]; nothing for a system that takes no state."""
        if self.state is None:
            return np.zeros((len(observations), 0), np.float32)
        return np.stack([o.state for o in observations]).astype(np.float32)

    def _check(self, observation: Observation) -> None:
        for name in self.config.cameras:
            if name not in observation.images:
                have = ", ".join(observation.images) or "none"
                raise SightlineError(
                    f"The policy needs camera '{name}' (it was trained with {self.config.cameras}), got {have}."
                )
        state = np.asarray(observation.state)
        expected = (self.config.state_dim,)
        if self.config.state_dim and (state.shape != expected or not np.isfinite(state).all()):
            raise SightlineError(
                f"The policy needs a finite state of {self.config.state_dim} numbers, got shape {state.shape}"
                f"{' with NaN' if state.size and not np.isfinite(state).all() else ''}."
            )
        if not observation.instruction.strip():
            raise SightlineError("The observation has no instruction; say what to do.")

    def outputs(self, normalised: NDArray) -> NDArray[np.float32]:
        """Actions [...,A] in physical units. Binary dimensions take one of their two values; where the statistics name
        no modes, the last one is a gripper that becomes +1 or -1."""
        actions = self.action.inverse(normalised)
        if not self.action.modes:
            actions[..., -1] = np.where(actions[..., -1] > 0, 1.0, -1.0)
        return actions
