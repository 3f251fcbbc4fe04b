"""Overfit a small policy to one episode of a recording, through the one training loop, and replay it open loop.

    python benchmarks/overfit.py ../shared/data/sim_pick_place --episode 2

Proves the way from a folder to actions in physical units: whatever is lost, shifted or scaled wrongly on it, an expert
that has seen nothing else cannot repeat what it saw. The error is the mean over all frames and the whole chunk of
|predicted - recorded| of each dimension, in per cent of that dimension's range in the episode.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro

from sightline.core.console import say, table, write_json
from sightline.core.runtime import prepare_process
from sightline.data import load_dataset
from sightline.data.embodiments import find_embodiment
from sightline.data.mixture import Mixture
from sightline.data.recordings import Recordings
from sightline.models.config import preset
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.train.config import OptimiserConfig, TrainConfig
from sightline.train.demonstrations import DemonstrationObjective
from sightline.train.loop import Trainer
from sightline.train.stages import make_tokenizer


@dataclass(frozen=True)
class Settings:
    """What is learned."""

    dataset: Annotated[Path, tyro.conf.Positional]
    embodiment: str = "demo_sim_franka_delta_joints"
    episode: int = 2
    preset: str = "nano"
    chunk: int = 16
    samples: int = 16
    """Frames in an update."""
    steps: int = 800
    rate: float = 2e-3
    seed: int = 0
    json: Path | None = None
    """Write the figures here."""


def fresh_policy(mixture: Mixture, settings: Settings) -> Policy:
    """An unguided policy with the interface of the mixture."""
    card = mixture.recordings[0].card
    base = preset(settings.preset)
    # Without images of its own language, any tokenizer that can spell will do.
    tokenizer = make_tokenizer(["mug"], ["red"], base.planner.vocabulary)
    config = replace(
        base, guidance="none", cameras=card.cameras, state_dim=len(card.state_names),
        action_dim=len(card.action_names), chunk=card.chunk, expert=replace(base.expert, spatial=False),
    )  # fmt: skip
    torch.manual_seed(settings.seed)
    return Policy(DualSystem(config), tokenizer, card, mixture.statistics())


def open_loop_error(policy: Policy, recordings: Recordings, episode: int) -> dict[str, float]:
    """Dimension -> mean error over all frames and known steps of their chunks, in per cent of its range."""
    recorded = recordings.action(episode)
    spread = np.ptp(recorded, axis=0)
    errors = []
    for t in range(len(recorded)):
        observation, actions, known = recordings.sample(episode, t)
        policy.reset()
        found = policy.act(observation).actions
        errors.append(np.abs(found - actions)[known])
    mean = 100 * np.concatenate(errors).mean(0) / np.where(spread > 0, spread, 1.0)
    return dict(zip(recordings.card.action_names, mean.tolist(), strict=True))


def main(settings: Settings) -> None:
    """Train, replay, print."""
    prepare_process()
    embodiment = find_embodiment(settings.embodiment)
    recordings = Recordings(load_dataset(settings.dataset), embodiment, settings.chunk, [settings.episode], pauses=True)
    mixture = Mixture([recordings], seed=settings.seed)
    policy = fresh_policy(mixture, settings)
    config = TrainConfig(
        steps=settings.steps, seed=settings.seed, device="cpu", log_every=50, evaluate_every=settings.steps,
        save_every=settings.steps, system=policy.config,
        optimiser=OptimiserConfig(rate=settings.rate, weight_decay=0.0, warmup=30),
    )  # fmt: skip
    objective = DemonstrationObjective(mixture, policy, settings.samples)
    with tempfile.TemporaryDirectory() as folder:
        result = Trainer(Path(folder), "overfitting", policy, [objective], config, dict).train()
        policy = Policy.from_pretrained(folder)
    errors = open_loop_error(policy, recordings, settings.episode)
    rows = [[name, value] for name, value in errors.items()]
    table("Open-loop error", ["dimension", "% of its range"], rows)
    mean = float(np.mean(list(errors.values())))
    say(f"Mean {mean:.2f} % after {settings.steps} updates in {result['seconds']:.0f} s.")
    if settings.json:
        write_json(settings.json, {"error_percent": errors, "mean_percent": mean, "seconds": result["seconds"]})


if __name__ == "__main__":
    main(tyro.cli(Settings))
