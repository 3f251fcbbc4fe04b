"""The dual system as three graphs of plain tensors: eyes, mind, hands. Written for tracing; the numbers are those of
DualSystem.see and DualSystem.act.

What depends on the data there (where the visual tokens stand in a sequence, which windows a picture has) is an input
here, or a constant, so that one graph serves any number of samples and any length of instruction.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb_vision

from sightline.core.errors import SightlineError
from sightline.models.grounding.pointing import Pointing
from sightline.models.system import DualSystem, Seen
from sightline.models.visual_encoder import attend
from sightline.models.vlm.base import PlannerStates, TokenBatch
from sightline.models.vlm.qwen import QwenPlanner

POINTING = (*(name for name in Pointing.__dataclass_fields__ if name != "dense"), "kind", "colour", "box")


class Eyes(nn.Module):
    """Planner's visual tokens [N,G*G,W] and visual-encoder features [N,side,side,C] of pictures [N,S,S,3] uint8."""

    inputs = ("images",)
    outputs = ("tokens", "features")

    def __init__(self, system: DualSystem) -> None:
        super().__init__()
        self.system = system
        self.tower = system.planner.model.model.visual
        self.positions = self._positions()

    def _positions(self) -> tuple[Tensor, Tensor]:
        """Rotary tables of one picture. Raises SightlineError where it is cut into several windows."""
        caught: list[dict[str, Any]] = []

        def catch(_: nn.Module, __: tuple, named: dict[str, Any]) -> None:
            caught.append(named)

        blocks, side = self.tower.blocks, self.system.config.planner.image_size
        hooks = [block.register_forward_pre_hook(catch, with_kwargs=True) for block in blocks]
        try:
            self.system.planner.see(torch.zeros(1, 1, side, side, 3, dtype=torch.uint8))
        finally:
            for hook in hooks:
                hook.remove()
        if any(len(named["cu_seqlens"]) > 2 for named in caught):
            raise SightlineError(
                "This planner cuts pictures into windows, which cannot be exported yet; serve it with torch."
            )
        return caught[0]["position_embeddings"]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = self.tower.patch_embed(self.system.planner.patches(images[None])).view(
            images.shape[0], self.positions[0].shape[0], -1
        )
        for block in self.tower.blocks:
            x = x + self._attention(block.attn, block.norm1(x))
            x = x + block.mlp(block.norm2(x))
        tokens = self.tower.merger(x.flatten(0, 1)).view(images.shape[0], self.system.planner.grid**2, -1)
        return tokens, self.system.encode_views(images[None])[0]

    def _attention(self, layer: Any, x: Tensor) -> Tensor:
        query, key, value = layer.qkv(x).unflatten(-1, (3, layer.heads, -1)).unbind(2)
        query, key = apply_rotary_pos_emb_vision(query, key, *self.positions)
        heads = (part.transpose(1, 2) for part in (query, key, value))
        return layer.proj(attend(*heads).transpose(1, 2).flatten(2))


class Mind(nn.Module):
    """What the planner thinks and points at, of what the eyes have seen and one question."""

    inputs = ("tokens", "features", "ids", "positions", "segments", "readouts", "places", "cameras")

    def __init__(self, system: DualSystem) -> None:
        super().__init__()
        self.system = system
        query = system.config.querying
        self.layers = query.layers + query.skip
        self.outputs = ("fused", "asked", "visual", *(f"state{n}" for n in range(self.layers)), *POINTING)

    def forward(
        self, tokens: Tensor, features: Tensor, ids: Tensor, positions: Tensor, segments: Tensor, readouts: Tensor,
        places: Tensor, cameras: Tensor,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        """
        Args:
            tokens: [B,V,G*G,W], features: [B,V,side,side,C] of the eyes.
            ids, segments: [B,L], positions: [3,B,L], readouts: [B,1,R + 1] as in TokenBatch.
            places: [B,V*G*G] where in the sequence the visual tokens stand.
            cameras: [B,V,15].
        """
        system, grid = self.system, self.system.planner.grid
        asked = TokenBatch(ids, positions, segments, readouts, ids, ids)
        states = self._read(asked, tokens.flatten(1, 2), places)
        index = places[..., None].expand(-1, -1, states[-1].shape[-1])
        visual = states[-1].gather(1, index).unflatten(1, (tokens.shape[1], grid, grid))
        index = readouts.clamp(min=0).flatten(1)[..., None].expand(-1, -1, states[-1].shape[-1])
        answers = states[-1].gather(1, index)[:, None]
        fused = system.grounding.features(features, visual)
        pointing = vars(system.grounding(answers, fused, cameras))
        dense = pointing.pop("dense")
        return (fused, answers, visual, *states[-self.layers :], *pointing.values(), *dense)

    def _read(self, asked: TokenBatch, tokens: Tensor, places: Tensor) -> list[Tensor]:
        """VisionLanguageModel.read, layer by layer: the embedded input, then one state a layer, the last one normed."""
        language = self.system.planner.model.model.language_model
        x = language.embed_tokens(asked.ids)
        x = x.scatter(1, places[..., None].expand(-1, -1, x.shape[-1]), tokens)
        rotary, mask = language.rotary_emb(x, asked.positions), asked.attention_mask(x.dtype)
        states = [x]
        for layer in language.layers:
            states.append(layer(states[-1], attention_mask=mask, position_embeddings=rotary))
        return [*states[:-1], language.norm(states[-1])]


class Hands(nn.Module):
    """A normalised chunk of actions for condition tokens: the sampler of the action expert, unrolled.

    The tokens themselves (queries, embedded points) are made by torch: they are three parts in a hundred of the work,
    and a graph in which the length of the instruction is free takes minutes to trace through all steps of the sampler.
    """

    inputs = ("condition", "noise", "decided")
    outputs = ("actions",)

    def __init__(self, system: DualSystem) -> None:
        super().__init__()
        self.system = system

    def forward(self, condition: Tensor, noise: Tensor, decided: Tensor) -> Tensor:
        return self.system.expert_chunk(condition, noise, decided)


def exportable(system: DualSystem) -> None:
    """Raises SightlineError where a system has no such graphs."""
    config = system.config
    if not (config.points and config.state_dim and isinstance(system.planner, QwenPlanner)):
        raise SightlineError(
            "Only policies that point (preset tiny and those made from it) can be exported; serve this one with torch."
        )


def seen_from(system: DualSystem, given: dict[str, Tensor], found: dict[str, Tensor]) -> Seen:
    """What DualSystem.see returns, from inputs and outputs of the graphs."""
    grid = system.planner.grid
    pointing = {name: found[name] for name in POINTING[:-3]}
    layers = [found[f"state{n}"] for n in range(system.config.querying.layers + system.config.querying.skip)]
    embedded = given["tokens"].unflatten(2, (grid, grid))[..., : system.config.planner.width]
    return Seen(
        PlannerStates(layers, embedded, found["visual"]),
        system.pool(given["features"]),
        Pointing(**pointing, dense=(found["kind"], found["colour"], found["box"])),
        found["fused"],
        found["asked"],
        given["segments"] < 0,
    )
