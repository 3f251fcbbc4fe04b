"""Guidance from simulator truth: what a planner that makes no mistakes, and remembers, would point at.

An expert that is shown a planner's own mistakes on demonstrations learns to ignore points, one that is shown vague
points becomes vague; true points teach it to do what it is told (docs/log.md).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.labels import EpisodeLabels
from sightline.models.action.spatial_tokens import HAS_AXIS, HAS_BOX, HAS_HEIGHT, SpatialInputs
from sightline.models.grounding.pointing import ROLES
from sightline.models.grounding.projection import in_picture, project, project_axis
from sightline.train.frame_bank import FrameBank

HIDDEN_BOX = 0.04  # half a side, in widths of the picture, of the box of something that is hidden
REFERENCE = ROLES.index("reference")
GUIDANCE = ("points", "boxes", "visible", "heights", "axes", "traces")


class TrueGuidance:
    """True spatial inputs of all demonstration frames of a bank.

    Attributes:
        values: field of SpatialInputs -> [frames, ...] float32. A thing counts as visible wherever it lies inside the
            picture, hidden or not: while acting, what was seen before is remembered.
    """

    def __init__(self, bank: FrameBank, trace_points: int) -> None:
        parts = [self._episode(bank, number, trace_points) for number in range(len(bank.meta))]
        self.values = {name: np.concatenate([part[name] for part in parts]) for name in GUIDANCE} if parts else {}

    @staticmethod
    def _episode(bank: FrameBank, number: int, trace_points: int) -> dict[str, NDArray[np.float32]]:
        labels, task = bank.labels[number], bank.meta[number].task
        assert task is not None, "demonstrations have a task"
        cameras = torch.from_numpy(np.stack([labels.cameras[name] for name in bank.cameras], 1)).float()[:, None]
        roles, row = labels.roles(task), np.arange(len(labels))
        target, reference = roles.T
        picked = np.array([info.role == "item" for info in labels.objects])[target]
        boxes = np.stack([labels.boxes[name][row[:, None], roles] for name in bank.cameras], 2)
        found = {
            **truly(
                cameras,
                _tensor(
                    np.stack([labels.grasp_points[row, target], labels.positions[row, reference], labels.place], 1)
                ),
                _tensor(np.where(picked, labels.grasp_yaws[row, target], np.nan)),
                _tensor(boxes),
            ),
            "traces": _traces(labels, bank.cameras[0], trace_points),
        }
        return {name: value.nan_to_num(0.0).numpy().astype(np.float32) for name, value in found.items()}

    def at(self, frames: NDArray[np.int64], numbers: dict[str, Tensor]) -> SpatialInputs:
        """Spatial inputs of frames; ``numbers`` holds their cameras, state and normalised state."""
        device = numbers["state"].device
        stored = {name: torch.from_numpy(value[frames]).to(device) for name, value in self.values.items()}
        return SpatialInputs(**stored, **{name: numbers[name] for name in ("cameras", "state", "normalised")})


def truly(cameras: Tensor, places: Tensor, yaws: Tensor, boxes: Tensor) -> dict[str, Tensor]:
    """What a planner that makes no mistakes would say at T moments, seen in V views: all of GUIDANCE but traces.

    Args:
        cameras: [T,1,V,15] calibration.
        places: [T,R,3] of the target's grasp, the reference's middle and the place, metres in the robot's frame.
        yaws: [T] directions in which the fingers close on the target; NaN for what is not picked.
        boxes: [T,2,V,4] what can be seen of target and reference, pixels; NaN where nothing can.
    """
    points = project(places[:, :, None], cameras)
    around = torch.cat([points - HIDDEN_BOX, points + HIDDEN_BOX], -1)
    seen = boxes / cameras[..., :2].repeat(1, 1, 1, 2)
    around[:, :2] = torch.where(torch.isfinite(seen), seen, around[:, :2])
    points[:, REFERENCE] = around[:, REFERENCE].unflatten(-1, (2, 2)).mean(-2)
    turns = torch.stack([(2 * yaws).cos(), (2 * yaws).sin()], -1)[:, None, None].expand(*points.shape[:3], 2)
    has_box, has_axis, has_height = (torch.tensor(has)[:, None, None] for has in (HAS_BOX, HAS_AXIS, HAS_HEIGHT))
    return {
        "points": points,
        "boxes": around * has_box,
        "visible": in_picture(places[:, :, None], cameras).float(),
        "heights": (places[:, :, None, 2] * has_height[..., 0]).expand(points.shape[:3]),
        "axes": project_axis(places[:, :, None], turns, cameras).nan_to_num() * has_axis,
    }


def _traces(labels: EpisodeLabels, camera: str, count: int) -> Tensor:
    """[T,count,2] of the recorded traces, in [0, 1]."""
    traces, size = labels.traces[camera], labels.cameras[camera][:, None, :2]
    chosen = np.linspace(0, traces.shape[1] - 1, count).round().astype(int)
    return _tensor(traces[:, chosen] / size)


def _tensor(values: NDArray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
