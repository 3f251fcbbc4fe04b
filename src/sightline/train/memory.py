"""Room for larger systems: frozen weights in half precision, activations that are computed again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

STACKS = ("layers", "blocks")


def repeated_blocks(system: nn.Module) -> list[tuple[str, nn.Module]]:
    """Names and transformer blocks of all parts of a system: the members of every stack named ``layers`` or
    ``blocks``."""
    stacks = [
        (name, module)
        for name, module in system.named_modules()
        if isinstance(module, nn.ModuleList) and name.split(".")[-1] in STACKS
    ]
    return [(f"{name}.{number}", block) for name, stack in stacks for number, block in enumerate(stack)]


def recompute(system: nn.Module) -> None:
    """Keep of each block only its input for the backward pass. Gradients stay the same, dropout included; about a third
    more arithmetic."""
    for _, block in repeated_blocks(system):
        block.forward = _recomputed(block.forward)


def _recomputed(forward: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(forward)
    def through(*inputs: Any, **options: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*inputs, **options)
        return checkpoint(forward, *inputs, use_reentrant=False, **options)

    return through


def halve_frozen(system: nn.Module) -> None:
    """Hold the weights that do not learn in bfloat16, those that do in float32."""
    for parameter in system.parameters():
        parameter.data = parameter.data.float() if parameter.requires_grad else parameter.data.bfloat16()


def planner_dtype(frozen_precision: str) -> torch.dtype:
    """What a planner is loaded in: one that will be frozen in half precision never takes up twice the memory."""
    return torch.bfloat16 if frozen_precision == "bf16" else torch.float32
