"""What a training run or a policy needs: parameters, memory and time, before anything is bought, built or downloaded.

Parameters are counted on a system without memory (torch's meta device). What autograd keeps for the backward pass is
counted too, not estimated: systems of the real width but a few blocks deep are run once on this CPU with hooks on every
saved tensor, and each further block of a kind keeps as much as the one before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from sightline.models.config import PlannerConfig, SystemConfig, VisualEncoderConfig
from sightline.models.system import DualSystem
from sightline.models.vlm.base import TokenBatch
from sightline.models.weights import empty_system

GIB = 2**30
WORKING = 1.5  # GiB for kernels, communication buffers and fragmentation, as seen on current GPUs
MOST = 64  # samples a device and update that are still of use
TEXT = 80  # tokens of the official prompt around the pictures


@dataclass(frozen=True)
class Device:
    """A machine: memory of each device in GiB, number of devices, bf16 matrix products that each can do in TFLOP/s, and
    the shares of that which training and acting reach. A single action is too little work for a GPU: the
    paper's 10 a second on an RTX 4090 are a tenth of its peak."""

    name: str
    memory: float
    count: int = 1
    teraflops: float = 0.0
    training: float = 0.4
    acting: float = 0.1


# Dense bf16 peaks as the makers state them; a laptop's is what two cores with AVX-512 were measured to do.
DEVICES = (
    Device("laptop, 16 GB", 13, teraflops=0.8, training=0.3, acting=0.3),
    Device("laptop, 32 GB", 28, teraflops=0.8, training=0.3, acting=0.3),
    Device("one 24 GB GPU (RTX 4090)", 24, teraflops=165),
    Device("one 80 GB GPU (A100)", 80, teraflops=312),
    Device("8 x 80 GB GPUs (A100)", 80, 8, 312),
)


@dataclass(frozen=True)
class Workload:
    """A way to use a model: what learns, in which precision the rest is held, how activations are kept.

    Attributes:
        learns: share of each part's weights that learn: ``planner``, ``visual``, ``head`` (querying and expert).
        adapters: extra weights that learn, as a share of the planner's (LoRA).
    """

    name: str
    options: str
    learns: tuple[str, ...] = ()
    adapters: float = 0.0
    recompute: bool = True


ACT = Workload("act", "")
TRAIN_HEAD = Workload("train the head", "optimiser.freeze=[planner] frozen_precision=bf16", ("visual", "head"))
TRAIN_LORA = Workload("train with LoRA", "lora.rank=16 frozen_precision=bf16 recompute=true", ("visual", "head"), 0.008)
TRAIN_ALL = Workload("train everything", "recompute=true", ("planner", "visual", "head"))
WORKLOADS = (ACT, TRAIN_HEAD, TRAIN_LORA, TRAIN_ALL)


@dataclass(frozen=True)
class Count:
    """Of one part: weights, forward FLOPs a sample, bytes that autograd keeps a sample with and without recomputing."""

    weights: int
    flops: float
    kept: float
    kept_recomputed: float


@dataclass(frozen=True)
class Need:
    """What one workload needs on one device."""

    weights: float
    gradients: float
    optimiser: float
    activations: float
    seconds: float

    @property
    def memory(self) -> float:
        """GiB on each device."""
        return self.weights + self.gradients + self.optimiser + self.activations + WORKING


def counts(config: SystemConfig, views: int, text: int = TEXT) -> dict[str, Count]:
    """``planner``, ``visual`` and ``head`` of a system that sees ``views`` pictures and ``text`` tokens."""
    with torch.device("meta"):
        whole = DualSystem(config)
    weights = {name: sum(p.numel() for p in module.parameters()) for name, module in whole.named_children()}
    flops = forward_flops(config, views, text)
    kept, recomputed = activations(config, views, text)
    parts = {"planner": ["planner"], "visual": ["visual_encoder"]}
    parts["head"] = [name for name in weights if name not in ("planner", "visual_encoder")]
    return {
        part: Count(sum(weights[name] for name in names), flops[part], kept[part], recomputed[part])
        for part, names in parts.items()
    }


def _patch_flops(visual: VisualEncoderConfig) -> float:
    """FLOPs that it takes to make one patch of pixels."""
    if not visual.convolutions:
        return 2 * 3 * visual.patch**2 * visual.width
    total, levels = 0.0, len(visual.convolutions)
    for level, blocks in enumerate(visual.convolutions):
        shrink = levels - 1 - level
        channels, cells = visual.width >> shrink, 4**shrink
        inputs = 2 * channels if level else 9 * 3 * (visual.patch >> shrink) ** 2
        total += cells * 2 * channels * (inputs + blocks * (9 + 4 * channels))
    return total


def forward_flops(config: SystemConfig, views: int, text: int = TEXT) -> dict[str, float]:
    """FLOPs of one sample's forward pass: matrix products (two a weight and token) and attention."""
    planner, visual, expert, query = config.planner, config.visual, config.expert, config.querying
    patches = (planner.image_size // planner.patch) ** 2
    window = patches if not planner.window else (planner.window // planner.patch) ** 2
    full = planner.vision_depth if not planner.window else len(planner.full_attention)
    reach = full * patches + (planner.vision_depth - full) * window
    wide = planner.vision_width
    pixels = 3 * planner.patch**2
    block = 2 * (4 * wide**2 + 3 * wide * planner.vision_hidden)
    embed = 2 * pixels * planner.temporal_patch * wide
    vision = views * patches * (planner.vision_depth * block + 4 * wide * reach + embed)
    merged = wide * planner.merge**2
    vision += views * patches // planner.merge**2 * 2 * (merged**2 + merged * planner.width)
    length = text + views * patches // planner.merge**2
    heads = planner.width + 2 * planner.key_value_heads * planner.width // planner.heads
    layer = 2 * (planner.width * (heads + planner.width) + 3 * planner.width * planner.hidden)
    language = planner.depth * length * (layer + 4 * planner.width * length)
    cells = (planner.image_size // visual.patch) ** 2
    block = 2 * 12 * visual.width**2 + 4 * visual.width * cells
    dino = views * cells * (visual.depth * block + _patch_flops(visual))
    memory = length + views * cells // query.pool**2
    latent = query.layers * (
        memory * 2 * (planner.width * expert.width + 2 * expert.width**2)
        + query.queries * (2 * 10 * expert.width**2 + 4 * expert.width * memory)
    )
    latent += 2 * views * cells // query.pool**2 * visual.width * planner.width
    sequence = query.queries + config.chunk
    dit = expert.repeated_steps * expert.depth * sequence * (2 * 12 * expert.width**2 + 4 * expert.width * sequence)
    return {"planner": vision + language, "visual": dino, "head": latent + dit}


def needs(found: dict[str, Count], workload: Workload, device: Device, samples: int) -> Need:
    """Memory (GiB a device) and seconds of one update with ``samples`` samples on each device, or of one action.

    Weights that learn are held in float32 with float32 gradients and two moments (16 bytes each), shared out over the
    devices; the others in bfloat16. Backward passes cost twice the forward one, half of that where nothing learns.
    """
    frozen = sum(part.weights for name, part in found.items() if name not in workload.learns)
    learning = sum(part.weights for name, part in found.items() if name in workload.learns)
    learning += int(workload.adapters * found["planner"].weights)
    forward = sum(part.flops for part in found.values())
    peak = device.teraflops * 1e12
    if not workload.learns:
        return Need(2 * frozen / GIB, 0.0, 0.0, 0.0, forward / (peak * device.acting))
    through = {*workload.learns, *(["planner"] if workload.adapters else [])}
    kept = sum(
        (part.kept_recomputed if workload.recompute else part.kept) for name, part in found.items() if name in through
    )
    passes = 2.0 + (1.0 if workload.recompute else 0.0)
    backward = sum(
        part.flops * (passes if name in workload.learns else passes - 1)
        for name, part in found.items()
        if name in through
    )
    share = device.count
    # On one device every weight has a copy in bfloat16 while it is at work; sharded ones are gathered block by block.
    copies = 2 * learning if device.count == 1 else 0
    return Need(
        weights=(2 * frozen + 4 * learning / share + copies) / GIB,
        gradients=4 * learning / share / GIB,
        optimiser=8 * learning / share / GIB,
        activations=samples * kept / GIB,
        seconds=samples * (forward + backward) / (peak * device.training),
    )


def budget(config: SystemConfig, views: int, devices: Sequence[Device] = DEVICES) -> dict[str, Any]:
    """Parameters, memory and time of every workload on every device.

    Returns:
        ``parameters``, ``forward_gflops``, ``kept_mib`` and ``kept_recomputed_mib`` a sample, by part; and ``rows``:
        device, recipe (name of the workload), options, fits, samples and memory_gib a device, seconds an update (or an
        action).
    """
    found = counts(config, views)
    rows = []
    for device in devices:
        for workload in WORKLOADS:
            limit = MOST if workload.learns else 1
            samples = most_samples(found, workload, device, limit)
            need = needs(found, workload, device, max(samples, 1))
            rows.append(
                {
                    "device": device.name,
                    "recipe": workload.name,
                    "options": workload.options,
                    "fits": samples > 0,
                    "samples": samples,
                    "memory_gib": need.memory,
                    "seconds": need.seconds,
                }
            )
    return {
        "parameters": {name: part.weights for name, part in found.items()},
        "forward_gflops": {name: part.flops / 1e9 for name, part in found.items()},
        "kept_mib": {name: part.kept / 2**20 for name, part in found.items()},
        "kept_recomputed_mib": {name: part.kept_recomputed / 2**20 for name, part in found.items()},
        "rows": rows,
    }


def most_samples(found: dict[str, Count], workload: Workload, device: Device, limit: int = MOST) -> int:
    """The largest power of two of samples a device that fits, 0 where not even one does."""
    fitting = [
        2**k for k in range(int(math.log2(limit)) + 1) if needs(found, workload, device, 2**k).memory <= device.memory
    ]
    return max(fitting, default=0)


# ---- what autograd keeps --------------------------------------------------------------------------------------------


def activations(config: SystemConfig, views: int, text: int = TEXT) -> tuple[dict[str, float], dict[str, float]]:
    """Bytes kept for the backward pass of one sample by part, without and with recomputing blocks (bf16 autocast)."""
    depths = {
        "vision": config.planner.vision_depth,
        "language": config.planner.depth,
        "visual": config.visual.depth,
        "expert": config.expert.depth,
    }
    base = dict.fromkeys(depths, 1)
    one = _kept(_shallow(config, base), views, text)
    block = {name: _kept(_shallow(config, base | {name: 2}), views, text) - one for name in depths}
    patches = (config.planner.image_size // config.planner.patch) ** 2
    lengths = {
        "vision": views * patches * config.planner.vision_width,
        "language": (text + views * patches // config.planner.merge**2) * config.planner.width,
        "visual": views * patches * config.visual.width,
        "expert": config.expert.repeated_steps * (config.querying.queries + config.chunk) * config.expert.width,
    }
    part = {"vision": "planner", "language": "planner", "visual": "visual", "expert": "head"}
    outside = one - sum(block.values())
    kept = dict.fromkeys(("planner", "visual", "head"), outside / 3)
    recomputed = dict(kept)
    for name, depth in depths.items():
        kept[part[name]] += depth * block[name]
        # Only what goes into each block, in float32 at worst, and one block at a time in full.
        recomputed[part[name]] += depth * lengths[name] * 4 + block[name]
    return kept, recomputed


def _shallow(config: SystemConfig, depths: dict[str, int]) -> SystemConfig:
    """The same system with few blocks and few words: what is left out keeps nothing that these do not."""
    count = depths["vision"]
    planner: PlannerConfig = replace(
        config.planner,
        vision_depth=count,
        full_attention=tuple(range(count)),
        depth=depths["language"],
        vocabulary=64,
        ids=replace(config.planner.ids, pad=0, start=1, end=2, vision_start=3, vision_end=4, image=5, video=6),
    )
    return replace(
        config,
        planner=planner,
        visual=replace(config.visual, depth=depths["visual"]),
        querying=replace(config.querying, layers=1, skip=0),
        expert=replace(config.expert, depth=depths["expert"]),
    )


def _kept(config: SystemConfig, views: int, text: int) -> float:
    """Bytes that autograd saves for one sample more: what it saves for two less what it saves for one, which leaves out
    weights and their copies in bfloat16."""
    system = empty_system(config)
    for parameter in system.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    # The GPU's attention keeps no table of all pairs; the CPU's fused kernel does the same.
    system.planner.attention = "sdpa"
    return _saved(system, 2, views, text) - _saved(system, 1, views, text)


def _saved(system: DualSystem, samples: int, views: int, text: int) -> float:
    """Bytes that autograd saves in the action loss of a batch."""
    config, planner = system.config, system.config.planner
    sizes: dict[int, int] = {}
    alive: list[Tensor] = []

    def save(value: Tensor) -> Tensor:
        sizes[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        alive.append(value)  # the address of a freed tensor would be given out again
        return value

    side, cells = planner.image_size, (planner.image_size // (planner.patch * planner.merge)) ** 2
    images = torch.zeros(samples, views, side, side, 3, dtype=torch.uint8)
    ids = torch.tensor([[*[planner.ids.image] * (views * cells), *[0] * text]]).expand(samples, -1)
    positions = torch.arange(ids.shape[1]).expand(3, samples, -1)
    tokens = TokenBatch(
        ids,
        positions,
        torch.zeros_like(ids),
        ids.new_zeros(samples, 0, 0),
        torch.full_like(ids, -100),
        ids == planner.ids.image,
    )
    with torch.autocast("cpu", torch.bfloat16), torch.autograd.graph.saved_tensors_hooks(save, lambda value: value):
        seen = system.see(images, tokens)
        latent = system.query_tokens(seen.states.layers, seen.dense, None)
        actions = torch.zeros(samples, config.chunk, config.action_dim)
        system.expert.loss(actions, system.condition(None, latent), config.expert.repeated_steps, 0.0)
    return float(sum(sizes.values()))
