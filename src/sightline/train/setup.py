"""What every stage starts with: the process, the precision, and notes on how a policy was made."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence

import torch

from sightline.core.config import to_dict
from sightline.core.runtime import keep_freed_memory
from sightline.data.dataset import Dataset
from sightline.train.config import TrainConfig
from sightline.train.distributed import World, local_device


def prepare(config: TrainConfig) -> None:
    """Meet the other processes of the run, if any, and share the machine's threads with those beside this one.

    Raises SightlineError, before hours of reading, where the micro-batches cannot be shared evenly.
    """
    keep_freed_memory()
    World.join(local_device(config.device)).share(config.micro_batches)
    neighbours = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    torch.set_num_threads(config.threads or max(1, (os.cpu_count() or 1) // neighbours))


def precision_of(config: TrainConfig) -> torch.dtype:
    """What is computed in."""
    return torch.bfloat16 if config.precision == "bf16" else torch.float32


def notes_of(config: TrainConfig, datasets: Sequence[Dataset]) -> dict:
    """What the model card says about a stage: data, settings, machine."""
    values = to_dict(config)
    values.pop("system")
    counts = [{"episodes": len(d), "frames": d.frames, "recipe": _recipe(d)} for d in datasets]
    return {
        "data": counts,
        "training": values,
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, torch {torch.__version__}",
    }


def _recipe(dataset: Dataset) -> dict:
    """How a dataset was generated; empty for recorded data."""
    path = dataset.root / "meta" / "generation.json"
    return json.loads(path.read_text()) if path.exists() else {}
