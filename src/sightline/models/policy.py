"""Policy: the dual system in physical units. The door through which training, evaluation and serving see the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.core.card import Card
from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import ACTION_NAMES, STATE_NAMES, ActionChunk, Grounding, Observation
from sightline.models.config import SystemConfig
from sightline.models.grounding.confidence import calibrated
from sightline.models.grounding.pointing import read_pointing
from sightline.models.official_inputs import query_tokens
from sightline.models.planner import Planner
from sightline.models.pretrained import Parts, read_parts, write_parts
from sightline.models.spatial_guidance import Guide, believed, certain
from sightline.models.steering import Steer
from sightline.models.system import DualSystem
from sightline.models.transforms import Transforms
from sightline.models.vlm.tokenizer import WordTokenizer

ALONE = -1  # row of an observation that belongs to no episode


class Policy:
    """A trained dual system with everything it needs to act: tokenizer, card, statistics.

    With a MissingTokenizer (an imported checkpoint that came without one) it takes token ids, not words.
    """

    def __init__(
        self, system: DualSystem, tokenizer: WordTokenizer, card: Card, statistics: dict, notes: dict | None = None
    ) -> None:
        self.planner = Planner(system, tokenizer)
        self.system = system
        self.tokenizer = tokenizer
        self.card = card
        self.statistics = statistics
        self.notes = notes or {}
        self.transforms = Transforms(system.config, tokenizer, statistics)
        self._calls: dict[int, int] = {}
        self.guide = Guide(system, self.transforms)

    @property
    def config(self) -> SystemConfig:
        """Sizes and switches of the system."""
        return self.system.config

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.system.parameters()).device

    # ---- acting -------------------------------------------------------------------------------------------------

    def reset(self, rows: Sequence[int] | None = None) -> None:
        """Forget the past of these rows (all when None): what was seen, and how often they asked for noise."""
        for row in list(self._calls) if rows is None else rows:
            self._calls.pop(row, None)
            self.guide.forget(row)

    def act(self, observation: Observation) -> ActionChunk:
        """The next chunk of actions in physical units for one observation.

        What was pointed at in earlier calls is remembered: call :meth:`reset` when an episode starts. Another
        instruction drops the memory by itself. Where the target is taken not to be there (``grounding.found``), the arm
        stays where it is.
        """
        return self.act_batch([observation], [0])[0]

    @torch.inference_mode()
    def steer(self, observation: Observation, *steers: Steer, row: int = 0) -> None:
        """Act upon what a person points at in the pictures of ``observation``, until the row is reset or told something
        else: what the instruction says of the target (or the place) gives way.

        Raises SightlineError where the camera is not one of the policy's or is not calibrated, or where the policy does
        not act on remembered points.
        """
        self.guide.tell(observation, steers, row)

    def guided(self, on: bool, row: int = 0) -> None:
        """Whether the row's action expert is shown what the planner points at; it is, unless told otherwise."""
        self.guide.switch(row, on)

    @torch.inference_mode()
    def act_batch(
        self,
        observations: Sequence[Observation],
        rows: Sequence[int],
        decided: Sequence[NDArray[np.float32] | None] | None = None,
    ) -> list[ActionChunk]:
        """One chunk for each observation; ``rows`` names the running episode that each belongs to.

        Args:
            decided: for each observation the first actions [d,A] of its chunk where they will be carried out whatever
                comes; the rest of the chunk follows from them (real-time chunking).
        """
        inputs = self.transforms.inputs(observations)
        self.guide.begin(observations, rows)
        images, cameras = inputs.images.to(self.device), inputs.cameras.to(self.device)
        hints = self.guide.hints(cameras, rows)
        seen = self.system.see(images, inputs.tokens.to(self.device), cameras, hints)
        seen.pointing = certain(seen.pointing, hints)
        noise = torch.stack([self._noise(row) for row in rows])
        spatial = self.guide.guidance(seen, inputs, rows)
        normalised = self.system.act(seen, spatial, noise.to(self.device), self._decided(decided))
        actions = self.transforms.outputs(normalised.float().cpu().numpy())
        groundings: list[Grounding | None] = [None] * len(observations)
        if seen.pointing is not None:
            camera, guided = self.config.cameras[0], believed(seen.pointing, spatial)
            sizes = [observation.images[camera].shape[:2] for observation in observations]
            for index, (row, size) in enumerate(zip(rows, sizes, strict=True)):
                said = replace(read_pointing(guided, index, size, camera), presence=self.guide.presence(row))
                groundings[index] = said = calibrated(said, self.config.grounding)
                said.confidence.update(dict.fromkeys(self.guide.told(row), 1.0))
                if not said.found:
                    actions[index] = self._still(observations[index])
        return [ActionChunk(chunk, grounding) for chunk, grounding in zip(actions, groundings, strict=True)]

    def _still(self, observation: Observation) -> NDArray[np.float32]:
        """[T,A] the arm stays where it is and the gripper as it is: for want of anything to act upon."""
        still = np.zeros((self.config.chunk, self.config.action_dim), np.float32)
        names = dict(zip(self.card.state_names, observation.state, strict=True))
        if self.card.action_names[-1] == ACTION_NAMES[-1]:
            still[:, -1] = names.get(STATE_NAMES[-1], 0.0)
        return still

    def act_seeded(
        self, observation: Observation, seed: int, decided: NDArray[np.float32] | None = None
    ) -> ActionChunk:
        """The chunk for an observation by itself: the past plays no part, and ``seed`` decides its noise.

        Args:
            seed: 0 to 2**63 - 1; the same one gives the same chunk.
            decided: see :meth:`act_batch`.
        """
        self.reset([ALONE])
        self._calls[ALONE] = seed
        try:
            return self.act_batch([observation], [ALONE], [decided])[0]
        finally:
            self.reset([ALONE])

    # ---- tensors, as the official code takes them ---------------------------------------------------------------

    @torch.inference_mode()
    def query_tokens(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The latent condition of the action expert, [B,queries,width].

        Args:
            inputs: ``input_ids`` and ``attention_mask`` [B,L], ``pixel_values`` [patches,1176] and ``image_grid_thw``
                [B*V,3] as Qwen2.5-VL's processor makes them, ``views`` [B,V,3,S,S] ImageNet-normalised for DINOv2.

        Raises SightlineError where one is missing or the pictures do not fit the tokens.
        """
        return query_tokens(self.system, {name: value.to(self.device) for name, value in inputs.items()})

    @torch.inference_mode()
    def sample(
        self, inputs: Mapping[str, Tensor], noise: Tensor, cfg_scale: float = 1.5, ddim_steps: int = 10
    ) -> Tensor:
        """Normalised actions [B,T,A] for ``inputs`` (see :meth:`query_tokens`) from starting ``noise`` [B,T,A].

        Args:
            cfg_scale: strength of classifier-free guidance; 1 turns it off.
        """
        expected = (self.config.chunk, self.config.action_dim)
        if noise.ndim != 3 or noise.shape[1:] != expected:
            raise SightlineError(f"The noise must be [B, {expected[0]}, {expected[1]}], got {tuple(noise.shape)}.")
        condition = self.query_tokens(inputs)
        return self.system.expert.sample(condition, noise.to(self.device), cfg_scale, ddim_steps)

    def _decided(self, decided: Sequence[NDArray[np.float32] | None] | None) -> Tensor | None:
        """[B,T,A] normalised, NaN where nothing is decided; None where nothing is at all."""
        if decided is None or all(actions is None for actions in decided):
            return None
        known = torch.full((len(decided), self.config.chunk, self.config.action_dim), torch.nan)
        for row, actions in enumerate(decided):
            if actions is not None:
                known[row, : len(actions)] = torch.from_numpy(self.transforms.action.forward(actions))
        return known.to(self.device)

    def _noise(self, row: int) -> Tensor:
        # The noise depends on how often this episode was asked, never on its neighbours: batching changes nothing.
        call = self._calls.get(row, 0)
        self._calls[row] = call + 1
        return torch.randn(self.config.chunk, self.config.action_dim, generator=torch.Generator().manual_seed(call))

    def ground(self, image: NDArray[np.uint8], text: str, camera: Camera | None = None) -> Grounding:
        """Where to act in one picture; see :meth:`Planner.ground`."""
        return self.planner.ground(image, text, camera)

    def ground_batch(
        self, images: Sequence[NDArray[np.uint8]], texts: Sequence[str], cameras: Sequence[Camera] | None = None
    ) -> list[Grounding]:
        """Where to act in many pictures; see :meth:`Planner.ground_batch`."""
        return self.planner.ground_batch(images, texts, cameras)

    # ---- files --------------------------------------------------------------------------------------------------

    @property
    def parts(self) -> Parts:
        """What the policy is made of, as a checkpoint folder holds it."""
        return Parts(self.system, self.tokenizer, self.card, self.statistics, self.notes)

    def save_pretrained(
        self, folder: Path | str, half: bool = False, weights: Mapping[str, Tensor] | None = None
    ) -> None:
        """Write the checkpoint folder; see :func:`sightline.models.pretrained.write_parts`."""
        write_parts(self.parts, folder, half, weights)

    @staticmethod
    def from_pretrained(source: Path | str, device: str = "cpu", dtype: torch.dtype | None = None) -> Policy:
        """Load a checkpoint folder, the newest policy of a run folder, or a shipped checkpoint by its name (``tiny``);
        see :func:`sightline.models.pretrained.read_parts`."""
        return Policy(**vars(read_parts(source, device, dtype)))
