"""Explicit guidance while acting: what the planner points at, as each running episode remembers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sightline.core.types import Observation
from sightline.models.action.spatial_memory import SpatialMemory, pointer_confidence
from sightline.models.action.spatial_tokens import HAS_BOX, SpatialInputs
from sightline.models.grounding.pointing import Pointing
from sightline.models.grounding.shifts import SHIFTS, moved_back, shifted
from sightline.models.system import DualSystem, Seen
from sightline.models.transforms import ModelInputs, Transforms

LOOK_SHARE = 0.25  # weight of a look at a shifted copy in the memory, where a look at the picture itself counts one


class Guide:
    """Guidance of the action expert in running episodes, each known by the number of its row."""

    def __init__(self, system: DualSystem, transforms: Transforms) -> None:
        self.system, self.transforms = system, transforms
        self._memories: dict[int, SpatialMemory] = {}
        self._told: dict[int, str] = {}

    @property
    def remembers(self) -> bool:
        """Whether what was pointed at before counts."""
        return self.system.config.points and self.system.config.expert.memory

    def forget(self, row: int) -> None:
        """Forget what an episode has seen."""
        self._memories.pop(row, None)
        self._told.pop(row, None)

    def begin(self, observations: Sequence[Observation], rows: Sequence[int]) -> None:
        """Look around in episodes that have just started, or been told something else."""
        for row, observation in zip(rows, observations, strict=True):
            # Sightings answer to words: what was meant before says nothing about what is meant now.
            if self._told.get(row) != observation.instruction:
                self._memories.pop(row, None)
            self._told[row] = observation.instruction
        new = [index for index, row in enumerate(rows) if row not in self._memories]
        if new and self.remembers:
            self._look_around([observations[index] for index in new], [rows[index] for index in new])

    def guidance(self, seen: Seen, inputs: ModelInputs, rows: Sequence[int]) -> SpatialInputs:
        """What guides the action expert now, after what has been ``seen`` of ``inputs``."""
        spatial = self._pointed_at(seen.pointing, inputs)
        if not self.remembers:
            return spatial
        assert seen.pointing is not None
        confidence = pointer_confidence(seen.pointing)
        parts = [
            self._memories[row].recall(_sample(spatial, index), confidence[index]) for index, row in enumerate(rows)
        ]
        names = vars(spatial)
        spatial = SpatialInputs(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})
        spatial.traces = self.system.trace(seen, spatial.points, spatial.heights)
        return spatial

    def _look_around(self, observations: Sequence[Observation], rows: Sequence[int]) -> None:
        """Start memories with looks at shifted copies of the pictures."""
        inputs = self.transforms.inputs(observations)
        for row in rows:
            self._memories[row] = SpatialMemory()
        for right, down in SHIFTS[: self.system.config.grounding.looks]:
            images = self._here(shifted(inputs.images, right, down))
            pointing = self.system.see(images, inputs.tokens.to(images.device), self._here(inputs.cameras)).pointing
            assert pointing is not None
            side = self.system.config.planner.image_size
            spatial = self._pointed_at(moved_back(pointing, right, down, side), inputs)
            confidence = pointer_confidence(pointing)
            for index, row in enumerate(rows):
                self._memories[row].look(_sample(spatial, index), confidence[index], LOOK_SHARE)

    def _pointed_at(self, pointing: Pointing | None, inputs: ModelInputs) -> SpatialInputs:
        cameras, state, normalised = map(self._here, (inputs.cameras, inputs.state, inputs.normalised_state))
        return SpatialInputs.from_pointing(pointing, 0, cameras, state, normalised)

    def _here(self, values: Tensor) -> Tensor:
        return values.to(next(self.system.parameters()).device)


def believed(pointing: Pointing, spatial: SpatialInputs) -> Pointing:
    """``pointing`` with the first question's answers as they guide the action expert."""
    points, boxes, traces = pointing.points.clone(), pointing.boxes.clone(), pointing.traces.clone()
    points[:, 0], traces[:, 0] = spatial.points, spatial.traces
    has_box = torch.tensor(HAS_BOX, device=boxes.device)[:, None, None]
    boxes[:, 0] = torch.where(has_box, spatial.boxes, boxes[:, 0])
    return replace(pointing, points=points, boxes=boxes, traces=traces)


def _sample(inputs: SpatialInputs, index: int) -> SpatialInputs:
    """One sample of a batch (B = 1)."""
    return SpatialInputs(**{name: value[index : index + 1] for name, value in vars(inputs).items()})
