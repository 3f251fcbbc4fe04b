"""Policy: the dual system in physical units. The door through which training, evaluation and serving see the model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
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
from sightline.models.official_inputs import query_tokens
from sightline.models.planner import Planner, read_pointing
from sightline.models.spatial_guidance import Guide, believed
from sightline.models.system import DualSystem
from sightline.models.transforms import Transforms
from sightline.models.vlm.tokenizer import MissingTokenizer, WordTokenizer
from sightline.models.weights import HEAD, empty_system, load_weights, stored_dtype

SHIPPED = Path(__file__).parents[1] / "checkpoints"


class Policy:
    """A trained dual system with everything it needs to act: tokenizer, card, statistics.

    With a MissingTokenizer (an imported checkpoint that came without one) it takes token ids, not words.
    """

    def __init__(
        self, system: DualSystem, tokenizer: WordTokenizer, card: Card, statistics: dict, notes: dict | None = None
    ) -> None:
        self.system = system.eval()
        tokenizer.require_ids(to_dict(system.config.planner.ids))
        self.tokenizer = tokenizer
        self.card = card
        self.statistics = statistics
        self.notes = notes or {}
        self.transforms = Transforms(system.config, tokenizer, statistics)
        self.planner = Planner(system, tokenizer, self.transforms.packer)
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
        instruction drops the memory by itself.
        """
        return self.act_batch([observation], [0])[0]

    @torch.inference_mode()
    def act_batch(self, observations: Sequence[Observation], rows: Sequence[int]) -> list[ActionChunk]:
        """One chunk for each observation; ``rows`` names the running episode that each belongs to."""
        inputs = self.transforms.inputs(observations)
        self.guide.begin(observations, rows)
        images, cameras = inputs.images.to(self.device), inputs.cameras.to(self.device)
        seen = self.system.see(images, inputs.tokens.to(self.device), cameras)
        noise = torch.stack([self._noise(row) for row in rows])
        spatial = self.guide.guidance(seen, inputs, rows)
        expert = self.config.expert
        latent = self.system.query_tokens(seen.states.layers, seen.dense, seen.ignore) if expert.latent else None
        condition = self.system.condition(spatial, latent)
        normalised = self.system.expert.sample(
            condition, noise.to(self.device), expert.guidance_scale, expert.ddim_steps
        )
        actions = self.transforms.outputs(normalised.float().cpu().numpy())
        groundings: list[Grounding | None] = [None] * len(observations)
        if seen.pointing is not None:
            camera, guided = self.config.cameras[0], believed(seen.pointing, spatial)
            sizes = [observation.images[camera].shape[:2] for observation in observations]
            groundings = [read_pointing(guided, row, size, camera) for row, size in enumerate(sizes)]
        return [ActionChunk(chunk, grounding) for chunk, grounding in zip(actions, groundings, strict=True)]

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

    def save_pretrained(
        self, folder: Path | str, half: bool = False, weights: Mapping[str, Tensor] | None = None
    ) -> None:
        """Write the checkpoint folder: weights, configuration, card, statistics, tokenizer, example batch, model card.

        Args:
            half: store weights as float16, half the size.
            weights: a state of the system to write instead of its present one, e.g. an average over training.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        state = self.system.state_dict() if weights is None else weights
        weights = {name: value.detach().cpu().contiguous() for name, value in state.items()}
        if self.config.planner.tied:
            weights.pop(HEAD, None)
        if half:
            weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
        wordless = isinstance(self.tokenizer, MissingTokenizer)
        if not wordless:
            self.tokenizer.save(folder / "tokenizer.json")
        values = {"format": "sightline-1", "system": to_dict(self.config), "notes": self.notes, "wordless": wordless}
        _write_json(folder / "config.json", values)
        _write_json(folder / "card.json", self.card.to_dict())
        _write_json(folder / "statistics.json", self.statistics)
        save_file(self._example_batch(), folder / "example_batch.safetensors")
        (folder / "README.md").write_text(self.model_card())
        # Weights last: a folder with weights is complete.
        partial = folder / ".model.safetensors.partial"
        save_file(weights, partial)
        os.replace(partial, folder / "model.safetensors")

    @staticmethod
    def from_pretrained(source: Path | str, device: str = "cpu", dtype: torch.dtype | None = None) -> Policy:
        """Load a checkpoint folder, the newest policy of a run folder, or a shipped checkpoint by its name (``tiny``).

        Args:
            dtype: what to compute in; by default bfloat16 where a part (the planner, the rest) is stored so
                altogether, else float32.

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
        if any(folder.glob("checkpoints/steps_*_pytorch_model.*")):
            raise SightlineError(
                f"{folder} is an official InternVLA-M1 run: import it with sightline.models.m1.load_official(...) and "
                "save_pretrained(DIR), then use DIR."
            )
        for name in ("config.json", "card.json", "statistics.json", "model.safetensors"):
            if not (folder / name).is_file():
                raise SightlineError(f"The checkpoint {folder} is incomplete: {name} is missing.")
        stored = _read_json(folder / "config.json", ("system",))
        config = load_config(SystemConfig, stored["system"])
        tokenizer = MissingTokenizer() if stored.get("wordless") else WordTokenizer.load(folder / "tokenizer.json")
        statistics = _read_json(
            folder / "statistics.json", ("action", *(["observation.state"] * bool(config.state_dim)))
        )
        card = _read_card(folder / "card.json")
        try:
            weights = load_file(folder / "model.safetensors")
        except (SafetensorError, OSError) as error:
            raise SightlineError(
                f"The weights in {folder} cannot be read ({error}); copy the checkpoint again."
            ) from None
        dtypes = stored_dtype(weights, planner=True), stored_dtype(weights, planner=False)
        system = empty_system(config, *(dtypes if dtype is None else (dtype, dtype)))
        load_weights(system, weights, str(folder))
        return Policy(system.to(device), tokenizer, card, statistics, stored.get("notes", {}))

    def _example_batch(self) -> dict[str, Tensor]:
        """A blank observation as the model sees it: shapes and types for whoever feeds the checkpoint."""
        size = self.card.image_size
        images = {name: np.zeros((*size, 3), dtype=np.uint8) for name in self.config.cameras}
        camera = Camera(size[1], size[0], float(size[1]), np.eye(4))
        state = np.zeros(self.config.state_dim, dtype=np.float32)
        if isinstance(self.tokenizer, MissingTokenizer):
            return {f"images.{name}": torch.from_numpy(image) for name, image in images.items()}
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
