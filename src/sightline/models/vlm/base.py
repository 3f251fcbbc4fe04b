"""What a vision-language model must offer to be a planner. Each backbone is one file that implements it (see qwen.py).

Backbones speak ChatML, with the special tokens of tokenizer.py; what else differs between them is asked here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.models.config import PlannerConfig
from sightline.models.vlm.images import PictureFormat


@dataclass
class TokenBatch:
    """Packed planner input. B sequences of L tokens, Q question slots.

    Attributes:
        ids: [B,L] token ids.
        positions: [3,B,L] positions (time, row, column); words have three equal ones.
        segments: [B,L] 0 = shared prefix with the pictures, k = question k, -1 = padding.
        readouts: [B,Q,len(READOUTS)] index of each readout token, -1 where not asked.
        labels: [B,L] next-token targets aligned with the token they are predicted from, -100 = none.
        image_mask: [B,L] bool, True at visual tokens.
    """

    ids: Tensor
    positions: Tensor
    segments: Tensor
    readouts: Tensor
    labels: Tensor
    image_mask: Tensor

    def to(self, device: torch.device) -> TokenBatch:
        """A copy on ``device``."""
        return TokenBatch(**{name: value.to(device) for name, value in vars(self).items()})

    def rows(self, index: Tensor) -> TokenBatch:
        """The samples at ``index`` [n], of which one may be there several times."""
        parts = {name: value[index] for name, value in vars(self).items() if name != "positions"}
        return TokenBatch(positions=self.positions[:, index], **parts)

    def attention_mask(self, dtype: torch.dtype) -> Tensor:
        """[B,1,L,L] additive mask: causal, own question and shared prefix only.

        At padding everything is masked alike, so it attends to all positions equally: what the official code does.
        """
        length = self.ids.shape[1]
        mine, theirs = self.segments[:, :, None], self.segments[:, None, :]
        allowed = ((theirs == 0) | (theirs == mine)) & (theirs >= 0)
        allowed &= torch.ones(length, length, dtype=torch.bool, device=self.ids.device).tril()
        return torch.zeros(allowed.shape, dtype=dtype, device=self.ids.device).masked_fill_(~allowed, -1e9)[:, None]


@dataclass
class PlannerStates:
    """What the planner thinks of B samples with V views.

    Attributes:
        layers: hidden states [B,L,width] of the last layers, the very last after the final norm.
        embedded: [B,V,G,G,width] visual tokens as they enter the language model.
        visual: [B,V,G,G,width] visual tokens as they leave it.
    """

    layers: list[Tensor]
    embedded: Tensor
    visual: Tensor


class VisionLanguageModel(nn.Module, ABC):
    """A planner's backbone. Before it has weights its class answers for sizes, names, pictures and positions.

    Attributes:
        system: what the assistant is told where nobody says anything else; empty = nothing.
        head: name of the language head below ``model``; where ``tied``, it is the embedding once more.
        model: the module of transformers with all weights; freezing, adapters and rates name what is below it.
        attention: an implementation that transformers knows; empty = the fastest on the device.
    """

    system: ClassVar[str] = ""
    head: ClassVar[str] = "lm_head.weight"
    model: Any

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__()
        self.config = config
        self.attention = ""

    # ---- before there are weights -------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def config_from(cls, values: Mapping[str, Any], image_size: int = 224) -> PlannerConfig:
        """Sizes from the contents of a config.json. Raises SightlineError naming what is missing or not supported."""

    @staticmethod
    @abstractmethod
    def names_from(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a released checkpoint, whatever its age, under the names that they have below ``model``."""

    @classmethod
    @abstractmethod
    def pictures(cls, config: PlannerConfig, side: int = 0) -> PictureFormat:
        """How pictures become patches and coordinates words; ``side``: of the square that each becomes, 0 = none."""

    @staticmethod
    @abstractmethod
    def picture_positions(start: int, rows: int, columns: int) -> NDArray[np.int64]:
        """[3,rows * columns] positions of a picture's visual tokens when the next word would stand at ``start``; words
        go on behind the largest of them."""

    # ---- tensors ------------------------------------------------------------------------------------------------

    @abstractmethod
    def patches(self, images: Tensor) -> Tensor:
        """Patches [B*V*patches,values] of pictures [B,V,S,S,3] uint8, in the order of ``pictures(...).patches``."""

    @abstractmethod
    def see_patches(self, pixel_values: Tensor, grid: Tensor) -> Tensor:
        """Visual tokens [N,width] of pictures of any size, one after the other. A backbone whose deeper layers see
        something else may append it to each token, for :meth:`read`.

        Args:
            pixel_values: patches as ``pictures(...).patches`` or :meth:`patches` order them.
            grid: [pictures,3] patches of each picture: time (1), down, across.
        """

    @abstractmethod
    def read(self, tokens: TokenBatch, seen: Tensor | None, layers: int = 1) -> list[Tensor]:
        """Hidden states [B,L,width] of the last ``layers`` layers; ``seen``: visual tokens, None without pictures."""

    @abstractmethod
    def logits(self, states: Tensor) -> Tensor:
        """Scores [...,vocabulary] of the next token for hidden states [...,width] of the last layer."""

    @abstractmethod
    def generate(
        self, tokens: TokenBatch, pixels: Tensor | None, grids: Tensor | None, longest: int, stops: list[int]
    ) -> Tensor:
        """At most ``longest`` ids [B,new] that greedily follow ``tokens``, padded on the left, until one of ``stops``.

        Args:
            pixels, grids: of their pictures, as in :meth:`see_patches`; None without pictures.
            stops: ends of a turn; the last one fills what is shorter.
        """

    @abstractmethod
    def positions(self, ids: Tensor, mask: Tensor, grid: Tensor) -> Tensor:
        """Positions [3,B,L] of the official code for ``ids`` and ``mask`` [B,L] (1 = read) with pictures ``grid``."""

    def tie(self) -> None:
        """Make the head the embedding where the configuration says so; part of an initialisation that is left out."""
        self.model.tie_weights()

    @property
    def grid(self) -> int:
        """Visual tokens along one side of a square picture."""
        return self.config.image_size // (self.config.patch * self.config.merge)

    def see(self, images: Tensor) -> Tensor:
        """Visual tokens [B,V,G*G,width] of pictures [B,V,S,S,3] uint8."""
        batch, views = images.shape[:2]
        side = self.config.image_size // self.config.patch
        grid = torch.tensor([[1, side, side]], device=images.device).expand(batch * views, -1)
        return self.see_patches(self.patches(images), grid).view(batch, views, self.grid**2, -1)

    def see_nothing(self) -> Tensor:
        """No visual tokens [0,width] of a blank picture: looking at it changes nothing, gradients are zero."""
        config, device = self.config, next(self.parameters()).device
        blank = torch.zeros(config.merge**2, 3 * config.temporal_patch * config.patch**2, device=device)
        return self.see_patches(blank, torch.tensor([[1, config.merge, config.merge]], device=device))[:0]

    def forward(self, images: Tensor, tokens: TokenBatch, layers: int = 1) -> PlannerStates:
        """Hidden states of the last ``layers`` layers for pictures [B,V,S,S,3] uint8 and packed questions."""
        seen = self.see(images)
        states = self.read(tokens, seen, layers)
        shape = (*images.shape[:2], self.grid, self.grid, -1)
        visual = states[-1][tokens.image_mask].view(shape)
        return PlannerStates(states, seen.view(shape)[..., : self.config.width], visual)

    def text_loss(self, states: PlannerStates, tokens: TokenBatch) -> Tensor:
        """Mean next-token cross-entropy over the supervised tokens; zero where there are none."""
        asked = tokens.labels >= 0
        if not bool(asked.any()):
            return states.layers[-1].sum() * 0.0
        logits = self.logits(states.layers[-1][asked])
        return nn.functional.cross_entropy(logits.float(), tokens.labels[asked])
