"""What training goes on from, as named tensors: weights, optimiser, average."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.core.errors import SightlineError
from sightline.train.adapters import is_adapted
from sightline.train.checkpoint import read_tensors, stored_tensors
from sightline.train.distributed import Processes
from sightline.train.ema import EMA

WEIGHT, AVERAGE, OPTIMISER = "weights/", "average/", "optimiser/"


class TrainingState:
    """The tensors of a run: the weights that learn (and those beneath adapters, which the written policy holds only
    merged), the optimiser's state for each of them, their average if one is kept."""

    def __init__(self, system: nn.Module, optimiser: torch.optim.Optimizer, average: EMA | None) -> None:
        self.parameters, self.optimiser = dict(system.named_parameters()), optimiser
        self.values = {
            WEIGHT + name: parameter.detach()
            for name, parameter in self.parameters.items()
            if parameter.requires_grad or is_adapted(name)
        }
        if average is not None:
            self.values |= {AVERAGE + name: value for name, value in average.values.items()}

    def tensors(self) -> dict[str, Tensor]:
        """All tensors, as laid out over the processes."""
        state = {
            f"{OPTIMISER}{name}/{key}": torch.as_tensor(value).detach()
            for name, parameter in self.parameters.items()
            for key, value in self.optimiser.state.get(parameter, {}).items()
        }
        return {**self.values, **state}

    def restore(self, checkpoint: Path, processes: Processes) -> None:
        """Inverse of :meth:`tensors`, for any number of processes then and now. Raises SightlineError where the run was
        begun with other weights to learn."""
        stored = stored_tensors(checkpoint)
        kept = {name for name in stored if not name.startswith(OPTIMISER)}
        if kept != self.values.keys():
            raise SightlineError(
                f"The run of {checkpoint} was begun with other settings of optimiser.freeze, lora or ema: it "
                f"{_some('lacks', self.values.keys() - kept)}{_some('has besides', kept - self.values.keys())}; resume "
                "it with the same ones."
            )
        targets = dict(self.values)
        for name in stored.keys() - kept:
            path, key = name.removeprefix(OPTIMISER).rsplit("/", 1)
            parameter = self.parameters[path]
            if stored[name] == tuple(parameter.shape):
                value = torch.zeros_like(parameter)
            else:
                value = torch.zeros(stored[name], device=parameter.device)
            targets[name] = self.optimiser.state[parameter][key] = value.detach()
        read_tensors(checkpoint, targets, processes)


def _some(what: str, names: Iterable[str]) -> str:
    chosen = sorted(names)
    return f"{what} {', '.join(chosen[:3])}{' and more' if len(chosen) > 3 else ''} " if chosen else ""
