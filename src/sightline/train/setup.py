"""What every stage starts with: the process, the precision, and what a route has made ready for the loop."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from sightline.core.config import to_dict
from sightline.core.errors import SightlineError
from sightline.core.runtime import keep_freed_memory
from sightline.data import layout
from sightline.data.conversation_mix import ConversationMix
from sightline.data.dataset import Dataset
from sightline.data.mixture import Mixture
from sightline.models.policy import Policy
from sightline.train.arithmetic import half_is_fast
from sightline.train.config import TrainConfig
from sightline.train.distributed import Processes, local_device
from sightline.train.frame_bank import FrameBank
from sightline.train.sources import Sources

Check = Callable[[Policy], dict[str, float]]


@dataclass(frozen=True)
class StageRequest:
    """What a stage was asked for.

    Attributes:
        data: datasets; sources: what there is besides them.
        config: the settings; system_changes: the ``key=value`` changes among them of the model.
        init: what stage 2 starts from.
    """

    data: Sequence[Path]
    config: TrainConfig
    sources: Sources
    system_changes: Sequence[str] = ()
    init: Path | str | None = None


@dataclass(frozen=True)
class StageSetup:
    """A stage before its first step: what learns, and from what. Objectives are made from this.

    Attributes:
        stage: ``stage 1`` or ``stage 2``.
        config: the settings, with the sizes that data and pre-trained parts have.
        checks: scores on held-out data, besides the losses that objectives measure themselves.
        datasets: for the model card; notes: more for it.
        banks: labelled frames of scenes and of demonstrations, for planners with a pointer; crowds: of many things,
            for recognition alone.
        mixture: recorded demonstrations; held_out: those kept out of learning.
        conversations: questions and answers about pictures.
    """

    stage: str
    policy: Policy
    config: TrainConfig
    checks: Sequence[Check] = ()
    datasets: Sequence[Dataset] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    banks: tuple[FrameBank, FrameBank] | None = None
    crowds: FrameBank | None = None
    mixture: Mixture | None = None
    held_out: Mixture | None = None
    conversations: ConversationMix | None = None

    def labelled(self, objective: str) -> tuple[FrameBank, FrameBank]:
        """``banks``. Raises SightlineError that names the objective where there are none."""
        if self.banks is None:
            raise SightlineError(
                f"The objective '{objective}' needs labelled frames, which planners that answer in words do not learn "
                "from: leave it out of objectives."
            )
        return self.banks


def start_process(config: TrainConfig) -> None:
    """Meet the other processes of the run, if any, and share the machine's threads with those beside this one.

    Raises SightlineError, before hours of reading, where the micro-batches cannot be shared evenly.
    """
    keep_freed_memory()
    Processes.join(local_device(config.device)).share(config.micro_batches)
    neighbours = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    torch.set_num_threads(config.threads or max(1, (os.cpu_count() or 1) // neighbours))


def precision_of(config: TrainConfig) -> torch.dtype:
    """What is computed in: what the settings say; for ``auto``, what is faster here. Weights that are held in bfloat16
    are computed with in bfloat16."""
    if config.precision == "auto":
        half = config.frozen_precision == "bf16" or half_is_fast(local_device(config.device).type)
    else:
        half = config.precision == "bf16"
    return torch.bfloat16 if half else torch.float32


def frozen(config: TrainConfig, parts: Sequence[str]) -> TrainConfig:
    """The settings with more parts that do not learn."""
    paths = tuple(dict.fromkeys((*config.optimiser.freeze, *parts)))
    return replace(config, optimiser=replace(config.optimiser, freeze=paths))


def notes_of(setup: StageSetup) -> dict:
    """What the model card says about a stage: data, settings, machine."""
    values = to_dict(setup.config)
    values.pop("system")
    counts = [{"episodes": len(d), "frames": d.frames, "recipe": _recipe(d)} for d in setup.datasets]
    return {
        "data": counts,
        "training": values,
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, torch {torch.__version__}",
        **setup.notes,
    }


def _recipe(dataset: Dataset) -> dict:
    """How a dataset was generated; empty for recorded data."""
    path = dataset.root / "meta" / "generation.json"
    return layout.read_json(path) if path.exists() else {}
