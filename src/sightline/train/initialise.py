"""What a run starts from: nothing, pre-trained parts, an earlier stage, or an official InternVLA-M1 checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from sightline.core.card import Card
from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.models.backbones import (
    dino_config,
    dino_names,
    load_backbones,
    read_planner_config,
    read_tensors,
    read_tokenizer,
    resolve,
)
from sightline.models.config import SpecialIds, SystemConfig
from sightline.models.int8 import refuse_int8
from sightline.models.m1.official import NOTE, load_official
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.tokenizer import WordTokenizer
from sightline.models.weights import empty_system, random_system
from sightline.train.config import TrainConfig
from sightline.train.distributed import local_device
from sightline.train.memory import planner_dtype

CHAT = ("system\nYou are a helpful assistant.\n", "user\n", "assistant\n")


@dataclass(frozen=True)
class Backbones:
    """Pre-trained parts: a folder of the planner's base model, a DINOv2 file or folder for the visual encoder."""

    vlm: Path | None = None
    dino: Path | None = None

    @staticmethod
    def of(vlm: str, dino: str) -> Backbones:
        """By path or hub name; empty = none."""
        return Backbones(resolve(vlm) if vlm else None, resolve(dino) if dino else None)


def sized_by(backbones: Backbones, system: SystemConfig) -> SystemConfig:
    """``system`` with the sizes of its pre-trained parts; without a base model, ready for a tokenizer of our own."""
    planner, visual = replace(system.planner, ids=SpecialIds()), system.visual
    if backbones.vlm is not None:
        found = read_planner_config(backbones.vlm, planner.image_size)
        planner = replace(found, min_pixels=planner.min_pixels, max_pixels=planner.max_pixels)
    if backbones.dino is not None:
        visual = dino_config(dino_names(read_tensors(backbones.dino)))
    return replace(system, planner=planner, visual=visual)


def fitted(system: SystemConfig, card: Card) -> SystemConfig:
    """``system`` for the cameras, state and actions of a robot."""
    return replace(
        system,
        cameras=card.cameras,
        state_dim=len(card.state_names),
        action_dim=len(card.action_names),
        chunk=card.chunk,
    )


def fresh_policy(
    config: TrainConfig, card: Card, statistics: dict, texts: Iterable[str], backbones: Backbones
) -> Policy:
    """A policy with pre-trained parts where there are any, and random weights.

    Args:
        texts: what is said in the data, from which a tokenizer is made where the planner comes without one.

    Raises SightlineError where a part is damaged, does not fit, or a base model has no tokenizer.json.
    """
    system = sized_by(backbones, config.system)
    if backbones.vlm is None:
        tokenizer = WordTokenizer.train([*texts, *CHAT * 4, system.prompt], min(system.planner.vocabulary, 8192))
    elif (found := read_tokenizer(backbones.vlm)) is not None:
        tokenizer = found
    else:
        raise SightlineError(f"{backbones.vlm} has no tokenizer.json; take it from the same model.")
    torch.manual_seed(config.seed)
    model = random_system(system, planner_dtype(config.frozen_precision), torch.float32)
    load_backbones(model, backbones.vlm, backbones.dino)
    return Policy(model.to(local_device(config.device)), tokenizer, card, statistics)


def planner_alone(system: SystemConfig) -> tuple[Card, dict]:
    """Card and statistics of a policy that has not met a robot yet."""
    side, names = system.planner.image_size, tuple(f"action{i}" for i in range(system.action_dim))
    card = Card("none yet", system.cameras, (side, side), (), names, chunk=system.chunk, normalisation="none")
    return card, {"action": {"mode": ["none"] * system.action_dim}}


def loaded_policy(init: Path, backbones: Backbones) -> Policy:
    """The policy of a run or checkpoint folder, or of an official InternVLA-M1 run (with its base's tokenizer)."""
    official = init.suffix == ".pt" or ((init / "config.yaml").is_file() and any(init.glob("checkpoints/steps_*")))
    return load_official(init, backbones.vlm) if official else Policy.from_pretrained(init)


def reshaped_policy(start: Policy, config: TrainConfig, card: Card, statistics: dict) -> Policy:
    """``start`` as ``config.system`` has it, for another robot; weights that do not fit any more start afresh,
    from torch's random numbers.

    Planner and visual encoder are ``start``'s own where nothing about them changes: there may be no room for two.
    """
    old, new, half = start.system, config.system, planner_dtype(config.frozen_precision)
    with torch.device("meta"):
        fits = _shapes(DualSystem(new)) == _shapes(old)
    model = (empty_system if fits else random_system)(new, half, torch.float32)
    if new.planner == start.config.planner:
        model.planner = old.planner
    if new.visual == start.config.visual:
        model.visual_encoder = old.visual_encoder
    for name, parameter in model.named_parameters():
        parameter.data = parameter.data.to(half if name.startswith("planner.") else torch.float32)
    if afresh := carried_over(old, model):
        parts = sorted({".".join(name.split(".")[:3]) for name in afresh})
        count = len(model.state_dict())
        say(f"{count - len(afresh)} of {count} weights are carried over; afresh start {', '.join(parts[:6])}.")
    # What an official run was like is no longer true of what it has become.
    notes = {name: value for name, value in start.notes.items() if name != NOTE}
    return Policy(model.to(local_device(config.device)), start.tokenizer, card, statistics, notes)


def carried_over(old: nn.Module, new: nn.Module) -> list[str]:
    """Give ``new`` the weights of ``old`` that have their name and shape there; returns the names of all others.

    Raises SightlineError where ``old`` has weights of 8 bits.
    """
    refuse_int8(old, "learn from")
    theirs, mine = old.state_dict(), _shapes(new)
    fits = {name: value for name, value in theirs.items() if mine.get(name) == value.shape}
    new.load_state_dict(fits, strict=False)
    return [name for name in mine if name not in fits]


def _shapes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in module.state_dict().items()}
