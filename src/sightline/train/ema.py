"""An average of the weights over the updates: smoother than where training happens to stand (Polyak averaging)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor


class EMA:
    """Exponential moving average of the weights that learn.

    Attributes:
        values: name of a weight -> its average, laid out over processes as the weight itself.
    """

    def __init__(self, system: nn.Module, decay: float) -> None:
        self.decay = decay
        self._weights = {name: weight for name, weight in system.named_parameters() if weight.requires_grad}
        self.values = {name: weight.detach().clone() for name, weight in self._weights.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after update ``step``. Early averages are short, else they would remember the start."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averages = [_local(value) for value in self.values.values()]
        torch._foreach_lerp_(averages, [_local(weight.detach()) for weight in self._weights.values()], 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The system has the average as its weights within this context."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, weight in self._weights.items():
            mine, theirs = _local(self.values[name]), _local(weight.detach())
            kept = mine.clone()
            mine.copy_(theirs)
            theirs.copy_(kept)


def _local(value: Tensor) -> Tensor:
    """The share of a tensor that this process holds."""
    return value.to_local() if isinstance(value, DTensor) else value
