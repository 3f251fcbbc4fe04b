"""Checkpoint folders: everything that a policy or a planner is made of, read from disk and written to it.

A folder holds ``model.safetensors``, ``config.json``, ``card.json``, ``statistics.json``, ``tokenizer.json``,
``example_batch.safetensors`` and ``README.md``. One that has weights is complete: they are written last.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sightline.core.card import Card
from sightline.core.config import load_config, to_dict
from sightline.core.errors import SightlineError
from sightline.core.geometry import Camera
from sightline.core.types import Observation
from sightline.models.config import SystemConfig
from sightline.models.int8 import expect_int8, pack_int8, refuse_int8
from sightline.models.system import DualSystem
from sightline.models.transforms import Transforms
from sightline.models.vlm.tokenizer import MissingTokenizer, WordTokenizer
from sightline.models.weights import empty_system, head_name, load_weights, stored_dtype

FORMAT = "sightline-1"
SHIPPED = Path(__file__).parents[1] / "checkpoints"


@dataclass
class Parts:
    """A trained dual system with everything it needs to act.

    Attributes:
        tokenizer: a MissingTokenizer (of an imported checkpoint that came without one) takes token ids, not words.
        statistics: of states and actions, as data/statistics.py makes them.
        notes: by title: how it was trained, what it scores.
    """

    system: DualSystem
    tokenizer: WordTokenizer
    card: Card
    statistics: dict
    notes: dict = field(default_factory=dict)


# ---- reading --------------------------------------------------------------------------------------------------------


def read_parts(source: Path | str, device: str = "cpu", dtype: torch.dtype | None = None) -> Parts:
    """The parts in a checkpoint folder, in the newest policy of a run folder, or in a shipped checkpoint by its name.

    Args:
        dtype: what to compute in; by default bfloat16 where a part (the planner, the rest) is stored so altogether,
            else float32.

    Raises SightlineError naming the missing or damaged file, or the unexpected weight.
    """
    folder = find_folder(source)
    stored = _read_json(folder / "config.json", ("system",))
    config = load_config(SystemConfig, stored["system"])
    tokenizer = MissingTokenizer() if stored.get("wordless") else WordTokenizer.load(folder / "tokenizer.json")
    scaled = ("action", *(["observation.state"] * bool(config.state_dim)))
    statistics = _read_json(folder / "statistics.json", scaled)
    card = _read_card(folder / "card.json")
    try:
        weights = load_file(folder / "model.safetensors")
    except (SafetensorError, OSError) as error:
        raise SightlineError(f"The weights in {folder} cannot be read ({error}); copy the checkpoint again.") from None
    dtypes = stored_dtype(weights, planner=True), stored_dtype(weights, planner=False)
    system = empty_system(config, *(dtypes if dtype is None else (dtype, dtype)))
    expect_int8(system, weights)
    load_weights(system, weights, str(folder))
    pack_int8(system)
    return Parts(system.to(device), tokenizer, card, statistics, stored.get("notes", {}))


def find_folder(source: Path | str) -> Path:
    """The checkpoint folder that is meant by a folder, a run folder or a name. Raises SightlineError where there is no
    complete one."""
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
    return folder


def _read_json(path: Path, keys: Sequence[str] = ()) -> dict:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
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


# ---- writing --------------------------------------------------------------------------------------------------------


def write_parts(
    parts: Parts, folder: Path | str, half: bool = False, weights: Mapping[str, Tensor] | None = None
) -> None:
    """Write the checkpoint folder: weights, configuration, card, statistics, tokenizer, example batch, model card.

    Args:
        half: store weights as float16, half the size.
        weights: a state of the system to write instead of its present one, e.g. an average over training.
    """
    refuse_int8(parts.system, "copy its folder, or write")
    folder, config = Path(folder), parts.system.config
    folder.mkdir(parents=True, exist_ok=True)
    state = parts.system.state_dict() if weights is None else weights
    weights = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    if config.planner.tied:
        weights.pop(head_name(config.planner), None)
    if half:
        weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    wordless = isinstance(parts.tokenizer, MissingTokenizer)
    if not wordless:
        parts.tokenizer.save(folder / "tokenizer.json")
    values = {"format": FORMAT, "system": to_dict(config), "notes": parts.notes, "wordless": wordless}
    _write_json(folder / "config.json", values)
    _write_json(folder / "card.json", parts.card.to_dict())
    _write_json(folder / "statistics.json", parts.statistics)
    save_file(example_batch(parts), folder / "example_batch.safetensors")
    (folder / "README.md").write_text(model_card(parts), encoding="utf-8")
    partial = folder / ".model.safetensors.partial"
    save_file(weights, partial)
    os.replace(partial, folder / "model.safetensors")


def example_batch(parts: Parts) -> dict[str, Tensor]:
    """A blank observation as the model sees it: shapes and types for whoever feeds the checkpoint."""
    config, size = parts.system.config, parts.card.image_size
    images = {name: np.zeros((*size, 3), dtype=np.uint8) for name in config.cameras}
    if isinstance(parts.tokenizer, MissingTokenizer):
        return {f"images.{name}": torch.from_numpy(image) for name, image in images.items()}
    camera = Camera(size[1], size[0], float(size[1]), np.eye(4))
    state = np.zeros(config.state_dim, dtype=np.float32)
    blank = Observation(images, state, "put the mug on the plate", dict.fromkeys(images, camera))
    inputs = Transforms(config, parts.tokenizer, parts.statistics).inputs([blank])
    tokens = {f"tokens.{name}": value.contiguous() for name, value in vars(inputs.tokens).items()}
    return {"images": inputs.images, "cameras": inputs.cameras, "state": inputs.state, **tokens}


def model_card(parts: Parts) -> str:
    """The README of the checkpoint: what it expects, how it was trained, what it scores."""
    config = parts.system.config
    parameters = sum(p.numel() for p in parts.system.parameters())
    lines = [
        "---", "license: apache-2.0", "library_name: sightline", "pipeline_tag: robotics", "---", "",
        "# A Sightline dual-system policy", "",
        f"{parameters / 1e6:.1f} M parameters, guidance: {config.guidance}, chunk of {config.chunk} "
        f"actions at {parts.card.control_hz} Hz, cameras {', '.join(config.cameras)}.", "",
        "## Interface card", "", "```json", json.dumps(parts.card.to_dict(), indent=2), "```", "",
    ]  # fmt: skip
    for title, value in parts.notes.items():
        lines += [f"## {title}", "", "```json", json.dumps(value, indent=2), "```", ""]
    return "\n".join(lines)


def _write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
