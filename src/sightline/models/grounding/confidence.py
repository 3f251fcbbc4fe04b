"""How sure an answer is: what the pointer itself gives, and the probability of being right that follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sightline.core.types import Grounding
from sightline.models.config import GroundingHeadConfig

SMALLEST = 1e-4  # raw confidences are kept this far from 0 and 1


def calibrated(said: Grounding, head: GroundingHeadConfig) -> Grounding:
    """An answer with the probability of being right in the place of its raw confidence, and a verdict on whether there
    is what was asked for."""
    sure = {label: float(probability(np.array(value), head.calibration)) for label, value in said.confidence.items()}
    return replace(said, confidence=sure, found=said.presence >= head.doubt)


def probability(raw: NDArray[np.float64], calibration: tuple[float, float]) -> NDArray[np.float64]:
    """Of being right, for raw confidences of any shape."""
    slope, offset = calibration
    return 1 / (1 + np.exp(-(slope * _odds(raw) + offset)))


def fitted_calibration(raw: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """(slope, offset) under which answers [N] of known outcome are most likely: logistic regression on the log-odds of
    their raw confidence (Platt 1999)."""
    odds, truth = torch.from_numpy(_odds(raw)), torch.from_numpy(right.astype(np.float64))
    weights = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = F.binary_cross_entropy_with_logits(weights[0] * odds + weights[1], truth)
        value = value + 1e-3 * (weights - weights.new_tensor([1.0, 0.0])).square().sum()  # decides where all are right
        value.backward()
        return value

    optimiser.step(loss)
    slope, offset = weights.detach().tolist()
    return round(max(slope, 0.0), 4), round(offset, 4)


def _odds(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(raw, SMALLEST, 1 - SMALLEST)
    return np.log(kept / (1 - kept))
