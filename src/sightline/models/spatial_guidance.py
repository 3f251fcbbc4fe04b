"""Explicit guidance while acting: what the planner points at, as each running episode remembers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sightline.core.errors import SightlineError, require_known
from sightline.core.types import Observation
from sightline.models.action.spatial_memory import SpatialMemory, pointer_confidence
from sightline.models.action.spatial_tokens import HAS_BOX, SpatialInputs
from sightline.models.grounding.pointing import ROLES, GroundingLabels, Pointing, hinted
from sightline.models.grounding.projection import in_picture, project
from sightline.models.grounding.shifts import SHIFTS, moved_back, shifted
from sightline.models.steering import Steer
from sightline.models.system import DualSystem, Seen
from sightline.models.transforms import ModelInputs, Transforms

NEAR = 0.05  # sides of the picture by which what a person points at may be moved to where it is grasped
SURE = 20.0  # logit of what a person has said
LOOK_SHARE = 0.25  # weight of a look at a shifted copy in the memory, where a look at the picture itself counts one


class Guide:
    """Guidance of the action expert in running episodes, each known by the number of its row."""

    def __init__(self, system: DualSystem, transforms: Transforms) -> None:
        self.system, self.transforms = system, transforms
        self._memories: dict[int, SpatialMemory] = {}
        self._told: dict[int, str] = {}
        self._off: set[int] = set()
        # At first, in each look: how probable it is that the target is there.
        self._present: dict[int, list[float]] = {}

    @property
    def remembers(self) -> bool:
        """Whether what was pointed at before counts."""
        return self.system.config.points and self.system.config.expert.memory

    def new_memory(self) -> SpatialMemory:
        """A memory that has seen nothing."""
        expert = self.system.config.expert
        return SpatialMemory(expert.hand_heights, expert.empty, expert.blind, expert.fists, expert.delivered)

    def forget(self, row: int) -> None:
        """Forget what an episode has seen."""
        self._memories.pop(row, None)
        self._told.pop(row, None)
        self._off.discard(row)
        self._present.pop(row, None)

    def switch(self, row: int, on: bool) -> None:
        """Whether an episode's action expert is shown what was pointed at."""
        (self._off.discard if on else self._off.add)(row)

    def told(self, row: int) -> list[str]:
        """Roles that a person has pointed out in an episode."""
        places = self._memories[row].told() if row in self._memories else {}
        return [ROLES[role] for role in places]

    def presence(self, row: int) -> float:
        """Probability that the target of an episode's words is there, by its first looks; 1 where a person has pointed
        at it, or where nothing is remembered."""
        looks = self._present.get(row)
        return 1.0 if "target" in self.told(row) or not looks else sum(looks) / len(looks)

    def tell(self, observation: Observation, steers: Sequence[Steer], row: int) -> None:
        """Take a person's word; see Policy.steer."""
        if not self.remembers:
            raise SightlineError(
                "This policy does not act on points that it remembers, so that nobody can steer it by pointing; take "
                "one of preset tiny."
            )
        names = self.system.config.cameras
        for steer in steers:
            require_known("camera of this policy", steer.camera, names)
            if steer.camera not in observation.cameras:
                raise SightlineError(f"The camera '{steer.camera}' is not calibrated: its pixels are no places to go.")
        self.begin([observation], [row])
        inputs = self.transforms.inputs([observation])
        points = self._here(torch.full((1, len(ROLES), len(names), 2), torch.nan))
        for steer in steers:
            height, width = observation.images[steer.camera].shape[:2]
            for role, (u, v) in steer.points().items():
                at = torch.tensor([u / width, v / height]).clamp(0, 1)
                points[0, ROLES.index(role), names.index(steer.camera)] = at
        hints = hinted(points, self.system.config.grounding.trace_points)
        images, tokens = self._here(inputs.images), inputs.tokens.to(points.device)
        seen = self.system.see(images, tokens, self._here(inputs.cameras), hints)
        spatial = self._pointed_at(seen.pointing, inputs)
        # What stands beside the thing must not draw the point over to it.
        spatial.points = torch.where(
            points.isnan(), spatial.points, spatial.points.clamp(points.nan_to_num() - NEAR, points.nan_to_num() + NEAR)
        )
        for role, view in points[0].isfinite().all(-1).nonzero().tolist():
            self._memories[row].tell(role, replace(SpatialMemory.sighting(spatial, role, view, 1.0), weight=1.0))

    def hints(self, cameras: Tensor, rows: Sequence[int]) -> GroundingLabels | None:
        """Where persons have pointed, as it lies in the pictures of ``cameras`` [B,V,15]; None where nobody has."""
        told = [self._memories[row].told() if row in self._memories else {} for row in rows]
        if not any(told):
            return None
        points = cameras.new_full((len(rows), len(ROLES), cameras.shape[1], 2), torch.nan)
        for index, places in enumerate(told):
            for role, place in places.items():
                for view in cameras[index].isfinite().all(-1).nonzero().flatten().tolist():
                    if bool(in_picture(place, cameras[index, view])):
                        points[index, role, view] = project(place, cameras[index, view])
        return hinted(points, self.system.config.grounding.trace_points)

    def begin(self, observations: Sequence[Observation], rows: Sequence[int]) -> None:
        """Look around in episodes that have just started, or been told something else."""
        for row, observation in zip(rows, observations, strict=True):
            # Sightings answer to words: what was meant before says nothing about what is meant now.
            if self._told.get(row) != observation.instruction:
                self._memories.pop(row, None)
                self._present.pop(row, None)
            self._told[row] = observation.instruction
        new = [index for index, row in enumerate(rows) if row not in self._memories]
        if new and self.remembers:
            self._look_around([observations[index] for index in new], [rows[index] for index in new])

    def guidance(self, seen: Seen, inputs: ModelInputs, rows: Sequence[int]) -> SpatialInputs:
        """What guides the action expert now, after what has been ``seen`` of ``inputs``."""
        spatial = self._remembered(seen, inputs, rows)
        if off := [index for index, row in enumerate(rows) if row in self._off]:
            spatial.visible = spatial.visible.index_fill(0, torch.tensor(off, device=spatial.visible.device), 0.0)
        return spatial

    def _remembered(self, seen: Seen, inputs: ModelInputs, rows: Sequence[int]) -> SpatialInputs:
        spatial = self._pointed_at(seen.pointing, inputs)
        if not self.remembers:
            return spatial
        assert seen.pointing is not None
        confidence, present = pointer_confidence(seen.pointing), target_visible(seen.pointing)
        for index, row in enumerate(rows):
            first = self._present.setdefault(row, [])
            if len(first) <= self.system.config.grounding.looks:  # later on, the arm hides it
                first.append(present[index])
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
            self._memories[row] = self.new_memory()
        shifts = SHIFTS[: self.system.config.grounding.looks]
        if not shifts:
            return
        for index, row in enumerate(rows):
            # All looks of an episode are one batch; episodes stay apart, so that neighbours change nothing.
            mine = torch.full((len(shifts),), index)
            repeated, picture = inputs.rows(mine), inputs.images[index : index + 1]
            images = self._here(torch.cat([shifted(picture, *shift) for shift in shifts]))
            pointing = self.system.see(images, repeated.tokens.to(images.device), self._here(repeated.cameras)).pointing
            assert pointing is not None
            pointing = moved_back(pointing, shifts, self.system.config.planner.image_size)
            spatial = self._pointed_at(pointing, repeated)
            confidence, present = pointer_confidence(pointing), target_visible(pointing)
            self._present.setdefault(row, []).extend(present)
            for look in range(len(shifts)):
                self._memories[row].look(_sample(spatial, look), confidence[look], LOOK_SHARE)

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


def certain(pointing: Pointing | None, hints: GroundingLabels | None) -> Pointing | None:
    """``pointing``, sure of what persons have pointed at."""
    if hints is None or pointing is None:
        return pointing
    visible = pointing.visible.clone()
    visible[:, 0] = visible[:, 0].masked_fill(hints.points[:, 0].isfinite().all(-1), SURE)
    return replace(pointing, visible=visible)


def target_visible(pointing: Pointing) -> list[float]:
    """[B] probability that the first question's target can be seen in the first view."""
    return pointing.visible[:, 0, 0, 0].sigmoid().tolist()


def _sample(inputs: SpatialInputs, index: int) -> SpatialInputs:
    """One sample of a batch (B = 1)."""
    return SpatialInputs(**{name: value[index : index + 1] for name, value in vars(inputs).items()})
