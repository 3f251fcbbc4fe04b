"""Which weights learn, how fast, and by what rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from sightline.core.errors import SightlineError, did_you_mean
from sightline.train.config import OptimiserConfig
from sightline.train.muon import Muon, hidden_matrices


def require_paths(system: nn.Module, paths: Iterable[str], purpose: str) -> None:
    """Raise SightlineError unless each path names a module or a weight of the system; it names the nearest one."""
    known = {name for name, _ in system.named_modules()} | {name for name, _ in system.named_parameters()}
    for path in paths:
        if path not in known:
            children = ", ".join(name for name, _ in system.named_children())
            raise SightlineError(
                f"The system has no module '{path}' to {purpose}{did_you_mean(path, known)}; it has {children}, and "
                "what is in them, e.g. planner.model.model.visual."
            )


def longest(name: str, paths: Iterable[str]) -> str | None:
    """The longest of some module paths that the weight ``name`` lies under; None where it lies under none."""
    return max((path for path in paths if f"{name}.".startswith(f"{path}.")), key=len, default=None)


def freeze(system: nn.Module, paths: Sequence[str]) -> None:
    """Let every weight learn but those under the paths. Raises SightlineError for an unknown path."""
    require_paths(system, paths, "freeze")
    for name, parameter in system.named_parameters():
        parameter.requires_grad_(longest(name, paths) is None)


def make_optimiser(system: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    """Muon or AdamW over the weights that learn; norms, biases and embeddings do not decay.

    Each group keeps its full learning rate as ``rate``. Raises SightlineError for a rate of an unknown path, and where
    Muon would have to step on shares of matrices.
    """
    require_paths(system, config.rates, "set a rate for")
    matrices = {id(weight) for weight in hidden_matrices(system)} if config.muon else set()
    groups: dict[tuple[str, bool, bool, bool], list[Tensor]] = {}
    for name, parameter in system.named_parameters():
        if parameter.requires_grad:
            path = longest(name, config.rates) or name.split(".")[0]
            decays = parameter.ndim > 1 and "embed" not in name
            shared = isinstance(parameter, DTensor)  # shares and whole tensors cannot be stepped on in one call
            groups.setdefault((path, decays, id(parameter) in matrices, shared), []).append(parameter)
    if any(muon and shared for _, _, muon, shared in groups):
        raise SightlineError(
            "Muon needs whole matrices, which distribution=fsdp cuts up: set optimiser.muon=false (and AdamW's rates)."
        )
    if not groups:
        raise SightlineError("Every weight is frozen: take a module out of optimiser.freeze.")
    rows: list[dict[str, Any]] = [
        {
            "params": parameters,
            "rate": config.rates.get(path, config.rate),
            "weight_decay": config.weight_decay if decays else 0.0,
            "muon": muon,
        }
        for (path, decays, muon, _), parameters in groups.items()
    ]
    if config.muon:
        return Muon(rows, config.rate, config.betas)
    return torch.optim.AdamW(rows, config.rate, config.betas, fused=True)


def rate_factor(config: OptimiserConfig, step: int, done: float) -> float:
    """Share of the full learning rate at update ``step`` when ``done`` (0..1) of the run is over."""
    warm = min(1.0, (step + 1) / max(config.warmup, 1))
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return warm * (config.minimum + (1 - config.minimum) * cosine)


def clip_gradients(system: nn.Module, largest: float) -> Tensor:
    """Scale all gradients so that their common norm is at most ``largest``; returns the norm before, the same in every
    process. Gradients may be shared among processes or whole."""
    learning = [parameter for parameter in system.parameters() if parameter.grad is not None]
    shared = [parameter for parameter in learning if isinstance(parameter.grad, DTensor)]
    if not shared:
        return nn.utils.clip_grad_norm_(learning, largest)
    whole = [parameter for parameter in learning if not isinstance(parameter.grad, DTensor)]
    norms = [_norm(shared), _norm(whole)] if whole else [_norm(shared)]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    nn.utils.clip_grads_with_norm_(shared, largest, norm)
    nn.utils.clip_grads_with_norm_(whole, largest, norm)
    return norm


def _norm(parameters: Sequence[Tensor]) -> Tensor:
    norm = nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
    return norm.full_tensor() if isinstance(norm, DTensor) else norm
