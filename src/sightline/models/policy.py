"""Policy: the dual system in physical units. The door through which training, evaluation and serving see the model."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sightline.core.card import Card
from sightline.core.config import load_config, to_dict
from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import ActionChunk, Grounding, Observation
from sightline.models.config import SystemConfig
from sightline.models.grounding import Planner, read_pointing
from sightline.models.looks import SHIFTS, moved_back, shifted
from sightline.models.prompts import Packer, TokenBatch, task_prompt
from sightline.models.spatial_memory import SpatialMemory, pointer_confidence
from sightline.models.spatial_tokens import SpatialInputs
from sightline.models.system import DualSystem, Seen
from sightline.models.tokenizer import WordTokenizer
from sightline.models.transforms import Scaler, fit_picture

SHIPPED = Path(__file__).parents[1] / "checkpoints"
LOOK_SHARE = 0.25  # weight of a look at a shifted copy in the memory, where a look at the picture itself counts one
NO_CAMERA = np.full(15, np.nan, dtype=np.float32)


@dataclass
class ModelInputs:
    """The system's view of B observations: images [B,V,S,S,3] uint8, packed prompts, cameras [B,V,15], states [B,S]."""

    images: Tensor
    tokens: TokenBatch
    cameras: Tensor
    state: Tensor
    normalised_state: Tensor


class Transforms:
    """The symmetric pipeline: observations to inputs, outputs to actions. Shared by training and serving."""

    def __init__(self, config: SystemConfig, tokenizer: WordTokenizer, statistics: dict) -> None:
        self.config = config
        self.packer = Packer(tokenizer, config.planner)
        self.state = Scaler.from_statistics(statistics["observation.state"], "observation.state")
        self.action = Scaler.from_statistics(statistics["action"], "action")

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
        state = np.stack([o.state for o in observations]).astype(np.float32)
        guided = self.config.guidance == "spatial"
        tokens = self.packer.pack([[task_prompt(o.instruction, guided)] for o in observations], len(cameras))
        return ModelInputs(
            torch.from_numpy(images),
            tokens,
            torch.from_numpy(np.asarray(vectors, dtype=np.float32)),
            torch.from_numpy(state),
            torch.from_numpy(self.state.forward(state)),
        )

    def _check(self, observation: Observation) -> None:
        for name in self.config.cameras:
            if name not in observation.images:
                have = ", ".join(observation.images) or "none"
                raise SightlineError(
                    f"The policy needs camera '{name}' (it was trained with {self.config.cameras}), got {have}."
                )
        state = np.asarray(observation.state)
        if state.shape != (self.config.state_dim,) or not np.isfinite(state).all():
            raise SightlineError(
                f"The policy needs a finite state of {self.config.state_dim} numbers, got shape {state.shape}"
                f"{' with NaN' if state.size and not np.isfinite(state).all() else ''}."
            )
        if not observation.instruction.strip():
            raise SightlineError("The observation has no instruction; say what to do.")

    def outputs(self, normalised: NDArray) -> NDArray[np.float32]:
        """Actions [...,A] in physical units; the gripper (last) becomes +1 or -1."""
        actions = self.action.inverse(normalised)
        actions[..., -1] = np.where(actions[..., -1] > 0, 1.0, -1.0)
        return actions


class Policy:
    """A trained dual system with everything it needs to act: tokenizer, card, statistics."""

    def __init__(
        self, system: DualSystem, tokenizer: WordTokenizer, card: Card, statistics: dict, notes: dict | None = None
    ) -> None:
        self.system = system.eval()
        self.tokenizer = tokenizer
        self.card = card
        self.statistics = statistics
        self.notes = notes or {}
        self.transforms = Transforms(system.config, tokenizer, statistics)
        self.planner = Planner(system, tokenizer, self.transforms.packer)
        self._calls: dict[int, int] = {}
        self._memories: dict[int, SpatialMemory] = {}
        self._told: dict[int, str] = {}

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
            self._memories.pop(row, None)
            self._told.pop(row, None)

    def act(self, observation: Observation) -> ActionChunk:
        """The next chunk of actions in physical units for one observation.

        What was pointed at in earlier calls is remembered: call :meth:`reset` when an episode starts. Another
        instruction drops the memory by itself.
        """
        return self.act_batch([observation], [0])[0]

    @torch.inference_mode()
    def act_batch(self, observations: Sequence[Observation], rows: Sequence[int]) -> list[ActionChunk]:
        """One chunk for each observation; ``rows`` names the running episode that each belongs to."""
        inputs = self.transforms.inputs(observations)
        for row, observation in zip(rows, observations, strict=True):
            # Sightings answer to words: what was meant before says nothing about what is meant now.
            if self._told.get(row) != observation.instruction:
                self._memories.pop(row, None)
            self._told[row] = observation.instruction
        new = [index for index, row in enumerate(rows) if row not in self._memories]
        if new and self._remembers:
            self._look_around([observations[index] for index in new], [rows[index] for index in new])
        seen = self.system.see(inputs.images.to(self.device), inputs.tokens.to(self.device))
        noise = torch.stack([self._noise(row) for row in rows])
        normalised = self.sample(seen, inputs, noise, rows)
        actions = self.transforms.outputs(normalised.float().cpu().numpy())
        groundings: list[Grounding | None] = [None] * len(observations)
        if seen.pointing is not None:
            camera = self.config.cameras[0]
            sizes = [observation.images[camera].shape[:2] for observation in observations]
            groundings = [read_pointing(seen.pointing, row, size, camera) for row, size in enumerate(sizes)]
        return [ActionChunk(chunk, grounding) for chunk, grounding in zip(actions, groundings, strict=True)]

    def sample(self, seen: Seen, inputs: ModelInputs, noise: Tensor, rows: Sequence[int] = ()) -> Tensor:
        """Normalised action chunks [B,T,A] from what the planner side has seen and starting noise [B,T,A].

        ``rows`` names the running episodes, whose earlier sightings are recalled; without them nothing is remembered.
        """
        expert = self.config.expert
        device = self.device
        state, normalised, cameras = (x.to(device) for x in (inputs.state, inputs.normalised_state, inputs.cameras))
        spatial = SpatialInputs.from_pointing(seen.pointing, 0, cameras, state, normalised)
        if self._remembers and rows:
            assert seen.pointing is not None
            spatial = self._recall(spatial, pointer_confidence(seen.pointing), rows)
        latent = self.system.query_tokens(seen.states.layers, seen.dense, seen.ignore) if expert.latent else None
        condition = self.system.condition(spatial, latent)
        return self.system.expert.sample(condition, noise.to(device), expert.guidance_scale, expert.ddim_steps)

    @property
    def _remembers(self) -> bool:
        return self.config.guidance == "spatial" and self.config.expert.memory

    def _look_around(self, observations: Sequence[Observation], rows: Sequence[int]) -> None:
        """Start the memories of episodes with looks at shifted copies of their first pictures."""
        inputs = self.transforms.inputs(observations)
        state, normalised, cameras = (
            x.to(self.device) for x in (inputs.state, inputs.normalised_state, inputs.cameras)
        )
        for row in rows:
            self._memories[row] = SpatialMemory()
        for right, down in SHIFTS[: self.config.grounding.looks]:
            images = shifted(inputs.images, right, down)
            pointing = self.system.see(images.to(self.device), inputs.tokens.to(self.device)).pointing
            assert pointing is not None
            spatial = SpatialInputs.from_pointing(pointing, 0, cameras, state, normalised)
            spatial = moved_back(spatial, right, down, self.config.planner.image_size)
            confidence = pointer_confidence(pointing)
            for index, row in enumerate(rows):
                self._memories[row].look(_sample(spatial, index), confidence[index], LOOK_SHARE)

    def _recall(self, spatial: SpatialInputs, confidence: Tensor, rows: Sequence[int]) -> SpatialInputs:
        """Each sample's guidance as its episode's memory has it."""
        parts = [
            self._memories.setdefault(row, SpatialMemory()).recall(_sample(spatial, index), confidence[index])
            for index, row in enumerate(rows)
        ]
        names = vars(spatial)
        return SpatialInputs(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})

    def _noise(self, row: int) -> Tensor:
        # The noise depends on how often this episode was asked, never on its neighbours: batching changes nothing.
        call = self._calls.get(row, 0)
        self._calls[row] = call + 1
        return torch.randn(self.config.chunk, self.config.action_dim, generator=torch.Generator().manual_seed(call))

    def ground(self, image: NDArray[np.uint8], text: str) -> Grounding:
        """Where to act in one picture; see :meth:`Planner.ground`."""
        return self.planner.ground(image, text)

    def ground_batch(self, images: Sequence[NDArray[np.uint8]], texts: Sequence[str]) -> list[Grounding]:
        """Where to act in many pictures; see :meth:`Planner.ground_batch`."""
        return self.planner.ground_batch(images, texts)

    # ---- files --------------------------------------------------------------------------------------------------

    def save_pretrained(self, folder: Path | str, half: bool = False) -> None:
        """Write the checkpoint folder: weights, configuration, card, statistics, tokenizer, example batch, model card.

        Args:
            half: store weights as float16, half the size.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: value.detach().cpu().contiguous() for name, value in self.system.state_dict().items()}
        weights.pop("planner.model.lm_head.weight", None)  # tied to the embedding
        if half:
            weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
        self.tokenizer.save(folder / "tokenizer.json")
        _write_json(
            folder / "config.json", {"format": "sightline-1", "system": to_dict(self.config), "notes": self.notes}
        )
        _write_json(folder / "card.json", self.card.to_dict())
        _write_json(folder / "statistics.json", self.statistics)
        save_file(self._example_batch(), folder / "example_batch.safetensors")
        (folder / "README.md").write_text(self.model_card())
        # Weights last: a folder with weights is complete.
        partial = folder / ".model.safetensors.partial"
        save_file(weights, partial)
        os.replace(partial, folder / "model.safetensors")

    @staticmethod
    def from_pretrained(source: Path | str, device: str = "cpu") -> Policy:
        """Load a checkpoint folder, the newest policy of a run folder, or a shipped checkpoint by its name (``tiny``).

        Raises SightlineError naming the missing or damaged file, or the unexpected weight.
        """
        folder = Path(source)
        if (newest := folder / "checkpoints" / "last" / "policy").is_dir():
            folder = newest
        if not folder.is_dir() and (SHIPPED / str(source)).is_dir():
            folder = SHIPPED / str(source)
        if not folder.is_dir():
            shipped = ", ".join(sorted(p.name for p in SHIPPED.glob("*"))) if SHIPPED.is_dir() else "none"
            raise SightlineError(f"There is no checkpoint at '{source}'; shipped by name: {shipped}.")
        for name in ("config.json", "card.json", "statistics.json", "tokenizer.json", "model.safetensors"):
            if not (folder / name).is_file():
                raise SightlineError(f"The checkpoint {folder} is incomplete: {name} is missing.")
        stored = _read_json(folder / "config.json", ("system",))
        system = DualSystem(load_config(SystemConfig, stored["system"]))
        try:
            weights = load_file(folder / "model.safetensors")
        except (SafetensorError, OSError) as error:
            raise SightlineError(
                f"The weights in {folder} cannot be read ({error}); copy the checkpoint again."
            ) from None
        _load_weights(system, weights, folder)
        card = _read_card(folder / "card.json")
        tokenizer = WordTokenizer.load(folder / "tokenizer.json")
        statistics = _read_json(folder / "statistics.json", ("observation.state", "action"))
        return Policy(system.to(device), tokenizer, card, statistics, stored.get("notes", {}))

    def _example_batch(self) -> dict[str, Tensor]:
        """A blank observation as the model sees it: shapes and types for whoever feeds the checkpoint."""
        size = self.card.image_size
        images = {name: np.zeros((*size, 3), dtype=np.uint8) for name in self.config.cameras}
        camera = Camera(size[1], size[0], float(size[1]), np.eye(4))
        state = np.zeros(self.config.state_dim, dtype=np.float32)
        inputs = self.transforms.inputs(
            [Observation(images, state, "put the mug on the plate", dict.fromkeys(images, camera))]
        )
        tokens = {f"tokens.{name}": value.contiguous() for name, value in vars(inputs.tokens).items()}
        return {"images": inputs.images, "cameras": inputs.cameras, "state": inputs.state, **tokens}

    def model_card(self) -> str:
        """The README of the checkpoint: what it expects, how it was trained, what it scores."""
        parameters = sum(p.numel() for p in self.system.parameters())
        lines = [
            "---", "license: apache-2.0", "library_name: sightline", "pipeline_tag: robotics", "---", "",
            "# A Sightline dual-system policy", "",
            f"{parameters / 1e6:.1f} M parameters, guidance: {self.config.guidance}, chunk of {self.config.chunk} "
            f"actions at {self.card.control_hz} Hz, cameras {', '.join(self.config.cameras)}.", "",
            "## Interface card", "", "```json", json.dumps(self.card.to_dict(), indent=2), "```", "",
        ]  # fmt: skip
        for title, value in self.notes.items():
            lines += [f"## {title}", "", "```json", json.dumps(value, indent=2), "```", ""]
        return "\n".join(lines)


def _sample(inputs: SpatialInputs, index: int) -> SpatialInputs:
    """One sample of a batch (B = 1)."""
    return SpatialInputs(**{name: value[index : index + 1] for name, value in vars(inputs).items()})


def _write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def _read_json(path: Path, keys: Sequence[str] = ()) -> dict:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SightlineError(f"{path} cannot be read ({error}); restore the checkpoint.") from None
    if not isinstance(value, dict) or any(key not in value for key in keys):
        raise SightlineError(f"{path} does not hold {' and '.join(keys) or 'an object'}; restore the checkpoint.")
    return value


def _read_card(path: Path) -> Card:
    try:
        return Card.from_dict(_read_json(path))
    except SightlineError as error:
        raise SightlineError(f"{path}: {error}") from None


def _load_weights(system: DualSystem, weights: dict[str, Tensor], folder: Path) -> None:
    """Copy weights (of any precision) into the system. Raises SightlineError unless all names and shapes agree."""
    own = system.state_dict()
    own.pop("planner.model.lm_head.weight", None)  # tied to the embedding
    missing, unexpected = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    reshaped = sorted(name for name in own.keys() & weights.keys() if own[name].shape != weights[name].shape)
    if missing or unexpected or reshaped:
        raise SightlineError(
            f"The weights in {folder} do not fit its configuration: missing {missing[:3]}, "
            f"unexpected {unexpected[:3]}, of another shape {reshaped[:3]}."
        )
    system.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
    system.planner.model.tie_weights()


__all__ = ["ModelInputs", "Policy", "Transforms"]
