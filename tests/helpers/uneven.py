"""Batches that need different weights, learned from by two processes that share the system."""

from __future__ import annotations

from pathlib import Path

import torch
from nano import random_pictures
from safetensors.torch import save_file
from small import nano_policy, nano_tokenizer
from torch.distributed.tensor import DTensor

from sightline.models.system import DualSystem
from sightline.train.distributed import Processes, ShardedReplica
from sightline.train.optimiser import clip_gradients


class Uneven:
    """Every batch needs the visual encoder, only odd ones (numbered by ``batch``) the projection of its features."""

    @staticmethod
    def loss(system: DualSystem, batch: int) -> torch.Tensor:
        dense = system.encode_views(random_pictures(batch, 1))
        seen = system.visual_projection(dense) if batch % 2 else dense
        return seen.square().mean() + batch * system.gate


def gradients_of_uneven_batches(out: Path) -> None:
    """Two processes leave their mean gradients of two batches each, and what is clipped from them."""
    policy = nano_policy(nano_tokenizer())
    world = Processes.join(policy.device)
    replica = ShardedReplica(policy.system, world, "fp32")
    for last in (False, True):
        with replica.turn(last):
            (replica.loss(Uneven, 2 * last + world.rank) / 2).backward()
    replica.finish()
    norm = clip_gradients(policy.system, 0.5)
    grads = {name: p.grad for name, p in policy.system.named_parameters() if p.grad is not None}
    whole = {name: g.full_tensor() if isinstance(g, DTensor) else g for name, g in grads.items()}
    save_file({**whole, "norm": norm}, out / f"{world.rank}.safetensors")
