"""The smallest dual system, awake: random weights everywhere, so that nothing is equal because it is zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from sightline.core.card import Card
from sightline.core.geometry import Camera, look_at
from sightline.core.types import ACTION_NAMES, STATE_NAMES, Observation
from sightline.language.questions import vocabulary_sentences
from sightline.models.config import SystemConfig, preset
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.tokenizer import WordTokenizer

KINDS, COLOURS = ("bowl", "can", "mug"), ("blue", "green", "red")
CARD = Card("panda", ("front", "wrist"), (64, 64), STATE_NAMES, ACTION_NAMES)


def nano_config(**changes: object) -> SystemConfig:
    """The preset ``nano`` with objects to name; ``changes`` replace top-level fields. Where it does not point, its
    expert is not shown points."""
    config = preset("nano")
    named = {"grounding": replace(config.grounding, kinds=KINDS, colours=COLOURS), **changes}
    config = replace(config, **named)  # type: ignore[arg-type]
    return config if config.points else replace(config, expert=replace(config.expert, spatial=False))


def nano_tokenizer() -> WordTokenizer:
    """A tokenizer of the engine's language."""
    return WordTokenizer.train([*vocabulary_sentences(KINDS, COLOURS), "user\n", "assistant\n"], 1536)


def nano_system(config: SystemConfig | None = None, seed: int = 0) -> DualSystem:
    """A system whose zero-initialised parts (last layer of the expert, gate) are random too."""
    torch.manual_seed(seed)
    system = DualSystem(config or nano_config()).eval()
    with torch.no_grad():
        system.expert.net.final_layer.linear.weight.normal_(0, 0.2)
        if system.config.expert.spatial:
            system.gate.fill_(0.7)
        # Small random weights say nearly the same about every picture; larger ones tell them apart.
        for parameter in system.planner.parameters():
            if parameter.ndim > 1:
                parameter.mul_(3)
    return system


def nano_statistics() -> dict:
    """Quantiles of state and action as a dataset would give them."""
    return {
        "observation.state": {"q01": [-0.5] * 12, "q99": [0.7] * 12},
        "action": {"q01": [-0.05] * 6 + [-1.0], "q99": [0.06] * 6 + [1.0]},
    }


def nano_policy(tokenizer: WordTokenizer, config: SystemConfig | None = None) -> Policy:
    """A policy around :func:`nano_system`."""
    return Policy(nano_system(config), tokenizer, CARD, nano_statistics(), {"stage 1": {"steps": 3}})


def nano_observation(seed: int, instruction: str = "put the red mug into the bowl", size: int = 64) -> Observation:
    """A random picture for each camera, calibrated."""
    rng = np.random.default_rng(seed)
    images = {name: rng.integers(0, 256, (size, size, 3), dtype=np.uint8) for name in CARD.cameras}
    eyes = {"front": (1.25, 0.05 * seed, 0.65), "wrist": (0.45, 0.01, 0.3)}
    cameras = {
        name: Camera(size, size, 1.2 * size, look_at(np.array(eye), np.array([0.48, 0.0, 0.0])))
        for name, eye in eyes.items()
    }
    state = rng.uniform(-0.3, 0.5, 12).astype(np.float32)
    return Observation(images, state, instruction, cameras)


def random_pictures(seed: int, batch: int, views: int = 2, side: int = 112) -> torch.Tensor:
    """[B,V,S,S,3] uint8."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (batch, views, side, side, 3), dtype=np.uint8))
