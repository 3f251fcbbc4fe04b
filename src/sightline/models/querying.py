"""Layer-wise querying transformer: learned queries read planner states and visual features (paper, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class _ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.scale, None


def scale_gradient(x: Tensor, scale: float) -> Tensor:
    """``x`` itself, through which gradients pass multiplied by ``scale``."""
    return _ScaleGradient.apply(x, scale)


class QueryLayer(nn.Module):
    """Queries attend to one planner layer, then pass an MLP. Keys and values are neither normed nor given positions."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.cross_attn = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
        )

    def forward(self, queries: Tensor, memory: Tensor, ignore: Tensor | None) -> Tensor:
        attended, _ = self.cross_attn(self.norm1(queries), memory, memory, key_padding_mask=ignore, need_weights=False)
        queries = queries + attended
        return queries + self.mlp(self.norm2(queries))

    def weights(self, queries: Tensor, memory: Tensor, ignore: Tensor | None) -> Tensor:
        """[B,N,L] how strongly each query reads each position, averaged over the heads."""
        read = self.norm1(queries)
        return self.cross_attn(read, memory, memory, key_padding_mask=ignore, need_weights=True)[1]


class QueryingTransformer(nn.Module):
    """Turns k layers of planner states plus visual features into N query tokens of the action expert's width."""

    def __init__(self, memory_width: int, width: int, layers: int, queries: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query_tokens = nn.Parameter(torch.randn(queries, width))
        self.proj = nn.Linear(memory_width, width)
        self.layers = nn.ModuleList(QueryLayer(width, heads, dropout) for _ in range(layers))

    def forward(self, memories: Sequence[Tensor], ignore: Tensor | None = None) -> Tensor:
        """Read one memory per layer.

        Args:
            memories: one [B,L,memory_width] for each layer.
            ignore: [B,L] bool, True where a position is padding and must not be attended.
        Returns:
            [B,N,width] query tokens.
        """
        queries = self.query_tokens.expand(memories[0].shape[0], -1, -1)
        for layer, memory in zip(self.layers, memories, strict=True):
            queries = layer(queries, self.proj(memory), ignore)
        return queries

    def attention(self, memories: Sequence[Tensor], ignore: Tensor | None = None) -> Tensor:
        """[B,N,L] what the queries of the last layer read; the arguments are those of :meth:`forward`."""
        queries = self.query_tokens.expand(memories[0].shape[0], -1, -1)
        for layer, memory in zip(self.layers[:-1], memories[:-1], strict=True):
            queries = layer(queries, self.proj(memory), ignore)
        last: Any = self.layers[-1]
        return last.weights(queries, self.proj(memories[-1]), ignore)
