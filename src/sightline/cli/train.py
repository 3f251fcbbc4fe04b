"""The commands of the two stages of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sightline.cli.options import Folder, Folders, Json, Overrides
from sightline.core.errors import SightlineError

OptionalFolder = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
Backbone = Annotated[str, tyro.conf.arg(metavar="DIR")]
Sources = Annotated[tuple[str, ...], tyro.conf.arg(metavar="FILE..")]


def answers_in_words(preset_name: str) -> bool:
    """Whether planners of this preset answer in words rather than with a pointer."""
    from sightline.models.config import preset

    return not preset(preset_name).grounding.pointer


def _refuse(preset_name: str, options: Mapping[str, object]) -> None:
    """Raise SightlineError on options that a planner with a pointer has no use for."""
    if given := [name for name, value in options.items() if value]:
        raise SightlineError(f"{', '.join(given)}: for presets m1 and m1-mini, not {preset_name}; leave out.")


@dataclass(frozen=True)
class Pretrain:
    """Stage 1, where to act: the planner learns boxes, points and traces from instructions."""

    out: Folder
    """Run folder. An interrupted run is continued."""
    data: Folders = ()
    """Labelled datasets (made with generate, either kind), for planners with a pointer (preset tiny)."""
    chat: Sources = ()
    """LLaVA-style conversations, for planners that answer in words (presets m1, m1-mini): files of records (.json,
    .jsonl) or registries (sources.yaml, or some of its sources: sources.yaml:name%50,other)."""
    check: Sources = ()
    """Held-out conversations on which the grounding score is measured."""
    preset: str = "tiny"
    """Size of the model and length of the training: tiny, m1 (the official InternVLA-M1), m1-mini."""
    base_vlm: Backbone = ""
    """Qwen2.5-VL of any size to start the planner from: a folder (config.json, tokenizer.json, *.safetensors) or a hub
    name such as Qwen/Qwen2.5-VL-3B-Instruct."""
    dino: Backbone = ""
    """DINOv2 to start the visual encoder from: a file from torch.hub, a folder of transformers or a hub name such as
    facebook/dinov2-small."""
    overrides: Overrides = ()
    """Change any configuration key, e.g. --set steps=100 --set optimiser.rate=1e-4."""
    json: Json = None
    """Write the result here: steps, samples_per_second, box_acc50, point_acc, trace_mae_px."""

    def run(self) -> dict:
        if not answers_in_words(self.preset):
            from sightline.train.stages import pretrain

            _refuse(self.preset, {"--chat": self.chat, "--check": self.check, "--base-vlm": self.base_vlm,
                                  "--dino": self.dino})  # fmt: skip
            return pretrain(list(self.data), self.out, self.preset, list(self.overrides))
        from sightline.train import stages_words

        if self.data:
            raise SightlineError(
                f"The preset {self.preset} learns from conversations (--chat); 'sightline questions' makes them from "
                "labelled datasets."
            )
        sources = stages_words.Sources(chat=self.chat, check=self.check)
        return stages_words.pretrain_in_words(
            sources, self.out, self.preset, list(self.overrides), stages_words.Backbones.of(self.base_vlm, self.dino)
        )


@dataclass(frozen=True)
class Posttrain:
    """Stage 2, how to act: the dual system learns actions, guided by the planner, and keeps its grounding."""

    data: Folders
    """LeRobot datasets with episodes; with --mixture, the one folder that the mixture's datasets lie in."""
    out: Folder
    """Run folder. An interrupted run is continued."""
    init: OptionalFolder = None
    """Run or checkpoint folder to start from; for m1 also an official InternVLA-M1 run. The preset tiny needs it unless
    --guidance is none."""
    embodiment: str = "sightline"
    """How to read the datasets (presets m1, m1-mini): oxe_bridge, oxe_rt1, oxe_droid, libero_franka, sightline,
    demo_sim_franka_delta_joints, custom_robot_config, or a YAML file of your own."""
    mixture: str = ""
    """A mixture of datasets with weights (presets m1, m1-mini): bridge_rt_1, libero_all, ..., or a YAML file."""
    chat: Sources = ()
    """Conversations for co-training (presets m1, m1-mini), as in pretrain."""
    check: Sources = ()
    """Held-out conversations on which the grounding score is measured while acting is learned."""
    guidance: Literal["spatial", "none"] = "spatial"
    """none: the vanilla policy that spatial guidance is compared with."""
    preset: str = "tiny"
    """Size of the model and length of the training: tiny, m1 (the official InternVLA-M1), m1-mini."""
    base_vlm: Backbone = ""
    """Qwen2.5-VL to start the planner from, or whose tokenizer an official run needs: folder or hub name."""
    dino: Backbone = ""
    """DINOv2 to start the visual encoder from: file, folder or hub name."""
    overrides: Overrides = ()
    """Change any configuration key, e.g. --set steps=100 --set action.samples=8."""
    json: Json = None
    """Write the result here: steps, samples_per_second, action_loss, box_acc50."""

    def run(self) -> dict:
        if not answers_in_words(self.preset):
            from sightline.train.stages import posttrain

            other = self.embodiment != Posttrain.embodiment
            _refuse(self.preset, {"--embodiment": other, "--mixture": self.mixture, "--chat": self.chat,
                                  "--check": self.check, "--base-vlm": self.base_vlm, "--dino": self.dino})  # fmt: skip
            return posttrain(list(self.data), self.init, self.out, self.guidance, self.preset, list(self.overrides))
        from sightline.train import stages_words

        sources = stages_words.Sources(self.data, self.embodiment, self.mixture, self.chat, self.check)
        return stages_words.posttrain_recorded(
            sources, self.init, self.out, self.guidance, self.preset, list(self.overrides),
            stages_words.Backbones.of(self.base_vlm, self.dino),
        )  # fmt: skip
