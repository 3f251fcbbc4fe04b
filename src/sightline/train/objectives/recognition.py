"""Stage 1, its first part above all: the visual encoder learns alone what stands where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.models.grounding.pointing import GroundingLabels
from sightline.models.system import DualSystem
from sightline.train.config import GroundingConfig
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import LabelMaker, jittered, pictures
from sightline.train.objectives import Objective, generator
from sightline.train.setup import StageSetup

SHARES = {"scenes": 0.3, "episodes": 0.1, "crowds": 0.6}  # of the batches, among the datasets that there are


def make(setup: StageSetup) -> RecognitionObjective:
    scenes, episodes = setup.labelled(RecognitionObjective.name)
    labels = LabelMaker(setup.policy.config.grounding)
    return RecognitionObjective([scenes, episodes, setup.crowds], labels, setup.config.grounding, setup.config.seed)


@dataclass
class RecognitionBatch:
    """Windows [B,V,s,s,3] cut out of pictures at ``corners`` [B,V,2] (row, column; in patches), with labels of their
    cells, without questions."""

    images: Tensor
    corners: Tensor
    labels: GroundingLabels


class RecognitionObjective(Objective):
    """Learns the kind and colour of what lies in each cell of a picture, and how far it reaches."""

    name = "recognition"

    def __init__(
        self, banks: Sequence[FrameBank | None], labels: LabelMaker, config: GroundingConfig, seed: int
    ) -> None:
        self.banks = [bank for bank in banks if bank is not None and len(bank)]
        self.labels, self.config, self.seed = labels, config, seed
        shares = np.array([SHARES[bank.kind] for bank in self.banks])
        self.chances = shares / shares.sum()

    def batch(self, step: int, progress: float, part: int = 0) -> RecognitionBatch | None:
        share = self.config.recognise_later if progress >= self.config.apart_first else 1.0
        if share == 0:
            return None
        rng = generator(self.seed, step, self.name, part)
        bank = self.banks[rng.choice(len(self.banks), p=self.chances)]
        count = max(1, round(share * self.config.recognise_images) // len(bank.cameras))
        frames = rng.choice(bank.training_frames, count)
        nothing: list[list] = [[] for _ in frames]
        labels = self.labels(bank, frames, nothing, nothing)
        images = pictures(bank, frames)
        if rng.random() < 0.5:
            # Kinds and colours stay what they are in a mirror; words like "left" do not: only this objective uses one.
            images, labels = mirrored(images, labels)
        batch = windows(images, labels, self.config.recognise_window, rng)
        return replace(batch, images=jittered(batch.images, rng, self.config.jitter))

    def loss(self, system: DualSystem, batch: RecognitionBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        terms = system.recognition_loss(batch.images, batch.corners, batch.labels)
        return torch.stack(list(terms.values())).sum(), terms, len(batch.images)


def mirrored(images: Tensor, labels: GroundingLabels) -> tuple[Tensor, GroundingLabels]:
    """The same pictures [B,V,S,S,3] and labels with left and right exchanged."""
    boxes = labels.object_boxes[..., [2, 1, 0, 3]] * torch.tensor([-1.0, 1.0, -1.0, 1.0])
    boxes = boxes + torch.tensor([1.0, 0.0, 1.0, 0.0])
    tools = labels.tools * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    return images.flip(-2), replace(labels, cells=labels.cells.flip(-1), object_boxes=boxes, tools=tools)


def windows(images: Tensor, labels: GroundingLabels, size: int, rng: np.random.Generator) -> RecognitionBatch:
    """A window of ``size`` x ``size`` cells of each picture [B,V,S,S,3], somewhere around all of a random object, or on
    it where it is larger.

    Most of a picture is empty table; windows show several times more objects for the same work.
    """
    side = labels.cells.shape[-1]
    size, patch = min(size, side), images.shape[2] // side
    batch, views = images.shape[:2]
    corners = np.zeros((batch, views, 2), np.int64)
    cut = torch.empty(batch, views, size * patch, size * patch, 3, dtype=images.dtype)
    cells = torch.empty(batch, views, size, size, dtype=labels.cells.dtype)
    for b, v in np.ndindex(batch, views):
        owners = labels.cells[b, v].numpy()
        there = np.flatnonzero(np.bincount(owners.ravel())[1:]) + 1
        shown = owners == rng.choice(there) if len(there) else np.ones_like(owners, dtype=bool)
        row, column = corners[b, v] = [_around(np.flatnonzero(shown.any(1 - axis)), size, side, rng) for axis in (0, 1)]
        cells[b, v] = labels.cells[b, v, row : row + size, column : column + size]
        cut[b, v] = images[b, v, row * patch : (row + size) * patch, column * patch : (column + size) * patch]
    first = torch.from_numpy(corners[..., ::-1].copy()).float()[:, :, None]
    tools = (labels.tools[:, :, None] * side - first)[:, :, 0] / size
    tools = tools.masked_fill(((tools < 0) | (tools > 1)).any(-1, keepdim=True), float("nan"))
    boxes = (labels.object_boxes * side - first.repeat(1, 1, 1, 2)) / size
    return RecognitionBatch(
        cut, torch.from_numpy(corners), replace(labels, cells=cells, object_boxes=boxes, tools=tools)
    )


def _around(occupied: NDArray[np.int64], size: int, side: int, rng: np.random.Generator) -> int:
    """Where a window of ``size`` of ``side`` cells begins that shows all ``occupied`` ones, or as much as fits."""
    first, last = sorted((occupied[-1] - size + 1, occupied[0]))
    return int(np.clip(rng.integers(first, last + 1), 0, side - size))
