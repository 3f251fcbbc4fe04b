"""InternVLA-M1 restated as plainly as it can be, weights in the official layout, and a way to make up checkpoints.

The formulas are those of the paper and of the published checkpoints, written out without any of the product's modules
(only Qwen2.5-VL comes from transformers); that they are the right ones is checked against recorded tensors of the
official code. Made-up checkpoints have few blocks: a block more is no new case.
"""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor
from torch.nn import functional as F
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLForConditionalGeneration

Weights = dict[str, Tensor]
QWEN = {
    "vision_config": {
        "depth": 2, "hidden_size": 48, "intermediate_size": 96, "num_heads": 3, "in_channels": 3, "patch_size": 14,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112, "fullatt_block_indexes": [1],
        "out_hidden_size": 64,
    },
    "vocab_size": 2048, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1024, "rms_norm_eps": 1e-5, "rope_theta": 1e6,
    "rope_scaling": {"type": "default", "mrope_section": [2, 3, 3]}, "tie_word_embeddings": True,
    "image_token_id": 2000, "video_token_id": 2001, "vision_start_token_id": 2002, "vision_end_token_id": 2003,
    "pad_token_id": 2004, "eos_token_id": 2,
}  # fmt: skip
DIT = {"DiT-S": (384, 4), "DiT-B": (768, 12)}  # width, heads
BLOCKS = 2
VLM, DINO, QUERY, NET = "qwen_vl_interface.model.", "dino_encoder.body.", "layer_qformer.", "action_model.net."
EMBEDDING = VLM + "model.language_model.embed_tokens.weight"


def made_up(key: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """A tensor that is a function of seed and key, scaled so that signals neither die nor explode."""
    rng = np.random.default_rng([seed, zlib.crc32((EMBEDDING if key.endswith("lm_head.weight") else key).encode())])
    z = rng.standard_normal(shape, dtype=np.float32)
    if len(shape) <= 1:
        z = 1 + 0.1 * z if key.endswith(("weight", "gamma")) else 0.02 * z
    else:
        z = z / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(np.asarray(z, dtype=np.float32))


def qwen() -> Qwen2_5_VLForConditionalGeneration:
    """The small Qwen2.5-VL, its weights still arbitrary."""
    model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig.from_dict(dict(QWEN))).eval()
    model.set_attn_implementation("eager")
    return model


def shapes(dit: str = "DiT-S", layers: int = 1, actions: int = 7, chunk: int = 16) -> dict[str, tuple[int, ...]]:
    """Every key of such a checkpoint with its shape."""
    width, _ = DIT[dit]
    found = {VLM + name: tuple(value.shape) for name, value in qwen().state_dict().items()}

    def linear(name: str, out: int, inputs: int) -> None:
        found[name + ".weight"], found[name + ".bias"] = (out, inputs), (out,)

    def vector(name: str, size: int) -> None:
        found[name + ".weight"] = found[name + ".bias"] = (size,)

    found[QUERY + "query_tokens"] = (64, width)
    linear(QUERY + "proj", width, 64)
    for i in range(layers):
        at = f"{QUERY}layers.{i}."
        vector(at + "norm1", width), vector(at + "norm2", width)
        found[at + "cross_attn.in_proj_weight"], found[at + "cross_attn.in_proj_bias"] = (
            (3 * width, width),
            (3 * width,),
        )
        linear(at + "cross_attn.out_proj", width, width)
        linear(at + "mlp.0", 4 * width, width), linear(at + "mlp.2", width, 4 * width)
    found[NET + "positional_embedding"] = (64 + chunk, width)
    found[NET + "z_embedder.uncondition"] = (64, width)
    for name, inputs in {"history_embedder.linear": actions, "x_embedder.linear": actions, "t_embedder.mlp.0": 256,
                         "t_embedder.mlp.2": width, "z_embedder.linear": width}.items():  # fmt: skip
        linear(NET + name, width, inputs)
    linear(NET + "final_layer.linear", actions, width)
    for at, size in ((f"{NET}blocks.", width), (f"{DINO}blocks.", 384)):
        for i in range(BLOCKS):
            linear(f"{at}{i}.attn.qkv", 3 * size, size), linear(f"{at}{i}.attn.proj", size, size)
            linear(f"{at}{i}.mlp.fc1", 4 * size, size), linear(f"{at}{i}.mlp.fc2", size, 4 * size)
    for i in range(BLOCKS):
        for part in ("norm1", "norm2"):
            vector(f"{DINO}blocks.{i}.{part}", 384)
        found[f"{DINO}blocks.{i}.ls1.gamma"] = found[f"{DINO}blocks.{i}.ls2.gamma"] = (384,)
    found |= {DINO + "cls_token": (1, 1, 384), DINO + "pos_embed": (1, 1370, 384), DINO + "mask_token": (1, 384)}
    found |= {DINO + "patch_embed.proj.weight": (384, 3, 14, 14), DINO + "patch_embed.proj.bias": (384,)}
    vector(DINO + "norm", 384)
    linear("dino_pro", 64, 384)
    return found


def write_run(
    folder: Path, dit: str = "DiT-S", layers: int = 1, actions: int = 7, chunk: int = 16, seed: int = 1,
    weights: Weights | None = None,
) -> Weights:  # fmt: skip
    """An official run folder with made-up weights, complete with the planner's config.json; returns the weights."""
    if weights is None:
        weights = {key: made_up(key, shape, seed) for key, shape in shapes(dit, layers, actions, chunk).items()}
    query = {"qformer_start_layer": 5 - layers, "qformer_end_layer": 5, "num_query_tokens": 64, "grad_scale": 0.5}
    action = {"action_model_type": dit, "action_dim": actions, "future_action_window_size": chunk - 1}
    config = {
        "framework": {"framework_py": "InternVLA-M1", "layer_qformer": query, "action_model": action},
        "datasets": {"vla_data": {"CoT_prompt": "Your task is {instruction}.", "image_size": [224, 224]}},
    }
    low, high = np.linspace(-0.5, -0.56, actions), np.linspace(0.5, 0.62, actions)
    numbers = {"q01": low, "q99": high, "min": low - 1, "max": high + 1, "mean": low * 0, "std": high}
    action_statistics = {name: value.tolist() for name, value in numbers.items()}
    action_statistics["mask"] = [True] * (actions - 1) + [False]
    statistics = {"franka": {"action": action_statistics, "state": {}, "num_transitions": 1, "num_trajectories": 1}}
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "base_vlm").mkdir()
    (folder / "base_vlm" / "config.json").write_text(json.dumps(QWEN))
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "dataset_statistics.json").write_text(json.dumps(statistics))
    torch.save(weights, folder / "checkpoints" / "steps_100_pytorch_model.pt")
    return weights


def made_up_inputs(seed: int, batch: int, views: int) -> dict[str, Tensor]:
    """What a processor would make of ``batch`` prompts of different lengths with ``views`` pictures: left-padded."""
    rng = np.random.default_rng(seed)
    rows = []
    for b in range(batch):
        text = rng.integers(3, 1900, 12 + 5 * b).tolist()
        rows.append([*rng.integers(3, 1900, 6).tolist(), *([2002, *[2000] * 64, 2003] * views), *text])
    length = max(map(len, rows))
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return {
        "input_ids": torch.tensor([[2004] * (length - len(row)) + row for row in rows]),
        "attention_mask": torch.tensor(mask),
        "pixel_values": torch.from_numpy(rng.standard_normal((batch * views * 256, 1176), dtype=np.float32)),
        "image_grid_thw": torch.tensor([[1, 16, 16]] * (batch * views)),
        "views": torch.from_numpy(rng.standard_normal((batch, views, 3, 224, 224), dtype=np.float32)),
    }


# ---- the model ------------------------------------------------------------------------------------------------------


def depth(w: Weights, prefix: str) -> int:
    return 1 + max(int(name.split(".")[3]) for name in w if name.startswith(prefix + "blocks."))


def linear(w: Weights, name: str, x: Tensor) -> Tensor:
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def attention(w: Weights, at: str, x: Tensor, heads: int) -> Tensor:
    batch, length, width = x.shape
    q, k, v = linear(w, at + "qkv", x).view(batch, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
    mixed = (q @ k.transpose(-1, -2) / math.sqrt(width // heads)).softmax(-1) @ v
    return linear(w, at + "proj", mixed.transpose(1, 2).reshape(batch, length, width))


def dino(w: Weights, pictures: Tensor) -> Tensor:
    """Patch tokens [N,256,384] of normalised pictures [N,3,224,224]."""
    x = F.conv2d(pictures, w[DINO + "patch_embed.proj.weight"], w[DINO + "patch_embed.proj.bias"], 14)
    x = torch.cat([w[DINO + "cls_token"].expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1)
    table = w[DINO + "pos_embed"]
    grid = table[:, 1:].view(1, 37, 37, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, scale_factor=(16.1 / 37, 16.1 / 37), mode="bicubic").flatten(2).transpose(1, 2)
    x = x + torch.cat([table[:, :1], grid], 1)

    def norm(name: str, value: Tensor) -> Tensor:
        return F.layer_norm(value, (384,), w[DINO + name + ".weight"], w[DINO + name + ".bias"], 1e-6)

    for i in range(depth(w, DINO)):
        at = f"{DINO}blocks.{i}."
        x = x + w[at + "ls1.gamma"] * attention(w, at + "attn.", norm(f"blocks.{i}.norm1", x), 6)
        hidden = F.gelu(linear(w, at + "mlp.fc1", norm(f"blocks.{i}.norm2", x)))
        x = x + w[at + "ls2.gamma"] * linear(w, at + "mlp.fc2", hidden)
    return norm("norm", x)[:, 1:]


def query_tokens(w: Weights, states: list[Tensor], dense: Tensor) -> Tensor:
    """The layer-wise querying transformer; padding is attended to like anything else."""
    width = w[QUERY + "query_tokens"].shape[1]
    q = w[QUERY + "query_tokens"].expand(len(dense), -1, -1)
    for i, state in enumerate(states):
        at = f"{QUERY}layers.{i}."
        memory = linear(w, QUERY + "proj", torch.cat([state, dense], 1))
        normed = F.layer_norm(q, (width,), w[at + "norm1.weight"], w[at + "norm1.bias"])
        wq, wk, wv = w[at + "cross_attn.in_proj_weight"].chunk(3)
        bq, bk, bv = w[at + "cross_attn.in_proj_bias"].chunk(3)

        def split(x: Tensor) -> Tensor:
            return x.unflatten(-1, (8, -1)).transpose(1, 2)

        query = split(F.linear(normed, wq, bq))
        key, value = split(F.linear(memory, wk, bk)), split(F.linear(memory, wv, bv))
        mixed = (query @ key.transpose(-1, -2) / math.sqrt(width // 8)).softmax(-1) @ value
        q = q + linear(w, at + "cross_attn.out_proj", mixed.transpose(1, 2).flatten(2))
        normed = F.layer_norm(q, (width,), w[at + "norm2.weight"], w[at + "norm2.bias"])
        q = q + linear(w, at + "mlp.2", F.gelu(linear(w, at + "mlp.0", normed)))
    return q


def denoise(w: Weights, x: Tensor, step: Tensor, condition: Tensor) -> Tensor:
    """The DiT's noise prediction [B,T,A]."""
    width = condition.shape[-1]
    heads = dict(DIT.values())[width]
    angles = step[:, None].float() * torch.exp(-math.log(10_000) * torch.arange(128) / 128)
    wave = torch.cat([angles.cos(), angles.sin()], -1)
    t = linear(w, NET + "t_embedder.mlp.2", F.silu(linear(w, NET + "t_embedder.mlp.0", wave)))
    c = linear(w, NET + "z_embedder.linear", condition) + t[:, None]
    h = torch.cat([c, linear(w, NET + "x_embedder.linear", x)], 1) + w[NET + "positional_embedding"]
    for i in range(depth(w, NET)):
        at = f"{NET}blocks.{i}."
        h = h + attention(w, at + "attn.", F.layer_norm(h, (width,), eps=1e-6), heads)
        inner = linear(w, at + "mlp.fc1", F.layer_norm(h, (width,), eps=1e-6))
        h = h + linear(w, at + "mlp.fc2", F.gelu(inner, approximate="tanh"))
    return linear(w, NET + "final_layer.linear", F.layer_norm(h, (width,), eps=1e-6))[:, -x.shape[1] :]


def sample(w: Weights, condition: Tensor, noise: Tensor, scale: float, count: int) -> Tensor:
    """DDIM with classifier-free guidance."""
    level = [math.cos((i / 100 + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(101)]
    kept = np.cumprod([1 - min(1 - level[i + 1] / level[i], 0.999) for i in range(100)])
    stride = 100 // count
    x, empty = noise, w[NET + "z_embedder.uncondition"].expand_as(condition)
    for t in reversed(range(0, 100, stride)):
        step = torch.full((len(x),), t)
        eps = denoise(w, x, step, condition)
        if scale > 1:
            without = denoise(w, x, step, empty)
            eps = without + scale * (eps - without)
        clean = (x - math.sqrt(1 - kept[t]) * eps) / math.sqrt(kept[t])
        before = kept[t - stride] if t >= stride else 1.0
        x = math.sqrt(before) * clean + math.sqrt(1 - before) * eps
    return x


@torch.no_grad()
def run(w: Weights, inputs: dict[str, Tensor], layers: int) -> Tensor:
    """Query tokens of the whole model."""
    model = qwen()
    model.load_state_dict({name.removeprefix(VLM): value for name, value in w.items() if name.startswith(VLM)})
    views = inputs["views"]
    ids = inputs["input_ids"]
    out = model(**{k: v for k, v in inputs.items() if k != "views"}, mm_token_type_ids=(ids == 2000).int(),
                output_hidden_states=True)  # fmt: skip
    dense = linear(w, "dino_pro", dino(w, views.flatten(0, 1)).reshape(len(views), -1, 384))
    return query_tokens(w, list(out.hidden_states[5 - layers : 5]), dense)
