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
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision

from sightline.models.visual_encoder import SHORT


class WindowAttention(nn.Module):
    """Attention within windows.

    Attributes:
        length: of all windows, in patches; 0 where they differ.
    """

    def __init__(self, qkv: nn.Linear, proj: nn.Linear, heads: int) -> None:
        super().__init__()
        self.qkv, self.proj, self.heads, self.length = qkv, proj, heads, 0

    def forward(
        self, hidden_states: Tensor, cu_seqlens: Tensor, position_embeddings: tuple[Tensor, Tensor], **_: object
    ) -> Tensor:
        """[N,width] for patches [N,width] whose windows end at ``cu_seqlens``, with rotary tables [N,head]."""
        query, key, value = self.qkv(hidden_states).view(len(hidden_states), 3, self.heads, -1).unbind(1)
        query, key = apply_rotary_pos_emb_vision(query, key, *position_embeddings)
        if self.length:
            windows = (x.unflatten(0, (-1, self.length)).transpose(1, 2) for x in (query, key, value))
            out = _attend(*windows).transpose(1, 2).flatten(0, 1)
        else:
            lengths = (cu_seqlens[1:] - cu_seqlens[:-1]).tolist()
            parts = zip(*(x.split(lengths) for x in (query, key, value)), strict=True)
            out = torch.cat([_attend(*(x.transpose(0, 1)[None] for x in part))[0].transpose(0, 1) for part in parts])
        return self.proj(out.flatten(1))


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """[W,heads,L,head] full attention; see SHORT for why not always fused."""
    if query.device.type != "cpu" or query.shape[2] > SHORT:
        return F.scaled_dot_product_attention(query, key, value)
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    return scores.softmax(-1, dtype=torch.float32).to(value.dtype) @ value


class LinearPatches(nn.Module):
    """Patches [N, 3 * times * side * side] to [N,width]; ``proj`` is the convolution whose weights these are."""

    def __init__(self, proj: nn.Conv3d) -> None:
        super().__init__()
        self.proj = proj

    def forward(self, patches: Tensor) -> Tensor:
        return F.linear(patches.to(self.proj.weight.dtype), self.proj.weight.flatten(1))


def rearrange(visual: Any) -> None:
    """Exchange those layers in a vision tower of transformers, weights included."""
    visual.patch_embed = LinearPatches(visual.patch_embed.proj)
    for block in visual.blocks:
        block.attn = WindowAttention(block.attn.qkv, block.attn.proj, block.attn.num_heads)
