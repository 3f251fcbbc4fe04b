"""Weights of a dual system: building one to be filled, and filling it with nothing missing and nothing left over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sightline.core.errors import SightlineError
from sightline.models.config import PlannerConfig, SystemConfig
from sightline.models.int8 import SCALE
from sightline.models.system import DualSystem
from sightline.models.vlm import backbone


def head_name(config: PlannerConfig) -> str:
    """The name of a planner's language head among the weights of a system."""
    return f"planner.model.{backbone(config).head}"


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """New parameters are made in ``dtype``; tables that must stay precise (rotary frequencies) are not affected."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def random_system(
    config: SystemConfig, planner: torch.dtype = torch.float32, rest: torch.dtype | None = None
) -> DualSystem:
    """A system with random weights, its planner made in that type straight away: a copy in float32 need not fit into
    memory. ``rest`` is the type of all other parts, the planner's by default."""
    with default_dtype(planner):
        system = DualSystem(config)
    return _rest_in(system, rest)


def empty_system(
    config: SystemConfig, planner: torch.dtype = torch.float32, rest: torch.dtype | None = None
) -> DualSystem:
    """:func:`random_system` with weights still to come: drawing billions of random numbers first would take minutes."""
    from transformers.initialization import no_init_weights  # transformers takes seconds to import

    with default_dtype(planner), no_init_weights():
        system = DualSystem(config)
    system.planner.tie()
    return _rest_in(system, rest)


def _rest_in(system: DualSystem, dtype: torch.dtype | None) -> DualSystem:
    if dtype is not None:
        for name, parameter in system.named_parameters():
            if not name.startswith("planner."):
                parameter.data = parameter.data.to(dtype)
    return system


def stored_dtype(weights: Mapping[str, Tensor], planner: bool) -> torch.dtype:
    """What to compute in: bfloat16 where all weights of the planner (or of the rest) are stored so, else float32; those
    of 8 bits and their scales have no say.

    float16 is for shipping only: its range is too small to compute with.
    """
    whole = {name: value for name, value in weights.items() if not name.endswith(SCALE) and name + SCALE not in weights}
    mine = (value for name, value in whole.items() if name.startswith("planner.") == planner)
    return torch.bfloat16 if all(value.dtype == torch.bfloat16 for value in mine) else torch.float32


def load_weights(system: DualSystem, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy weights (of any precision) into the system.

    Raises SightlineError, naming ``source``, unless all names and shapes agree.
    """
    # The head of a tied planner is its embedding under another name.
    tied = (head_name(system.config.planner),) if system.config.planner.tied else ()
    kept = {name: value for name, value in weights.items() if name not in tied}
    later = {name: torch.zeros_like(own) for name, own in system.state_dict().items() if name in LATER}
    fill(system, later | kept, source, optional=tied)


# Weights that checkpoints of earlier versions lack; with zeros the system is what it was then.
LATER = ("grounding.present",)


def fill(module: nn.Module, weights: Mapping[str, Tensor], source: str, optional: Collection[str] = ()) -> None:
    """Copy weights (of any precision) into a module.

    Raises SightlineError naming ``source`` and the first names or shapes that do not agree; ``optional`` may be absent.
    """
    own = module.state_dict()
    missing = sorted(own.keys() - weights.keys() - set(optional))
    unexpected = sorted(weights.keys() - own.keys())
    reshaped = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(own[name].shape)}"
        for name in sorted(own.keys() & weights.keys())
        if own[name].shape != weights[name].shape
    ]
    if missing or unexpected or reshaped:
        raise SightlineError(
            f"The weights in {source} do not fit the configuration: missing {missing[:3]}, "
            f"unexpected {unexpected[:3]}, of another shape {reshaped[:3]}."
        )
    with torch.no_grad():
        for name, value in weights.items():
            own[name].copy_(value)
