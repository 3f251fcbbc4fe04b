"""The vision-language model of a planner: its backbones, words, pictures, chat and answers.

A new backbone is a file that implements vlm/base.py, a row in PLANNERS, and a preset of its size.
"""

from __future__ import annotations

import importlib

from sightline.core.errors import require_known
from sightline.models.config import PlannerConfig, SystemConfig
from sightline.models.vlm.base import VisionLanguageModel
from sightline.models.vlm.images import PictureFormat

# ``model_type`` of a config.json -> module and class. Only the backbone that is asked for is imported: the classes of
# transformers take seconds.
PLANNERS = {"qwen2_5_vl": ("sightline.models.vlm.qwen", "QwenPlanner")}


def backbone(config: PlannerConfig) -> type[VisionLanguageModel]:
    """The class of a planner's backbone. Raises SightlineError naming the nearest known one."""
    require_known("planner.model_type", config.model_type, PLANNERS)
    module, name = PLANNERS[config.model_type]
    return getattr(importlib.import_module(module), name)


def picture_format(config: SystemConfig) -> PictureFormat:
    """What the planner of a system expects: squares where it has a pointer, which knows nothing else."""
    side = config.planner.image_size if config.grounding.pointer else 0
    return backbone(config.planner).pictures(config.planner, side)
