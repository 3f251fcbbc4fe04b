"""DINOv2: dense features of each view (Oquab et al. 2023), with the parameter names of the official hub models."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.models.config import VisualEncoderConfig

# Up to this many tokens plain matrix products beat the fused attention kernel on CPU (six times at 24 tokens in bf16,
# twice at 256).
SHORT = 512


class PatchEmbed(nn.Module):
    """Non-overlapping patches to tokens."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, images: Tensor) -> Tensor:
        # An unfold and a matrix product: several times faster than a strided convolution on CPU, same numbers.
        batch, channels, height, width = images.shape
        patch = self.proj.kernel_size[0]
        cells = images.view(batch, channels, height // patch, patch, width // patch, patch)
        rows = cells.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * patch * patch)
        return F.linear(rows, self.proj.weight.flatten(1), self.proj.bias)


class ConvStem(nn.Module):
    """Overlapping filters before the patches, which policies trained by earlier versions have.

    Half-patch pixels become ``channels`` features on a grid twice as fine, are mixed with their neighbours, and join
    into patches.
    """

    def __init__(self, patch: int, width: int, layers: int, channels: int = 96) -> None:
        super().__init__()
        self.cell = patch // 2
        self.pixels = nn.Linear(3 * self.cell * self.cell, channels)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(layers))
        self.mixes = nn.ModuleList(nn.Linear(9 * channels, channels) for _ in range(layers))
        self.proj = nn.Linear(4 * channels, width)

    def forward(self, images: Tensor) -> Tensor:
        batch, _, height, width = images.shape
        rows, columns, cell = height // self.cell, width // self.cell, self.cell
        x = images.view(batch, 3, rows, cell, columns, cell).permute(0, 2, 4, 1, 3, 5)
        x = self.pixels(x.reshape(batch, rows, columns, -1)).relu()
        for norm, mix in zip(self.norms, self.mixes, strict=True):
            x = x + convolved(norm(x), mix).relu()
        x = x.view(batch, rows // 2, 2, columns // 2, 2, -1).permute(0, 1, 3, 2, 4, 5)
        return self.proj(x.reshape(batch, rows * columns // 4, -1))


class ConvolutionBlock(nn.Module):
    """ConvNeXt block (Liu et al. 2022, fig. 4) with a small kernel: neighbours are mixed channel by channel, then
    channels cell by cell.

    Fresh ones change nothing, so that eyes that have learned can be given more blocks and go on from what they know.
    """

    def __init__(self, channels: int, expansion: int = 2) -> None:
        super().__init__()
        self.near = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.fc1 = nn.Linear(channels, expansion * channels)
        self.fc2 = nn.Linear(expansion * channels, channels)
        nn.init.zeros_(self.fc2.weight)
        nn.init.zeros_(self.fc2.bias)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.near(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x + self.fc2(self.fc1(self.norm(mixed)).relu())


class ConvolutionStages(nn.Module):
    """Patches by convolutions, for encoders that learn from scratch: shapes are learned from several times fewer
    pictures and operations than by attention over bare patches (docs/log.md). Pre-trained encoders keep their own.

    Args:
        blocks: at each resolution; cells are twice as wide and features twice as many from one to the next, up to
            ``patch`` and ``width``.
    """

    def __init__(self, patch: int, width: int, blocks: Sequence[int]) -> None:
        super().__init__()
        self.cell = patch >> (len(blocks) - 1)
        channels = [width >> (len(blocks) - 1 - number) for number in range(len(blocks))]
        inputs = [9 * 3 * self.cell**2, *(4 * count for count in channels)]
        self.enter = nn.ModuleList(map(nn.Linear, inputs, channels))
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvolutionBlock(width) for _ in range(count)))
            for width, count in zip(channels, blocks, strict=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        x = neighbourhoods(joined(images.permute(0, 2, 3, 1), self.cell))
        for number, (enter, stage) in enumerate(zip(self.enter, self.stages, strict=True)):
            x = stage(enter(x if number == 0 else joined(x, 2)).relu())
        return x.flatten(1, 2)


def joined(x: Tensor, side: int) -> Tensor:
    """[B,H/side,W/side,side*side*C] each square of ``side`` x ``side`` cells of x [B,H,W,C] as one."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height // side, side, width // side, side, channels).transpose(2, 3)
    return x.reshape(batch, height // side, width // side, side * side * channels)


def convolved(x: Tensor, layer: nn.Module) -> Tensor:
    """[B,H,W,D] what a layer of 9C inputs makes of each cell of x [B,H,W,C] and its neighbours: a 3x3 convolution.

    In float32 torch's own is twice as fast as a product over neighbourhoods, in bfloat16 its backward pass is slow.
    """
    if not isinstance(layer, nn.Linear) or x.dtype != torch.float32 or torch.is_autocast_enabled(x.device.type):
        return layer(neighbourhoods(x))
    weight = layer.weight.view(-1, 3, 3, x.shape[-1]).permute(0, 3, 1, 2)
    return F.conv2d(x.permute(0, 3, 1, 2), weight, layer.bias, padding=1).permute(0, 2, 3, 1)


def neighbourhoods(x: Tensor) -> Tensor:
    """[B,H,W,9C] each cell of x [B,H,W,C] beside its eight neighbours; zeros outside."""
    height, width = x.shape[1:3]
    padded = F.pad(x, (0, 0, 1, 1, 1, 1))
    return torch.cat([padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)], -1)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Full attention of [B,heads,L,head]; see SHORT for why not always fused."""
    if query.device.type != "cpu" or query.shape[2] > SHORT:
        return F.scaled_dot_product_attention(query, key, value)
    return (query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)).softmax(-1) @ value


class Attention(nn.Module):
    """Multi-head self-attention with one fused qkv projection (layout 3 x heads x head width)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        query, key, value = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(attend(query, key, value).transpose(1, 2).reshape(batch, length, width))


class Mlp(nn.Module):
    """Two-layer perceptron with GELU."""

    def __init__(self, width: int, hidden: int, approximate: str = "none") -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate=self.approximate))


class GatedMlp(nn.Module):
    """SwiGLU perceptron of DINOv2's largest size; both input projections in one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = -(-int(4 * width * 2 / 3) // 8) * 8
        self.w12 = nn.Linear(width, 2 * hidden)
        self.w3 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, -1)
        return self.w3(F.silu(gate) * value)


class LayerScale(nn.Module):
    """Learned gain per channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    """Pre-norm transformer block with LayerScale."""

    def __init__(self, width: int, heads: int, swiglu: bool = False) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.ls1 = LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = GatedMlp(width) if swiglu else Mlp(width, 4 * width)
        self.ls2 = LayerScale(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


def patch_embedding(config: VisualEncoderConfig) -> nn.Module:
    """What turns pixels into patches, as the configuration wants it."""
    if config.convolutions:
        return ConvolutionStages(config.patch, config.width, config.convolutions)
    if config.stem:
        return ConvStem(config.patch, config.width, config.stem)
    return PatchEmbed(config.patch, config.width)


class VisualEncoder(nn.Module):
    """DINOv2 vision transformer."""

    def __init__(self, config: VisualEncoderConfig) -> None:
        super().__init__()
        self.config = config
        side = config.pretraining_size // config.patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, side * side + 1, config.width))
        self.mask_token = nn.Parameter(torch.zeros(1, config.width))
        self.patch_embed = patch_embedding(config)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.swiglu) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=1e-6)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.cls_token, std=1e-6)

    def positions(self, rows: int, columns: int) -> Tensor:
        """[1, 1 + rows * columns, width] position table, resized bicubically for other sizes than in pre-training."""
        side = math.isqrt(self.pos_embed.shape[1] - 1)
        if (rows, columns) == (side, side):
            return self.pos_embed
        grid = self.pos_embed[:, 1:].float().view(1, side, side, -1).permute(0, 3, 1, 2)
        # The hub code adds 0.1 to the target size before it takes the ratio; other ratios give other numbers.
        scale = ((rows + 0.1) / side, (columns + 0.1) / side)
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic")
        grid = grid.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)
        return torch.cat([self.pos_embed[:, :1], grid.to(self.pos_embed.dtype)], 1)

    def window_positions(self, corners: Tensor, rows: int, columns: int) -> Tensor:
        """[B, 1 + rows * columns, width] positions of windows whose first patches are at ``corners`` [B,2] (row,
        column) of a picture of the pre-training size."""
        side = math.isqrt(self.pos_embed.shape[1] - 1)
        down, across = (torch.arange(count, device=corners.device) for count in (rows, columns))
        cells = (corners[:, :1] + down)[:, :, None] * side + (corners[:, 1:] + across)[:, None]
        first = self.pos_embed[:, :1].expand(len(corners), -1, -1)
        return torch.cat([first, self.pos_embed[0, 1:][cells.flatten(1)]], 1)

    def forward(self, images: Tensor, corners: Tensor | None = None) -> Tensor:
        """Normalised final-layer patch tokens.

        Args:
            images: [B,3,H,W] ImageNet-normalised, H and W multiples of the patch.
            corners: [B,2] where these windows were cut out of whole pictures, in patches; None: they are whole.
        Returns:
            [B, H/patch * W/patch, width], row by row.
        """
        rows, columns = images.shape[2] // self.config.patch, images.shape[3] // self.config.patch
        x = self.patch_embed(images)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1).to(x.dtype), x], 1)
        places = self.positions(rows, columns) if corners is None else self.window_positions(corners, rows, columns)
        x = x + places.to(x.dtype)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 1:]
