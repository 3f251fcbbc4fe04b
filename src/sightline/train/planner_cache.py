"""Planner states of demonstration frames, computed once: the latent path then trains at the action expert's speed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.core.console import progress
from sightline.models.system import DualSystem
from sightline.models.vlm.prompts import Packer, task_prompt
from sightline.train.frame_bank import FrameBank
from sightline.train.grounding_batches import own_question, pictures
from sightline.train.scratch import scratch


class PlannerCache:
    """Planner states and pooled visual features of some frames of a bank, in a scratch file as float16.

    Attributes:
        frames: [n] numbers of the stored frames, ascending.
    """

    def __init__(
        self,
        system: DualSystem,
        bank: FrameBank,
        frames: NDArray[np.int64],
        packer: Packer,
        batch: int,
        precision: torch.dtype,
    ) -> None:
        self.frames = np.sort(frames)
        count, views = len(frames), len(bank.cameras)
        prompts = [task_prompt(own_question(bank, f).text, guided=True) for f in bank.start[:-1]]
        longest = max((len(packer.question(prompt)[0]) for prompt in prompts), default=0)
        self.length = len(packer.prefix(views)[0]) + longest
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
        with progress(len(self.frames), "planner states", unit="frame") as bar:
            for first in range(0, len(self.frames), batch):
                rows = np.arange(first, min(first + batch, len(self.frames)))
                prompts = [[task_prompt(own_question(bank, int(f)).text, guided=True)] for f in self.frames[rows]]
                tokens = packer.pack(prompts, len(bank.cameras)).to(device)
                with torch.autocast(device.type, precision, enabled=precision != torch.float32):
                    seen = system.see(pictures(bank, self.frames[rows]).to(device), tokens)
                states = torch.stack(seen.states.layers, 1)
                length = min(self.length, states.shape[2])
                self.states[rows, :, :length] = states[:, :, :length].half().cpu().numpy()
                self.ignore[rows, :length] = seen.ignore[:, :length].cpu().numpy()
                self.dense[rows] = seen.dense.half().cpu().numpy()
                bar.update(len(rows))

    def at(self, frames: NDArray[np.int64]) -> tuple[list[Tensor], Tensor, Tensor]:
        """Arguments of DualSystem.query_tokens for stored frames."""
        rows = np.searchsorted(self.frames, frames)
        assert (self.frames[rows] == frames).all(), "only stored frames can be asked for"
        order = np.sort(rows)  # ascending reads are kind to the disk
        back = np.argsort(np.argsort(rows, kind="stable"), kind="stable")
        states, dense = (torch.from_numpy(stored[order][back]).float() for stored in (self.states, self.dense))
        return list(states.unbind(1)), dense, torch.from_numpy(self.ignore[rows])
