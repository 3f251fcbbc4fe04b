"""Spatial tokens: what the planner points at, as an explicit condition of the action expert.

A pixel means little to an arm whose camera moves. With a calibrated camera each point becomes a place in the robot's
frame, relative to the tool: the ray through the pixel, cut at the height the planner predicts. Anything that yields
points can take the planner's place here: a person's click, another detector.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sightline.models.config import SystemConfig
from sightline.models.grounding.pointing import ROLES, Pointing
from sightline.models.grounding.projection import project, unproject, with_nominal

POINT_FEATURES = 20
REACH = 0.1  # metres per unit of relative positions
TOOL_YAW = 5  # index of the tool's rotation about z in the state
# What a role has to show, beside a point: only targets are gripped, and a place is no object.
HAS_BOX, HAS_AXIS, HAS_HEIGHT = (True, True, False), (True, False, False), (True, False, True)


@dataclass
class SpatialInputs:
    """Explicit guidance of B samples.

    Attributes:
        points [B,R,V,2], boxes [B,R,V,4], visible [B,R,V] probability, heights [B,R,V] metres, axes [B,R,V,2],
        traces [B,N,2]: as in Pointing, for one question; zero where a role has no such thing. What is more likely not
        visible than visible is no guidance, whatever the other numbers say.
        cameras: [B,V,15] calibration vectors (core.geometry.Camera.to_vector); NaN where uncalibrated.
        state: [B,S] raw state in physical units; normalised: [B,S] the same, scaled.
    """

    points: Tensor
    boxes: Tensor
    visible: Tensor
    heights: Tensor
    axes: Tensor
    traces: Tensor
    cameras: Tensor
    state: Tensor
    normalised: Tensor

    @staticmethod
    def from_pointing(
        pointing: Pointing | None, question: int, cameras: Tensor, state: Tensor, normalised: Tensor
    ) -> SpatialInputs:
        """Detached predictions for one question slot of each sample; without pointing only state and calibration."""
        if pointing is None:
            nothing = state.new_zeros(len(state), 0)
            return SpatialInputs(*(nothing,) * 6, cameras, state, normalised)
        has_box, has_axis, has_height = (
            torch.tensor(has, device=state.device)[:, None, None] for has in (HAS_BOX, HAS_AXIS, HAS_HEIGHT)
        )
        return SpatialInputs(
            pointing.points[:, question].detach(),
            pointing.boxes[:, question].detach() * has_box,
            pointing.visible[:, question].detach().sigmoid(),
            pointing.heights[:, question].detach() * has_height[..., 0],
            pointing.axes[:, question].detach() * has_axis,
            pointing.traces[:, question].detach(),
            cameras,
            state,
            normalised,
        )

    def jitter(self, point: float, height: float) -> SpatialInputs:
        """A copy with Gaussian noise on points, traces (in units of the picture) and heights (metres)."""

        def noisy(x: Tensor, size: float) -> Tensor:
            return x + torch.randn_like(x) * size

        changed = {"points": noisy(self.points, point), "traces": noisy(self.traces, point)}
        return SpatialInputs(**{**vars(self), **changed, "heights": noisy(self.heights, height)})

    def displaced(self, moves: Tensor) -> SpatialInputs:
        """A copy in which each role's place has moved by ``moves`` [B,R,3], metres in the robot's frame.

        Memory shows one place in all views, so its errors are the same in all of them; noise that is drawn for each
        view by itself can be averaged away.
        """
        moves = moves.clone()
        moves[..., 2] *= torch.tensor(HAS_HEIGHT, device=moves.device)
        known, cameras = with_nominal(self.cameras[:, None].expand(*self.points.shape[:3], -1))
        places = unproject(self.points, self.heights, cameras) + moves[:, :, None]
        by = torch.where(known, project(places, cameras) - self.points, 0.0)
        boxes = self.boxes + by.repeat(1, 1, 1, 2) * torch.tensor(HAS_BOX, device=by.device)[:, None, None]
        heights = self.heights + moves[:, :, None, 2] * known[..., 0]
        return SpatialInputs(**{**vars(self), "points": self.points + by, "boxes": boxes, "heights": heights})


class SpatialEmbedder(nn.Module):
    """One token for the state, one for each (role, view), one for the trace where the expert is to see it."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__()
        views, width = len(config.cameras), config.expert.width
        self.points, self.no_axis = config.expert.spatial, config.expert.no_axis
        self.traced = config.expert.spatial and config.expert.trace
        # All tokens enter the expert at one scale, whatever the spread of pixels and metres.
        self.norm = nn.LayerNorm(width)
        self.tokens = 1
        self.state = nn.Linear(config.state_dim + 2 * views, width)
        if self.points:
            self.tokens += len(ROLES) * views
            self.slots = nn.Parameter(torch.randn(len(ROLES), views, width) * 0.02)
            self.point = nn.Sequential(nn.Linear(POINT_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        if self.traced:
            self.tokens += 1
            self.trace = nn.Linear(4 * config.grounding.trace_points, width)

    def forward(self, inputs: SpatialInputs) -> Tensor:
        """[B,tokens,width] condition tokens."""
        tool = inputs.state[:, :3]
        calibrated = torch.isfinite(inputs.cameras).all(-1)
        # An uncalibrated view keeps its pixels; the metric part is zero and a flag says so.
        neutral = torch.zeros_like(inputs.cameras)
        neutral[..., :3], neutral[..., 3], neutral[..., 8], neutral[..., 13], neutral[..., 14] = (
            1.0,
            1.0,
            1.0,
            -1.0,
            1.0,
        )
        cameras = torch.where(calibrated[..., None], inputs.cameras, neutral)
        flag = calibrated.to(tool.dtype)
        tool_pixels = project(tool[:, None].expand(-1, cameras.shape[1], -1), cameras).clamp(-1, 2) * flag[..., None]
        tokens = [self.state(torch.cat([inputs.normalised, tool_pixels.flatten(1)], -1))[:, None]]
        if self.points:
            features = self._point_features(inputs, tool, cameras, flag, self.no_axis)
            tokens.append((self.point(features) + self.slots).flatten(1, 2))
        if self.traced:
            tokens.append(self.trace(self._trace_features(inputs, tool, cameras, flag))[:, None])
        return self.norm(torch.cat(tokens, 1))

    @staticmethod
    def _point_features(
        inputs: SpatialInputs, tool: Tensor, cameras: Tensor, flag: Tensor, no_axis: float = 0.0
    ) -> Tensor:
        cameras = cameras[:, None].expand(-1, len(ROLES), -1, -1)
        flag = flag[:, None, :, None].expand(-1, len(ROLES), -1, -1)
        places = unproject(inputs.points, inputs.heights, cameras)
        # The grasp axis is a double angle in the picture: a short step along it, unprojected, is one on the table.
        axes = torch.where(inputs.axes.norm(dim=-1, keepdim=True) < no_axis, 0.0, inputs.axes)
        angle = 0.5 * torch.atan2(axes[..., 1], axes[..., 0])
        pixels = 0.02 * cameras[..., :1] * torch.stack([angle.cos(), angle.sin()], -1)
        step = pixels / cameras[..., :2]
        along = unproject(inputs.points + step, inputs.heights, cameras) - places
        yaw = torch.atan2(along[..., 1], along[..., 0]) - inputs.state[:, TOOL_YAW, None, None]
        turn = torch.stack([(2 * yaw).cos(), (2 * yaw).sin()], -1)
        metric = torch.cat(
            [
                (places - tool[:, None, None]) / REACH,
                places,
                turn,
                axes[..., :1].square() + axes[..., 1:].square(),
            ],
            -1,
        )
        seen = (inputs.visible[..., None] > 0.5).to(tool.dtype)
        pictured = [inputs.points, inputs.boxes, inputs.heights[..., None] / REACH, axes]
        return torch.cat([seen, *(seen * part for part in (*pictured, flag.expand_as(seen), metric * flag))], -1).clamp(
            -10, 10
        )

    @staticmethod
    def _trace_features(inputs: SpatialInputs, tool: Tensor, cameras: Tensor, flag: Tensor) -> Tensor:
        first = cameras[:, :1].expand(-1, inputs.traces.shape[1], -1)
        places = unproject(inputs.traces, tool[:, None, 2].expand(-1, inputs.traces.shape[1]), first)
        relative = (places[..., :2] - tool[:, None, :2]) / REACH * flag[:, :1, None]
        return torch.cat([inputs.traces, relative], -1).flatten(1).clamp(-10, 10)
