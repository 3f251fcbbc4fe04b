"""Pre-trained parts from local folders: planners as transformers stores them, DINOv2 from torch.hub or transformers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from sightline.core.errors import SightlineError
from sightline.models.config import PlannerConfig, SpecialIds, VisualEncoderConfig
from sightline.models.system import DualSystem
from sightline.models.vlm import backbone
from sightline.models.vlm.tokenizer import NAMED, WordTokenizer
from sightline.models.weights import fill

# Heads of the DINOv2 sizes by their width; the hub's names are s, b, l, g.
DINO_HEADS = {384: 6, 768: 12, 1024: 16, 1536: 24}

LFS = b"version https://git-lfs"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def read_planner_config(source: Path, image_size: int = 224) -> PlannerConfig:
    """Sizes of a planner by its folder (or by a config.json given directly), of the backbone that it names.

    Raises SightlineError where it cannot be read, or where the backbone is unknown or of a kind not supported.
    """
    path = source / "config.json" if source.is_dir() else source
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SightlineError(
            f"{path} cannot be read ({error}); give a folder that holds the planner's config.json."
        ) from None
    if not isinstance(values, dict):
        raise SightlineError(f"{path} holds no configuration; give a folder that holds the planner's config.json.")
    named = PlannerConfig(model_type=str(values.get("model_type", PlannerConfig.model_type)))
    config = replace(backbone(named).config_from(values, image_size), model_type=named.model_type)
    tokenizer = read_tokenizer(source)
    if tokenizer is None:
        return config
    # Base models name their end token in generation_config.json only; the tokenizer knows all of them for certain.
    ids = {name: tokenizer.backend.token_to_id(token) for name, token in NAMED.items()}
    return replace(config, ids=SpecialIds(**{name: value for name, value in ids.items() if value is not None}))


def read_tokenizer(source: Path) -> WordTokenizer | None:
    """The tokenizer.json of a model folder, None where there is none."""
    path = source / "tokenizer.json"
    return WordTokenizer.load(path) if path.is_file() else None


# ---- weights --------------------------------------------------------------------------------------------------------


def read_tensors(source: Path) -> dict[str, Tensor]:
    """Every tensor of a ``.pt``/``.pth``/``.bin``/``.safetensors`` file, or of all safetensors files of a folder.

    Nothing is executed: pickled files are read with ``weights_only``. Raises SightlineError where one is damaged.
    """
    files = sorted(source.glob("*.safetensors")) or sorted(source.glob("*.pt*")) if source.is_dir() else [source]
    if not files:
        raise SightlineError(f"{source} holds no weights (*.safetensors or *.pt).")
    if pointers := [file for file in files if _is_pointer(file)]:
        raise SightlineError(f"{pointers[0]} is a pointer of Git LFS, not the weights themselves: run git lfs pull.")
    found: dict[str, Tensor] = {}
    for file in files:
        try:
            part = (
                load_file(file)
                if file.suffix == ".safetensors"
                else torch.load(file, "cpu", weights_only=True, mmap=True)
            )
        except (SafetensorError, OSError, RuntimeError, ValueError, EOFError) as error:
            raise SightlineError(f"The weights {file} cannot be read ({first_line(error)}); copy them again.") from None
        except Exception as error:  # what pickle raises has no common root
            raise SightlineError(
                f"{file} is no plain file of tensors ({first_line(error)}); it is not loaded."
            ) from None
        if not isinstance(part, dict) or not all(isinstance(value, Tensor) for value in part.values()):
            raise SightlineError(f"{file} does not hold a flat dictionary of tensors.")
        found |= part
    return found


def _is_pointer(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(LFS)) == LFS
    except OSError:
        return False  # whoever reads it says why not


def first_line(error: Exception) -> str:
    """The first line of an error's message."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def dino_config(weights: Mapping[str, Tensor]) -> VisualEncoderConfig:
    """Sizes of a DINOv2 from its weights (hub names)."""
    try:
        width, patch = weights["cls_token"].shape[-1], weights["patch_embed.proj.weight"].shape[-1]
        side = round(max(weights["pos_embed"].shape[1] - 1, 0) ** 0.5)
    except KeyError as error:
        raise _no_dino(f"{error} is missing") from None
    except IndexError:
        raise _no_dino("its first weights have other shapes") from None
    if width not in DINO_HEADS:
        raise SightlineError(f"A DINOv2 of width {width} is unknown; known widths: {', '.join(map(str, DINO_HEADS))}.")
    depth = _depth("blocks.", weights)
    swiglu = "blocks.0.mlp.w12.weight" in weights
    return VisualEncoderConfig(depth, width, DINO_HEADS[width], patch, swiglu=swiglu, pretraining_size=side * patch)


def _depth(stack: str, weights: Mapping[str, Tensor]) -> int:
    """Number of blocks whose names begin with ``stack``."""
    numbers = [name.removeprefix(stack).split(".")[0] for name in weights if name.startswith(stack)]
    if not numbers or not all(number.isdecimal() for number in numbers):
        raise _no_dino(f"it has no blocks under {stack}0")
    return 1 + max(map(int, numbers))


def _no_dino(reason: str) -> SightlineError:
    return SightlineError(
        f"These are not the weights of a DINOv2: {reason}; give a file from torch.hub, or a folder such as "
        "facebook/dinov2-small."
    )


def dino_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a DINOv2 under the hub's names; transformers keeps query, key and value apart.

    Raises SightlineError where they are of something else.
    """
    plain = _unwrapped(weights)
    if "cls_token" in plain:
        return plain
    try:
        return _renamed(plain)
    except KeyError as error:
        raise _no_dino(f"{error} is missing") from None


def _unwrapped(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights without what a program has put before all of their names: ``module.``, ``backbone.``,
    ``teacher.backbone.``, ``dinov2.`` and others. Raises SightlineError where there is no DINOv2, or several."""
    ends = ("embeddings.cls_token", "cls_token")  # of transformers, of the hub
    found = {name: next((end for end in ends if f".{name}".endswith(f".{end}")), None) for name in weights}
    prefixes = [name.removesuffix(end) for name, end in found.items() if end is not None]
    # Of the pair that self-distillation trains, the teacher is the one to use.
    prefixes = [prefix for prefix in prefixes if "teacher" in prefix.split(".")] or prefixes
    if not prefixes:
        raise _no_dino(f"cls_token is missing (the first name is '{next(iter(weights), 'none at all')}')")
    if len(prefixes) > 1:
        raise SightlineError(f"These weights hold several encoders ({', '.join(prefixes)}); give a file of one.")
    (prefix,) = prefixes
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def _renamed(plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights in transformers' names under the hub's."""
    renamed = {
        "cls_token": plain["embeddings.cls_token"],
        "mask_token": plain["embeddings.mask_token"],
        "pos_embed": plain["embeddings.position_embeddings"],
        "norm.weight": plain["layernorm.weight"],
        "norm.bias": plain["layernorm.bias"],
    }
    for kind in ("weight", "bias"):
        renamed[f"patch_embed.proj.{kind}"] = plain[f"embeddings.patch_embeddings.projection.{kind}"]
    depth = _depth("encoder.layer.", plain)
    parts = {"norm1": "norm1", "norm2": "norm2", "attention.output.dense": "attn.proj", "mlp.fc1": "mlp.fc1",
             "mlp.fc2": "mlp.fc2", "mlp.weights_in": "mlp.w12", "mlp.weights_out": "mlp.w3"}  # fmt: skip
    for i in range(depth):
        theirs, ours = f"encoder.layer.{i}", f"blocks.{i}"
        for kind in ("weight", "bias"):
            split = [plain[f"{theirs}.attention.attention.{part}.{kind}"] for part in ("query", "key", "value")]
            renamed[f"{ours}.attn.qkv.{kind}"] = torch.cat(split)
            for name, own in parts.items():
                if (key := f"{theirs}.{name}.{kind}") in plain:
                    renamed[f"{ours}.{own}.{kind}"] = plain[key]
        for number in (1, 2):
            renamed[f"{ours}.ls{number}.gamma"] = plain[f"{theirs}.layer_scale{number}.lambda1"]
    return renamed


def resolve(name: str | Path) -> Path:
    """The local path of a backbone: a file or folder as it is, a hub name (``Qwen/Qwen2.5-VL-3B-Instruct``) fetched.

    Raises SightlineError where there is neither, or the hub cannot be reached.
    """
    path = Path(name)
    if path.exists():
        return path
    if not HUB_NAME.fullmatch(str(name)):
        raise SightlineError(f"There is no file or folder {name}.")
    try:
        return Path(snapshot_download(str(name), allow_patterns=["*.json", "*.safetensors"]))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise SightlineError(
            f"There is no folder {name}, and the hub does not give it ({first_line(error)}); download it first."
        ) from None


def load_backbones(system: DualSystem, vlm: Path | None, dino: Path | None) -> None:
    """Put pre-trained weights into a system: those of a vision-language model's folder into the planner, a DINOv2 file
    or folder into the visual encoder.

    Raises SightlineError where names or shapes do not fit the system's configuration.
    """
    if vlm is not None:
        planner, weights = system.planner, system.planner.names_from(read_tensors(vlm))
        tied = (planner.head,) if planner.config.tied else ()
        weights = {name: value for name, value in weights.items() if name not in tied}
        fill(planner.model, weights, str(vlm), optional=tied)
    if dino is not None:
        fill(system.visual_encoder, dino_names(read_tensors(dino)), str(dino))
