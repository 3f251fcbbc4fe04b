"""Low-rank adapters (LoRA, Hu et al. 2021) of the planner's linear layers, through the library peft."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sightline.core.errors import SightlineError
from sightline.train.config import AdapterConfig
from sightline.train.optimiser import longest, require_paths

PLANNER = "planner"
NAME = "default"  # of the one set of adapters, within peft
BASE, INTO, OUT = ".base_layer.", f".lora_A.{NAME}.weight", f".lora_B.{NAME}.weight"


def add_adapters(system: nn.Module, config: AdapterConfig, seed: int) -> None:
    """Give every linear layer under the targets an adapter that at first changes nothing.

    Raises SightlineError for an unknown target, one without linear layers, and where peft is missing.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise SightlineError(
            "Low-rank adapters need the library peft: pip install 'sightline[lora]', or set lora.rank=0."
        ) from None
    targets = [f"{PLANNER}.{path}" for path in config.targets]
    require_paths(system, targets, "adapt")
    layers = [
        name for name, module in system.named_modules() if isinstance(module, nn.Linear) and longest(name, targets)
    ]
    if empty := [path for path in targets if not any(longest(name, [path]) for name in layers)]:
        raise SightlineError(f"There is no linear layer under '{empty[0]}' to adapt; name another in lora.targets.")
    settings = LoraConfig(r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=layers)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(settings, system, NAME)


def freeze_adapted(system: nn.Module) -> None:
    """Leave nothing of the planner to learn but its adapters."""
    for name, parameter in system.named_parameters():
        if longest(name, [PLANNER]) and not is_adapter(name):
            parameter.requires_grad_(False)


def is_adapter(name: str) -> bool:
    """Whether the weight of this name belongs to an adapter."""
    return name.endswith((INTO, OUT))


def is_adapted(name: str) -> bool:
    """Whether the weight of this name is that of a layer beneath an adapter."""
    return BASE in name


def merged(weights: Mapping[str, Tensor], config: AdapterConfig) -> dict[str, Tensor]:
    """The weights of a system with adapters as those of one without that does the same."""
    plain = {}
    for name, value in weights.items():
        if is_adapter(name):
            continue
        if is_adapted(name) and name.endswith(".weight"):
            layer = name.split(BASE)[0]
            change = weights[layer + OUT].float() @ weights[layer + INTO].float()
            value = value.float() + config.alpha / config.rank * change
        plain[name.replace(BASE, ".")] = value
    return plain
