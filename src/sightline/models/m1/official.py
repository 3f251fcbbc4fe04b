"""Checkpoints of InternVLA-M1: read with identical numbers, written back bit for bit.

The official code needs the base model, DINOv2 from the network and a GPU to load one; here the file is enough. Names
and shapes of the official layout are in models/m1/layout.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from sightline.core.card import Card
from sightline.core.errors import SightlineError, require_known
from sightline.models.backbones import read_planner_config, read_tensors, read_tokenizer
from sightline.models.config import QWEN_3B, QWEN_7B, PlannerConfig, SystemConfig
from sightline.models.m1.layout import EMBEDDING, HEAD, action_sizes, from_official, system_config, to_official
from sightline.models.m1.run_files import RunConfig, RunFiles, action_statistics, choose_tag
from sightline.models.m1.statistics import OWN_CARD, card_of, official_statistics, statistics_of
from sightline.models.policy import Policy
from sightline.models.vlm.qwen import qwen_config
from sightline.models.vlm.tokenizer import MissingTokenizer, WordTokenizer
from sightline.models.weights import empty_system, load_weights

DINO_NAMES = {6: "s", 12: "b", 16: "l", 24: "g"}  # by heads
DIT_NAMES = {384: "S", 768: "B", 1024: "L"}  # by width
NOTE = "official"  # what a policy must remember to be written back as it came


def load_official(
    path: Path | str,
    base_vlm: Path | str | None = None,
    embodiment: str | None = None,
    dtype: torch.dtype | None = None,
    cameras: tuple[str, ...] | None = None,
) -> Policy:
    """The policy of an official InternVLA-M1 checkpoint.

    Args:
        path: a run folder (its newest checkpoint is taken), or a ``.pt`` file in it; ``config.yaml`` and
            ``dataset_statistics.json`` belong to the run.
        base_vlm: folder with config.json and tokenizer.json of the run's Qwen2.5-VL (no weights are needed), or such a
            config.json alone. Without it they are looked for in the run and where its config.yaml says; failing that,
            the sizes of Qwen2.5-VL-3B and 7B are known, and the policy understands token ids but no words.
        embodiment: which of the statistics' tags to act in (the official unnorm_key); needed where there are several.
        cameras: which of the embodiment's views it is shown, in this order; None: all. The official evaluation in
            LIBERO shows ("primary",) alone.
        dtype: what to compute in. Official files mix bfloat16 and float32, so the default is float32, which holds both.

    Raises SightlineError naming the file, key or shape that does not fit. No code from the file is run.
    """
    weights_file, run = locate(Path(path))
    files = RunFiles.read(run)  # before the gigabytes
    tag = choose_tag(files.statistics, embodiment)
    weights, layout = from_official(read_tensors(weights_file), str(weights_file))
    parts = run_parts(
        files, weights, tag, _find_base(run, files.config, None if base_vlm is None else Path(base_vlm)), cameras
    )
    if parts.system.planner.tied and not torch.equal(weights.get(HEAD, weights[EMBEDDING]), weights[EMBEDDING]):
        raise SightlineError(
            f"{weights_file} has an lm_head.weight of its own, but by its configuration it is the embedding: they do "
            "not belong together."
        )
    model = empty_system(parts.system, dtype or torch.float32)
    load_weights(model, weights, str(weights_file))
    notes = {NOTE: {**layout, "file": weights_file.name, **parts.told}}
    return Policy(model, parts.tokenizer, parts.card, parts.statistics, notes)


@dataclass(frozen=True)
class RunParts:
    """What the files of a run say of a network: its sizes, words, interface, scaling; ``told`` as they were written."""

    system: SystemConfig
    tokenizer: WordTokenizer
    card: Card
    statistics: dict[str, Any]
    told: dict[str, Any]


def run_parts(
    files: RunFiles, weights: Mapping[str, Tensor], tag: str, base: Path | None, cameras: tuple[str, ...] | None = None
) -> RunParts:
    """What the files say of ``weights`` (under our names) that act as ``tag``; ``base`` is the planner's folder, and
    ``cameras`` are those that it is shown (None: all).

    Raises SightlineError that names file and key where something is missing, of another type, or of another network.
    """
    config, statistics = files.config, files.statistics
    planner = _known_planner(weights) if base is None else read_planner_config(base)
    size, chunk = action_sizes(weights)
    ours = OWN_CARD in config.values
    scaling = statistics_of(action_statistics(statistics, tag, size, files.path, ours), ours)
    card = card_of(tag, config, size, chunk)
    if cameras is not None:
        for camera in cameras:
            require_known(f"camera of '{tag}'", camera, card.cameras)
        card = replace(card, cameras=cameras)
    system = system_config(config, weights, planner, card.cameras)
    tokenizer = None if base is None else read_tokenizer(base)
    told = {"config": dict(config.values), "statistics": statistics, "tag": tag}
    return RunParts(system, tokenizer or MissingTokenizer(), card, scaling, told)


def save_official(policy: Policy, folder: Path | str) -> Path:
    """Write a policy of the official design as a run folder that the official code loads; returns the ``.pt`` file.

    The folder ``base_vlm`` in it holds config.json and tokenizer.json of the planner. A policy that came from
    :func:`load_official` is written as it was: same keys, same types, same bits.

    Raises SightlineError where the policy has parts that the official layout has no place for.
    """
    folder = Path(folder)
    note = policy.notes.get(NOTE, {})
    weights = to_official(policy.system, note)
    config = note.get("config") or _official_config(policy)
    statistics = note.get("statistics") or official_statistics(policy.statistics, policy.card)
    file = folder / "checkpoints" / note.get("file", "steps_0_pytorch_model.pt")
    file.parent.mkdir(parents=True, exist_ok=True)
    _write_base(policy, folder / "base_vlm")
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    (folder / "dataset_statistics.json").write_text(json.dumps(statistics, indent=2), encoding="utf-8")
    partial = file.with_suffix(".partial")
    torch.save(weights, partial)
    partial.replace(file)
    return file


def _write_base(policy: Policy, folder: Path) -> None:
    """What the planner's sizes and words are, for whoever loads the run without its base: no weights."""
    folder.mkdir(parents=True, exist_ok=True)
    qwen_config(policy.config.planner).to_json_file(folder / "config.json")
    if not isinstance(policy.tokenizer, MissingTokenizer):
        policy.tokenizer.save(folder / "tokenizer.json")


def locate(path: Path) -> tuple[Path, Path]:
    """The weights file and the run folder that ``path``, either of them, means."""
    if path.is_file():
        for run in (path.parent.parent, path.parent):
            if (run / "config.yaml").is_file():
                return path, run
        raise SightlineError(f"{path} has no config.yaml beside it or one folder up; keep the run's files together.")
    if not path.is_dir():
        raise SightlineError(f"There is no official checkpoint at {path}.")
    found = list(path.glob("checkpoints/steps_*_pytorch_model.*"))
    unnumbered = [file for file in found if not file.name.split("_")[1].isdecimal()]
    if unnumbered and len(found) > 1:
        raise SightlineError(
            f"{unnumbered[0]} has no number of steps, so that nobody can tell which of {len(found)} checkpoints is the "
            "newest: give the file that is meant."
        )
    files = unnumbered or sorted(found, key=lambda file: int(file.name.split("_")[1]))
    files += [file for file in (path / "final_model" / "pytorch_model.pt",) if file.is_file()]
    if not files:
        raise SightlineError(
            f"{path} holds no checkpoints/steps_N_pytorch_model.pt and no final_model; is it a run folder?"
        )
    return files[-1], path


def _find_base(run: Path, config: RunConfig, given: Path | None) -> Path | None:
    if given is not None:
        if not given.exists():
            raise SightlineError(f"There is no Qwen2.5-VL at {given}.")
        return given
    named = config.text("framework.qwenvl.base_vlm")
    for folder in (run / "base_vlm", *([Path(named)] if named else [])):
        if (folder / "config.json").is_file():
            return folder
    return None


def _known_planner(weights: Mapping[str, Tensor]) -> PlannerConfig:
    """The published Qwen2.5-VL with an embedding of this shape."""
    shape = tuple(weights[EMBEDDING].shape)
    for known in (QWEN_3B, QWEN_7B):
        if shape == (known.vocabulary, known.width):
            return known
    raise SightlineError(
        f"The embedding of this checkpoint is {shape[0]} x {shape[1]}, no published Qwen2.5-VL: give base_vlm=DIR with "
        "its config.json."
    )


def _official_config(policy: Policy) -> dict[str, Any]:
    """The config.yaml of a policy that was trained here."""
    config, expert = policy.config, policy.config.expert
    if config.visual.heads not in DINO_NAMES or expert.width not in DIT_NAMES:
        raise SightlineError(
            "The official code knows DINOv2 and DiT in their published sizes only; this policy has a visual encoder of "
            f"width {config.visual.width} and an action expert of width {expert.width}."
        )
    first = config.planner.depth + 1 - config.querying.skip - config.querying.layers
    return {
        "framework": {
            "framework_py": "InternVLA-M1",
            "qwenvl": {"base_vlm": "Qwen/Qwen2.5-VL-3B-Instruct"},
            "dino": {"dino_backbone": f"dinov2_vit{DINO_NAMES[config.visual.heads]}14"},
            "layer_qformer": {
                "qformer_start_layer": first,
                "qformer_end_layer": first + config.querying.layers,
                "num_query_tokens": config.querying.queries,
                "input_dim": config.planner.width,
                "ouptput_dim": expert.width,
                "grad_scale": config.querying.gradient_scale,
            },
            "action_model": {
                "action_model_type": f"DiT-{DIT_NAMES[expert.width]}",
                "action_hidden_dim": expert.width,
                "action_dim": config.action_dim,
                "future_action_window_size": config.chunk - 1,
                "past_action_window_size": 0,
            },
        },
        "datasets": {"vla_data": {"CoT_prompt": config.prompt, "image_size": [config.planner.image_size] * 2}},
        "trainer": {"repeated_diffusion_steps": expert.repeated_steps, "pretrained_checkpoint": None},
        OWN_CARD: policy.card.to_dict(),
    }
