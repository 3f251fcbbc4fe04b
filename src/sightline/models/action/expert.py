"""System 1: a diffusion transformer (DiT) that denoises a chunk of actions given condition tokens."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from sightline.models.action.diffusion import Diffusion
from sightline.models.visual_encoder import Attention, Mlp


class TimestepEmbedder(nn.Module):
    """Sinusoid of the diffusion step (cosines first), then an MLP."""

    frequencies = 256

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(self.frequencies, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, step: Tensor) -> Tensor:
        half = self.frequencies // 2
        rate = torch.exp(-math.log(10_000) * torch.arange(half, device=step.device, dtype=torch.float32) / half)
        angle = step.float()[:, None] * rate
        return self.mlp(torch.cat([angle.cos(), angle.sin()], -1).to(cast(nn.Linear, self.mlp[0]).bias.dtype))


class LinearEmbedder(nn.Module):
    """One linear layer, named as in the official checkpoints."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class ConditionEmbedder(nn.Module):
    """Condition tokens, replaced as a whole by learned ones for samples that are dropped."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.uncondition = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.linear = nn.Linear(width, width)

    def forward(self, condition: Tensor, drop: Tensor | None) -> Tensor:
        if drop is not None:
            empty = self.uncondition[: condition.shape[1]].to(condition.dtype)
            condition = torch.where(drop[:, None, None], empty, condition)
        return self.linear(condition)


class Block(nn.Module):
    """Pre-norm block without affine norms and without adaptive modulation."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.mlp = Mlp(width, 4 * width, approximate="tanh")

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class FinalLayer(nn.Module):
    """Norm and projection to actions; starts at zero."""

    def __init__(self, width: int, action_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.linear = nn.Linear(width, action_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm(x))


class DiffusionTransformer(nn.Module):
    """The denoiser: condition tokens (plus step embedding) and noised actions in one sequence, full attention."""

    def __init__(
        self, action_dim: int, chunk: int, tokens: int, depth: int, width: int, heads: int, history: bool = False
    ) -> None:
        super().__init__()
        self.tokens = tokens
        if history:  # part of the official layout, used by nothing: see ExpertConfig
            self.history_embedder = LinearEmbedder(action_dim, width).requires_grad_(False)
        self.x_embedder = LinearEmbedder(action_dim, width)
        self.t_embedder = TimestepEmbedder(width)
        self.z_embedder = ConditionEmbedder(tokens, width)
        self.positional_embedding = nn.Parameter(torch.randn(tokens + chunk, width) * width**-0.5)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.final_layer = FinalLayer(width, action_dim)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        for small in (self.t_embedder.mlp[0], self.t_embedder.mlp[2]):
            nn.init.normal_(cast(nn.Linear, small).weight, std=0.02)
        nn.init.zeros_(self.final_layer.linear.weight)

    def forward(self, x: Tensor, step: Tensor, condition: Tensor, drop: Tensor | None = None) -> Tensor:
        """Prediction [B,T,A] (see Diffusion) for noised actions x [B,T,A], step [B] and condition [B,z,width].

        The last condition tokens may be left out (z < tokens): a guided expert can do without its latent residual.
        ``drop`` [B] bool: these samples see the learned empty condition (classifier-free guidance).
        """
        x = x.to(self.positional_embedding.dtype)  # noise and the sampler's arithmetic stay in full precision
        z = self.z_embedder(condition, drop) + self.t_embedder(step)[:, None]
        places = torch.cat([self.positional_embedding[: z.shape[1]], self.positional_embedding[self.tokens :]])
        sequence = torch.cat([z, self.x_embedder(x)], 1) + places
        for block in self.blocks:
            sequence = block(sequence)
        return self.final_layer(sequence[:, z.shape[1] :])


class ActionExpert(nn.Module):
    """The denoiser with its diffusion process: a loss for training, a sampler for acting."""

    def __init__(
        self, action_dim: int, chunk: int, tokens: int, depth: int, width: int, heads: int, diffusion_steps: int = 100,
        prediction: str = "epsilon", history: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.net = DiffusionTransformer(action_dim, chunk, tokens, depth, width, heads, history)
        self.diffusion = Diffusion(diffusion_steps, prediction)

    def loss(
        self, actions: Tensor, condition: Tensor, repeats: int, drop_rate: float, known: Tensor | None = None,
        path_weight: float = 0.0,
    ) -> Tensor:  # fmt: skip
        """Mean squared error of what the network predicts (see Diffusion).

        Args:
            actions: [B,T,A] normalised clean chunk.
            condition: [B,tokens,width].
            repeats: independent (step, noise) draws for each sample.
            drop_rate: share of draws trained on the empty condition.
            known: [B,T] bool, which actions count; all when None.
            path_weight: weight of the error of the path, the sum of the moves so far (all but the last dimension, the
                gripper): where a chunk ends matters more than each of its steps. Only where clean chunks are predicted.
        """
        weight = actions.new_ones(actions.shape[:2]) if known is None else known.to(actions.dtype)
        weight = (weight / weight.mean()).repeat(repeats, 1)[..., None]
        actions, condition = actions.repeat(repeats, 1, 1), condition.repeat(repeats, 1, 1)
        step = torch.randint(self.diffusion.steps, (len(actions),), device=actions.device)
        noise = torch.randn_like(actions)
        drop = torch.rand(len(actions), device=actions.device) < drop_rate if drop_rate > 0 else None
        predicted = self.net(self.diffusion.add_noise(actions, noise, step), step, condition, drop)
        error = predicted.float() - self.diffusion.target(actions, noise, step).float()
        loss = (weight * error.square()).mean()
        if path_weight:
            loss = loss + path_weight * (weight * error[..., :-1].cumsum(1).square()).mean()
        return loss

    def sample(
        self, condition: Tensor, noise: Tensor, guidance_scale: float, ddim_steps: int, decided: Tensor | None = None
    ) -> Tensor:
        """Denoise ``noise`` [B,T,A] to a normalised chunk; a guidance scale above 1 doubles the batch.

        Args:
            decided: [B,T,A] what the chunk is known to hold, NaN elsewhere; see :meth:`Diffusion.ddim`.
        """
        guided = guidance_scale > 1.0
        if guided:
            condition = torch.cat([condition, condition])
            drop = torch.arange(condition.shape[0], device=condition.device) >= noise.shape[0]

        def predict(x: Tensor, step: Tensor) -> Tensor:
            if not guided:
                return self.net(x, step, condition).to(x)
            with_condition, without = self.net(x.repeat(2, 1, 1), step.repeat(2), condition, drop).to(x).chunk(2)
            return without + guidance_scale * (with_condition - without)

        return self.diffusion.ddim(predict, noise, ddim_steps, decided)
