"""The diffusion process over action chunks: squared-cosine schedule, what the network predicts, DDIM sampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from sightline.core.errors import SightlineError, require_known

PREDICTIONS = ("epsilon", "sample", "v_prediction")


class Diffusion:
    """A fixed noising process of ``steps`` steps (Nichol and Dhariwal 2021; Song et al. 2021 for DDIM).

    Args:
        prediction: what the network predicts: ``epsilon``, the noise (official); ``sample``, the clean chunk;
            ``v_prediction``, their combination of Salimans and Ho (2022). From nearly pure noise the clean chunk
            follows from the noise only after a division by a number close to zero, so a network with little training
            scatters; predicting the clean chunk does not amplify its errors (docs/log.md).
    """

    def __init__(self, steps: int = 100, prediction: str = "epsilon") -> None:
        require_known("prediction", prediction, PREDICTIONS)
        self.prediction = prediction
        grid = np.arange(steps + 1) / steps
        level = np.cos((grid + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = np.minimum(1 - level[1:] / level[:-1], 0.999)
        self.steps = steps
        self.betas = betas
        self.alpha_bar = torch.from_numpy(np.cumprod(1 - betas))
        self._kept: list[float] = self.alpha_bar.tolist()  # a sampler that is traced must not read tensors

    def add_noise(self, clean: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """Noised chunk at ``step`` [B] for clean and noise [B,T,A]."""
        signal, spread = self._levels(clean, step)
        return signal * clean + spread * noise

    def target(self, clean: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """What the network should predict for the noised chunk, [B,T,A]."""
        if self.prediction == "epsilon":
            return noise
        if self.prediction == "sample":
            return clean
        signal, spread = self._levels(clean, step)
        return signal * noise - spread * clean

    def clean_and_noise(self, predicted: Tensor, noised: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """Clean chunk and noise [B,T,A] that a prediction for ``noised`` at ``step`` [B] implies."""
        signal, spread = self._levels(noised, step)
        if self.prediction == "epsilon":
            return (noised - spread * predicted) / signal, predicted
        if self.prediction == "sample":
            return predicted, (noised - signal * predicted) / spread
        return signal * noised - spread * predicted, spread * noised + signal * predicted

    def _levels(self, like: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """Shares of signal and noise at ``step`` [B], shaped to multiply ``like``."""
        alpha_bar = self.alpha_bar.to(like)[step].view(-1, *[1] * (like.dim() - 1))
        return alpha_bar.sqrt(), (1 - alpha_bar).sqrt()

    def ddim_steps(self, count: int) -> list[int]:
        """The ``count`` evenly strided steps that DDIM visits, in increasing order; a single one is the middle.

        Raises SightlineError where no integer stride gives exactly that many.
        """
        if count == 1:
            return [self.steps // 2]
        for stride in range(1, self.steps):
            if len(range(0, self.steps, stride)) == count:
                return list(range(0, self.steps, stride))
        raise SightlineError(f"No stride visits exactly {count} of {self.steps} diffusion steps; try 5, 10 or 20.")

    def ddim(
        self, predict: Callable[[Tensor, Tensor], Tensor], noise: Tensor, count: int, decided: Tensor | None = None
    ) -> Tensor:
        """Deterministic DDIM (eta = 0) from pure ``noise`` [B,T,A].

        Args:
            predict: maps (noised chunk [B,T,A], step [B]) to the network's prediction [B,T,A].
            decided: [B,T,A] what the chunk is known to hold, NaN elsewhere. The rest is drawn consistent with it: at
                every step the network sees these parts as they are, noised (inpainting).
        """
        visited, kept = self.ddim_steps(count), self._kept
        sample = noise
        for index in reversed(range(count)):
            before = kept[visited[index - 1]] if index else 1.0
            step = torch.full((sample.shape[0],), visited[index], device=sample.device)
            if decided is not None:
                sample = torch.where(decided.isnan(), sample, self.add_noise(decided, noise, step))
            clean, left = self.clean_and_noise(predict(sample, step), sample, step)
            sample = before**0.5 * clean + (1 - before) ** 0.5 * left
        return sample if decided is None else torch.where(decided.isnan(), sample, decided)
