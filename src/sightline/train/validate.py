"""Evaluation during training, on frames whose episodes were kept out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sightline.core.geometry import box_iou
from sightline.models.grounding.pointing import GroundingLabels, Pointing
from sightline.models.policy import Policy
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import GroundingBatches
from sightline.train.loop import to_device
from sightline.train.objectives import Objective, generator

SCALE = 224.0  # errors are reported in pixels of a 224-pixel picture


class GroundingCheck:
    """Box, point and trace accuracy in the first view on a fixed set of held-out frames and questions."""

    def __init__(
        self, batches: GroundingBatches, banks: Sequence[FrameBank], frames: int, precision: torch.dtype
    ) -> None:
        self.precision = precision
        self.batches = []
        for bank in banks:
            held = bank.held_out_frames
            if not len(held):
                continue
            rng = generator(12345, 0, "check")
            chosen = np.sort(rng.choice(held, min(frames // max(len(banks), 1), len(held)), replace=False))
            for part in np.array_split(chosen, -(-len(chosen) // 16)):
                batch = batches.batch(bank, part, rng, 0.0, in_words=False)
                maps = [bank.ids(f, bank.cameras[0]) for f in part]
                self.batches.append((batch, maps))

    @torch.no_grad()
    def __call__(self, policy: Policy) -> dict[str, float]:
        """``box_acc50``, ``point_acc``, ``trace_mae_px``, ``place_px``, and ``kind_acc`` of occupied cells; NaN without
        held-out frames."""
        ious, hits, traces, places, kinds = [], [], [], [], []
        device = policy.device
        for batch, maps in self.batches:
            with torch.autocast(device.type, self.precision, enabled=self.precision != torch.float32):
                pointing = policy.system.see(
                    batch.images.to(device), batch.tokens.to(device), batch.labels.cameras.to(device)
                ).pointing
            assert pointing is not None
            truth, view = batch.labels, 0
            box_known = torch.isfinite(truth.boxes[:, :, 0, view]).all(-1)
            ious.append(
                box_iou(_numpy(pointing.boxes[:, :, 0, view])[box_known], truth.boxes[:, :, 0, view][box_known].numpy())
            )
            kinds.append(_kinds_right(pointing, truth))
            hits.append(_inside_own_object(pointing, truth, maps))
            traces.append(_distance(pointing.traces, truth.traces))
            places.append(_distance(pointing.points[:, :, 2, view], truth.points[:, :, 2, view]))
        return {
            "box_acc50": _mean(np.concatenate(ious) >= 0.5) if ious else float("nan"),
            "point_acc": _mean(np.concatenate(hits)) if hits else float("nan"),
            "trace_mae_px": _mean(np.concatenate(traces)) if traces else float("nan"),
            "kind_acc": _mean(np.concatenate(kinds)) if kinds else float("nan"),
            "place_px": _mean(np.concatenate(places)) if places else float("nan"),
        }


def _kinds_right(pointing: Pointing, truth: GroundingLabels) -> np.ndarray:
    """Whether each occupied cell of the first view is recognised."""
    owner = truth.cells[:, 0].flatten(1)
    kind = truth.kinds[torch.arange(len(owner))[:, None], owner]
    return (pointing.dense[0][:, 0].argmax(-1).cpu() == kind)[owner > 0].float().numpy()


def _numpy(x: Tensor) -> np.ndarray:
    return x.float().cpu().numpy()


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _distance(predicted: Tensor, truth: Tensor) -> np.ndarray:
    """Pixel distances of all finite points."""
    distance = np.linalg.norm(_numpy(predicted) - truth.numpy(), axis=-1) * SCALE
    return distance[np.isfinite(distance)]


def _inside_own_object(pointing: Pointing, truth: GroundingLabels, maps: list[np.ndarray]) -> np.ndarray:
    """Whether each predicted target point lies on the object that the true box belongs to."""
    points, boxes = _numpy(pointing.points[:, :, 0, 0]), truth.boxes[:, :, 0, 0].numpy()
    seen = torch.isfinite(truth.points[:, :, 0, 0]).all(-1).numpy()
    owners = truth.object_boxes[:, 0].numpy()
    found = []
    for b, q in zip(*np.nonzero(seen), strict=True):
        height, width = maps[b].shape
        x, y = np.clip((points[b, q] * [width, height]).astype(int), 0, [width - 1, height - 1])
        owner = int(np.nanargmin(np.nan_to_num(np.abs(owners[b] - boxes[b, q]).sum(-1), nan=np.inf)))
        found.append(maps[b][y, x] == owner)
    return np.array(found, dtype=float)


class LossCheck:
    """The mean of each loss on fixed batches of what its objective is kept from learning."""

    batches = 4

    def __init__(self, objectives: Sequence[Objective], precision: torch.dtype) -> None:
        held = {objective.name: objective.held_out() for objective in objectives}
        self.held = {name: objective for name, objective in held.items() if objective is not None}
        self.precision = precision

    @torch.no_grad()
    def __call__(self, policy: Policy) -> dict[str, float]:
        """``NAME_loss`` of every objective that has something held out."""
        return {f"{name}_loss": self._mean(objective, policy) for name, objective in self.held.items()}

    def _mean(self, objective: Objective, policy: Policy) -> float:
        losses = []
        for number in range(self.batches):
            torch.manual_seed(number)
            with torch.autocast(policy.device.type, self.precision, enabled=self.precision != torch.float32):
                batch = to_device(objective.batch(2**31 - 1 - number, 1.0), policy.device)
                losses.append(float(objective.loss(policy.system, batch)[0]))
        return float(np.mean(losses))
