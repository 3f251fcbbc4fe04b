"""Two layers of Qwen2.5-VL's vision tower with the work arranged otherwise; weights, names and numbers stay.

transformers cuts the patches of a batch into windows and attends to one after the other, in Python: thousands of small
products. Pictures of one size have windows of one length, which are one product. And its patches go through a strided
convolution, whose backward pass is slow on CPU; patches that do not overlap are a linear layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.weak import WeakTensorKeyDictionary
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision

from sightline.models.visual_encoder import attend

# Lengths of the windows that end at some numbers: asked for by every block, fetched from the device once.
_LENGTHS = WeakTensorKeyDictionary()


def window_lengths(ends: Tensor) -> list[int]:
    """Patches in each window, of cumulative lengths ``ends`` [windows + 1]."""
    if ends not in _LENGTHS:
        _LENGTHS[ends] = (ends[1:] - ends[:-1]).tolist()
    return _LENGTHS[ends]


class WindowAttention(nn.Module):
    """Attention within windows."""

    def __init__(self, qkv: nn.Linear, proj: nn.Linear, heads: int) -> None:
        super().__init__()
        self.qkv, self.proj, self.heads = qkv, proj, heads

    def forward(
        self, hidden_states: Tensor, cu_seqlens: Tensor, position_embeddings: tuple[Tensor, Tensor], **_: object
    ) -> Tensor:
        """[N,width] for patches [N,width] whose windows end at ``cu_seqlens``, with rotary tables [N,head]."""
        query, key, value = self.qkv(hidden_states).view(len(hidden_states), 3, self.heads, -1).unbind(1)
        query, key = apply_rotary_pos_emb_vision(query, key, *position_embeddings)
        lengths = window_lengths(cu_seqlens)
        if len(set(lengths)) == 1:
            windows = (x.unflatten(0, (-1, lengths[0])).transpose(1, 2) for x in (query, key, value))
            out = attend(*windows).transpose(1, 2).flatten(0, 1)
        else:
            parts = zip(*(x.split(lengths) for x in (query, key, value)), strict=True)
            out = torch.cat([attend(*(x.transpose(0, 1)[None] for x in part))[0].transpose(0, 1) for part in parts])
        return self.proj(out.flatten(1))


class LinearPatches(nn.Module):
    """Patches [N, 3 * times * side * side] to [N,width]; ``proj`` is the convolution whose weights these are.

    Patches of still pictures may come once, [N, 3 * side * side]: what repeats in time is summed over the weights.
    """

    def __init__(self, proj: nn.Conv3d) -> None:
        super().__init__()
        self.proj = proj

    def forward(self, patches: Tensor) -> Tensor:
        weight = self.proj.weight
        if patches.shape[1] * weight.shape[2] == weight[0].numel():
            weight = weight.sum(2)
        return F.linear(patches.to(weight.dtype), weight.flatten(1))


def rearrange(visual: Any) -> None:
    """Exchange those layers in a vision tower of transformers, weights included."""
    visual.patch_embed = LinearPatches(visual.patch_embed.proj)
    for block in visual.blocks:
        block.attn = WindowAttention(block.attn.qkv, block.attn.proj, block.attn.num_heads)
