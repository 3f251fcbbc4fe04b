"""A tiny dataset of synthetic episodes and scenes, and runs on it that a process of its own can start."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

from nano import nano_config, nano_policy, nano_tokenizer
from synthetic import synthetic_card, synthetic_episode

from sightline.data import DatasetWriter
from sightline.train.checkpoint import CheckpointWriter
from sightline.train.loop import Trainer
from sightline.train.stages import posttrain, pretrain

FAST = (
    "device=cpu", "threads=1", "log_every=1", "evaluate_every=1000", "held_out=0.3", "optimiser.warmup=2",
    "grounding.images=2", "grounding.recognise_images=2", "grounding.questions=2", "grounding.text_share=0.5",
    "grounding.scenes_first=0.3", "action.samples=2", "action.cached_samples=8", "action.latent_share=0.5",
)  # fmt: skip

BEHIND = ("steps=6", "save_every=2", "save=async")

__all__ = [
    "BEHIND", "FAST", "die_after", "die_while_writing", "nano_config", "nano_policy", "nano_tokenizer", "roll_back",
    "run_stage", "write_dataset",
]  # fmt: skip


def write_dataset(root: Path, seed: int = 5) -> Path:
    """Three episodes of 6 frames and two slide shows of 5 scenes, 64 x 64 pixels."""
    with DatasetWriter(root, synthetic_card()) as writer:
        for i in range(3):
            writer.write(synthetic_episode(seed, i, length=6))
        for i in range(2):
            writer.write(synthetic_episode(seed, 10 + i, length=5, scenes=True), kind="scenes")
    return root


def run_stage(stage: str, data: Path, out: Path, init: Path | None, overrides: tuple[str, ...]) -> dict:
    """One of the two stages with the preset ``nano``."""
    if stage == "pretrain":
        return pretrain([data], out, "nano", [*FAST, *overrides])
    return posttrain([data], init, out, "spatial", "nano", [*FAST, *overrides])


def roll_back(run: Path, step: int, to: Path) -> Path:
    """A copy of a run as it was when it had just saved ``step``."""
    shutil.copytree(run, to, symlinks=True)
    last = to / "checkpoints" / "last"
    last.unlink()
    last.symlink_to(f"{step:07d}")
    return to


def die_after(step: int, stage: str, data: Path, out: Path, init: Path | None, overrides: tuple[str, ...]) -> None:
    """Run a stage that stands still once ``step`` updates are done, so that it is surely killed in its middle."""
    update = Trainer._update

    def stall(self: Trainer, batches: Iterable[list]) -> tuple:
        if self.step >= step:
            threading.Event().wait()
        return update(self, batches)

    Trainer._update = stall  # type: ignore[method-assign]
    run_stage(stage, data, out, init, overrides)


def die_while_writing(data: Path, out: Path, init: Path) -> None:
    """A run whose second checkpoint is never finished, but for one file."""
    publish = CheckpointWriter._publish

    def stall(self: CheckpointWriter, partial: Path, final: Path) -> None:
        if final.name == "0000004":
            threading.Event().wait()
        publish(self, partial, final)

    CheckpointWriter._publish = stall  # type: ignore[method-assign]
    run_stage("posttrain", data, out, init, BEHIND)
