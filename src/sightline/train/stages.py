"""The two stages on labelled data of our own: spatial grounding pre-training, then guided action post-training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from sightline.core.card import Card
from sightline.core.config import load_config
from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.data.dataset import Dataset, load_dataset
from sightline.data.statistics import dataset_statistics, pooled_statistics, to_lists
from sightline.language.questions import vocabulary_sentences
from sightline.models.config import preset
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.prompts import PLAIN_PROMPT, SPATIAL_PROMPT
from sightline.models.vlm.tokenizer import WordTokenizer
from sightline.train.config import OptimiserConfig, TrainConfig
from sightline.train.distributed import local_device
from sightline.train.frame_bank import FrameBank, common_card
from sightline.train.grounding_batches import LabelMaker
from sightline.train.loop import Trainer
from sightline.train.objectives import (
    CachedActionObjective,
    GroundingObjective,
    JointActionObjective,
    Objective,
    RecognitionObjective,
    WordsObjective,
)
from sightline.train.planner_cache import LatentStore
from sightline.train.setup import notes_of, precision_of, prepare
from sightline.train.true_guidance import TrueGuidance
from sightline.train.validate import GroundingCheck, LossCheck

CHECK_FRAMES = 192
GUARDED = ("box_acc50", "point_acc")  # what learning to act must not cost

STAGE_DEFAULTS = {
    # What stands where is learned faster than the rest would bear.
    "pretrain": TrainConfig(optimiser=OptimiserConfig(muon=True, rate=4e-3)),
    "posttrain": TrainConfig(
        steps=6000, save_every=1000, evaluate_every=1000, log_every=20,
        optimiser=OptimiserConfig(muon=True, rate=5e-3, weight_decay=0.0, warmup=30),
    ),
}  # fmt: skip


def pretrain(data: Sequence[Path], out: Path, preset_name: str = "tiny", overrides: Sequence[str] = ()) -> dict:
    """Stage 1: the planner learns boxes, points and traces from referring expressions and instructions.

    Args:
        data: datasets of scenes and episodes from ``sightline generate``.
        out: run folder; an interrupted run in it is resumed.
        overrides: ``key=value`` changes of TrainConfig.
    Returns:
        ``steps``, ``samples_per_second``, ``box_acc50``, ``point_acc``, ``trace_mae_px`` on held-out frames.
    """
    config = load_config(TrainConfig, replace(STAGE_DEFAULTS["pretrain"], system=preset(preset_name)), overrides)
    prepare(config)
    datasets = [load_dataset(path) for path in data]
    card = common_card(datasets)
    kinds = sorted({info.kind for d in datasets for m in d.episodes for info in m.objects})
    colours = sorted({info.colour for d in datasets for m in d.episodes for info in m.objects} - {""})
    if not kinds:
        raise SightlineError("The datasets hold no labelled objects; stage 1 needs data from 'sightline generate'.")
    tokenizer = make_tokenizer(kinds, colours, config.system.planner.vocabulary)
    grounding = replace(config.system.grounding, kinds=tuple(kinds), colours=tuple(colours))
    system_config = replace(
        config.system, grounding=grounding, guidance="spatial", state_dim=len(card.state_names),
        action_dim=len(card.action_names), chunk=card.chunk, cameras=card.cameras,
    )  # fmt: skip
    config = replace(config, system=system_config)
    torch.manual_seed(config.seed)
    policy = Policy(DualSystem(system_config).to(local_device(config.device)), tokenizer, card, _statistics(datasets))
    policy.notes = {"stage 1": notes_of(config, datasets)}
    scenes, episodes = _banks(datasets, config)
    objective = _grounding_objective(policy, scenes, episodes, config, after=config.grounding.apart_first)
    recognition = RecognitionObjective(scenes, episodes, objective.labels, config.grounding, config.seed)
    check = GroundingCheck(objective, [scenes, episodes], CHECK_FRAMES, precision_of(config))
    # Parts that stage 1 has no loss for stay as they are, without decay.
    unused = tuple(
        name
        for name, _ in policy.system.named_children()
        if name in ("spatial", "querying", "visual_projection", "expert")
    )
    config = replace(config, optimiser=replace(config.optimiser, freeze=tuple({*config.optimiser.freeze, *unused})))
    return Trainer(
        out, "stage 1", policy, [recognition, WordsObjective(objective), objective], config, lambda: check(policy)
    ).train()


def posttrain(
    data: Sequence[Path], init: Path | str | None, out: Path, guidance: str = "spatial", preset_name: str = "tiny",
    overrides: Sequence[str] = (),
) -> dict:  # fmt: skip
    """Stage 2: the action expert learns from demonstrations, guided by the planner's points (or not).

    Args:
        data: datasets; demonstrations are episodes, scenes serve co-training.
        init: run or policy folder of stage 1; must be None when guidance is ``none``.
        out: run folder; an interrupted run in it is resumed.
        guidance: ``spatial`` or ``none`` (vanilla: no stage 1, no spatial prompt, no points, no co-training).
        overrides: ``key=value`` changes of TrainConfig.
    Returns:
        ``steps``, ``samples_per_second``, ``action_loss``, ``box_acc50`` (absent when unguided).
    """
    defaults = replace(STAGE_DEFAULTS["posttrain"], system=preset(preset_name))
    config = load_config(TrainConfig, defaults, [*overrides, f"system.guidance={guidance}"])
    guided = config.system.guidance == "spatial"
    if guided and init is None:
        raise SightlineError(
            "Spatial guidance starts from stage 1: give --init RUN, or train unguided with --guidance none."
        )
    if not guided and init is not None:
        raise SightlineError("Unguided training starts from scratch: leave --init out.")
    if not guided and config.action.planner == "cached":
        config = replace(config, action=replace(config.action, planner="joint"))
        say("An unguided planner has nothing to cache: training jointly.")
    prepare(config)
    datasets = [load_dataset(path) for path in data]
    card = common_card(datasets)
    policy, config = _start_policy(datasets, card, init, config)
    scenes, episodes = _banks(datasets, config)
    if not len(episodes):
        raise SightlineError("Stage 2 needs demonstrations: none of the datasets holds episodes (--kind episodes).")
    objectives, config = _action_objectives(policy, scenes, episodes, config)
    # On a copy: the loop draws the next training batch from the original while a check runs.
    held = copy.copy(objectives[0])
    held.frames = episodes.held_out.nonzero()[0]  # type: ignore[attr-defined]
    checks = [LossCheck(held if len(held.frames) else None, precision_of(config))]  # type: ignore[attr-defined]
    if guided:
        grounding = _grounding_objective(policy, scenes, episodes, config)
        checks.append(GroundingCheck(grounding, [scenes, episodes], CHECK_FRAMES, precision_of(config)))  # type: ignore[arg-type]
    policy.notes = {**policy.notes, "stage 2": notes_of(config, datasets)}

    def evaluate() -> dict[str, float]:
        return {name: value for check in checks for name, value in check(policy).items()}

    return Trainer(out, "stage 2", policy, objectives, config, evaluate, GUARDED if guided else ()).train()


def _start_policy(
    datasets: Sequence[Dataset], card: Card, init: Path | str | None, config: TrainConfig
) -> tuple[Policy, TrainConfig]:
    """The policy that stage 2 starts from: stage 1's planner under a fresh expert, or all fresh when unguided."""
    torch.manual_seed(config.seed)
    statistics, device = _statistics(datasets), local_device(config.device)
    if init is None:
        kinds = sorted({info.kind for d in datasets for m in d.episodes for info in m.objects})
        colours = sorted({info.colour for d in datasets for m in d.episodes for info in m.objects} - {""})
        tokenizer = make_tokenizer(kinds, colours, config.system.planner.vocabulary)
        system = replace(
            config.system, expert=replace(config.system.expert, spatial=False), state_dim=len(card.state_names),
            action_dim=len(card.action_names), chunk=card.chunk, cameras=card.cameras,
        )  # fmt: skip
        return Policy(DualSystem(system).to(device), tokenizer, card, statistics), replace(config, system=system)
    stage1 = Policy.from_pretrained(init)
    stage1.card.require_match(card, f"the policy {init}", "the datasets")
    system = replace(
        stage1.config, expert=config.system.expert, querying=config.system.querying, guidance=config.system.guidance
    )
    fresh = DualSystem(system)
    old = stage1.system.state_dict()
    fits = {
        name: old[name] for name, value in fresh.state_dict().items() if name in old and old[name].shape == value.shape
    }
    fresh.load_state_dict(fits, strict=False)
    policy = Policy(fresh.to(device), stage1.tokenizer, card, statistics, stage1.notes)
    return policy, replace(config, system=system)


def _action_objectives(
    policy: Policy, scenes: FrameBank, episodes: FrameBank, config: TrainConfig
) -> tuple[list[Objective], TrainConfig]:
    """The action objective, with co-training on grounding where the planner learns too."""
    if config.action.planner == "cached":
        guidance = TrueGuidance(episodes, policy.config.grounding.trace_points)
        latents = _latents(policy, episodes, config) if policy.config.expert.latent else None
        frozen = tuple({*config.optimiser.freeze, "planner", "visual_encoder", "grounding"})
        config = replace(config, optimiser=replace(config.optimiser, freeze=frozen))
        action = CachedActionObjective(episodes, guidance, latents, policy, config.action, config.seed)
        return [action], config
    objectives: list[Objective] = [
        JointActionObjective(episodes, policy, config.action, config.seed, config.grounding.jitter)
    ]
    if config.system.guidance == "spatial" and config.action.grounding_every:
        weight, every = config.action.grounding_weight, config.action.grounding_every
        objectives.append(_grounding_objective(policy, scenes, episodes, config, weight, every))
    return objectives, config


def _latents(policy: Policy, episodes: FrameBank, config: TrainConfig) -> LatentStore:
    """Planner states of evenly spread demonstration frames, held-out ones among them."""
    every = -(-len(episodes) // config.action.latent_frames)
    frames = np.arange(0, len(episodes), every)
    return LatentStore(policy.system, episodes, frames, policy.transforms.packer, 64, precision_of(config))


def _grounding_objective(
    policy: Policy, scenes: FrameBank, episodes: FrameBank, config: TrainConfig, weight: float = 1.0, every: int = 1,
    after: float = 0.0,
) -> GroundingObjective:  # fmt: skip
    return GroundingObjective(
        scenes,
        episodes,
        policy.transforms.packer,
        _label_maker(policy),
        config.grounding,
        config.seed,
        weight,
        every,
        after,
    )


def _label_maker(policy: Policy) -> LabelMaker:
    head = policy.config.grounding
    return LabelMaker(head.kinds, head.colours, head.trace_points)


def _banks(datasets: Sequence[Dataset], config: TrainConfig) -> tuple[FrameBank, FrameBank]:
    side = config.system.planner.image_size
    cells = side // config.system.visual.patch
    cameras = config.system.cameras
    scenes = FrameBank(datasets, "scenes", cameras[:1], side, cells, config.held_out)
    return scenes, FrameBank(datasets, "episodes", cameras, side, cells, config.held_out)


def make_tokenizer(kinds: Sequence[str], colours: Sequence[str], vocabulary: int) -> WordTokenizer:
    """A tokenizer that knows every word of the engine's language for these objects."""
    sentences = vocabulary_sentences(kinds, colours)
    prompts = [
        form.format(instruction=sentence) for sentence in sentences[:50] for form in (SPATIAL_PROMPT, PLAIN_PROMPT)
    ]
    chat = ["system\nYou are a helpful assistant.\n", "user\n", "assistant\n", "Locate the.", *prompts]
    return WordTokenizer.train([*sentences, *chat * 4], vocabulary)


def _statistics(datasets: Sequence[Dataset]) -> dict:
    """Pooled statistics of state and action over all demonstrations."""
    parts = [
        dataset_statistics(d, [m.index for m in d.episodes if m.kind == "episodes"])
        for d in datasets
        if any(m.kind == "episodes" for m in d.episodes)
    ]
    if not parts:
        raise SightlineError("None of the datasets holds demonstrations; give at least one made with --kind episodes.")
    names = ("observation.state", "action")
    return to_lists({name: pooled_statistics([part[name] for part in parts]) for name in names})
