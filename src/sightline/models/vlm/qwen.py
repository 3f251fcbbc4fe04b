"""System 2: Qwen2.5-VL through transformers, at any size, fed with packed questions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLForConditionalGeneration
from transformers.utils import logging as transformers_logging

from sightline.models.config import PlannerConfig
from sightline.models.vlm.prompts import TokenBatch
from sightline.models.vlm.qwen_vision import rearrange

# transformers warns about the mrope_section key of its own configuration class; nothing a user could act on.
transformers_logging.get_logger("transformers.modeling_rope_utils").setLevel("ERROR")

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def qwen_config(config: PlannerConfig) -> Qwen2_5_VLConfig:
    """The transformers configuration of a planner of this size."""
    blocks = range(config.vision_depth) if not config.window else config.full_attention
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": config.vocabulary,
            "hidden_size": config.width,
            "intermediate_size": config.hidden,
            "num_hidden_layers": config.depth,
            "num_attention_heads": config.heads,
            "num_key_value_heads": config.key_value_heads,
            "max_position_embeddings": config.context,
            "rms_norm_eps": config.norm_eps,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": config.rope_theta,
                "mrope_section": list(config.mrope_section),
            },
            "bos_token_id": None,
            "eos_token_id": config.ids.end,
            "pad_token_id": config.ids.pad,
        },
        vision_config={
            "depth": config.vision_depth,
            "hidden_size": config.vision_width,
            "intermediate_size": config.vision_hidden,
            "num_heads": config.vision_heads or config.vision_width // 64,
            "patch_size": config.patch,
            "spatial_merge_size": config.merge,
            "temporal_patch_size": config.temporal_patch,
            "window_size": config.window or config.image_size,
            "fullatt_block_indexes": list(blocks),
            "out_hidden_size": config.width,
            "in_channels": 3,
        },
        image_token_id=config.ids.image,
        video_token_id=config.ids.video,
        vision_start_token_id=config.ids.vision_start,
        vision_end_token_id=config.ids.vision_end,
        tie_word_embeddings=config.tied,
    )


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


class QwenPlanner(nn.Module):
    """The vision-language model of the dual system."""

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Qwen2_5_VLForConditionalGeneration(qwen_config(config))
        rearrange(self.model.model.visual)
        self.attention = ""  # an implementation that transformers knows; empty = the fastest on the device
        self._attention = ""
        self._choose_attention("cpu")

    def _choose_attention(self, device: str) -> None:
        """Eager attention is faster than SDPA with a dense mask at these sizes on CPU; on a GPU it is the reverse."""
        wanted = self.attention or ("eager" if device == "cpu" else "sdpa")
        if self._attention != wanted:
            self.model.set_attn_implementation(wanted)
            self._attention = wanted

    @property
    def grid(self) -> int:
        """Visual tokens along one side of a picture."""
        return self.config.image_size // (self.config.patch * self.config.merge)

    def patches(self, images: Tensor) -> Tensor:
        """Patches in the order of Qwen2.5-VL's image processor, each once (see :meth:`pixel_values`).

        Args:
            images: [B,V,S,S,3] uint8.
        Returns:
            [B*V*patches, 3 * patch * patch] float32, CLIP-normalised, merge groups together.
        """
        side, patch, merge = self.config.image_size, self.config.patch, self.config.merge
        cells = side // (patch * merge)
        # Bytes are put in order before they become numbers four times as large.
        x = images.reshape(-1, cells, merge, patch, cells, merge, patch, 3).permute(0, 1, 4, 2, 5, 7, 3, 6)
        x = x.reshape(-1, 3, patch * patch).float()
        mean, std = (torch.tensor(value, device=x.device)[:, None] * 255 for value in (CLIP_MEAN, CLIP_STD))
        return x.sub_(mean).div_(std).flatten(1)

    def pixel_values(self, images: Tensor) -> Tensor:
        """[B*V*patches, 3 * temporal_patch * patch * patch] patches of [B,V,S,S,3] uint8 as the image processor of
        Qwen2.5-VL makes them: a still picture is repeated in time."""
        x = self.patches(images).unflatten(1, (3, 1, -1))
        return x.expand(-1, -1, self.config.temporal_patch, -1).flatten(1)

    def see(self, images: Tensor) -> Tensor:
        """Visual tokens [B,V,G*G,width] of pictures [B,V,S,S,3] uint8."""
        batch, views = images.shape[:2]
        side = self.config.image_size // self.config.patch
        grid = torch.tensor([[1, side, side]], device=images.device).expand(batch * views, -1)
        return self.see_patches(self.patches(images), grid).view(batch, views, self.grid**2, -1)

    def see_patches(self, pixel_values: Tensor, grid: Tensor) -> Tensor:
        """Visual tokens [N,width] of pictures of any size, one after the other.

        Args:
            pixel_values: as :meth:`pixel_values` or :meth:`patches` order them.
            grid: [pictures,3] patches of each picture: time (1), down, across.
        """
        self._choose_attention(pixel_values.device.type)
        return self.model.model.visual(pixel_values, grid).pooler_output

    def forward(self, images: Tensor, tokens: TokenBatch, layers: int = 1) -> PlannerStates:
        """Hidden states of the last ``layers`` layers for pictures [B,V,S,S,3] uint8 and packed questions."""
        seen = self.see(images)
        states = self.read(tokens, seen, layers)
        shape = (*images.shape[:2], self.grid, self.grid, -1)
        visual = states[-1][tokens.image_mask].view(shape)
        return PlannerStates(states, seen.view(shape), visual)

    def read(self, tokens: TokenBatch, seen: Tensor | None, layers: int = 1) -> list[Tensor]:
        """Hidden states [B,L,width] of the last ``layers`` layers; ``seen``: visual tokens, None without pictures."""
        self._choose_attention(tokens.ids.device.type)
        language = self.model.model.language_model
        embedded = language.embed_tokens(tokens.ids)
        if torch.is_autocast_enabled(embedded.device.type):
            # Autocast leaves embeddings alone; a residual stream in half precision moves half the bytes.
            embedded = embedded.to(torch.get_autocast_dtype(embedded.device.type))
        if seen is not None:
            embedded = embedded.masked_scatter(tokens.image_mask[..., None], seen.to(embedded.dtype))
        out = language(
            inputs_embeds=embedded,
            attention_mask={"full_attention": tokens.attention_mask(embedded.dtype)},
            position_ids=tokens.positions,
            use_cache=False,
            output_hidden_states=layers > 1,
        )
        return list(out.hidden_states[-layers:]) if layers > 1 else [out.last_hidden_state]

    def text_loss(self, states: PlannerStates, tokens: TokenBatch) -> Tensor:
        """Mean next-token cross-entropy over the supervised tokens; zero where there are none."""
        asked = tokens.labels >= 0
        if not bool(asked.any()):
            return states.layers[-1].sum() * 0.0
        logits = self.model.lm_head(states.layers[-1][asked])
        return nn.functional.cross_entropy(logits.float(), tokens.labels[asked])
