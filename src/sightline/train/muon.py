"""Muon (Jordan et al. 2024): the momentum of a matrix is made orthogonal before it is taken as a step.

All directions of a layer then learn at similar speed, the rare ones too; docs/log.md has what that is worth from
scratch on two cores. Embeddings, norms, biases and output layers learn by AdamW, as its authors advise.

Why not torch.optim.Muon, which torch has since 2.9: it steps on one matrix after the other, while here all matrices of
one shape are made orthogonal in one batched product; and it takes matrices alone, while here one optimiser, with one
state to save and resume, holds what AdamW learns too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from sightline.train.arithmetic import half_is_fast

MOMENTUM = 0.95
ITERATIONS = 3  # five change nothing that could be measured here
# A quintic that drives singular values in (0, 1] towards 1, small ones fastest.
QUINTIC = (3.4445, -4.7750, 2.0315)
MATCH = 0.2  # root mean square of an entry of AdamW's step, which Muon's steps are scaled to
SMALLEST = 64  # layers with fewer inputs or outputs read raw numbers or give answers


def hidden_matrices(module: nn.Module) -> list[Tensor]:
    """Weights of the linear layers between hidden features; embeddings that double as an output layer are none."""
    tables = {id(part.weight) for part in module.modules() if isinstance(part, nn.Embedding)}
    weights = [part.weight for part in module.modules() if isinstance(part, nn.Linear)]
    return [weight for weight in weights if min(weight.shape) >= SMALLEST and id(weight) not in tables]


def orthogonalised(matrices: Tensor) -> Tensor:
    """(Semi-)orthogonal matrices near to matrices [N,m,n], by Newton-Schulz iteration in bfloat16 where
    that is fast.

    Singular values from a tenth of the largest up to the largest come out between 0.15 and 1.4, nearer to each other
    than they were; directions stay what they are.
    """
    a, b, c = QUINTIC
    x = matrices.bfloat16() if half_is_fast(matrices.device.type) else matrices
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.AdamW):
    """Muon for parameter groups marked ``muon``, AdamW for the others; rates mean the same for both.

    The state of a Muon parameter is its ``momentum_buffer``.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float, betas: tuple[float, float]) -> None:
        super().__init__([{"muon": False, **group} for group in groups], lr=lr, betas=betas, fused=True)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update. Gradients of Muon's parameters are used up by it; ``closure`` must be None."""
        if closure is not None:
            raise ValueError("Muon evaluates no closure.")
        for group in self.param_groups:
            if group["muon"]:
                self._step_matrices(group)
        super().step()  # of what still has a gradient

    def _step_matrices(self, group: dict[str, Any]) -> None:
        # Matrices of one shape are made orthogonal together: small products waste most of their time on the way in.
        alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
        for parameter in group["params"]:
            if parameter.grad is not None:
                alike[parameter.shape].append(parameter)
        for shape, parameters in alike.items():
            steps = orthogonalised(torch.stack([self._nesterov(parameter) for parameter in parameters]))
            size = MATCH * max(shape) ** 0.5 * group["lr"]
            for parameter, step in zip(parameters, steps, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(step.to(parameter.dtype), alpha=size)
                parameter.grad = None

    def _nesterov(self, parameter: Tensor) -> Tensor:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        buffer = state.setdefault("momentum_buffer", torch.zeros_like(parameter))
        buffer.lerp_(gradient, 1 - MOMENTUM)
        return gradient.lerp(buffer, MOMENTUM)
