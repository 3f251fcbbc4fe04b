"""The commands of the two stages of training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sightline.cli.options import Folder, Folders, Json, Overrides

StartFolder = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
Backbone = Annotated[str, tyro.conf.arg(metavar="DIR")]
Records = Annotated[tuple[str, ...], tyro.conf.arg(metavar="FILE..")]


@dataclass(frozen=True)
class Pretrain:
    """Stage 1, where to act: the planner learns boxes, points and traces from instructions."""

    out: Folder
    """Run folder. An interrupted run is continued."""
    data: Folders = ()
    """Labelled datasets (made with generate, either kind), for planners with a pointer (preset tiny)."""
    chat: Records = ()
    """LLaVA-style conversations, for planners that answer in words (presets m1, m1-mini): files of records (.json,
    .jsonl) or registries (sources.yaml, or some of its sources: sources.yaml:name%50,other)."""
    check: Records = ()
    """Held-out conversations on which the grounding score is measured."""
    init: str = ""
    """Run or checkpoint folder whose planner goes on in a larger world, for planners with a pointer (preset tiny)."""
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
        from sightline.train.sources import Sources
        from sightline.train.stages import pretrain

        sources = Sources(chat=self.chat, check=self.check, base_vlm=self.base_vlm, dino=self.dino)
        return pretrain(self.data, self.out, self.preset, self.overrides, sources, self.init or None)


@dataclass(frozen=True)
class Posttrain:
    """Stage 2, how to act: the dual system learns actions, guided by the planner, and keeps its grounding."""

    data: Folders
    """LeRobot datasets with episodes; with --mixture, the one folder that the mixture's datasets lie in."""
    out: Folder
    """Run folder. An interrupted run is continued."""
    init: StartFolder = None
    """Run or checkpoint folder to start from; for m1 also an official InternVLA-M1 run. The preset tiny needs it; with
    --guidance none it may be left out, or name the policy whose weights to go on from."""
    embodiment: str = "sightline"
    """How to read the datasets (presets m1, m1-mini): oxe_bridge, oxe_rt1, oxe_droid, libero_franka, sightline,
    demo_sim_franka_delta_joints, custom_robot_config, or a YAML file of your own."""
    mixture: str = ""
    """A mixture of datasets with weights (presets m1, m1-mini): bridge_rt_1, libero_all, ..., or a YAML file."""
    chat: Records = ()
    """Conversations for co-training (presets m1, m1-mini), as in pretrain."""
    check: Records = ()
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
        from sightline.train.sources import Sources
        from sightline.train.stages import posttrain

        sources = Sources(self.embodiment, self.mixture, self.chat, self.check, self.base_vlm, self.dino)
        return posttrain(self.data, self.init, self.out, self.guidance, self.preset, self.overrides, sources)
