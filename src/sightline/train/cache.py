"""Planner outputs of all demonstration frames, computed once: the action expert then trains at its own speed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.core.console import progress
from sightline.models.pointing import ROLES
from sightline.models.prompts import Packer, task_prompt
from sightline.models.spatial_tokens import SpatialInputs
from sightline.models.system import DualSystem
from sightline.train.frames import FrameBank, scratch
from sightline.train.questions import LabelMaker, answers_for, own_question, pictures

EXPLICIT = ("points", "boxes", "visible", "heights", "axes", "traces")


class PlannerCache:
    """Explicit guidance in memory; latents (planner states, pooled visual features) in a scratch file as float16."""

    def __init__(self, system: DualSystem, bank: FrameBank, packer: Packer, batch: int, precision: torch.dtype) -> None:
        count, views = len(bank), len(bank.cameras)
        self.latents = system.config.expert.latent
        shapes = {
            "points": (len(ROLES), views, 2), "boxes": (len(ROLES), views, 4), "visible": (len(ROLES), views),
            "heights": (len(ROLES), views), "axes": (len(ROLES), views, 2),
            "traces": (system.config.grounding.trace_points, 2),
        }  # fmt: skip
        self.explicit = {name: np.zeros((count, *shape), dtype=np.float32) for name, shape in shapes.items()}
        prompts = [task_prompt(own_question(bank, f).text, guided=True) for f in bank.start[:-1]]
        longest = max((len(packer.question(prompt)[0]) for prompt in prompts), default=0)
        self.length = len(packer.prefix(views)[0]) + longest
        if self.latents:
            layers, width = system.config.querying.layers, system.config.planner.width
            side = system.config.planner.image_size // system.config.visual.patch // system.config.querying.pool
            self.states = scratch((count, layers, self.length, width), np.float16)
            self.dense = scratch((count, views, side, side, system.config.visual.width), np.float16)
            self.ignore = np.ones((count, self.length), dtype=bool)
        self._fill(system, bank, packer, batch, precision)

    @torch.inference_mode()
    def _fill(self, system: DualSystem, bank: FrameBank, packer: Packer, batch: int, precision: torch.dtype) -> None:
        system.eval()
        device = next(system.parameters()).device
        with progress(len(bank), "planner outputs", unit="frame") as bar:
            for first in range(0, len(bank), batch):
                frames = np.arange(first, min(first + batch, len(bank)))
                prompts = [[task_prompt(own_question(bank, int(f)).text, guided=True)] for f in frames]
                tokens = packer.pack(prompts, len(bank.cameras)).to(device)
                with torch.autocast(device.type, precision, enabled=precision != torch.float32):
                    seen = system.see(pictures(bank, frames).to(device), tokens)
                assert seen.pointing is not None
                for name in EXPLICIT:
                    value = getattr(seen.pointing, name)[:, 0].float()
                    self.explicit[name][frames] = (value.sigmoid() if name == "visible" else value).cpu().numpy()
                if self.latents:
                    self._store_latents(frames, torch.stack(seen.states.layers, 1), seen.dense, seen.ignore)
                bar.update(len(frames))

    def correct(self, bank: FrameBank, labels: LabelMaker, limit: float) -> float:
        """Put the truth in the place of points further than ``limit`` (widths of the picture) from it.

        Returns the share of the visible points that were wrong.
        """
        wrong_points = visible_points = 0
        for frames in np.array_split(np.arange(len(bank)), -(-len(bank) // 256)):
            questions = [[own_question(bank, int(frame))] for frame in frames]
            answers = [answers_for(bank, int(frame), asked) for frame, asked in zip(frames, questions, strict=True)]
            truth = labels(bank, frames, questions, answers)
            points = truth.points[:, 0].numpy()
            seen = np.isfinite(points).all(-1)
            wrong = seen & (np.linalg.norm(self.explicit["points"][frames] - points, axis=-1) > limit)
            heights = np.broadcast_to(truth.heights[:, 0].numpy()[..., None], wrong.shape)
            right = {"points": points, "boxes": truth.boxes[:, 0].numpy(), "axes": truth.axes[:, 0].numpy()}
            for name, value in {**right, "heights": heights}.items():
                known = np.isfinite(value) & (wrong if name == "heights" else wrong[..., None])
                self.explicit[name][frames] = np.where(known, value, self.explicit[name][frames])
            wrong_points += int(wrong.sum())
            visible_points += int(seen.sum())
        return wrong_points / max(visible_points, 1)

    def _store_latents(self, frames: NDArray[np.int64], states: Tensor, dense: Tensor, ignore: Tensor) -> None:
        length = min(self.length, states.shape[2])
        self.states[frames, :, :length] = states[:, :, :length].half().cpu().numpy()
        self.ignore[frames, :length] = ignore[:, :length].cpu().numpy()
        self.dense[frames] = dense.half().cpu().numpy()

    def spatial(self, frames: NDArray[np.int64], numbers: dict[str, Tensor]) -> SpatialInputs:
        """Explicit inputs of the expert for frames; ``numbers`` holds cameras, state and normalised state."""
        device = numbers["state"].device
        stored = {name: torch.from_numpy(self.explicit[name][frames]).to(device) for name in EXPLICIT}
        return SpatialInputs(**stored, **{name: numbers[name] for name in ("cameras", "state", "normalised")})

    def latent(self, frames: NDArray[np.int64], device: torch.device) -> tuple[list[Tensor], Tensor, Tensor]:
        """Arguments of DualSystem.query_tokens for frames, on ``device``."""
        order = np.sort(frames)  # ascending reads are kind to the disk
        back = np.argsort(np.argsort(frames, kind="stable"), kind="stable")
        states = torch.from_numpy(self.states[order][back]).to(device).float()
        dense = torch.from_numpy(self.dense[order][back]).to(device).float()
        return list(states.unbind(1)), dense, torch.from_numpy(self.ignore[frames]).to(device)
