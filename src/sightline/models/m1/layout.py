"""The official layout of InternVLA-M1: names of weights, and the sizes they imply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from sightline.core.errors import SightlineError
from sightline.models.backbones import dino_config
from sightline.models.config import DIT_B, M1, PlannerConfig, QueryingConfig, SystemConfig
from sightline.models.m1.run_files import RunConfig
from sightline.models.system import DualSystem
from sightline.models.vlm.qwen import QwenPlanner

# Official prefix -> ours. Below these the names are the same.
PREFIXES = {
    "qwen_vl_interface.model.": "planner.model.",
    "layer_qformer.": "querying.",
    "action_model.net.": "expert.net.",
    "dino_encoder.body.": "visual_encoder.",
    "dino_pro.": "visual_projection.",
}
DIT_HEADS = {384: 4, 768: 12, 1024: 16}  # DiT-S, DiT-B, DiT-L by their width
HEAD = f"planner.model.{QwenPlanner.head}"
EMBEDDING = "planner.model.model.language_model.embed_tokens.weight"


def from_official(weights: Mapping[str, Tensor], source: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights under our names, and what must be remembered to write them back: ``old_names``, ``head`` (the tied head
    was written too), ``half`` (prefixes or names of what was not float32, with its type).

    Raises SightlineError naming a key that belongs to no part of the model.
    """
    renamed: dict[str, Tensor] = {}
    for name, value in weights.items():
        prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
        if prefix is None:
            raise SightlineError(
                f"{source} has an unexpected key '{name}': is it a checkpoint of InternVLA-M1? Its keys start with "
                f"{', '.join(PREFIXES)}."
            )
        renamed[PREFIXES[prefix] + name.removeprefix(prefix)] = value
    if absent := [prefix for prefix, own in PREFIXES.items() if not any(name.startswith(own) for name in renamed)]:
        raise SightlineError(
            f"{source} lacks every weight of {', '.join(absent)}: it is no checkpoint of InternVLA-M1."
        )
    qwen = _below("planner.model.", renamed)
    today = QwenPlanner.names_from(qwen)
    rest = {name: value for name, value in renamed.items() if not name.startswith("planner.")}
    ours = {f"planner.model.{name}": value for name, value in today.items()} | rest
    if EMBEDDING not in ours:
        raise SightlineError(f"{source} has no language model: its embed_tokens.weight is missing.")
    layout = {"old_names": qwen.keys() != today.keys(), "head": HEAD in ours, "types": _types(ours)}
    return ours, layout


def _below(prefix: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of one part, under their names within it."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def _types(weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Type by top-level part where it is one, by weight where it is not; float32 goes without saying."""
    found: dict[str, str] = {}
    for part in PREFIXES.values():
        mine = {
            name: str(value.dtype).removeprefix("torch.") for name, value in weights.items() if name.startswith(part)
        }
        kinds = set(mine.values())
        found |= {part: kinds.pop()} if len(kinds) == 1 else mine
    return {name: kind for name, kind in found.items() if kind != "float32"}


def to_official(system: DualSystem, layout: Mapping[str, Any]) -> dict[str, Tensor]:
    """Weights under the official names, in the types of ``layout`` (see :func:`from_official`; {} = as they are).

    Raises SightlineError where the system has parts that the official model does not have.
    """
    types, old = layout.get("types", {}), layout.get("old_names", False)
    found = {}
    for name, value in system.state_dict().items():
        prefix = next((prefix for prefix, own in PREFIXES.items() if name.startswith(own)), None)
        if prefix is None:
            raise SightlineError(
                f"'{name}' has no place in the official layout: only systems of the official design (preset m1) can be "
                "written that way."
            )
        part = PREFIXES[prefix]
        if name == HEAD and system.config.planner.tied and not layout.get("head", True):
            continue
        kind = types.get(name, types.get(part, "float32" if layout else None))
        value = value.detach().cpu()
        value = value if kind is None else value.to(getattr(torch, kind))
        inner = name.removeprefix(part)
        if old and part == "planner.model.":
            inner = inner.replace("model.language_model.", "model.").replace("model.visual.", "visual.")
        found[prefix + inner] = value.clone() if name == HEAD else value
    return found


def action_sizes(weights: Mapping[str, Tensor]) -> tuple[int, int]:
    """Numbers of an action, and actions of a chunk. Raises SightlineError where the weights do not say."""
    try:
        positions = weights["expert.net.positional_embedding"].shape[0]
        return weights["expert.net.final_layer.linear.weight"].shape[0], positions - _queries(weights)[0]
    except KeyError as error:
        raise _lacks(error) from None


def _queries(weights: Mapping[str, Tensor]) -> tuple[int, int]:
    """Number of query tokens, and their width."""
    count, width = weights["querying.query_tokens"].shape
    return count, width


def _lacks(error: KeyError) -> SightlineError:
    return SightlineError(f"The checkpoint lacks {error}, which every InternVLA-M1 has.")


def system_config(
    config: RunConfig, weights: Mapping[str, Tensor], planner: PlannerConfig, cameras: tuple[str, ...]
) -> SystemConfig:
    """Sizes of the whole system: from the shapes of the weights where they say it, from config.yaml where not.

    Raises SightlineError where the two contradict each other or a size is unknown.
    """
    try:
        queries, width = _queries(weights)
    except KeyError as error:
        raise _lacks(error) from None
    if width not in DIT_HEADS:
        raise SightlineError(f"An action model of width {width} is unknown; known: {', '.join(map(str, DIT_HEADS))}.")
    depth = 1 + max(int(name.split(".")[3]) for name in weights if name.startswith("expert.net.blocks."))
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("querying.layers."))
    action_dim, chunk = action_sizes(weights)
    steps = config.whole("trainer.repeated_diffusion_steps", least=1) or 4
    prompt = config.text("datasets.vla_data.CoT_prompt") or "{instruction}"
    if "{instruction}" not in prompt:
        raise config.wrong("datasets.vla_data.CoT_prompt", "a text with {instruction} in it", prompt)
    return replace(
        M1,
        planner=replace(planner, image_size=_image_size(config, planner.patch * planner.merge)),
        visual=dino_config(_below("visual_encoder.", weights)),
        querying=_querying(config, layers, queries, planner.depth),
        expert=replace(DIT_B, depth=depth, width=width, heads=DIT_HEADS[width], repeated_steps=steps),
        cameras=cameras,
        action_dim=action_dim,
        chunk=chunk,
        prompt=prompt,
    )


def _querying(config: RunConfig, layers: int, queries: int, depth: int) -> QueryingConfig:
    """The half-open range of planner states that the querying transformer reads; by default the last ones."""
    group = "framework.layer_qformer."
    end, start = config.whole(group + "qformer_end_layer"), config.whole(group + "qformer_start_layer")
    end = depth + 1 if end is None else end
    start = end - layers if start is None else start
    if end - start != layers or not 0 <= start < end <= depth + 1:
        raise SightlineError(
            f"{config.path} has the querying transformer read the states {start} to {end - 1} of {depth + 1}, but the "
            f"checkpoint has {layers} of its layers."
        )
    scale = config.number(group + "grad_scale")
    return replace(
        M1.querying,
        layers=layers,
        skip=depth + 1 - end,
        queries=queries,
        gradient_scale=0.5 if scale is None else scale,
        attend_padding=True,
    )


def _image_size(config: RunConfig, token: int) -> int:
    """The side of the pictures; 224 is what the official training resizes to, whatever the key says."""
    name = "datasets.vla_data.image_size"
    size = config.find(name)
    if size is None:
        return 224
    sides = size if isinstance(size, list) else [size, size]
    if not all(type(side) is int and side > 0 and side % token == 0 for side in sides) or not sides:
        raise config.wrong(name, f"a multiple of {token} pixels, or two", size)
    if len(sides) != 2 or sides[0] != sides[1]:
        raise SightlineError(f"{config.path} asks for pictures of {sides}; only square ones are supported.")
    return int(sides[0])
