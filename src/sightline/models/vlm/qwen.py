"""System 2: Qwen2.5-VL through transformers, at any size, fed with packed questions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLForConditionalGeneration
from transformers.utils import logging as transformers_logging

from sightline.core.errors import SightlineError
from sightline.models.config import QWEN_IDS, PlannerConfig, SpecialIds
from sightline.models.vlm.base import TokenBatch, VisionLanguageModel
from sightline.models.vlm.images import CLIP_MEAN, CLIP_STD, PictureFormat
from sightline.models.vlm.qwen_vision import rearrange

# transformers warns about the mrope_section key of its own configuration class; nothing a user could act on.
transformers_logging.get_logger("transformers.modeling_rope_utils").setLevel("ERROR")

# Special tokens as transformers' configurations name them.
TOKEN_KEYS = {
    "pad": "pad", "end": "eos", "vision_start": "vision_start", "vision_end": "vision_end", "image": "image",
    "video": "video",
}  # fmt: skip


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


def special_ids(values: Mapping[str, Any], text: Mapping[str, Any]) -> SpecialIds:
    """Special tokens by the configuration; those that it does not name have their places in Qwen2.5-VL's vocabulary."""
    keys = {name: f"{key}_token_id" for name, key in TOKEN_KEYS.items()}
    # Each release keeps some of them at the top and some with the text, and null in the other place.
    own = {name: text.get(key) if values.get(key) is None else values[key] for name, key in keys.items()}
    if own["image"] is None or own["video"] is None:
        raise KeyError("image_token_id, video_token_id")
    return replace(QWEN_IDS, **{name: value for name, value in own.items() if isinstance(value, int)})


class QwenPlanner(VisionLanguageModel):
    """Qwen2.5-VL as the vision-language model of the dual system."""

    system = "You are a helpful assistant."

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__(config)
        self.model = Qwen2_5_VLForConditionalGeneration(qwen_config(config))
        rearrange(self.model.model.visual)
        self._attention = ""
        self._choose_attention("cpu")

    @classmethod
    def config_from(cls, values: Mapping[str, Any], image_size: int = 224) -> PlannerConfig:
        """Sizes from a config.json of any age of transformers."""
        text, vision = {**values, **values.get("text_config", {})}, values.get("vision_config", {})
        rope = text.get("rope_parameters") or {"rope_theta": text.get("rope_theta"), **(text.get("rope_scaling") or {})}
        if text.get("use_sliding_window"):
            raise SightlineError("This Qwen2.5-VL uses a sliding window, which the planner does not support.")
        try:
            return PlannerConfig(
                image_size=image_size,
                patch=vision["patch_size"],
                merge=vision["spatial_merge_size"],
                temporal_patch=vision["temporal_patch_size"],
                vision_depth=vision["depth"],
                vision_width=vision["hidden_size"],
                vision_hidden=vision["intermediate_size"],
                vision_heads=vision["num_heads"],
                window=vision["window_size"],
                full_attention=tuple(vision["fullatt_block_indexes"]),
                depth=text["num_hidden_layers"],
                width=text["hidden_size"],
                hidden=text["intermediate_size"],
                heads=text["num_attention_heads"],
                key_value_heads=text["num_key_value_heads"],
                mrope_section=tuple(rope["mrope_section"]),
                rope_theta=float(rope["rope_theta"]),
                norm_eps=text["rms_norm_eps"],
                vocabulary=text["vocab_size"],
                context=text["max_position_embeddings"],
                tied=bool(values.get("tie_word_embeddings", text.get("tie_word_embeddings", False))),
                ids=special_ids(values, text),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SightlineError(
                f"This is not the config.json of a Qwen2.5-VL: {error!r} is missing or wrong."
            ) from None

    @staticmethod
    def names_from(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Today's names: ``model.visual.*``, ``model.language_model.*``, ``lm_head.weight``.

        Older releases of transformers wrote ``visual.*`` and ``model.layers.*``.
        """
        renamed = {}
        for name, value in weights.items():
            if name.startswith("visual."):
                name = f"model.{name}"
            elif re.match(r"model\.(layers|embed_tokens|norm)\.", name):
                name = "model.language_model." + name.removeprefix("model.")
            renamed[name] = value
        return renamed

    @classmethod
    def pictures(cls, config: PlannerConfig, side: int = 0) -> PictureFormat:
        """Whole visual tokens in the picture's shape; coordinates in words are pixels of the picture as it is seen."""
        return PictureFormat(
            config.patch, config.merge, config.temporal_patch, config.min_pixels, config.max_pixels, side
        )

    @staticmethod
    def picture_positions(start: int, rows: int, columns: int) -> NDArray[np.int64]:
        """M-RoPE: rows and columns count from the same start."""
        row, column = np.divmod(np.arange(rows * columns), columns)
        return start + np.stack([np.zeros_like(row), row, column])

    def _choose_attention(self, device: str) -> None:
        """Eager attention is faster than SDPA with a dense mask at these sizes on CPU; on a GPU it is the reverse."""
        wanted = self.attention or ("eager" if device == "cpu" else "sdpa")
        if self._attention != wanted:
            self.model.set_attn_implementation(wanted)
            self._attention = wanted

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

    def see_patches(self, pixel_values: Tensor, grid: Tensor) -> Tensor:
        """Visual tokens [N,width] of pictures of any size, one after the other.

        Args:
            pixel_values: as :meth:`pixel_values` or :meth:`patches` order them.
            grid: [pictures,3] patches of each picture: time (1), down, across.
        """
        self._choose_attention(pixel_values.device.type)
        return self.model.model.visual(pixel_values, grid).pooler_output

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

    def logits(self, states: Tensor) -> Tensor:
        """Scores [...,vocabulary] of the next token."""
        return self.model.lm_head(states)

    def generate(
        self, tokens: TokenBatch, pixels: Tensor | None, grids: Tensor | None, longest: int, stops: list[int]
    ) -> Tensor:
        """Ids [B,new] that greedily follow, by the generation of transformers."""
        pictures = {} if pixels is None else {"pixel_values": pixels, "image_grid_thw": grids}
        made = self.model.generate(
            input_ids=tokens.ids,
            attention_mask=(tokens.segments >= 0).long(),
            mm_token_type_ids=tokens.image_mask.int(),
            max_new_tokens=longest,
            do_sample=False,
            eos_token_id=stops,
            pad_token_id=stops[-1],
            **pictures,
        )
        return made[:, tokens.ids.shape[1] :]

    def positions(self, ids: Tensor, mask: Tensor, grid: Tensor) -> Tensor:
        """M-RoPE positions [3,B,L] of transformers."""
        images = (ids == self.config.ids.image).int()
        return self.model.model.get_rope_index(ids, images, grid, attention_mask=mask)[0]
