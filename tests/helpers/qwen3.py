"""Another backbone, as somebody would add it: Qwen3-VL of transformers, whose conventions differ from Qwen2.5-VL's.

Coordinates in words go to 1000, nobody is told to be helpful, colours are normalised otherwise, and deeper layers of
the language model see features of the vision tower again (deepstack).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from nano import nano_config
from numpy.typing import NDArray
from torch import Tensor
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLForConditionalGeneration

from sightline.models.config import PlannerConfig, SystemConfig
from sightline.models.vlm.base import TokenBatch, VisionLanguageModel
from sightline.models.vlm.images import PictureFormat

ROW = ("qwen3", "Qwen3Planner")  # of sightline.models.vlm.PLANNERS
HALF = (0.5, 0.5, 0.5)


def qwen3_system(**changes: Any) -> SystemConfig:
    """The preset ``nano`` with this backbone."""
    config = nano_config(**changes)
    planner = replace(config.planner, model_type="qwen3_vl", image_size=112, vision_depth=2, temporal_patch=2)
    return replace(config, planner=planner)


def qwen3_config(config: PlannerConfig) -> Qwen3VLConfig:
    """Of a planner of this size: the first block's features are seen again."""
    text = {
        "vocab_size": config.vocabulary, "hidden_size": config.width, "intermediate_size": config.hidden,
        "num_hidden_layers": config.depth, "num_attention_heads": config.heads,
        "head_dim": config.width // config.heads,
        "num_key_value_heads": config.key_value_heads, "pad_token_id": config.ids.pad,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta, "mrope_interleaved": True,
                            "mrope_section": list(config.mrope_section)},
    }  # fmt: skip
    vision = {
        "depth": config.vision_depth, "hidden_size": config.vision_width, "intermediate_size": config.vision_hidden,
        "num_heads": config.vision_heads or 1, "patch_size": config.patch, "spatial_merge_size": config.merge,
        "temporal_patch_size": config.temporal_patch, "out_hidden_size": config.width,
        "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
    }  # fmt: skip
    ids = config.ids
    return Qwen3VLConfig(
        text_config=text, vision_config=vision, image_token_id=ids.image, video_token_id=ids.video,
        vision_start_token_id=ids.vision_start, vision_end_token_id=ids.vision_end, tie_word_embeddings=config.tied,
    )  # fmt: skip


class Qwen3Planner(VisionLanguageModel):
    """Qwen3-VL. What deeper layers see again hangs behind each visual token."""

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__(config)
        self.model = Qwen3VLForConditionalGeneration(qwen3_config(config))
        self.model.set_attn_implementation("eager")

    @classmethod
    def config_from(cls, values: Mapping[str, Any], image_size: int = 224) -> PlannerConfig:
        text, vision = values["text_config"], values["vision_config"]
        return replace(
            qwen3_system().planner, image_size=image_size, width=text["hidden_size"], depth=text["num_hidden_layers"],
            vision_depth=vision["depth"], vision_width=vision["hidden_size"],
        )  # fmt: skip

    @staticmethod
    def names_from(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return dict(weights)

    @classmethod
    def pictures(cls, config: PlannerConfig, side: int = 0) -> PictureFormat:
        limits = config.min_pixels, config.max_pixels
        return PictureFormat(config.patch, config.merge, config.temporal_patch, *limits, side, 1000, HALF, HALF)

    @staticmethod
    def picture_positions(start: int, rows: int, columns: int) -> NDArray[np.int64]:
        row, column = np.divmod(np.arange(rows * columns), columns)
        return start + np.stack([np.zeros_like(row), row, column])

    def patches(self, images: Tensor) -> Tensor:
        form = self.pictures(self.config, self.config.image_size)
        made = [form.patches(picture.numpy()).values for picture in images.flatten(0, 1).cpu()]
        return torch.from_numpy(np.concatenate(made)).to(images.device)

    def see_patches(self, pixel_values: Tensor, grid: Tensor) -> Tensor:
        seen = self.model.model.visual(pixel_values, grid)
        return torch.cat([seen.pooler_output, *seen.deepstack_features], -1)

    def read(self, tokens: TokenBatch, seen: Tensor | None, layers: int = 1) -> list[Tensor]:
        language, width, again = self.model.model.language_model, self.config.width, {}
        embedded = language.embed_tokens(tokens.ids)
        if seen is not None:
            visual, *deeper = seen.reshape(-1, seen.shape[-1]).split(width, -1)
            embedded = embedded.masked_scatter(tokens.image_mask[..., None], visual.to(embedded.dtype))
            again = {"visual_pos_masks": tokens.image_mask, "deepstack_visual_embeds": deeper}
        out = language(
            inputs_embeds=embedded, attention_mask=tokens.attention_mask(embedded.dtype),
            position_ids=tokens.positions, use_cache=False, output_hidden_states=layers > 1, **again,
        )  # fmt: skip
        return list(out.hidden_states[-layers:]) if layers > 1 else [out.last_hidden_state]

    def logits(self, states: Tensor) -> Tensor:
        return self.model.lm_head(states)

    def generate(
        self, tokens: TokenBatch, pixels: Tensor | None, grids: Tensor | None, longest: int, stops: list[int]
    ) -> Tensor:
        made = self.model.generate(
            input_ids=tokens.ids, attention_mask=(tokens.segments >= 0).long(), pixel_values=pixels,
            image_grid_thw=grids, mm_token_type_ids=tokens.image_mask.int(), max_new_tokens=longest, do_sample=False,
            eos_token_id=stops, pad_token_id=stops[-1],
        )  # fmt: skip
        return made[:, tokens.ids.shape[1] :]

    def positions(self, ids: Tensor, mask: Tensor, grid: Tensor) -> Tensor:
        images = (ids == self.config.ids.image).int()
        return self.model.model.get_rope_index(ids, images, grid, attention_mask=mask)[0]
