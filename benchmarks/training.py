"""Samples a second of one training step at the preset ``tiny``, latent path: our loop, and the official one restated.

    python benchmarks/training.py --json outputs/training.json

The plain loop does what the official code does with every batch: each picture is resized, turned into patches for the
planner and normalised for DINOv2 by itself; prompts are padded on the left to the longest; the planner returns hidden
states of all layers and the words' logits, which nobody needs; attention, patches and update are stock; all of it
is float32, because the official autocast knows no CPU. Ours is the training loop of the product, with its cache.
Both see the same demonstrations, sizes and batches, and do one update of all weights.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from sightline.core.console import say, table, write_json
from sightline.core.runtime import prepare_process
from sightline.data.dataset import load_dataset
from sightline.data.embodiments import find_embodiment
from sightline.data.mixture import Mixture
from sightline.data.recordings import Recordings
from sightline.engine.generation.generate import generate
from sightline.engine.generation.recipe import Recipe
from sightline.models.config import SystemConfig, preset
from sightline.models.policy import Policy
from sightline.models.system import IMAGENET_MEAN, IMAGENET_STD
from sightline.models.vlm.qwen import qwen_config
from sightline.models.vlm.tokenizer import WordTokenizer
from sightline.models.weights import random_system
from sightline.train.config import ActionConfig, OptimiserConfig, TrainConfig
from sightline.train.loop import Trainer
from sightline.train.objectives.demonstrations import DemonstrationObjective
from sightline.train.setup import start_process

SAMPLES, WARM = 16, 3
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"


def tiny_latent(mixture: Mixture) -> SystemConfig:
    """The preset ``tiny`` with the official path alone: query tokens into the action expert, epsilon prediction."""
    card, base = mixture.recordings[0].card, preset("tiny")
    expert = replace(base.expert, spatial=False, prediction="epsilon", path_weight=0.0, memory=False)
    return replace(
        base, grounding=replace(base.grounding, pointer=False), expert=expert, state_dim=0, cameras=card.cameras,
        action_dim=len(card.action_names), chunk=card.chunk, visual=replace(base.visual, stem=0),
        prompt="Your task is {instruction}. Locate the key objects.",
    )  # fmt: skip


def our_loop(mixture: Mixture, policy: Policy, steps: int, folder: Path) -> float:
    """Samples a second of the product's trainer."""
    config = TrainConfig(
        steps=steps + WARM, evaluate_every=10**6, save_every=10**6, log_every=10**6, system=policy.config,
        optimiser=OptimiserConfig(rate=1e-4), action=ActionConfig(planner="joint", samples=SAMPLES),
    )  # fmt: skip
    start_process(config)
    objective = DemonstrationObjective(mixture, policy, SAMPLES)
    trainer = Trainer(folder, "ours", policy, [objective], config, dict)
    clock: list[float] = []
    update = trainer._update

    def timed(batches):  # type: ignore[no-untyped-def]
        clock.append(time.monotonic())
        return update(batches)

    trainer._update = timed  # type: ignore[method-assign]
    trainer.train()
    return SAMPLES * (len(clock) - 1 - WARM) / (clock[-1] - clock[WARM])


# ---- the plain loop -------------------------------------------------------------------------------------------------


class PlainBlock(nn.Module):
    """A vision transformer block as in timm."""

    def __init__(self, width: int, heads: int, affine: bool) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, 1e-6, affine)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, 1e-6, affine)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class PlainM1(nn.Module):
    """InternVLA-M1 of the same sizes from stock parts."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__()
        self.config = config
        visual, expert, query = config.visual, config.expert, config.querying
        self.qwen = Qwen2_5_VLForConditionalGeneration(qwen_config(config.planner))
        self.qwen.set_attn_implementation("sdpa")
        self.patches = nn.Conv2d(3, visual.width, visual.patch, visual.patch)
        self.places = nn.Parameter(torch.randn(1, 256, visual.width) * 0.02)
        self.dino = nn.Sequential(*(PlainBlock(visual.width, visual.heads, True) for _ in range(visual.depth)))
        self.dino_pro = nn.Linear(visual.width, config.planner.width)
        self.proj = nn.Linear(config.planner.width, expert.width)
        self.queries = nn.Parameter(torch.randn(query.queries, expert.width))
        self.cross = nn.MultiheadAttention(expert.width, query.heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(expert.width, 4 * expert.width), nn.GELU(),
                                 nn.Linear(4 * expert.width, expert.width))  # fmt: skip
        self.x_in, self.x_out = nn.Linear(config.action_dim, expert.width), nn.Linear(expert.width, config.action_dim)
        self.t_in = nn.Sequential(nn.Linear(256, expert.width), nn.SiLU(), nn.Linear(expert.width, expert.width))
        self.position = nn.Parameter(torch.randn(query.queries + config.chunk, expert.width) * 0.02)
        self.dit = nn.Sequential(*(PlainBlock(expert.width, expert.heads, False) for _ in range(expert.depth)))

    def forward(self, inputs: dict[str, Tensor], views: Tensor, actions: Tensor) -> Tensor:
        out = self.qwen(**inputs, output_hidden_states=True)
        patches = self.patches(views.flatten(0, 1)).flatten(2).transpose(1, 2) + self.places
        dense = self.dino_pro(self.dino(patches)).reshape(len(actions), -1, self.config.planner.width)
        memory = self.proj(torch.cat([out.hidden_states[-1], dense], 1))
        queries = self.queries.expand(len(actions), -1, -1)
        queries = queries + self.cross(queries, memory, memory)[0]
        condition = (queries + self.mlp(queries)).repeat(self.config.expert.repeated_steps, 1, 1)
        clean = actions.repeat(self.config.expert.repeated_steps, 1, 1)
        step, noise = torch.randint(100, (len(clean),)), torch.randn_like(clean)
        kept = torch.cos((step / 100 + 0.008) / 1.008 * math.pi / 2).square()[:, None, None]
        angle = step[:, None] * torch.exp(-math.log(1e4) * torch.arange(128) / 128)
        wave = self.t_in(torch.cat([angle.cos(), angle.sin()], -1))[:, None]
        noised = kept.sqrt() * clean + (1 - kept).sqrt() * noise
        sequence = torch.cat([condition + wave, self.x_in(noised)], 1) + self.position
        return (self.x_out(self.dit(sequence)[:, -clean.shape[1] :]) - noise).square().mean()


class PlainData:
    """Examples as the official loader hands them over: a list of pictures and words, prepared batch by batch.

    With ``loader`` they are also read as it reads them: for every sample the episode's table and each video are opened
    anew. Without, all pictures lie decoded in memory, which no dataset of a real size would allow.
    """

    def __init__(self, mixture: Mixture, policy: Policy, loader: bool) -> None:
        self.mixture, self.policy, self.loader = mixture, policy, loader
        self.images = Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=12_845_056, temporal_patch_size=1)
        recordings = mixture.recordings[0]
        self.pictures = {episode: list(recordings.pictures(episode)) for episode in recordings.episodes}

    def batch(self, step: int) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Inputs of the planner, of DINOv2, and normalised actions. Frames are decoded already: video costs nothing."""
        examples, actions = [], []
        for index in range(step * SAMPLES, (step + 1) * SAMPLES):
            recordings, episode, t = self.mixture.draw(index)
            pictures = self.pictures[episode][t].values()
            if self.loader:
                recordings.dataset.columns(episode)
                pictures = [recordings.dataset.frame(episode, t, name) for name in recordings.card.cameras]
            views = [Image.fromarray(picture).resize((224, 224)) for picture in pictures]
            examples.append((views, recordings.instruction(episode, t)))
            actions.append(recordings.chunk_at(episode, t)[0].astype(np.float16))
        normalised = self.policy.transforms.action.forward(np.stack(actions).astype(np.float32))
        with ThreadPoolExecutor() as pool:
            views = list(pool.map(self._for_dino, [view for views, _ in examples for view in views]))
        stacked = torch.stack(views).view(SAMPLES, -1, 3, 224, 224)
        return self._for_qwen(examples), stacked, torch.from_numpy(normalised)

    @staticmethod
    def _for_dino(view: Image.Image) -> Tensor:
        pixels = torch.from_numpy(np.asarray(view).copy()).permute(2, 0, 1).float() / 255
        return (pixels - torch.tensor(IMAGENET_MEAN)[:, None, None]) / torch.tensor(IMAGENET_STD)[:, None, None]

    def _for_qwen(self, examples: list) -> dict[str, Tensor]:
        rows, pixels, grids = [], [], []
        for views, words in examples:
            for view in views:
                made = self.images(view)
                pixels.append(torch.as_tensor(made["pixel_values"]))
                grids.append(torch.as_tensor(made["image_grid_thw"]))
            pictures = ("<|vision_start|>" + "<|image_pad|>" * 64 + "<|vision_end|>") * len(views)
            text = self.policy.config.prompt.format(instruction=words)
            rows.append(self.policy.tokenizer.backend.encode(
                f"{SYSTEM}{pictures}{text}<|im_end|>\n<|im_start|>assistant\n").ids)  # fmt: skip
        length = max(map(len, rows))
        ids = torch.tensor([[0] * (length - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in rows])
        kind = (ids == self.policy.config.planner.ids.image).int()
        return {"input_ids": ids, "attention_mask": mask, "mm_token_type_ids": kind,
                "pixel_values": torch.cat(pixels), "image_grid_thw": torch.cat(grids)}  # fmt: skip


def plain_loop(mixture: Mixture, policy: Policy, steps: int, bf16: bool, loader: bool) -> float:
    """Samples a second of the plain loop."""
    data, model = PlainData(mixture, policy, loader), PlainM1(policy.config).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    started = 0.0
    for step in range(steps + WARM):
        if step == WARM:
            started = time.monotonic()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = model(*data.batch(step))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        _ = float(loss.detach())
    return SAMPLES * steps / (time.monotonic() - started)


LOOPS = ("plain, with its loader", "plain, pictures in memory", "the same with bf16 autocast", "ours")


def run(what: str, folder: Path, steps: int) -> float:
    """Samples a second of one loop, in a process of its own: each has the memory settings that it comes with."""
    prepare_process()
    torch.manual_seed(0)
    recordings = Recordings(load_dataset(folder / "data"), find_embodiment("sightline"), 16)
    mixture = Mixture([recordings])
    texts = [recordings.instruction(episode, 0) for episode in recordings.episodes]
    tokenizer = WordTokenizer.train([*texts, SYSTEM, "user\n", "assistant\n", "Your task is . Locate the"] * 4, 600)
    system = random_system(tiny_latent(mixture))
    policy = Policy(system, tokenizer, recordings.card, mixture.statistics())
    if what == "ours":
        return our_loop(mixture, policy, steps, Path(tempfile.mkdtemp(dir=folder)))
    torch.set_num_threads(os.cpu_count() or 1)
    return plain_loop(mixture, policy, steps, "bf16" in what, "loader" in what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=15, help="updates that are timed")
    parser.add_argument("--rounds", type=int, default=3, help="all loops in turn, so often")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    prepare_process()
    found: dict[str, list[float]] = {what: [] for what in LOOPS}
    with tempfile.TemporaryDirectory() as name:
        # Recorded pictures are larger than what models see.
        generate(Path(name) / "data", episodes=4, recipe=Recipe(size=448))
        for _ in range(chosen.rounds):
            for what in LOOPS:
                with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                    found[what].append(pool.submit(run, what, Path(name), chosen.steps).result())
    typical = {what: median(rates) for what, rates in found.items()}
    slow = typical[LOOPS[0]]
    table("Training at the size of tiny, latent path", ["loop", "samples/s (median of rounds)", "ratio"],
          [[what, rate, rate / slow] for what, rate in typical.items()])  # fmt: skip
    say(f"{SAMPLES} samples an update, two views, {os.cpu_count()} cores.")
    if chosen.json:
        ratios = {what: typical["ours"] / rate for what, rate in typical.items()}
        write_json(chosen.json, {"samples_per_second": found, "ours_to": ratios})


if __name__ == "__main__":
    main()
