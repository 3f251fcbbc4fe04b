"""The diffusion process over action chunks: squared-cosine schedule, noise prediction, DDIM sampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from sightline.core.errors import SightlineError


class Diffusion:
    """A fixed noising process of ``steps`` steps (Nichol and Dhariwal 2021; Song et al. 2021 for DDIM)."""

    def __init__(self, steps: int = 100) -> None:
        grid = np.arange(steps + 1) / steps
        level = np.cos((grid + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = np.minimum(1 - level[1:] / level[:-1], 0.999)
        self.steps = steps
        self.betas = betas
        self.alpha_bar = torch.from_numpy(np.cumprod(1 - betas))

    def add_noise(self, clean: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """Noised chunk at ``step`` [B] for clean and noise [B,T,A]."""
        alpha_bar = self.alpha_bar.to(clean)[step].view(-1, *[1] * (clean.dim() - 1))
        return alpha_bar.sqrt() * clean + (1 - alpha_bar).sqrt() * noise

    def ddim_steps(self, count: int) -> list[int]:
        """The ``count`` evenly strided steps that DDIM visits, in increasing order.

        Raises SightlineError where no integer stride gives exactly that many.
        """
        for stride in range(1, self.steps):
            if len(range(0, self.steps, stride)) == count:
                return list(range(0, self.steps, stride))
        raise SightlineError(f"No stride visits exactly {count} of {self.steps} diffusion steps; try 5, 10 or 20.")

    def ddim(self, predict_noise: Callable[[Tensor, Tensor], Tensor], noise: Tensor, count: int) -> Tensor:
        """Deterministic DDIM (eta = 0) from pure ``noise`` [B,T,A].

        Args:
            predict_noise: maps (noised chunk [B,T,A], step [B]) to the predicted noise [B,T,A].
        """
        visited = self.ddim_steps(count)
        sample = noise
        for index in reversed(range(count)):
            now = float(self.alpha_bar[visited[index]])
            before = float(self.alpha_bar[visited[index - 1]]) if index else 1.0
            predicted = predict_noise(sample, torch.full((len(sample),), visited[index], device=sample.device))
            clean = (sample - (1 - now) ** 0.5 * predicted) / now**0.5
            sample = before**0.5 * clean + (1 - before) ** 0.5 * predicted
        return sample
